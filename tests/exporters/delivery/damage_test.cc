// Files that a disk has spoilt: the queue opens, what can be read is delivered, never anything else, and the
// rest is counted.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "tests/exporters/delivery/drops.h"

namespace sidelight::delivery {
namespace {

constexpr int kEntries = 60;
constexpr size_t kBytes = 20'000;

std::string File(const std::string& folder) {
  return folder + "/delivery.db";
}

std::unique_ptr<Backlog> Open(const std::string& folder, Drops& drops) {
  return std::make_unique<Backlog>(QueueOptions{.folder = folder, .max_age = Duration::zero()},
                                   drops.Record());
}

// With `copy`, one of the folder as a killed process would leave it, its log beside it.
void Fill(const std::string& folder, const std::string& copy = "", int entries = kEntries,
          size_t bytes = kBytes) {
  Drops drops;
  const FakeClock clock;
  const auto backlog = Open(folder, drops);
  for (int i = 0; i < entries; ++i) {
    ASSERT_EQ(backlog->Push(kOtlp, Of(Body(i, bytes), clock)), Kept::kDurable);
  }
  if (!copy.empty()) std::filesystem::copy(folder, copy);
}

struct Result {
  int delivered = 0;
  uint64_t dropped = 0;
  uint64_t set_aside = 0;
};

Result DeliverAll(const std::string& folder, size_t bytes = kBytes) {
  Result result;
  Drops drops;
  {
    const auto backlog = Open(folder, drops);
    EXPECT_EQ(backlog->Health().mode, QueueHealth::Mode::kDurable) << backlog->Health().problem;
    EXPECT_TRUE(backlog->Attend(kOtlp, 1));
    int last = -1;
    while (const auto entry = backlog->Next(kOtlp, 0)) {
      const int number = std::atoi(entry->request.body.c_str());
      EXPECT_TRUE(entry->request.body == Body(number, bytes)) << "what was never queued, as entry " << number;
      EXPECT_GT(number, last) << "out of order";
      last = number;
      ++result.delivered;
      backlog->Done(entry->id);
    }
    const FakeClock clock;
    EXPECT_EQ(backlog->Push(kOtlp, Of("new", clock)), Kept::kDurable);
    EXPECT_EQ(Drain(*backlog, kOtlp), "new");
    result.set_aside = backlog->Health().set_aside;
  }
  result.dropped = drops.Requests();
  const auto again = Open(folder, drops);
  EXPECT_TRUE(again->Attend(kOtlp, 1));
  EXPECT_EQ(Drain(*again, kOtlp), "") << "delivered twice";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(entry.path().filename().string().find("set-aside"), std::string::npos)
        << entry.path() << " takes space that is not the queue's";
  }
  return result;
}

void Change(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << (error ? error : "");
  sqlite3_free(error);
  sqlite3_close(database);
}

TEST(DamageTest, AnEntryThatIsNotWhatWasWritten) {
  const std::map<std::string, std::string> changes = {
      {"body", "body = zeroblob(length(body))"},
      {"one byte less", "body = substr(body, 2)"},
      {"points", "points = points + 1"},
      {"time", "time = time - 1"},
      {"bytes", "bytes = bytes + 1"},
      {"crc", "crc = crc + 1"},
  };
  for (const auto& [what, change] : changes) {
    SCOPED_TRACE(what);
    const Folder folder;
    Fill(folder.path());
    Change(File(folder.path()),
           "UPDATE entries SET " + change + " WHERE id = (SELECT min(id) + 10 FROM entries)");
    const Result result = DeliverAll(folder.path());
    EXPECT_EQ(result.delivered, kEntries - 1);
    EXPECT_EQ(result.dropped, 1U);
    EXPECT_EQ(result.set_aside, 0U);
  }
}

TEST(DamageTest, IdsThatNobodyGave) {
  for (const char* id : {"-5", "0", "4503599627370496", "9223372036854775807"}) {
    SCOPED_TRACE(id);
    const Folder folder;
    Fill(folder.path());
    Change(File(folder.path()),
           std::string("UPDATE entries SET id = ") + id + " WHERE id = (SELECT min(id) + 10 FROM entries)");
    const Result result = DeliverAll(folder.path());
    EXPECT_EQ(result.delivered, kEntries - 1);
    EXPECT_EQ(result.dropped, 1U);
  }
}

// Ids go up from the newest one, and there must be some left.
TEST(DamageTest, AnIdBeyondAllOthers) {
  for (const char* id : {"4503599627370495", "3000000000000000"}) {
    SCOPED_TRACE(id);
    const Folder folder;
    Fill(folder.path());
    Change(File(folder.path()),
           std::string("UPDATE entries SET id = ") + id + " WHERE id = (SELECT max(id) FROM entries)");
    Drops drops;
    const FakeClock clock;
    EXPECT_EQ(Open(folder.path(), drops)->Push(kOtlp, Of(Body(kEntries - 1, kBytes), clock)), Kept::kDurable);
    EXPECT_EQ(drops.Text(), "otlp corrupt 1/100");
    EXPECT_EQ(DeliverAll(folder.path()).delivered, kEntries);
  }
}

// A leaf that says that it has more rows than it has: in place of the others there is anything.
TEST(DamageTest, RowsThatNobodyWrote) {
  const Folder folder;
  Fill(folder.path());
  std::string bytes = state::ReadBytes(File(folder.path()));
  constexpr size_t kPage = 4096;
  constexpr std::string_view kLeafOfOne("\x0d\0\0\0\1", 5);
  size_t page = 10 * kPage;
  while (std::string_view(bytes).substr(page, kLeafOfOne.size()) != kLeafOfOne) page += kPage;
  std::mt19937_64 random(7);
  for (size_t i = 4; i < 500; ++i) bytes[page + i] = static_cast<char>(random());
  state::WriteBytes(File(folder.path()), bytes);
  const Result result = DeliverAll(folder.path());
  EXPECT_EQ(result.delivered, kEntries - 1);
  EXPECT_LE(result.dropped, 1U);
}

// What the file says of itself has changed: it is damaged, and not another version's or program's.
TEST(DamageTest, AHeaderThatIsNotWhatWasWritten) {
  for (const char* change :
       {"UPDATE schema_versions SET room = 'deliverz'", "DELETE FROM schema_versions",
        "UPDATE schema_versions SET version = 0", "PRAGMA application_id = 1396985940"}) {
    SCOPED_TRACE(change);
    const Folder folder;
    Fill(folder.path());
    Change(File(folder.path()), change);
    const Result result = DeliverAll(folder.path());
    EXPECT_EQ(result.delivered, kEntries);
    EXPECT_EQ(result.dropped, 0U);
    EXPECT_EQ(result.set_aside, 1U);
  }
}

TEST(DamageTest, APartIsMissing) {
  const Folder folder;
  constexpr size_t kLarge = 2'500'000;
  Fill(folder.path(), "", 3, kLarge);
  Change(File(folder.path()), "DELETE FROM parts WHERE id = (SELECT min(id) + 1 FROM parts)");
  const Result result = DeliverAll(folder.path(), kLarge);
  EXPECT_EQ(result.delivered, 2);
  EXPECT_EQ(result.dropped, 1U);
}

TEST(DamageTest, ANewerVersionsFileIsKept) {
  const Folder folder;
  Fill(folder.path());
  Change(File(folder.path()), "UPDATE schema_versions SET version = 7 WHERE room = 'delivery'");
  Drops drops;
  const auto backlog = Open(folder.path(), drops);
  EXPECT_EQ(backlog->Health().mode, QueueHealth::Mode::kDurable);
  EXPECT_EQ(backlog->Health().set_aside, 1U);
  EXPECT_TRUE(backlog->Stats().empty());
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    kept += entry.path().filename().string().starts_with("delivery.db.set-aside-") ? 1 : 0;
  }
  EXPECT_EQ(kept, 1);
}

