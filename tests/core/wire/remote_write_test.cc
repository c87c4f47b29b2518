#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>

#include <bit>
#include <cmath>
#include <limits>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "core/base/float_text.h"
#include "core/model/stale.h"
#include "core/wire/remote_write/decode.h"
#include "core/wire/remote_write/encode.h"

namespace sidelight::remote_write {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr UnixMillis kTime = 1700000000123;

std::string ValueText(double value) {
  return IsStale(value) ? "stale" : FloatText(value);
}

std::string TextOf(const Series& series) {
  std::string out = series.labels.ToString();
  for (const Sample& s : series.samples) {
    out += " " + ValueText(s.value) + "@" + std::to_string(s.time);
    if (s.start != 0) out += "-" + std::to_string(s.start);
  }
  for (const HistogramSample& h : series.histograms) {
    out += " " + (IsStale(h.histogram->sum) ? std::string("stale") : h.histogram->ToTestText()) + "@" +
           std::to_string(h.time);
    if (h.start != 0) out += "-" + std::to_string(h.start);
  }
  for (const Exemplar& e : series.exemplars) {
    out += " #" + e.labels.ToString() + FloatText(e.value) + "@" + std::to_string(e.time);
  }
  const Metadata& m = series.metadata;
  if (m != Metadata{})
    out += " type:" + std::to_string(static_cast<int>(m.type)) + " " + m.help + "|" + m.unit;
  return out + "\n";
}

std::string TextOf(const std::vector<Series>& series) {
  std::string out;
  for (const Series& one : series) out += TextOf(one);
  return out;
}

std::string Sent1(const std::vector<Series>& series, const std::vector<FamilyMetadata>& metadata = {},
                  const Encode1Options& options = {}) {
  const auto got = Decode1(Encode1(series, metadata, options).body);
  if (!got) return "error: " + got.error().message;
  std::string out = TextOf(got->series);
  for (const FamilyMetadata& m : got->metadata) {
    out += m.family + " type:" + std::to_string(static_cast<int>(m.metadata.type)) + " " + m.metadata.help +
           "|" + m.metadata.unit + "\n";
  }
  return out;
}

std::string Sent2(const std::vector<Series>& series) {
  const auto got = Decode2(Encode2(series).body);
  return got ? TextOf(*got) : "error: " + got.error().message;
}

FloatHistogramPtr Native(double count) {
  FloatHistogram histogram;
  histogram.schema = 3;
  histogram.zero_threshold = 0.125;
  histogram.zero_count = 1;
  histogram.sum = 4.5;
  histogram.positive_spans = {{-2, 1}, {1, 2}};
  histogram.positive = {5, 1, count};
  histogram.negative_spans = {{0, 1}};
  histogram.negative = {2};
  histogram.count = 9 + count;
  return std::make_shared<const FloatHistogram>(histogram);
}

std::vector<Series> Everything() {
  FloatHistogram custom;
  custom.schema = kCustomBucketsSchema;
  custom.custom_values = std::make_shared<const std::vector<double>>(std::vector<double>{0.5, 1});
  custom.positive_spans = {{0, 3}};
  custom.positive = {1, 2, 3};
  custom.count = 6;
  custom.sum = 2;
  custom.counter_reset = CounterReset::kGauge;
  FloatHistogram stale;
  stale.sum = StaleNan();
  return {
      {.labels = Labels{{"__name__", "requests_total"}, {"instance", "a"}, {"job", "shop"}},
       .samples = {{3, kTime, kTime - 1000}, {4.5, kTime + 1, kTime - 1000}},
       .exemplars = {{Labels{{"trace_id", "ab"}}, 0.5, kTime}},
       .metadata = {MetadataType::kCounter, "Requests\n\"seen\".", ""}},
      {.labels = Labels{{"__name__", "lag_seconds"}, {"instance", "a"}, {"job", "shop"}},
       .samples = {{StaleNan(), kTime}},
       .metadata = {MetadataType::kGauge, "", "seconds"}},
      {.labels = Labels{{"__name__", "h"}, {"job", "shop"}},
       .histograms = {{Native(3), kTime, kTime - 5},
                      {Native(2.5), kTime + 1},
                      {std::make_shared<const FloatHistogram>(custom), kTime + 2},
                      {std::make_shared<const FloatHistogram>(stale), kTime + 3}}},
  };
}

const std::string kFirst =
    "{__name__=\"requests_total\", instance=\"a\", job=\"shop\"} 3@1700000000123-1699999999123 "
    "4.5@1700000000124-1699999999123 #{trace_id=\"ab\"}0.5@1700000000123 type:1 Requests\n\"seen\".|\n";

TEST(RemoteWrite2, CarriesEverything) {
  const std::string got = Sent2(Everything());
  EXPECT_THAT(got, HasSubstr(kFirst));
  EXPECT_THAT(got, HasSubstr("{__name__=\"lag_seconds\", instance=\"a\", job=\"shop\"} stale@1700000000123 "
                             "type:2 |seconds\n"));
  const std::vector<Series> series = Everything();
  const auto back = Decode2(Encode2(series).body);
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), 3u);
  ASSERT_EQ((*back)[2].histograms.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    const HistogramSample& sent = series[2].histograms[i];
    const HistogramSample& read = (*back)[2].histograms[i];
    EXPECT_TRUE(read.histogram->Equals(*sent.histogram)) << read.histogram->ToTestText();
    EXPECT_EQ(read.histogram->counter_reset, sent.histogram->counter_reset);
    EXPECT_EQ(read.time, sent.time);
    EXPECT_EQ(read.start, sent.start);
  }
}

