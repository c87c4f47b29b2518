#include "exporters/delivery/backlog.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "core/base/log.h"

namespace sidelight::delivery {
namespace {

constexpr uint64_t kMinBytes = uint64_t{8} << 20;
// What an entry takes at least of the budgets, so that many small ones cost no more memory than that.
constexpr uint64_t kMinEntry = 1024;
constexpr Duration kOpenAgain = std::chrono::seconds(30);
constexpr Duration kReadAgain = std::chrono::seconds(1);
constexpr Duration kMendAgain = std::chrono::minutes(1);
constexpr uint8_t kMostReads = 5;
constexpr size_t kBatch = 256;
constexpr uint64_t kIdsPerMilli = 1024;

// A number of points that a body of that size may have; more was not written by us.
uint64_t Likely(uint64_t points, uint64_t bytes) {
  constexpr uint64_t kPerByte = 1024;
  return points / kPerByte <= bytes ? points : 0;
}

// Within a year of the next one; of the bytes of a page that is none any more hardly one id is.
bool MayBeOurs(uint64_t id, uint64_t next_id) {
  constexpr uint64_t kYear = uint64_t{366} * 24 * 3600 * 1000 * kIdsPerMilli;
  return (id > next_id ? id - next_id : next_id - id) < kYear;
}

}  // namespace

Backlog::Backlog(QueueOptions options, Dropped dropped)
    : options_(std::move(options)),
      dropped_(std::move(dropped)),
      clock_(options_.clock == nullptr ? SystemClock() : *options_.clock) {
  options_.max_bytes = std::max(options_.max_bytes, kMinBytes);
  // Above those of earlier processes, also when their file cannot be read yet.
  next_id_ = static_cast<uint64_t>(std::max<UnixMillis>(clock_.UnixNow(), 1)) * kIdsPerMilli;
  if (!options_.folder.empty()) OpenFile(false);
  TellOfMemory();
}

void Backlog::OpenFile(bool is_damaged) {
  file_ = QueueFile::Open({.folder = options_.folder,
                           .file = options_.file,
                           .max_bytes = options_.max_bytes,
                           .clock = &clock_,
                           .is_damaged = is_damaged});
  const state::Health health = file_->health();
  set_aside_ += health.set_aside;
  problem_ = health.problem;
  if (!file_->durable()) {
    errors_ += health.errors;
    file_.reset();
    open_again_ = clock_.Now() + kOpenAgain;
    return;
  }
  if (!is_damaged) LoadFile();
}

void Backlog::LoadFile() {
  const state::Health health = file_->health();
  if (!health.renamed.empty()) {
    if (health.renamed_is_damaged) Recover(health.renamed, true);
    file_->RemoveSetAside(health.renamed_is_damaged ? "" : health.renamed);
    return;
  }
  bool plausible = true;
  std::optional<EntryHead> beyond;  // the newest one, when it is newer than now
  const Status done = file_->Load([&](const EntryHead& head) {
    plausible = plausible && head.plausible();
    if (!plausible) return;
    if (head.id >= next_id_) beyond = head;
    index_.Add(
        index_.For(head.destination),
        {.id = head.id, .time = head.time, .points = head.points, .bytes = head.bytes, .lane = head.lane});
  });
  if (beyond && plausible) {
    // The clock was set back, or the id is damaged, and would leave none for what is to come.
    const auto read = file_->Read(*beyond);
    plausible = read || read.error().code != ErrorCode::kInvalidArgument;
    if (plausible) next_id_ = beyond->id + 1;
  }
  if (!plausible || file_->health().damaged > 0) {
    (void)Mend(true);
  } else if (!done) {
    // The disk failed in the midst of it: another time.
    problem_ = done.error().message;
    for (const Place& place : index_.OnDisk()) index_.Remove(place);
    errors_ += file_->health().errors;
    file_.reset();
    open_again_ = clock_.Now() + kOpenAgain;
  }
}

bool Backlog::Mend(bool unknown_too) {
  if (!file_ || (file_->health().damaged == 0 && !unknown_too)) return false;
  errors_ += file_->health().errors;
  file_.reset();
  undeleted_.clear();
  const bool again = mended_ && clock_.Now() < *mended_ + kMendAgain;
  mended_ = clock_.Now();
  if (!again) OpenFile(true);
  if (file_) {
    Recover(file_->health().renamed, unknown_too);
    file_->RemoveSetAside("");
  } else {
    if (again) problem_ = "the file of the queue is damaged again and again";
    open_again_ = clock_.Now() + kOpenAgain;
    // It is the next one that opens the file who sees what is left in it.
    for (const Place& place : index_.OnDisk()) {
      Count(place, DropReason::kCorrupt);
      index_.Remove(place);
    }
  }
  return file_ != nullptr;
}

void Backlog::Recover(const std::string& path, bool unknown_too) {
  std::map<uint64_t, Place> missing;
  for (const Place& place : index_.OnDisk()) missing[place.id] = place;
  uint64_t kept = 0;
  uint64_t lost = 0;
  QueueFile::Recover(path, [&](QueueFile::Recovered recovered) {
    const EntryHead& head = recovered.head;
    const auto known = missing.find(head.id);
    if (known == missing.end() && !unknown_too) return;
    if (recovered.ok && file_->Insert(head, recovered.body)) {
      ++kept;
      next_id_ = std::max(next_id_, head.id + 1);
      if (known != missing.end()) {
        missing.erase(known);
        return;
      }
      index_.Add(
          index_.For(head.destination),
          {.id = head.id, .time = head.time, .points = head.points, .bytes = head.bytes, .lane = head.lane});
    } else if (known == missing.end() && (head.makes_sense() || MayBeOurs(head.id, next_id_))) {
      ++lost;
      const bool of_ours = index_.Find(head.destination) != nullptr;
      dropped_(of_ours ? head.destination : Destination{"unknown", ""}, DropReason::kCorrupt, 1, 0);
    }
  });
  for (const auto& [id, place] : missing) {
    if (index_.Get(place)->under_way) continue;  // its bytes are in good hands
    ++lost;
    Count(place, DropReason::kCorrupt);
    index_.Remove(place);
  }
  log::Warn(
      "the queue of exports goes on with what could be read of a damaged file",
      {{"file", path}, {"recovered", std::to_string(kept)}, {"known to be lost", std::to_string(lost)}});
}

Kept Backlog::Push(const Destination& destination, Request request) {
  const uint64_t bytes = request.body.size();
  if (bytes > (file_ ? file_->max_body() : options_.max_memory_bytes / 4)) {
    dropped_(destination, DropReason::kTooLarge, 1, request.points);
    return Kept::kDropped;
  }
  EntryIndex::Target& target = index_.For(destination);
  const uint64_t id = next_id_++;
  const auto lane = request.lane % static_cast<uint32_t>(target.lanes.size());
  index_.Add(target, {.id = id,
                      .time = request.time,
                      .points = request.points,
                      .bytes = bytes,
                      .lane = request.lane,
                      .body = std::make_unique<std::string>(std::move(request.body))});
  SaveAll();
  LimitMemory();
  TellOfMemory();
  // It may have been the target's last one.
  const Item* const item = index_.Get({index_.Find(destination), lane, id});
  if (item == nullptr) return Kept::kDropped;
  return item->saved() ? Kept::kDurable : Kept::kMemory;
}

void Backlog::TellOfMemory() {
  constexpr Duration kPause = std::chrono::minutes(1);
  if (options_.folder.empty()) return;
  const bool memory = !file_ || index_.in_memory() > 0;
  if (memory && !told_of_memory_) {
    told_of_memory_ = clock_.Now();
    log::Error(
        "the disk does not take the queue of exports: it is in memory, and would not survive a restart",
        {{"folder", options_.folder}, {"error", problem_}});
  } else if (!memory && told_of_memory_ && file_->may_grow() && clock_.Now() >= *told_of_memory_ + kPause) {
    told_of_memory_.reset();
    log::Info("the disk takes the queue of exports again", {{"folder", options_.folder}});
  }
}

EntryHead Backlog::HeadOf(const Place& place) {
  const Item& item = *index_.Get(place);
  return {.id = item.id,
          .destination = place.target->destination,
          .lane = item.lane,
          .points = item.points,
          .time = item.time,
          .bytes = item.bytes};
}

void Backlog::SaveAll() {
  if (!file_) return;
  uint64_t after = 0;
  while (const auto place = index_.InMemory(after)) {
    if (!Save(*place, state::Space::kOrdinary)) return;
    after = place->id;
  }
}

bool Backlog::Save(const Place& place, state::Space space) {
  constexpr int kTries = 2;  // the second one into a new file
  const EntryHead head = HeadOf(place);
  for (int i = 0; i < kTries && file_; ++i) {
    if (!file_->KeepLogShort()) {
      problem_ = "another process reads the file and keeps its log from ending";
      return false;
    }
    const auto free = [&] {
      const bool few = index_.saved() * kMinEntry < options_.max_bytes;
      return few ? file_->free_bytes() : 0;
    };
    const uint64_t room = QueueFile::Room(head.bytes);
    if (!MakeRoom(room, head.id, free)) return false;
    if (!file_->may_grow() && file_->unused_bytes() < room) {
      problem_ = "the disk is full";
      return false;
    }
    const Status done = file_->Insert(head, *index_.Get(place)->body, space);
    if (done) {
      index_.Saved(place);
      problem_.clear();
      return true;
    }
    problem_ = done.error().message;
    if (!Mend()) return false;
  }
  return false;
}

bool Backlog::MakeRoom(uint64_t wanted, uint64_t below, const std::function<uint64_t()>& free) {
  while (true) {
    const uint64_t there = file_ ? free() : 0;
    if (there >= wanted) return true;
    if (!file_) return false;
    std::vector<Place> places;
    uint64_t room = 0;
    for (const Place& place : index_.Oldest(kBatch)) {
      if (place.id >= below || room >= wanted - there) break;
      places.push_back(place);
      room += index_.Get(place)->bytes;
    }
    if (places.empty() || !Remove(places, DropReason::kOverflow)) return false;
  }
}

void Backlog::LimitMemory() {
  bool disk = file_ != nullptr;
  uint64_t after = 0;
  while (index_.memory_bytes() + index_.in_memory() * kMinEntry > options_.max_memory_bytes) {
    const auto place = index_.InMemory(after);
    if (!place) return;
    // On a disk that others have filled, the oldest entries give their place in the file.
    disk = disk && file_ &&
           MakeRoom(QueueFile::Room(index_.Get(*place)->bytes), place->id,
                    [&] { return file_->unused_bytes(); }) &&
           Save(*place, state::Space::kReserve);
    if (disk) continue;
    after = place->id;
    if (index_.Get(*place)->under_way) continue;
    Count(*place, DropReason::kOverflow);
    index_.Remove(*place);
  }
}

void Backlog::Count(const Place& place, DropReason reason) {
  const Item& item = *index_.Get(place);
  const uint64_t points = reason == DropReason::kCorrupt ? Likely(item.points, item.bytes) : item.points;
  dropped_(place.target->destination, reason, 1, points);
}

bool Backlog::Remove(const std::vector<Place>& places, std::optional<DropReason> reason) {
  std::vector<uint64_t> ids;
  for (const Place& place : places) {
    const Item* const item = index_.Get(place);
    if (item == nullptr) continue;
    if (item->saved()) ids.push_back(item->id);
    if (reason) Count(place, *reason);
    index_.Remove(place);
  }
  if (ids.empty() || !file_) return true;
  const Status done = file_->Remove(ids);
  if (done) return true;
  problem_ = done.error().message;
  if (Mend()) return true;
  undeleted_.insert(undeleted_.end(), ids.begin(), ids.end());
  return false;
}

Status Backlog::Attend(const Destination& destination, uint32_t lanes) {
  constexpr uint32_t kMaxLanes = 1024;
  if (lanes < 1 || lanes > kMaxLanes) {
    return Fail(ErrorCode::kInvalidArgument, destination.name + ": between 1 and 1024 lanes are possible");
  }
  EntryIndex::Target& target = index_.For(destination);
  if (target.attended) {
    return Fail(ErrorCode::kInvalidArgument, "two destinations of " + destination.exporter + " are called " +
                                                 destination.name + ": give each a name of its own");
  }
  index_.Attend(target, lanes, next_id_);
  return {};
}

void Backlog::Leave(const Destination& destination) {
  index_.Leave(destination);
}

bool Backlog::HasNext(const Destination& destination, uint32_t lane) const {
  if (read_again_ && clock_.Now() < *read_again_) return false;
  const EntryIndex::Target* const target = index_.Find(destination);
  return target != nullptr && index_.Next(*target, lane) != nullptr;
}

bool Backlog::Expired(const Item& item) const {
  const auto age = std::chrono::milliseconds(clock_.UnixNow() - item.time);
  return options_.max_age > Duration::zero() && age > options_.max_age;
}

std::optional<Entry> Backlog::Next(const Destination& destination, uint32_t lane) {
  while (HasNext(destination, lane)) {
    EntryIndex::Target& target = index_.For(destination);
    const Place place{&target, lane, index_.Next(target, lane)->id};
    if (Expired(*index_.Get(place))) {
      (void)Remove({place}, DropReason::kExpired);
      continue;
    }
    const EntryHead head = HeadOf(place);
    Result<std::string> body = Fail(ErrorCode::kInvalidArgument, "it was lost with its file");
    if (Item* const item = index_.Get(place); !item->saved()) {
      body = *item->body;
    } else if (file_) {
      body = file_->Read(head);
    }
    Item* const item = index_.Get(place);
    if (!body && body.error().code == ErrorCode::kUnavailable && ++item->unread < kMostReads) {
      problem_ = body.error().message;
      read_again_ = clock_.Now() + kReadAgain;
      return std::nullopt;
    }
    if (!body) {
      (void)Remove({place}, DropReason::kCorrupt);
      (void)Mend();
      continue;
    }
    item->unread = 0;
    const uint32_t attempts = item->attempts;
    index_.Begin(place);
    return Entry{
        .id = head.id,
        .attempts = attempts,
        .request = {.body = *std::move(body), .points = head.points, .time = head.time, .lane = head.lane}};
  }
  return std::nullopt;
}

void Backlog::Done(uint64_t id) {
  if (const auto place = index_.UnderWay(id)) (void)Remove({*place}, std::nullopt);
}

void Backlog::Drop(uint64_t id, DropReason reason) {
  if (const auto place = index_.UnderWay(id)) (void)Remove({*place}, reason);
}

void Backlog::Retry(uint64_t id) {
  const auto place = index_.UnderWay(id);
  if (!place) return;
  index_.End(*place);
  Item& item = *index_.Get(*place);
  if (item.attempts < std::numeric_limits<uint16_t>::max()) ++item.attempts;
}

void Backlog::DropExpired() {
  if (options_.max_age <= Duration::zero()) return;
  const UnixMillis until =
      clock_.UnixNow() - std::chrono::duration_cast<std::chrono::milliseconds>(options_.max_age).count();
  while (true) {
    const std::vector<Place> places = index_.Oldest(kBatch, until);
    if (places.empty() || !Remove(places, DropReason::kExpired)) break;
  }
  uint64_t after = 0;
  while (const auto place = index_.InMemory(after)) {
    after = place->id;
    const Item& item = *index_.Get(*place);
    if (Expired(item) && !item.under_way) (void)Remove({*place}, DropReason::kExpired);
  }
}

void Backlog::Tick() {
  const TimePoint now = clock_.Now();
  if (!file_ && !options_.folder.empty() && now >= open_again_) OpenFile(false);
  if (read_again_ && now >= *read_again_) read_again_.reset();
  DropExpired();
  if (file_ && !undeleted_.empty()) {
    if (file_->Remove(undeleted_)) undeleted_.clear();
  }
  if (file_ && !file_->may_grow()) file_->KeepReserve();
  SaveAll();
  TellOfMemory();
  if (file_ && index_.saved() == 0 && undeleted_.empty()) file_->Shrink();
}

uint64_t Backlog::Close() {
  SaveAll();
  const uint64_t lost = index_.in_memory();
  while (const auto place = index_.InMemory()) {
    Count(*place, DropReason::kShutdown);
    index_.Remove(*place);
  }
  file_.reset();
  return lost;
}

QueueHealth Backlog::Health() const {
  using Mode = QueueHealth::Mode;
  QueueHealth health{.mode = options_.folder.empty() ? Mode::kOff : Mode::kMemory,
                     .problem = problem_,
                     .max_bytes = file_ ? options_.max_bytes : options_.max_memory_bytes,
                     .errors = errors_,
                     .set_aside = set_aside_};
  if (!file_) return health;
  health.mode = Mode::kDurable;
  health.disk_bytes = file_->DiskBytes();
  health.errors += file_->health().errors;
  return health;
}

}  // namespace sidelight::delivery
