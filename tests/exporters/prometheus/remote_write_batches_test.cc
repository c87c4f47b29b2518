#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/model/stale.h"
#include "core/wire/remote_write/decode.h"
#include "exporters/prometheus/remote_write/batches.h"
#include "exporters/prometheus/remote_write/payload.h"
#include "tests/support/fake_clock.h"

namespace sidelight::remote_write {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr UnixMillis kStart = 1'700'000'000'000;

Labels Named(std::string_view name, std::initializer_list<Label> more = {}) {
  std::vector<Label> labels(more);
  labels.push_back({"__name__", name});
  return Labels(labels);
}

FloatHistogramPtr SomeHistogram(double count) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->count = count;
  histogram->zero_count = count;
  histogram->zero_threshold = 0.001;
  return histogram;
}

relabel::Rule RuleOf(relabel::Action action, std::vector<std::string> source, std::string regex,
                     std::string target = "", std::string replacement = "$1") {
  relabel::Rule rule;
  rule.action = action;
  rule.source_labels = std::move(source);
  rule.regex = std::move(regex);
  rule.target_label = std::move(target);
  rule.replacement = std::move(replacement);
  EXPECT_TRUE(rule.Compile());
  return rule;
}

// `{a="1"} 5@1000 h3@2000 stale@3000 !0.5`: labels, samples, histograms by their count, exemplars.
std::string Text(const Series& series) {
  std::string text = series.labels.ToString();
  const auto time = [](UnixMillis at) { return at >= kStart ? at - kStart : at; };
  for (const Sample& sample : series.samples) {
    text += IsStale(sample.value) ? fmt::format(" stale@{}", time(sample.time))
                                  : fmt::format(" {}@{}", sample.value, time(sample.time));
    if (sample.start != 0) text += fmt::format("<{}", time(sample.start));
  }
  for (const HistogramSample& sample : series.histograms) {
    text += fmt::format(" h{}@{}", sample.histogram->count, time(sample.time));
  }
  for (const Exemplar& exemplar : series.exemplars) text += fmt::format(" !{}", exemplar.value);
  return text;
}

class RemoteWriteBatchesTest : public testing::Test {
 protected:
  RemoteWriteBatchesTest() { destination_.shards = 1; }

  Batches Make() {
    return Batches(
        destination_, external_,
        [this] {
          ++collected_;
          auto snapshot = std::make_shared<Snapshot>();
          snapshot->families = families_;
          return snapshot;
        },
        clock_);
  }
  Item Float(storage::SeriesRef ref, Labels labels, double value, UnixMillis time = 0, UnixMillis start = 0) {
    return {
        .series = ref, .labels = std::move(labels), .time = kStart + time, .start = start, .value = value};
  }
  Item OfHistogram(storage::SeriesRef ref, Labels labels, double count, UnixMillis time = 0) {
    return {
        .series = ref, .labels = std::move(labels), .time = kStart + time, .histogram = SomeHistogram(count)};
  }
  Item OfExemplar(storage::SeriesRef ref, Labels labels, double value) {
    sidelight::Exemplar exemplar{.value = value, .time = kStart};
    exemplar.id.trace[0] = 1;
    exemplar.id.span[0] = 1;
    return {.series = ref, .labels = std::move(labels), .exemplar = exemplar};
  }
  std::vector<Series> Decoded(const delivery::Request& request) {
    const Result<Payload> payload = Unpack(request.body);
    EXPECT_TRUE(payload);
    EXPECT_EQ(payload->message, destination_.message);
    if (payload->message == Message::kWrite2) {
      Result<std::vector<Series>> series = Decode2(payload->body);
      EXPECT_TRUE(series) << series.error().message;
      return *std::move(series);
    }
    Result<Write1> write = Decode1(payload->body);
    EXPECT_TRUE(write) << write.error().message;
    metadata_ = write->metadata;
    return std::move(write->series);
  }
  std::vector<std::string> Texts(const delivery::Request& request) {
    std::vector<std::string> texts;
    for (const Series& series : Decoded(request)) texts.push_back(Text(series));
    return texts;
  }
  // All that is sent of these items, whatever the requests.
  std::vector<std::string> Sent(Batches& batches, const std::vector<Item>& items) {
    std::vector<delivery::Request> out;
    batches.Add(items, &out);
    batches.Flush(&out);
    std::vector<std::string> all;
    for (const delivery::Request& request : out) {
      for (std::string& text : Texts(request)) all.push_back(std::move(text));
    }
    return all;
  }