TEST(RemoteWrite2, CountsWhatItCarries) {
  const EncodedWrite encoded = Encode2(Everything());
  EXPECT_EQ(encoded.samples, 3u);
  EXPECT_EQ(encoded.histograms, 4u);
  EXPECT_EQ(encoded.exemplars, 1u);
  EXPECT_EQ(encoded.left_out, 0u);
  size_t raw = 0;
  ASSERT_TRUE(snappy::GetUncompressedLength(encoded.body.data(), encoded.body.size(), &raw));
  EXPECT_EQ(encoded.raw_bytes, raw);
}

std::string Raw(const std::string& body) {
  std::string out;
  snappy::Uncompress(body.data(), body.size(), &out);
  return out;
}

TEST(RemoteWrite2, HasEachTextOnceInItsSymbols) {
  const std::string raw = Raw(Encode2(Everything()).body);
  std::vector<std::string> symbols;
  std::vector<std::vector<uint32_t>> refs;
  bool series_began = false;
  for (pbf_reader message(raw); message.next();) {
    if (message.tag() == 4) {
      EXPECT_FALSE(series_began) << "the symbols come first";
      symbols.push_back(message.get_string());
    } else {
      ASSERT_EQ(message.tag(), 5u);
      series_began = true;
      pbf_reader series = message.get_message();
      ASSERT_TRUE(series.next(1));
      std::vector<uint32_t>& list = refs.emplace_back();
      for (const uint32_t ref : series.get_packed_uint32()) list.push_back(ref);
    }
  }
  EXPECT_THAT(symbols, testing::UnorderedElementsAre("", "__name__", "requests_total", "instance", "a", "job",
                                                     "shop", "trace_id", "ab", "lag_seconds", "seconds", "h",
                                                     "Requests\n\"seen\"."));
  EXPECT_EQ(symbols.front(), "");
  ASSERT_EQ(refs.size(), 3u);
  std::vector<std::string> names;
  for (size_t i = 0; i < refs[0].size(); i += 2) names.push_back(symbols.at(refs[0][i]));
  EXPECT_THAT(names, ElementsAre("__name__", "instance", "job"));
}

TEST(RemoteWrite2, KeepsTheBitsOfEveryValue) {
  const double values[] = {0,
                           -0.0,
                           1,
                           -1,
                           1e308,
                           1e-308,
                           5e-324,
                           std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(),
                           std::nan(""),
                           StaleNan(),
                           0.1 + 0.2};
  for (const double value : values) {
    const std::vector<Series> series = {{.labels = Labels{{"__name__", "x"}}, .samples = {{value, kTime}}}};
    const auto two = Decode2(Encode2(series).body);
    const auto one = Decode1(Encode1(series).body);
    ASSERT_TRUE(one && two);
    for (const double got : {two->at(0).samples.at(0).value, one->series.at(0).samples.at(0).value}) {
      EXPECT_EQ(std::bit_cast<uint64_t>(got), std::bit_cast<uint64_t>(value)) << value;
    }
  }
}