// Flips or overwrites bytes at random places; returns how much was delivered, in all. Who wants a certain
// share of it names the seed, as there are places that cost more than others.
int DamageAtRandom(bool log, int rounds, size_t longest, uint64_t seed = std::random_device()()) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Folder folder;
  const std::string original = folder.path() + "/original";
  const std::string copy = folder.path() + "/copy";
  Fill(original, log ? copy : "");
  int delivered = 0;
  for (int i = 0; i < rounds && !testing::Test::HasFailure(); ++i) {
    const std::string target = folder.path() + "/target";
    std::filesystem::copy(log ? copy : original, target);
    const std::string file = File(target) + (log && i % 2 == 0 ? "-wal" : "");
    std::string bytes = state::ReadBytes(file);
    EXPECT_FALSE(bytes.empty());
    const size_t from = random() % bytes.size();
    const size_t end = std::min(bytes.size(), from + 1 + random() % longest);
    for (size_t k = from; k < end; ++k) bytes[k] = static_cast<char>(bytes[k] ^ (1 + random() % 255));
    state::WriteBytes(file, bytes);
    SCOPED_TRACE("round " + std::to_string(i) + ", " + std::to_string(from) + " to " + std::to_string(end) +
                 " of " + std::to_string(bytes.size()));
    const Result result = DeliverAll(target);
    EXPECT_LE(result.delivered + static_cast<int>(result.dropped), kEntries);
    delivered += result.delivered;
    std::filesystem::remove_all(target);
  }
  return delivered;
}