  FakeClock clock_{kStart};
  Destination destination_;
  Labels external_;
  std::vector<MetricFamily> families_;
  std::vector<FamilyMetadata> metadata_;
  int collected_ = 0;
};

TEST_F(RemoteWriteBatchesTest, SamplesOfASeriesAreTogetherAndInOrder) {
  for (const Message message : {Message::kWrite1, Message::kWrite2}) {
    destination_.message = message;
    Batches batches = Make();
    const bool second = message == Message::kWrite2;
    EXPECT_THAT(Sent(batches, {Float(1, Named("a"), 1), Float(2, Named("b"), 5, 0, kStart),
                               Float(1, Named("a"), 2, 1000)}),
                ElementsAre("{__name__=\"a\"} 1@0 2@1000",
                            second ? "{__name__=\"b\"} 5@0<0" : "{__name__=\"b\"} 5@0"));
    EXPECT_TRUE(batches.empty());
    EXPECT_THAT(Sent(batches, {}), IsEmpty());
  }
}

TEST_F(RemoteWriteBatchesTest, ExternalLabelsWhereTheSeriesHasNone) {
  external_ = Labels{{"cluster", "eu"}, {"job", "outer"}};
  Batches batches = Make();
  EXPECT_THAT(Sent(batches, {Float(1, Named("a", {{"job", "own"}, {"z", "1"}}), 1)}),
              ElementsAre("{__name__=\"a\", cluster=\"eu\", job=\"own\", z=\"1\"} 1@0"));
}

TEST_F(RemoteWriteBatchesTest, RelabellingSeesExternalLabels) {
  external_ = Labels{{"cluster", "eu"}};
  destination_.write_relabel_configs = {
      RuleOf(relabel::Action::kReplace, {"cluster"}, "(.*)", "region"),
      RuleOf(relabel::Action::kReplace, {"region"}, "(.*)", "__tmp_region"),
      RuleOf(relabel::Action::kLabelDrop, {}, "cluster"),
      RuleOf(relabel::Action::kDrop, {"__name__"}, "secret"),
      RuleOf(relabel::Action::kReplace, {"__name__"}, "nameless", "__name__", ""),
  };
  Batches batches = Make();
  EXPECT_THAT(
      Sent(batches, {Float(1, Named("a"), 1), Float(2, Named("secret"), 2), Float(3, Named("nameless"), 3)}),
      ElementsAre("{__name__=\"a\", region=\"eu\"} 1@0"));
}

TEST_F(RemoteWriteBatchesTest, ADroppedSeriesCostsNothing) {
  destination_.write_relabel_configs = {RuleOf(relabel::Action::kDrop, {"__name__"}, "a")};
  destination_.message = Message::kWrite2;
  Batches batches = Make();
  std::vector<delivery::Request> out;
  for (int i = 0; i < 5000; ++i) batches.Add({Float(1, Named("a"), i, i)}, &out);
  EXPECT_TRUE(batches.empty());
  EXPECT_THAT(out, IsEmpty());
  EXPECT_EQ(collected_, 0);
}

TEST_F(RemoteWriteBatchesTest, BatchSize) {
  destination_.max_samples_per_send = 3;
  Batches batches = Make();
  std::vector<delivery::Request> out;
  std::vector<Item> items;
  for (int i = 0; i < 8; ++i) items.push_back(Float(1 + i % 2, Named(i % 2 ? "b" : "a"), i, i));
  batches.Add(items, &out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_FALSE(batches.empty());
  EXPECT_THAT(Texts(out[0]), ElementsAre("{__name__=\"a\"} 0@0 2@2", "{__name__=\"b\"} 1@1"));
  EXPECT_THAT(Texts(out[1]), ElementsAre("{__name__=\"b\"} 3@3 5@5", "{__name__=\"a\"} 4@4"));
  EXPECT_EQ(out[0].points, 3u);
  EXPECT_EQ(out[1].time, kStart + 5);
  batches.Flush(&out);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_THAT(Texts(out[2]), ElementsAre("{__name__=\"a\"} 6@6", "{__name__=\"b\"} 7@7"));
  batches.Flush(&out);
  EXPECT_EQ(out.size(), 3u);
}

TEST_F(RemoteWriteBatchesTest, AnOldFirstZeroDoesNotMakeTheRequestOld) {
  Batches batches = Make();
  std::vector<delivery::Request> out;
  batches.Add({Float(1, Named("a"), 0, -7'000'000), Float(1, Named("a"), 1, 0)}, &out);
  batches.Flush(&out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].time, kStart);
}

