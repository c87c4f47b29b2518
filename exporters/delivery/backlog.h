// Backlog: the queue without its threads: what is kept, what makes room, what is read back.
//
// Belongs to one thread at a time. Time comes from the clock of the options. Internal to exporters/delivery.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "exporters/delivery/entry_index.h"
#include "exporters/delivery/queue.h"
#include "exporters/delivery/queue_file.h"

namespace sidelight::delivery {

class Backlog {
 public:
  using Dropped = std::function<void(const Destination&, DropReason, uint64_t entries, uint64_t points)>;
  // Reads what the file holds. `dropped` is told of everything that is let go.
  Backlog(QueueOptions options, Dropped dropped);

  // As the Queue has them.
  Kept Push(const Destination& destination, Request request);
  Status Attend(const Destination& destination, uint32_t lanes);
  void Leave(const Destination& destination);
  bool HasNext(const Destination& destination, uint32_t lane) const;
  std::optional<Entry> Next(const Destination& destination, uint32_t lane);
  void Done(uint64_t id);
  void Drop(uint64_t id, DropReason reason);
  void Retry(uint64_t id);

  // Every few seconds: lets go what is too old, saves what the disk did not take before, opens the file when
  // it could not be opened, gives back what it does not need.
  void Tick();
  // The end: how many entries are lost, as they were in memory only. Nothing may be called behind it but the
  // two below.
  uint64_t Close();

  std::vector<Waiting> Stats() const { return index_.Stats(); }
  QueueHealth Health() const;

 private:
  using Place = EntryIndex::Place;

  // With `is_damaged` what is there is set aside.
  void OpenFile(bool is_damaged);
  void LoadFile();
  // From a file that was set aside into the new one: of entries that are not known, all or none.
  void Recover(const std::string& path, bool unknown_too);
  // When the file was found to be damaged: begins a new one. False when there was no reason to, or no use.
  bool Mend(bool unknown_too = false);

  void SaveAll();
  bool Save(const Place& place, state::Space space);
  void LimitMemory();
  // One line when requests begin to wait in memory, one when that has ended.
  void TellOfMemory();
  // Lets the oldest on disk go, ids below `below`, until `free` gives as much; false when it never does.
  bool MakeRoom(uint64_t wanted, uint64_t below, const std::function<uint64_t()>& free);
  void DropExpired();
  bool Expired(const Item& item) const;

  // From the disk and the index; false when the disk did not let go.
  bool Remove(const std::vector<Place>& places, std::optional<DropReason> reason);
  void Count(const Place& place, DropReason reason);
  EntryHead HeadOf(const Place& place);

  QueueOptions options_;
  const Dropped dropped_;
  const Clock& clock_;
  std::unique_ptr<QueueFile> file_;  // null: in memory
  std::string problem_;              // why there is none
  TimePoint open_again_;             // not earlier
  std::optional<TimePoint> mended_;
  std::optional<TimePoint> read_again_;  // the disk failed; not earlier
  std::vector<uint64_t> undeleted_;      // ids that the disk did not let go
  EntryIndex index_;
  uint64_t next_id_ = 1;
  std::optional<TimePoint> told_of_memory_;
  uint64_t set_aside_ = 0;
  uint64_t errors_ = 0;  // of files before this one
};

}  // namespace sidelight::delivery
