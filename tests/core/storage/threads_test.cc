// Readers, a writer and maintenance at the same time: under ThreadSanitizer there must be no race, and what a
// reader sees of one commit must be the whole of it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/storage/store.h"
#include "tests/core/storage/store_reading.h"
#include "tests/support/fake_clock.h"

namespace sidelight::storage {
namespace {

TEST(ThreadsTest, ReadersSeeWholeCommitsWhileTheWriterHammers) {
  constexpr int kSeries = 40;
  constexpr int kCommits = 3000;
  FakeClock clock;
  const auto store = OpenStore(
      {.retention = std::chrono::minutes(10), .memory = 400 << 10, .first_zero = false, .clock = &clock});
  std::atomic<bool> done = false;
  std::atomic<size_t> reads = 0;
  const UnixMillis start = store->Now();

  std::thread writer([&] {
    const auto appender = store->MakeAppender();
    for (int i = 0; i < kCommits; ++i) {
      const UnixMillis now = start + i * 1000;
      for (int s = 0; s < kSeries; ++s) {
        ASSERT_TRUE(appender->Append(0, Labels{{"s", std::to_string(s)}}, now, i * 37 % 1001).has_value());
      }
      // Series that come and go.
      static_cast<void>(appender->Append(0, Labels{{"once", std::to_string(i)}}, now, i));
      ASSERT_TRUE(
          appender->AppendHistogram(0, Labels{{"h", "1"}}, now, MakeHistogram({1.0 * i, 2})).has_value());
      ASSERT_TRUE(appender->Commit().has_value());
      if (i % 50 == 0) store->Maintain(now);
    }
    done = true;
  });
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      const auto all = MakeMatchers({{Matcher::Type::kRegex, "s", ".+"}});
      do {
        const auto selection = store->Select(all, kNever, kEver);
        UnixMillis newest = 0;
        for (const Series* series : selection->series()) {
          Samples samples;
          series->Read(kNever, kEver, &samples);
          if (samples.times.empty()) continue;
          for (size_t i = 1; i < samples.times.size(); ++i) {
            ASSERT_EQ(samples.times[i], samples.times[i - 1] + 1000);
          }
          ASSERT_EQ(samples.values.back(),
                    static_cast<double>((samples.times.back() - start) / 1000 * 37 % 1001));
          if (newest != 0) {
            ASSERT_EQ(samples.times.back(), newest) << series->labels().ToString();
          }
          newest = samples.times.back();
          samples.Clear();
          series->ReadNewest(kNever, kEver, &samples);
          ASSERT_EQ(samples.times.at(0), newest);
        }
        ++reads;
        store->LabelValues("once", {}, kNever, kEver);
        store->LabelNames({}, kNever, kEver);
        store->Stats();
      } while (!done);
    });
  }
  writer.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(reads, 0U);
}

}  // namespace
}  // namespace sidelight::storage