TEST_F(RemoteWriteBatchesTest, AFirstZeroThatReceiversRefuseIsLeftOut) {
  Batches batches = Make();
  const auto at = [](UnixMillis age) { return kStart - age; };
  EXPECT_THAT(
      Sent(batches,
           {Float(1, Named("old"), 0, -3'600'000, at(3'600'000)), Float(1, Named("old"), 5, 0, at(3'600'000)),
            Float(2, Named("young"), 0, -1'800'000, at(1'800'000)),
            Float(3, Named("late"), 7, -3'600'000, at(3'700'000))}),
      ::testing::UnorderedElementsAre("{__name__=\"old\"} 5@0", "{__name__=\"young\"} 0@1699998200000",
                                      "{__name__=\"late\"} 7@1699996400000"));
}

TEST_F(RemoteWriteBatchesTest, ASeriesHasOneShard) {
  destination_.shards = 4;
  destination_.max_samples_per_send = 7;
  destination_.write_relabel_configs = {RuleOf(relabel::Action::kLabelDrop, {}, "pod")};
  Batches batches = Make();
  std::vector<delivery::Request> out;
  for (int time = 0; time < 20; ++time) {
    std::vector<Item> items;
    for (unsigned i = 0; i < 50; ++i) {
      // Two that become one by relabelling share the shard, too.
      items.push_back(
          Float(1 + i, Named(fmt::format("n{}", i / 2), {{"pod", i % 2 ? "x" : "y"}}), time, time));
    }
    batches.Add(items, &out);
  }
  batches.Flush(&out);
  std::map<std::string, std::set<uint32_t>> lanes;
  std::map<std::string, UnixMillis> newest;
  std::set<uint32_t> used;
  size_t points = 0;
  for (const delivery::Request& request : out) {
    used.insert(request.lane);
    points += request.points;
    EXPECT_LE(request.points, 7u);
    for (const Series& series : Decoded(request)) {
      const std::string name(series.labels.Get("__name__"));
      lanes[name].insert(request.lane);
      for (const Sample& sample : series.samples) {
        EXPECT_GE(sample.time, newest[name]) << name;
        newest[name] = sample.time;
      }
    }
  }
  EXPECT_EQ(points, 1000u);
  EXPECT_EQ(used.size(), 4u);
  for (const auto& [name, numbers] : lanes) EXPECT_EQ(numbers.size(), 1u) << name;
}

TEST_F(RemoteWriteBatchesTest, ALargeRequestIsDivided) {
  Batches batches = Make();
  std::vector<Item> items;
  const std::string large(1 << 20, 'x');
  for (unsigned i = 0; i < 20; ++i)
    items.push_back(Float(1 + i, Named(fmt::format("n{}", i), {{"l", large}}), i));
  std::vector<delivery::Request> out;
  batches.Add(items, &out);
  batches.Flush(&out);
  EXPECT_GT(out.size(), 1u);
  size_t next = 0;
  for (const delivery::Request& request : out) {
    for (const Series& series : Decoded(request)) {
      EXPECT_EQ(series.labels.Get("__name__"), fmt::format("n{}", next++));
    }
  }
  EXPECT_EQ(next, 20u);
}

