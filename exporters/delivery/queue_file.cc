#include "exporters/delivery/queue_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "core/base/crc32c.h"

namespace sidelight::delivery {
namespace {

constexpr uint64_t kPart = 256 << 10;
constexpr int kPartBits = 10;    // of a part's id, behind the entry's
constexpr size_t kRemoved = 64;  // entries, in one transaction
constexpr uint64_t kPage = 4096;
constexpr size_t kMaxWord = 4096;
constexpr UnixMillis kMaxTime = UnixMillis{1} << 53;

// What the files beside the database take at most: the log (256 pages, when it is folded into the file, and
// one transaction) and its index. The reserve is what the file may grow by when the log is folded in, and the
// log of many deletions: then it is folded in again, and begins anew in the same place.
constexpr uint64_t kLog = 1536 << 10;
constexpr uint64_t kReserve = 1536 << 10;
constexpr uint64_t kSlackPages = 16;

constexpr const char* kTables =
    "CREATE TABLE entries (id INTEGER PRIMARY KEY, exporter TEXT NOT NULL, destination TEXT NOT NULL, "
    "lane INTEGER NOT NULL, points INTEGER NOT NULL, time INTEGER NOT NULL, bytes INTEGER NOT NULL, "
    "crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT; "
    "CREATE TABLE parts (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT";

constexpr std::string_view kHeads =
    "SELECT id, exporter, destination, lane, points, time, bytes FROM entries ORDER BY id";
constexpr std::string_view kEntry =
    "SELECT id, exporter, destination, lane, points, time, bytes, crc, body FROM entries WHERE id = ?";

EntryHead HeadOf(const state::Row& row) {
  return {.id = static_cast<uint64_t>(row.Integer(0)),
          .destination = {std::string(row.Text(1)), std::string(row.Text(2))},
          .lane = static_cast<uint32_t>(row.Integer(3)),
          .points = static_cast<uint64_t>(row.Integer(4)),
          .time = row.Integer(5),
          .bytes = static_cast<uint64_t>(row.Integer(6))};
}

uint32_t Checksum(const EntryHead& head, std::string_view body) {
  const std::string text = fmt::format(
      "{} {}:{} {}:{} {} {} {} {} ", head.id, head.destination.exporter.size(), head.destination.exporter,
      head.destination.name.size(), head.destination.name, head.lane, head.points, head.time, head.bytes);
  return Crc32c(body, Crc32c(text));
}

// Ids of the parts of an entry are from the first to below the second.
std::pair<int64_t, int64_t> PartIds(uint64_t id) {
  return {static_cast<int64_t>(id << kPartBits), static_cast<int64_t>((id + 1) << kPartBits)};
}

struct Found {
  EntryHead head;
  std::string body;
  uint32_t crc = 0;
};

// Nothing when there is no such entry.
Result<std::optional<Found>> Find(state::Database& database, uint64_t id) {
  const auto [first, end] = PartIds(id);
  std::string body;
  const state::Parameter range[] = {first, end};
  Status done = database.Query("SELECT body FROM parts WHERE id >= ? AND id < ? ORDER BY id", range,
                               [&](const state::Row& row) { body += row.Bytes(0); });
  if (!done) return tl::unexpected<Error>(std::move(done).error());
  std::optional<Found> found;
  const state::Parameter key[] = {static_cast<int64_t>(id)};
  done = database.Query(kEntry, key, [&](const state::Row& row) {
    body += row.Bytes(8);
    found = Found{HeadOf(row), std::move(body), static_cast<uint32_t>(row.Integer(7))};
  });
  if (!done) return tl::unexpected<Error>(std::move(done).error());
  return found;
}

bool Sound(const Found& found) {
  return found.head.plausible() && found.head.bytes == found.body.size() &&
         found.crc == Checksum(found.head, found.body);
}

// Reading stops at a page that is damaged, so it begins again behind it: one id further, and when that is on
// the same page still, ever further, up to the last id that can be read from the other end.
std::vector<uint64_t> ReadableIds(state::Database& database) {
  constexpr int kMostProbes = 20'000;
  constexpr int kSmallSteps = 64;  // about as many entries as a page has
  std::vector<uint64_t> ids;
  std::vector<uint64_t> strange;  // that nobody gave
  const auto add = [&](const state::Row& row) {
    const auto id = static_cast<uint64_t>(row.Integer(0));
    (id >= 1 && id <= EntryHead::kMaxId ? ids : strange).push_back(id);
  };
  if (!database.Query("SELECT id FROM entries ORDER BY id DESC", {}, add)) {
    uint64_t from = 0;
    uint64_t step = 1;
    int steps = 0;
    const uint64_t end = ids.empty() ? EntryHead::kMaxId : ids.back();
    for (int i = 0; i < kMostProbes && from < end; ++i) {
      const size_t before = ids.size();
      const state::Parameter parameters[] = {static_cast<int64_t>(from), static_cast<int64_t>(end)};
      if (database.Query("SELECT id FROM entries WHERE id > ? AND id < ? ORDER BY id", parameters, add))
        break;
      const bool got = ids.size() > before;
      steps = got ? 0 : steps + 1;
      step = got || steps < kSmallSteps ? 1 : step * 2;
      from = (got ? ids.back() : from) + step;
    }
  }
  ids.insert(ids.end(), strange.begin(), strange.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

uint64_t DatabaseBytes(uint64_t max_bytes) {
  return max_bytes - kReserve - kLog;
}

uint64_t SizeOf(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 ? static_cast<uint64_t>(about.st_size) : 0;
}

}  // namespace

bool EntryHead::plausible() const {
  return id >= 1 && id <= kMaxId && destination.exporter.size() <= kMaxWord &&
         destination.name.size() <= kMaxWord && time >= -kMaxTime && time <= kMaxTime &&
         bytes <= (kPart << kPartBits);
}

bool EntryHead::makes_sense() const {
  const auto is_word = [](std::string_view text) {
    return !text.empty() && text.size() <= kMaxWord &&
           std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= ' '; });
  };
  return is_word(destination.exporter) && is_word(destination.name) && bytes <= (kPart << kPartBits);
}

std::unique_ptr<QueueFile> QueueFile::Open(const Options& options) {
  auto database = state::Database::Open({.folder = options.folder,
                                         .name = options.file,
                                         .schemas = {{.name = "delivery", .create = kTables}},
                                         .clock = options.clock,
                                         .max_bytes = DatabaseBytes(options.max_bytes),
                                         .holds = "the queue of exports",
                                         .copy_into_memory = false,
                                         .quiet = true,
                                         .reserve_bytes = kReserve,
                                         .is_damaged = options.is_damaged});
  // Debian's SQLite overwrites what is deleted, which would take as much of the disk's time and log again.
  (void)database->Execute("PRAGMA secure_delete = OFF");
  return std::unique_ptr<QueueFile>(new QueueFile(options, std::move(database)));
}

QueueFile::QueueFile(Options options, std::unique_ptr<state::Database> database)
    : options_(std::move(options)), database_(std::move(database)) {}

bool QueueFile::durable() const {
  return database_->health().mode == state::Health::Mode::kDurable;
}

Status QueueFile::Load(const std::function<void(const EntryHead&)>& entry) {
  // Of entries that were not written to their end.
  (void)database_->Transact(
      [&] { return database_->Execute("DELETE FROM parts WHERE id >> 10 NOT IN (SELECT id FROM entries)"); },
      state::Space::kReserve);
  return database_->Query(kHeads, {}, [&](const state::Row& row) { entry(HeadOf(row)); });
}

Status QueueFile::Insert(const EntryHead& head, std::string_view body, state::Space space) {
  const uint32_t crc = Checksum(head, body);
  Status done;
  int64_t part = PartIds(head.id).first;
  // One may be there already, of a try that could not be taken back.
  for (; body.size() > kPart; body.remove_prefix(kPart)) {
    const state::Parameter parameters[] = {part++, state::Blob{body.substr(0, kPart)}};
    done = database_->Transact(
        [&] {
          return database_->Execute("INSERT OR REPLACE INTO parts (id, body) VALUES (?, ?)", parameters);
        },
        space);
    if (!done) break;
  }
  if (done) {
    const state::Parameter parameters[] = {static_cast<int64_t>(head.id),
                                           std::string_view(head.destination.exporter),
                                           std::string_view(head.destination.name),
                                           int64_t{head.lane},
                                           static_cast<int64_t>(head.points),
                                           head.time,
                                           static_cast<int64_t>(head.bytes),
                                           int64_t{crc},
                                           state::Blob{body}};
    done = database_->Transact(
        [&] {
          return database_->Execute(
              "INSERT INTO entries (id, exporter, destination, lane, points, time, bytes, crc, body) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
              parameters);
        },
        space);
  }
  if (!done && head.bytes > kPart) (void)Remove({&head.id, 1});
  return done;
}

Result<std::string> QueueFile::Read(const EntryHead& head) {
  const uint64_t damaged = health().damaged;
  auto found = Find(*database_, head.id);
  if (!found) {
    const bool corrupt = health().damaged != damaged;
    return Fail(corrupt ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable, found.error().message);
  }
  if (!*found) return Fail(ErrorCode::kInvalidArgument, "the entry is not there");
  if (!Sound(**found)) return Fail(ErrorCode::kInvalidArgument, "the entry is not what was written");
  return std::move((*found)->body);
}

Status QueueFile::Remove(std::span<const uint64_t> ids) {
  Status done;
  for (; done && !ids.empty(); ids = ids.subspan(std::min(ids.size(), kRemoved))) {
    done = RemoveSome(ids.first(std::min(ids.size(), kRemoved)));
  }
  return done;
}

Status QueueFile::RemoveSome(std::span<const uint64_t> ids) {
  return database_->Transact(
      [&]() -> Status {
        for (const uint64_t id : ids) {
          const auto [first, end] = PartIds(id);
          const state::Parameter range[] = {first, end};
          Status done = database_->Execute("DELETE FROM parts WHERE id >= ? AND id < ?", range);
          const state::Parameter key[] = {static_cast<int64_t>(id)};
          if (done) done = database_->Execute("DELETE FROM entries WHERE id = ?", key);
          if (!done) return done;
        }
        return {};
      },
      state::Space::kReserve);
}

uint64_t QueueFile::max_body() const {
  return options_.max_bytes / 4;
}

uint64_t QueueFile::Pragma(std::string_view sql) const {
  int64_t value = 0;
  (void)database_->Query(sql, {}, [&](const state::Row& row) { value = row.Integer(0); });
  return static_cast<uint64_t>(std::max<int64_t>(value, 0));
}

// A header may say what cannot be.
uint64_t QueueFile::FreePages() const {
  return std::min(Pragma("PRAGMA freelist_count"), Pragma("PRAGMA page_count"));
}

uint64_t QueueFile::free_bytes() const {
  const uint64_t used = Pragma("PRAGMA page_count") - FreePages();
  const uint64_t all = DatabaseBytes(options_.max_bytes) / kPage - kSlackPages;
  return used < all ? (all - used) * kPage : 0;
}

bool QueueFile::may_grow() const {
  return health().reserved;
}

bool QueueFile::KeepLogShort() {
  const std::string log = options_.folder + "/" + options_.file + "-wal";
  if (SizeOf(log) <= kLog) return true;
  const Status done = database_->Execute("PRAGMA wal_checkpoint(TRUNCATE)");
  return !done || SizeOf(log) <= kLog;
}

void QueueFile::KeepReserve() {
  (void)database_->Transact([] { return Status(); });
}

uint64_t QueueFile::unused_bytes() const {
  return FreePages() * kPage;
}

// Its pages (4 bytes of each lead to the next), a new leaf of the tree, and what may be left over in each
// row.
uint64_t QueueFile::Room(uint64_t body) {
  const uint64_t rows = 1 + body / kPart;
  return (body / (kPage - 4) + 1 + 2 * rows) * kPage;
}

uint64_t QueueFile::DiskBytes() const {
  const std::string path = options_.folder + "/" + options_.file;
  uint64_t bytes = 0;
  for (const char* part : {"", "-wal", "-shm", "-journal", ".reserve"}) bytes += SizeOf(path + part);
  return bytes;
}

void QueueFile::Shrink() {
  constexpr uint64_t kWorthIt = 256;
  if (Pragma("PRAGMA page_count") < kWorthIt) return;
  if (database_->Execute("VACUUM")) (void)database_->Execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

void QueueFile::Recover(const std::string& path, const std::function<void(Recovered)>& entry) {
  const auto database = state::Database::OpenDamaged(path);
  if (!database) return;
  for (const uint64_t id : ReadableIds(**database)) {
    Recovered recovered;
    recovered.head.id = id;
    if (Result<std::optional<Found>> found = Find(**database, id); found && *found) {
      recovered.ok = Sound(**found) && (*found)->head.id == id;
      recovered.head = std::move((*found)->head);
      recovered.body = std::move((*found)->body);
    }
    entry(std::move(recovered));
  }
}

void QueueFile::RemoveSetAside(const std::string& but) const {
  const std::string start = options_.file + ".set-aside-";
  const std::string kept = but.empty() ? "" : std::filesystem::path(but).filename().string();
  std::error_code error;
  for (std::filesystem::directory_iterator entry(options_.folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(start) || (!kept.empty() && name.starts_with(kept))) continue;
    std::error_code ignored;
    std::filesystem::remove(entry->path(), ignored);
  }
}

}  // namespace sidelight::delivery