TEST(DamageTest, ABitFlipCostsLittle) {
  constexpr int kRounds = 40;
  const int delivered = DamageAtRandom(false, kRounds, 1, 20);
  std::printf("one byte changed: %.2f %% of the entries delivered\n",
              100.0 * delivered / (kRounds * kEntries));
  EXPECT_GT(delivered, kRounds * kEntries * 9 / 10);
}

TEST(DamageTest, SpoiltPages) {
  constexpr int kRounds = 25;
  const int delivered = DamageAtRandom(false, kRounds, 20'000, 20);
  std::printf("up to 20 KB changed: %.2f %% delivered\n", 100.0 * delivered / (kRounds * kEntries));
  EXPECT_GT(delivered, kRounds * kEntries * 7 / 10);
}

TEST(DamageTest, SpoiltWithALogBesideIt) {
  (void)DamageAtRandom(true, 25, 5'000);
}

TEST(DamageTest, CutAtManyPlaces) {
  const Folder folder;
  const std::string original = folder.path() + "/original";
  Fill(original);
  const std::string bytes = state::ReadBytes(File(original));
  int delivered = 0;
  int rounds = 0;
  for (size_t size = 0; size < bytes.size(); size += size < 200 ? 33 : 59'989) {
    SCOPED_TRACE(std::to_string(size) + " of " + std::to_string(bytes.size()) + " bytes");
    const std::string target = folder.path() + "/target";
    std::filesystem::create_directory(target);
    state::WriteBytes(File(target), bytes.substr(0, size));
    const Result result = DeliverAll(target);
    EXPECT_EQ(result.set_aside, size == 0 ? 0U : 1U);
    delivered += result.delivered;
    ++rounds;
    std::filesystem::remove_all(target);
    if (HasFailure()) return;
  }
  std::printf("cut at %d places: %.1f %% delivered\n", rounds, 100.0 * delivered / (rounds * kEntries));
  EXPECT_GT(delivered, rounds * kEntries / 4);
}

// Of a large file, where it is not seen at the start; what does not fit is not to be let go for it.
TEST(DamageTest, MoreFreePagesThanPages) {
  const Folder folder;
  constexpr int kMany = 1700;
  Fill(folder.path(), "", kMany);
  std::string bytes = state::ReadBytes(File(folder.path()));
  ASSERT_GT(bytes.size(), 33U << 20);
  constexpr size_t kFreeCount = 36;  // https://www.sqlite.org/fileformat.html, 1.3
  bytes[kFreeCount] = 1;
  state::WriteBytes(File(folder.path()), bytes);
  Drops drops;
  const FakeClock clock;
  EXPECT_EQ(Open(folder.path(), drops)->Push(kOtlp, Of(Body(kMany, kBytes), clock)), Kept::kDurable);
  EXPECT_EQ(drops.Text(), "");
  EXPECT_EQ(DeliverAll(folder.path()).delivered, kMany + 1);
}

// A large file is not read through at the start: its damage is found on the way.
TEST(DamageTest, FoundWhileDelivering) {
  const Folder folder;
  constexpr int kMany = 2000;
  Fill(folder.path(), "", kMany);
  std::string bytes = state::ReadBytes(File(folder.path()));
  ASSERT_GT(bytes.size(), 33U << 20);
  std::mt19937_64 random(7);
  for (int i = 0; i < 20; ++i) {
    const size_t page = (10 + random() % (bytes.size() / 4096 - 10)) * 4096;
    for (size_t k = page; k < page + 64; ++k) bytes[k] = static_cast<char>(random());
  }
  state::WriteBytes(File(folder.path()), bytes);
  const Result result = DeliverAll(folder.path());
  std::printf("20 spoilt pages of %zu: %d of %d delivered, %d known to be lost, %d files set aside\n",
              bytes.size() / 4096, result.delivered, kMany, static_cast<int>(result.dropped),
              static_cast<int>(result.set_aside));
  EXPECT_GE(result.delivered, kMany - 200);
  EXPECT_LE(result.delivered + static_cast<int>(result.dropped), kMany);
}

}  // namespace
}  // namespace sidelight::delivery