TEST_F(RemoteWriteBatchesTest, FloatsAndHistogramsOfOneSeriesDoNotMix) {
  destination_.message = Message::kWrite2;
  destination_.send_native_histograms = true;
  Batches batches = Make();
  const Labels a = Named("a");
  EXPECT_THAT(
      Sent(batches, {Float(1, a, 1, 0), OfHistogram(1, a, 2, 1), OfHistogram(1, a, 3, 2), Float(1, a, 4, 3),
                     Float(1, a, StaleNan(), 4)}),
      ElementsAre("{__name__=\"a\"} 1@0", "{__name__=\"a\"} h2@1 h3@2", "{__name__=\"a\"} 4@3 stale@4"));
}

TEST_F(RemoteWriteBatchesTest, WithoutNativeHistogramsTheirEndIsNotSentEither) {
  Batches batches = Make();
  const Labels a = Named("a");
  EXPECT_THAT(Sent(batches, {OfHistogram(1, a, 2, 1), Float(1, a, StaleNan(), 2),
                             Float(2, Named("b"), StaleNan(), 2)}),
              ElementsAre("{__name__=\"b\"} stale@2"));
  // A float has a place of its own, and then so has its end.
  EXPECT_THAT(Sent(batches, {Float(1, a, 5, 3), OfHistogram(1, a, 2, 4), Float(1, a, StaleNan(), 5)}),
              ElementsAre("{__name__=\"a\"} 5@3 stale@5"));
}

TEST_F(RemoteWriteBatchesTest, StaleMarkersKeepTheirBits) {
  for (const Message message : {Message::kWrite1, Message::kWrite2}) {
    destination_.message = message;
    Batches batches = Make();
    std::vector<delivery::Request> out;
    batches.Add(
        {Float(1, Named("a"), StaleNan()), Float(2, Named("b"), std::bit_cast<double>(kNormalNanBits))},
        &out);
    batches.Flush(&out);
    const std::vector<Series> series = Decoded(out.at(0));
    ASSERT_EQ(series.size(), 2u);
    EXPECT_EQ(std::bit_cast<uint64_t>(series[0].samples.at(0).value), kStaleBits);
    EXPECT_EQ(std::bit_cast<uint64_t>(series[1].samples.at(0).value), kNormalNanBits);
  }
}

TEST_F(RemoteWriteBatchesTest, ExemplarsGoWithTheirSamples) {
  destination_.max_samples_per_send = 2;
  const std::vector<Item> items = {
      Float(1, Named("a"), 1),       Float(2, Named("b"), 2),       Float(3, Named("c"), 3),
      OfExemplar(1, Named("a"), 10), OfExemplar(3, Named("c"), 30), OfExemplar(4, Named("lonely"), 40),
      OfExemplar(1, Named("a"), 11),
  };
  Batches without = Make();
  EXPECT_THAT(Sent(without, items),
              ElementsAre("{__name__=\"a\"} 1@0", "{__name__=\"b\"} 2@0", "{__name__=\"c\"} 3@0"));
  destination_.send_exemplars = true;
  Batches with = Make();
  EXPECT_THAT(Sent(with, items), ElementsAre("{__name__=\"a\"} 1@0 !10 !11", "{__name__=\"b\"} 2@0",
                                             "{__name__=\"c\"} 3@0 !30"));
}

TEST_F(RemoteWriteBatchesTest, MetadataGoesWithTheSeriesIn2) {
  destination_.message = Message::kWrite2;
  destination_.send_native_histograms = true;
  families_ = {{.name = "h", .help = "A histogram.", .unit = "seconds", .type = MetricType::kHistogram},
               {.name = "s", .help = "A summary.", .type = MetricType::kSummary}};
  Batches batches = Make();
  std::vector<delivery::Request> out;
  batches.Add({Float(1, Named("h_bucket", {{"le", "1"}}), 1), Float(2, Named("h_sum"), 1),
               Float(3, Named("h_count"), 1), OfHistogram(4, Named("h"), 1), Float(5, Named("s_count"), 1),
               Float(6, Named("s_bucket"), 1), Float(7, Named("recorded:h"), 1)},
              &out);
  batches.Flush(&out);
  std::map<std::string, std::string> helps;
  for (const Series& series : Decoded(out.at(0))) {
    helps[std::string(series.labels.Get("__name__"))] = fmt::format(
        "{} {} {}", static_cast<int>(series.metadata.type), series.metadata.help, series.metadata.unit);
  }
  EXPECT_THAT(
      helps, ElementsAre(testing::Pair("h", "3 A histogram. seconds"),
                         testing::Pair("h_bucket", "3 A histogram. seconds"),
                         testing::Pair("h_count", "3 A histogram. seconds"),
                         testing::Pair("h_sum", "3 A histogram. seconds"), testing::Pair("recorded:h", "0  "),
                         testing::Pair("s_bucket", "0  "), testing::Pair("s_count", "5 A summary. ")));
  EXPECT_EQ(collected_, 1);
}

