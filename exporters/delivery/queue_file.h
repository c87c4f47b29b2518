// QueueFile: the queue's entries in SQLite (core/state), and what their files take of the disk.
//
//   delivery.db, -wal, -shm      the entries; together with the reserve never over max_bytes
//   delivery.db.reserve          space for deleting on a disk that others have filled
//
// A body of up to 256 KiB is in its row of `entries`; what goes beyond is in `parts`, as much in each,
// written before it, so that no transaction is large and neither is the log. Each entry has a CRC32C over all
// that it says.
//
// Belongs to one thread at a time. Internal to exporters/delivery.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/state/database.h"
#include "exporters/delivery/request.h"

namespace sidelight::delivery {

// All of an entry but its body.
struct EntryHead {
  uint64_t id = 0;  // 1 to kMaxId
  Destination destination;
  uint32_t lane = 0;
  uint64_t points = 0;
  UnixMillis time = 0;
  uint64_t bytes = 0;

  static constexpr uint64_t kMaxId = (uint64_t{1} << 52) - 1;
  // Whether a file may say this: what is read is not trusted.
  bool plausible() const;
  // Whether it reads as if we had written it, but for the id; chance does not.
  bool makes_sense() const;
};

class QueueFile {
 public:
  struct Options {
    std::string folder;
    std::string file;
    uint64_t max_bytes = 0;
    const Clock* clock = nullptr;
    bool is_damaged = false;  // what is there is set aside
  };
  static std::unique_ptr<QueueFile> Open(const Options& options);

  bool durable() const;
  state::Health health() const { return database_->health(); }

  // In order of their ids. An error in the midst of it when the file is damaged.
  Status Load(const std::function<void(const EntryHead&)>& entry);
  Status Insert(const EntryHead& head, std::string_view body, state::Space space = state::Space::kOrdinary);
  // kInvalidArgument when it is not there or is not what was written, kUnavailable when the disk failed.
  Result<std::string> Read(const EntryHead& head);
  Status Remove(std::span<const uint64_t> ids);

  uint64_t max_body() const;      // larger ones would leave no room for others
  uint64_t free_bytes() const;    // for entries, as far as max_bytes goes
  uint64_t unused_bytes() const;  // of those, what needs no more of the disk
  // As long as there is the reserve: without it, entries of a file that has grown could not be deleted.
  bool may_grow() const;
  // Begins the log anew when it has become long; false when somebody who reads the file keeps it from that.
  // What is wrong with the file or the disk shows when something is written next.
  bool KeepLogShort();
  void KeepReserve();                   // again, when there is space again; tried once a minute
  static uint64_t Room(uint64_t body);  // that an entry takes at most
  uint64_t DiskBytes() const;
  // When there are no entries: gives the disk back what they took.
  void Shrink();

  // From a file that was set aside; those that are damaged have ok = false, and in `head` what could be read:
  // of a page that is no page any more, ids that nobody gave.
  struct Recovered {
    EntryHead head;
    std::string body;
    bool ok = false;
  };
  static void Recover(const std::string& path, const std::function<void(Recovered)>& entry);
  // Removes files that were set aside, all but `but`.
  void RemoveSetAside(const std::string& but) const;

 private:
  QueueFile(Options options, std::unique_ptr<state::Database> database);
  uint64_t Pragma(std::string_view sql) const;
  uint64_t FreePages() const;
  Status RemoveSome(std::span<const uint64_t> ids);

  const Options options_;
  const std::unique_ptr<state::Database> database_;
};

}  // namespace sidelight::delivery
