// Log: the append-only log of a store, as segments in a folder.
//
// Each commit is one record, written at once and whole, so that a process that is killed loses at most the
// commit it was in. Segments are cut by size and by time and begin anew with the names of their series, so
// that any of them can go when its samples have. A start reads all segments and begins a new one.
//
// Called under the store's lock. Nothing here fails: what goes wrong is counted, said once for each change,
// and tried again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/storage/files.h"
#include "core/storage/log_format.h"
#include "core/storage/memory_series.h"
#include "core/storage/store.h"

namespace sidelight::storage {

class Log {
 public:
  struct Options {
    std::string folder;
    Duration longest_segment{};  // 0: cut by size only
  };
  // Makes one visitor for each segment, in which `number`s then count.
  class Replayer {
   public:
    virtual ~Replayer() = default;
    virtual LogVisitor& BeginSegment() = 0;
    virtual UnixMillis EndSegment() = 0;  // the newest time in it
  };

  Log(std::shared_ptr<Files> files, const Clock& clock, Options options);
  ~Log();

  // First of all: what earlier runs have left.
  void Replay(Replayer& replayer);

  void Add(MemorySeries& series, UnixMillis time, double value, const FloatHistogramPtr& histogram,
           UnixMillis start);
  void Add(MemorySeries& series, const Exemplar& exemplar);
  // What was added since the last time, as one record.
  void Write();
  // Whether a closed segment has only samples before that time; and away with those.
  bool EndsBefore(UnixMillis time) const;
  void RemoveBefore(UnixMillis time);
  void Close();

  void Fill(StoreStats* stats) const;

 private:
  struct Segment {
    uint64_t number = 0;
    std::string path;
    uint64_t bytes = 0;
    UnixMillis newest = INT64_MIN;
  };

  bool Ready();
  bool BeginBatch();
  size_t ClosedSegments() const;
  bool OpenSegment();
  void CloseSegment();
  void ReplaySegment(uint64_t number, const std::string& path, Replayer& replayer);
  void SetAside(const std::string& path, std::string_view good, const char* why);
  void Failed(const Error& error);
  void Working();

  const std::shared_ptr<Files> files_;
  const Clock& clock_;
  const Options options_;
  std::unique_ptr<FolderLock> lock_;
  std::vector<std::pair<uint64_t, std::string>> found_;  // what the folder had, by number
  std::vector<Segment> segments_;  // the last one is being written while file_ is not null
  std::unique_ptr<AppendFile> file_;
  uint64_t next_number_ = 1;
  TimePoint opened_{};
  BatchEncoder batch_;
  UnixMillis batch_newest_ = INT64_MIN;
  bool in_batch_ = false;

  LogState state_ = LogState::kWriting;
  TimePoint retry_{};  // while failing: when to try again
  bool waiting_ = false;
  bool closed_ = false;
  StoreStats counts_;  // those of its fields that begin with log_
};

}  // namespace sidelight::storage