TEST(RemoteWrite2, RepairsTextsThatAreNotUtf8) {
  const std::vector<Series> series = {
      {.labels = Labels{{"__name__", "x"}, {"a", "\xff"}, {"b", "\xfe"}, {"c", "\xef\xbf\xbd"}},
       .samples = {{1, kTime}}},
      {.labels = Labels{{"__name__", "x"}, {"a", std::string(10240, 'y')}}, .samples = {{1, kTime}}}};
  const auto two = Decode2(Encode2(series).body);
  const auto one = Decode1(Encode1(series).body);
  ASSERT_TRUE(one && two);
  for (const Labels& labels : {two->at(0).labels, one->series.at(0).labels}) {
    for (const char* name : {"a", "b", "c"}) EXPECT_EQ(labels.Get(name), "\xef\xbf\xbd");
  }
  EXPECT_EQ(two->at(1).labels, series[1].labels);
}

TEST(RemoteWrite1, SaysWhatItCan) {
  const EncodedWrite encoded = Encode1(Everything());
  EXPECT_EQ(encoded.samples, 3u);
  EXPECT_EQ(encoded.histograms, 0u);
  EXPECT_EQ(encoded.left_out, 4u);
  EXPECT_EQ(Sent1(Everything(), {{"requests_total", {MetadataType::kCounter, "Requests.", "requests"}}}),
            "{__name__=\"requests_total\", instance=\"a\", job=\"shop\"} 3@1700000000123 4.5@1700000000124 "
            "#{trace_id=\"ab\"}0.5@1700000000123\n"
            "{__name__=\"lag_seconds\", instance=\"a\", job=\"shop\"} stale@1700000000123\n"
            "requests_total type:1 Requests.|requests\n");
  EXPECT_EQ(Encode1(Everything(), {}, {.native_histograms = true}).histograms, 4u);
  EXPECT_THAT(Sent1(Everything(), {}, {.native_histograms = true}),
              HasSubstr("{__name__=\"h\", job=\"shop\"} {{"));
}

TEST(RemoteWrite, OfNothingIsAnEmptyMessage) {
  const std::vector<Series> empty = {{.labels = Labels{{"__name__", "x"}},
                                      .exemplars = {{Labels{}, 1, 2}},
                                      .metadata = {MetadataType::kCounter, "", ""}}};
  EXPECT_EQ(Raw(Encode1(empty).body), "");
  EXPECT_EQ(Sent2(empty), "");
  EXPECT_EQ(Sent1({}), "");
}

TEST(ExemplarOf, HasTheTracesIds) {
  sidelight::Exemplar exemplar;
  exemplar.id.trace.fill(0xab);
  exemplar.id.span.fill(1);
  exemplar.value = 2;
  exemplar.time = 3;
  EXPECT_EQ(
      ExemplarOf(exemplar),
      (Exemplar{Labels{{"trace_id", "abababababababababababababababab"}, {"span_id", "0101010101010101"}}, 2,
                3}));
}

std::string Compressed(const std::string& raw) {
  std::string out;
  snappy::Compress(raw.data(), raw.size(), &out);
  return out;
}

// A 2.0 request with these symbols and one series whose fields `fill` writes.
template <class Fill>
std::string Request2(const std::vector<std::string>& symbols, const Fill& fill) {
  std::string raw;
  pbf_writer request(raw);
  {
    pbf_writer series(request, 5);  // before its symbols, which is allowed
    fill(series);
  }
  for (const std::string& symbol : symbols) request.add_string(4, symbol);
  return Compressed(raw);
}

std::string Refs(const std::vector<std::string>& symbols, const std::vector<uint32_t>& refs) {
  return Request2(symbols, [&](pbf_writer& series) {
    series.add_packed_uint32(1, refs.begin(), refs.end());
    pbf_writer sample(series, 2);
    sample.add_double(1, 1);
  });
}