TEST_F(RemoteWriteBatchesTest, MetadataOfANewFamilyIsFoundSoon) {
  destination_.message = Message::kWrite2;
  Batches batches = Make();
  const auto help = [&](storage::SeriesRef ref, std::string_view name) {
    std::vector<delivery::Request> out;
    batches.Add({Float(ref, Named(name), 1, clock_.UnixNow() - kStart)}, &out);
    batches.Flush(&out);
    return Decoded(out.at(0)).at(0).metadata.help;
  };
  EXPECT_EQ(help(1, "a"), "");
  families_ = {{.name = "a", .help = "An a.", .type = MetricType::kGauge}};
  EXPECT_EQ(help(1, "a"), "");
  clock_.Advance(std::chrono::seconds(11));
  EXPECT_EQ(help(1, "a"), "An a.");
  // One that is in none is looked for once, and then again only when there is another reason to look.
  EXPECT_EQ(help(2, "ALERTS"), "");
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(std::chrono::seconds(11));
    EXPECT_EQ(help(2, "ALERTS"), "");
  }
  EXPECT_LE(collected_, 3);
  // Nor does it have to wait until a clock that was set back has caught up.
  clock_.StepWall(-3'600'000);
  families_.push_back({.name = "b", .help = "A b.", .type = MetricType::kGauge});
  EXPECT_EQ(help(3, "b"), "");
  EXPECT_EQ(help(3, "b"), "A b.");
}

TEST_F(RemoteWriteBatchesTest, MetadataIsARequestOfItsOwnIn1) {
  families_ = {{.name = "a_total", .help = "All a.", .type = MetricType::kCounter}};
  Batches batches = Make();
  std::vector<delivery::Request> out;
  const auto add = [&] {
    out.clear();
    batches.AddMetadata(&out);
    return out.size();
  };
  ASSERT_EQ(add(), 1u);
  EXPECT_EQ(out[0].points, 0u);
  EXPECT_THAT(Decoded(out[0]), IsEmpty());
  ASSERT_EQ(metadata_.size(), 1u);
  EXPECT_EQ(metadata_[0].family, "a_total");
  EXPECT_EQ(metadata_[0].metadata.type, MetadataType::kCounter);
  EXPECT_EQ(metadata_[0].metadata.help, "All a.");
  clock_.Advance(std::chrono::seconds(59));
  EXPECT_EQ(add(), 0u);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(add(), 1u);
  // The machine's clock was set back.
  clock_.StepWall(-3'600'000);
  EXPECT_EQ(add(), 1u);
  destination_.send_metadata = false;
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(add(), 0u);
  destination_ = {.message = Message::kWrite2};
  EXPECT_EQ(add(), 0u);
}

TEST_F(RemoteWriteBatchesTest, SeriesThatAreGoneAreForgotten) {
  Batches batches = Make();
  Sent(batches, {Float(1, Named("a"), 1), Float(2, Named("b"), 1)});
  EXPECT_EQ(batches.targets(), 2u);
  for (int i = 0; i < 12; ++i) {
    clock_.Advance(std::chrono::minutes(1));
    Sent(batches, {Float(1, Named("a"), 1)});
  }
  EXPECT_EQ(batches.targets(), 1u);
  EXPECT_THAT(Sent(batches, {Float(2, Named("b"), 7)}), ElementsAre("{__name__=\"b\"} 7@0"));
  // A number that has become another series'.
  EXPECT_THAT(Sent(batches, {Float(2, Named("c"), 8)}), ElementsAre("{__name__=\"c\"} 8@0"));
}

}  // namespace
}  // namespace sidelight::remote_write
