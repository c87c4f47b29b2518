// Writes to a store without end, for kill9_test: commit after commit of every series, and after each the
// number of the commit as a line on standard output. Starts behind what the folder has.
#include "tests/core/storage/endless_writer.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "core/storage/store.h"

using namespace sidelight;
using namespace sidelight::storage;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: endless_writer FOLDER\n");
    return 2;
  }
  auto store = Store::Open({.path = argv[1], .first_zero = false});
  if (!store) return 1;
  int64_t commit = 0;
  const auto selection = (*store)->Select({}, INT64_MIN, INT64_MAX);
  for (const Series* series : selection->series()) {
    Samples samples;
    series->ReadNewest(INT64_MIN, INT64_MAX, &samples);
    for (const UnixMillis time : samples.times) commit = std::max(commit, time / kWriterStep + 1);
    for (const UnixMillis time : samples.histogram_times) commit = std::max(commit, time / kWriterStep + 1);
  }
  const auto appender = (*store)->MakeAppender();
  for (;; ++commit) {
    for (int i = 0; i < kWriterSeries; ++i) {
      if (!appender->Append(0, WriterLabels(i), commit * kWriterStep, WriterValue(i, commit),
                            WriterStart(i, commit))) {
        return 1;
      }
    }
    if (!appender->AppendHistogram(0, WriterLabels(kWriterSeries), commit * kWriterStep,
                                   WriterHistogram(commit))) {
      return 1;
    }
    if (!appender->Commit()) return 1;
    const std::string line = std::to_string(commit) + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 0;
  }
}