TEST(DecodeRemoteWrite, RefusesWhatContradictsItself) {
  const std::vector<std::string> symbols = {"", "a", "b"};
  ASSERT_TRUE(Decode2(Refs(symbols, {1, 2})));
  const struct {
    const char* name;
    std::string body;
    const char* want;
    ErrorCode code = ErrorCode::kInvalidArgument;
  } cases[] = {
      {"not snappy", "\xff\xff\xff\xff\xff\xff", "snappy"},
      {"no bytes", "", "snappy"},
      {"cut snappy", Refs(symbols, {1, 2}).substr(0, 10), "snappy"},
      {"a lie about its size", std::string("\xff\xff\xff\x07\x00", 5), "cut short"},
      {"too large", std::string("\x81\x80\x80\x10\x00", 5), "33554433 bytes", ErrorCode::kLimit},
      {"not protobuf", Compressed("\x22\x7f"), "not a protobuf message"},
      {"a first symbol that is not empty", Refs({"a", "b"}, {0, 1}), "first symbol"},
      {"a reference to nothing", Refs(symbols, {1, 3}), "symbol 3 of 3"},
      {"a reference without symbols", Refs({}, {0, 0}), "symbol 0 of 0"},
      {"an odd number of references", Refs(symbols, {1, 2, 1}), "odd number"},
      {"a label without a name", Refs(symbols, {0, 1}), "no name"},
      {"a label twice", Refs(symbols, {1, 2, 1, 1}), "twice"},
      {"a symbol that is not UTF-8", Refs({"", "\xff"}, {1, 1}), "UTF-8"},
      {"samples and histograms",
       Request2(symbols,
                [](pbf_writer& series) {
                  {
                    pbf_writer sample(series, 2);
                    sample.add_double(1, 1);
                  }
                  pbf_writer histogram(series, 3);
                  histogram.add_uint64(1, 0);
                }),
       "samples and histograms"},
      {"a histogram whose spans do not fit",
       Request2(symbols,
                [](pbf_writer& series) {
                  pbf_writer histogram(series, 3);
                  histogram.add_uint64(1, 1);
                  pbf_writer span(histogram, 11);
                  span.add_uint32(2, 4'000'000'000);
                }),
       "a histogram: "},
      {"metadata that refers to nothing",
       Request2(symbols,
                [](pbf_writer& series) {
                  pbf_writer metadata(series, 5);
                  metadata.add_uint32(3, 77);
                }),
       "symbol 77"},
  };
  for (const auto& c : cases) {
    const auto got = Decode2(c.body);
    ASSERT_FALSE(got) << c.name;
    EXPECT_THAT(got.error().message, HasSubstr(c.want)) << c.name;
    EXPECT_EQ(got.error().code, c.code) << c.name;
  }
}

TEST(DecodeRemoteWrite, KeepsWithinItsMemory) {
  // A long symbol that many series repeat.
  std::string raw;
  pbf_writer request(raw);
  for (const std::string& symbol : {std::string(), std::string("a"), std::string(1 << 20, 'x')}) {
    request.add_string(4, symbol);
  }
  for (int i = 0; i < 1000; ++i) {
    pbf_writer series(request, 5);
    const std::vector<uint32_t> refs = {1, 2};
    series.add_packed_uint32(1, refs.begin(), refs.end());
  }
  const auto two = Decode2(Compressed(raw), {.max_memory = 16 << 20});
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().code, ErrorCode::kLimit);
  std::string many;
  for (int i = 0; i < 100000; ++i) many += std::string("\x0a\x00", 2);
  const auto one = Decode1(Compressed(many), {.max_memory = 1 << 20});
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().code, ErrorCode::kLimit);
  EXPECT_FALSE(Decode1(Compressed(many), {.max_decoded_bytes = 100}));
}

TEST(DecodeRemoteWrite, SortsLabelsAndSkipsWhatItDoesNotKnow) {
  const auto got = Decode2(Request2({"", "b", "a"}, [](pbf_writer& series) {
    for (const uint32_t ref : {1u, 2u, 2u, 1u}) series.add_uint32(1, ref);
    series.add_int64(6, 5);
    pbf_writer sample(series, 2);
    sample.add_int64(2, 7);
    sample.add_double(1, 1);
    sample.add_string(99, "later");
  }));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(TextOf(*got), "{a=\"b\", b=\"a\"} 1@7\n");
}

}  // namespace
}  // namespace sidelight::remote_write
