#include <fmt/format.h>
#include <gtest/gtest.h>

#include <protozero/pbf_reader.hpp>

#include "tests/core/wire/families.h"

namespace sidelight::wire {
namespace {

using protozero::pbf_reader;

// Every field of a message as "number:value", nested ones in parentheses, in the order of the bytes. Which
// fields are messages, doubles or signed is given by their path, as in "4.7.3" for a bucket.
enum class Kind { kMessage, kText, kDouble, kVarint, kSigned };

Kind KindOf(const std::string& path) {
  static const std::vector<std::pair<std::string, Kind>> kKinds = {
      {"4", Kind::kMessage},         {"4.1", Kind::kMessage},      {"4.2", Kind::kMessage},
      {"4.3", Kind::kMessage},       {"4.4", Kind::kMessage},      {"4.5", Kind::kMessage},
      {"4.7", Kind::kMessage},       {"4.2.1", Kind::kDouble},     {"4.3.1", Kind::kDouble},
      {"4.5.1", Kind::kDouble},      {"4.3.2", Kind::kMessage},    {"4.3.2.1", Kind::kMessage},
      {"4.3.2.2", Kind::kDouble},    {"4.3.2.3", Kind::kMessage},  {"4.3.3", Kind::kMessage},
      {"4.4.2", Kind::kDouble},      {"4.4.3", Kind::kMessage},    {"4.4.3.1", Kind::kDouble},
      {"4.4.3.2", Kind::kDouble},    {"4.4.4", Kind::kMessage},    {"4.7.2", Kind::kDouble},
      {"4.7.3", Kind::kMessage},     {"4.7.3.2", Kind::kDouble},   {"4.7.3.3", Kind::kMessage},
      {"4.7.3.3.1", Kind::kMessage}, {"4.7.3.3.2", Kind::kDouble}, {"4.7.3.3.3", Kind::kMessage},
      {"4.7.5", Kind::kSigned},      {"4.7.6", Kind::kDouble},     {"4.7.9", Kind::kMessage},
      {"4.7.9.1", Kind::kSigned},    {"4.7.10", Kind::kSigned},    {"4.7.12", Kind::kMessage},
      {"4.7.12.1", Kind::kSigned},   {"4.7.13", Kind::kSigned},    {"4.7.15", Kind::kMessage},
      {"4.7.16", Kind::kMessage},    {"4.7.16.1", Kind::kMessage}, {"4.7.16.2", Kind::kDouble},
      {"4.7.16.3", Kind::kMessage},
  };
  for (const auto& [known, kind] : kKinds) {
    if (known == path) return kind;
  }
  return Kind::kText;
}

std::string Show(pbf_reader reader, const std::string& prefix = "") {
  std::string out;
  while (reader.next()) {
    const std::string path = prefix + std::to_string(reader.tag());
    if (!out.empty()) out += ' ';
    out += std::to_string(reader.tag()) + ':';
    const Kind kind = KindOf(path);
    if (reader.wire_type() == protozero::pbf_wire_type::varint) {
      out +=
          kind == Kind::kSigned ? std::to_string(reader.get_sint64()) : std::to_string(reader.get_uint64());
    } else if (kind == Kind::kMessage) {
      out += '(' + Show(reader.get_message(), path + '.') + ')';
    } else if (kind == Kind::kDouble) {
      out += fmt::format("{}", reader.get_double());
    } else {
      out += '"' + reader.get_string() + '"';
    }
  }
  return out;
}

// The families of a delimited exposition.
std::vector<std::string> Families(const std::string& body) {
  std::vector<std::string> out;
  const char* p = body.data();
  const char* const end = p + body.size();
  while (p != end) {
    const uint64_t size = protozero::decode_varint(&p, end);
    EXPECT_LE(size, static_cast<uint64_t>(end - p));
    out.push_back(Show(pbf_reader(p, size)));
    p += size;
  }
  return out;
}

struct Case {
  const char* name;
  std::vector<MetricFamily> families;
  std::vector<std::string> messages;
  EscapingScheme escaping = EscapingScheme::kUnderscores;
};

Histogram Full() {
  Histogram histogram = Classic({0.5, 1}, {2, 3, 1}, 4.25);
  histogram.schema = -1;
  histogram.zero_threshold = 0x1p-128;
  histogram.zero_count = 1;
  histogram.positive = {{{-2, 2}, {3, 1}}, {1, 2, 1}};
  histogram.negative = {{{0, 1}}, {1}};
  histogram.exemplars = {{Trace(1), 0.25, kExemplarTime}, {Trace(3), 7, 0}};
  return histogram;
}

Histogram EmptyNative() {
  Histogram histogram;
  histogram.schema = 3;
  return histogram;
}

TEST(WriteProtobuf, Table) {
  const std::string labels1 =
      "1:(1:\"trace_id\" 2:\"01010101010101010101010101010101\") 1:(1:\"span_id\" 2:\"0202020202020202\")";
  const std::string labels3 =
      "1:(1:\"trace_id\" 2:\"03030303030303030303030303030303\") 1:(1:\"span_id\" 2:\"0404040404040404\")";
  const std::string time = "3:(1:1520879607 2:789000000)";
  Metric counter = Value({{"code", "200"}}, 1027, kStart);
  counter.exemplar = Exemplar{Trace(1), 1, kExemplarTime};
  const Case cases[] = {
      {"nothing", {}, {}},
      {"a counter, a gauge, an unknown",
       {FamilyOf(MetricType::kCounter, "r_total", "R.\n", {counter}),
        FamilyOf(MetricType::kGauge, "g_seconds", "G.", {Value({}, -0.5), Stale({{"x", "y"}})}, "seconds"),
        FamilyOf(MetricType::kUnknown, "u", "", {Value({{"l", "\xff"}}, 1)})},
       {"1:\"r_total\" 2:\"R.\n\" 3:0 4:(1:(1:\"code\" 2:\"200\") 3:(1:1027 2:(" + labels1 + " 2:1 " + time +
            ") 3:(1:1520430000 2:123000000)))",
        "1:\"g_seconds\" 2:\"G.\" 3:1 4:(2:(1:-0.5)) 5:\"seconds\"",
        "1:\"u\" 3:3 4:(1:(1:\"l\" 2:\"\xEF\xBF\xBD\") 5:(1:1))"}},
      {"a summary",
       {FamilyOf(MetricType::kSummary, "s", "S.", {Of(Labels{}, Summary{2, 1.5, {{0.5, 1}}}, kStart)})},
       {"1:\"s\" 2:\"S.\" 3:2 4:(4:(1:2 2:1.5 3:(1:0.5 2:1) 4:(1:1520430000 2:123000000)))"}},
      {"both forms in one histogram; native exemplars are those with a time",
       {FamilyOf(MetricType::kHistogram, "h", "H.", {Of({}, Full(), kStart)})},
       {"1:\"h\" 2:\"H.\" 3:4 4:(7:(1:6 2:4.25 "
        "3:(1:2 2:0.5 3:(" +
        labels1 + " 2:0.25 " + time + ")) 3:(1:5 2:1) 3:(1:6 2:inf 3:(" + labels3 +
        " 2:7)) "
        "5:-1 6:2.938735877055719e-39 7:1 9:(1:0 2:1) 10:1 12:(1:-2 2:2) 12:(1:3 2:1) 13:1 13:1 13:-1 "
        "16:(" +
        labels1 + " 2:0.25 " + time + ") 15:(1:1520430000 2:123000000)))"}},
      {"an empty native histogram has a span of no length",
       {FamilyOf(MetricType::kHistogram, "h", "H.", {Of({}, EmptyNative())})},
       {"1:\"h\" 2:\"H.\" 3:4 4:(7:(1:0 2:0 5:3 6:0 7:0 12:(1:0 2:0)))"}},
      {"a classic histogram has nothing native",
       {FamilyOf(MetricType::kHistogram, "h", "H.", {Of({}, Classic({1}, {1, 0}, 1))})},
       {"1:\"h\" 2:\"H.\" 3:4 4:(7:(1:1 2:1 3:(1:1 2:1) 3:(1:1 2:inf)))"}},
      {"names are escaped, quotes are not needed",
       {FamilyOf(MetricType::kGauge, "my.metric", "G.", {Value({{"my.label", "x"}}, 1)})},
       {"1:\"my_metric\" 2:\"G.\" 3:1 4:(1:(1:\"my_label\" 2:\"x\") 2:(1:1))"}},
      {"or not",
       {FamilyOf(MetricType::kGauge, "my.metric", "G.", {Value({{"my.label", "x"}}, 1)})},
       {"1:\"my.metric\" 2:\"G.\" 3:1 4:(1:(1:\"my.label\" 2:\"x\") 2:(1:1))"},
       EscapingScheme::kAllowUtf8},
  };
  for (const Case& c : cases) {
    const Exposition got =
        Expose(c.families, {.format = ExpositionFormat::kProtobuf, .escaping = c.escaping});
    EXPECT_EQ(Families(got.text), c.messages) << c.name;
  }
}

TEST(WriteProtobuf, KeepsLargeCountsAndFallingOnes) {
  Histogram histogram;
  histogram.schema = 0;
  histogram.positive = {{{0, 3}}, {UINT64_MAX / 2, 1, UINT64_MAX / 4}};
  const Exposition got = Expose({FamilyOf(MetricType::kHistogram, "h", "", {Of({}, histogram)})},
                                {.format = ExpositionFormat::kProtobuf});
  EXPECT_EQ(
      Families(got.text),
      std::vector<std::string>{"1:\"h\" 3:4 4:(7:(1:0 2:0 5:0 6:0 7:0 12:(1:0 2:3) 13:9223372036854775807 "
                               "13:-9223372036854775806 13:4611686018427387902))"});
}

}  // namespace
}  // namespace sidelight::wire
