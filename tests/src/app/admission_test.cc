// metric_relabel_configs at the door of the registry.
#include "src/app/admission.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/fake_clock.h"

namespace sidelight::app {
namespace {

config::Config ConfigOf(const std::string& steps) {
  Result<config::Config> config =
      config::Parse("metric_relabel_configs: " + steps +
                        "\nlimits: {series: 7}\n"
                        "taps: [{name: api, protocol: http, listen: \"127.0.0.1:0\", upstream: \"b:1\"}]\n",
                    "s.yaml", [](const std::string&) -> std::optional<std::string> { return std::nullopt; });
  EXPECT_TRUE(config) << steps << "\n" << config.error().message;
  return config ? *std::move(config) : config::Config{};
}

// "{a=\"1\"}", or "dropped".
std::string Admitted(const std::string& steps, std::string_view family, const Labels& labels) {
  const metrics::Registry::Options options = RegistryOptions(ConfigOf(steps));
  const std::optional<Labels> admitted = options.admit(family, labels);
  return admitted ? admitted->ToString() : "dropped";
}

TEST(AdmissionTest, WithoutStepsNobodyIsAsked) {
  const metrics::Registry::Options options = RegistryOptions(ConfigOf("[]"));
  EXPECT_EQ(options.admit, nullptr);
  EXPECT_EQ(options.series_limit, 7u);
}

TEST(AdmissionTest, StepsDecide) {
  const struct {
    const char* steps;
    const char* family;
    Labels labels;
    const char* want;
  } cases[] = {
      {"[{action: drop, source_labels: [a], regex: x}]", "m", {{"a", "x"}}, "dropped"},
      {"[{action: drop, source_labels: [a], regex: x}]", "m", {{"a", "y"}}, "{a=\"y\"}"},
      {"[{action: keep, source_labels: [__name__], regex: m}]", "m", {{"a", "x"}}, "{a=\"x\"}"},
      {"[{action: keep, source_labels: [__name__], regex: m}]", "n", {{"a", "x"}}, "dropped"},
      {"[{action: labeldrop, regex: b}]", "m", {{"a", "x"}, {"b", "y"}}, "{a=\"x\"}"},
      {"[{action: labelkeep, regex: b}]", "m", {{"a", "x"}, {"b", "y"}}, "{b=\"y\"}"},
      {"[{source_labels: [a], target_label: b}]", "m", {{"a", "x"}}, "{a=\"x\", b=\"x\"}"},
      {"[{source_labels: [__name__], target_label: b}]", "m", {}, "{b=\"m\"}"},
      // A label's name that is only known now.
      {"[{source_labels: [a], regex: (.*), target_label: '${1}', replacement: z}]",
       "m",
       {{"a", "__name__"}},
       "{a=\"__name__\"}"},
      // What Sidelight counts of itself.
      {"[{action: keep, source_labels: [a], regex: x}]",
       "sidelight_tap_bytes_total",
       {{"tap", "api"}},
       "{tap=\"api\"}"},
  };
  for (const auto& c : cases) EXPECT_EQ(Admitted(c.steps, c.family, c.labels), c.want) << c.steps;
}

TEST(AdmissionTest, TheRegistryAsks) {
  FakeClock clock;
  metrics::Registry registry(clock,
                             RegistryOptions(ConfigOf("[{action: labeldrop, regex: b}, "
                                                      "{action: drop, source_labels: [a], regex: no}]")));
  metrics::Family* const family = registry.AddFamily({.name = "m_total"});
  metrics::Shard* const shard = registry.AddShard();
  shard->GetCounter(family, {{"a", "x"}, {"b", "1"}})->Add(1);
  shard->GetCounter(family, {{"a", "x"}, {"b", "2"}})->Add(2);
  shard->GetCounter(family, {{"a", "no"}})->Add(4);
  const auto snapshot = registry.Collect();
  ASSERT_EQ(snapshot->families.size(), 1u);
  ASSERT_EQ(snapshot->families[0].metrics.size(), 1u);
  EXPECT_EQ(snapshot->families[0].metrics[0].labels.ToString(), "{a=\"x\"}");
  EXPECT_EQ(snapshot->families[0].metrics[0].value, 3);
  EXPECT_EQ(registry.dropped(), 1u);
}

}  // namespace
}  // namespace sidelight::app
