#include "exporters/delivery/counts.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/exporters/delivery/drops.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;

// "name{labels} value" of each series, in their order.
std::string Text(const std::vector<MetricFamily>& families, std::string_view name) {
  std::string text;
  for (const MetricFamily& family : families) {
    if (family.name != name) continue;
    for (const Metric& metric : family.metrics) {
      text += text.empty() ? "" : " ";
      for (const Label& label : metric.labels) text += std::string(label.value) + ",";
      text += std::to_string(static_cast<int64_t>(metric.value));
    }
  }
  return text;
}

TEST(CountsTest, WhatWaits) {
  const Folder folder;
  FakeClock clock;
  metrics::Self self;
  const auto queue = Queue::Open({.folder = folder.path(), .clock = &clock}, self);
  const QueueSource source(*queue, clock);
  EXPECT_EQ(Text(source.Collect(), "sidelight_export_queue_entries"), "");
  EXPECT_EQ(Text(source.Collect(), "sidelight_export_queue_mode"), "durable,1 memory,0 off,0");
  ASSERT_TRUE(queue->Attend(kOtlp, 1, [] {}));
  EXPECT_EQ(queue->Push(kOtlp, Of("four", clock, 0, 7)), Kept::kDurable);
  EXPECT_EQ(queue->Push(kWrite, Of("sixsix", clock, 0, 9)), Kept::kDurable);
  clock.Advance(90s);
  EXPECT_EQ(queue->Push(kOtlp, Of("four", clock, 0, 7)), Kept::kDurable);
  const std::vector<MetricFamily> families = source.Collect();
  const std::string otlp = "http://collector:4318/v1/metrics,otlp,";
  const std::string write = "http://prometheus:9090/api/v1/write,remote_write,";
  EXPECT_EQ(Text(families, "sidelight_export_queue_entries"), otlp + "2 " + write + "1");
  EXPECT_EQ(Text(families, "sidelight_export_queue_bytes"), otlp + "8 " + write + "6");
  EXPECT_EQ(Text(families, "sidelight_export_queue_points"), otlp + "14 " + write + "9");
  EXPECT_EQ(Text(families, "sidelight_export_queue_oldest_age_seconds"), otlp + "90 " + write + "90");
  EXPECT_EQ(Text(families, "sidelight_export_queue_memory_entries"), otlp + "0 " + write + "0");
  EXPECT_EQ(Text(families, "sidelight_export_queue_max_bytes"), "67108864");
  EXPECT_NE(Text(families, "sidelight_export_queue_disk_bytes"), "0");
  clock.Advance(25h);
  queue->Tick();
  EXPECT_EQ(Text(source.Collect(), "sidelight_export_queue_entries"), otlp + "0");
  EXPECT_EQ(Text(source.Collect(), "sidelight_export_queue_oldest_age_seconds"), otlp + "0");
  EXPECT_EQ(Text(self.Collect(), "sidelight_export_points_dropped_total"),
            otlp + "corrupt,0 " + otlp + "duplicate,0 " + otlp + "expired,14 " + otlp + "overflow,0 " + otlp +
                "rejected,0 " + otlp + "shutdown,0 " + otlp + "too_large,0 " + write + "expired,9");
  EXPECT_EQ(self.Counter("sidelight_export_requests_dropped_total", "",
                         {{"destination", kOtlp.name}, {"exporter", "otlp"}, {"reason", "expired"}})
                .Value(),
            2);
}

}  // namespace
}  // namespace sidelight::delivery
