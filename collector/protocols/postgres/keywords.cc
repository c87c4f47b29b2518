#include "collector/protocols/postgres/keywords.h"

#include <array>
#include <cstddef>

namespace sidelight::postgres {
namespace {

struct Row {
  std::string_view word;  // "" for what no text can say
  std::string_view name;
  bool reserved;
};

constexpr Row kRows[] = {
    {"", "_OTHER", false},
    {"abort", "ABORT", false},
    {"alter", "ALTER", false},
    {"analyze", "ANALYZE", true},
    {"begin", "BEGIN", false},
    {"call", "CALL", false},
    {"checkpoint", "CHECKPOINT", false},
    {"close", "CLOSE", false},
    {"cluster", "CLUSTER", false},
    {"comment", "COMMENT", false},
    {"commit", "COMMIT", false},
    {"copy", "COPY", false},
    {"create", "CREATE", true},
    {"deallocate", "DEALLOCATE", false},
    {"declare", "DECLARE", false},
    {"delete", "DELETE", false},
    {"discard", "DISCARD", false},
    {"do", "DO", true},
    {"drop", "DROP", false},
    {"end", "END", true},
    {"execute", "EXECUTE", false},
    {"explain", "EXPLAIN", false},
    {"fetch", "FETCH", true},
    {"grant", "GRANT", true},
    {"import", "IMPORT", false},
    {"insert", "INSERT", false},
    {"listen", "LISTEN", false},
    {"load", "LOAD", false},
    {"lock", "LOCK", false},
    {"merge", "MERGE", false},
    {"move", "MOVE", false},
    {"notify", "NOTIFY", false},
    {"prepare", "PREPARE", false},
    {"reassign", "REASSIGN", false},
    {"refresh", "REFRESH", false},
    {"reindex", "REINDEX", false},
    {"release", "RELEASE", false},
    {"reset", "RESET", false},
    {"revoke", "REVOKE", false},
    {"rollback", "ROLLBACK", false},
    {"savepoint", "SAVEPOINT", false},
    {"security", "SECURITY", false},
    {"select", "SELECT", true},
    {"set", "SET", false},
    {"show", "SHOW", false},
    {"start", "START", false},
    {"table", "TABLE", true},
    {"truncate", "TRUNCATE", false},
    {"unlisten", "UNLISTEN", false},
    {"update", "UPDATE", false},
    {"vacuum", "VACUUM", false},
    {"values", "VALUES", true},
    {"", "CONNECT", false},
    {"with", "WITH", true},
    {"as", "AS", true},
    {"case", "CASE", true},
    {"concurrently", "CONCURRENTLY", true},
    {"distinct", "DISTINCT", true},
    {"except", "EXCEPT", true},
    {"exists", "EXISTS", false},
    {"for", "FOR", true},
    {"freeze", "FREEZE", true},
    {"from", "FROM", true},
    {"full", "FULL", true},
    {"function", "FUNCTION", false},
    {"group", "GROUP", true},
    {"having", "HAVING", true},
    {"if", "IF", false},
    {"intersect", "INTERSECT", true},
    {"into", "INTO", true},
    {"join", "JOIN", true},
    {"lateral", "LATERAL", true},
    {"limit", "LIMIT", true},
    {"materialized", "MATERIALIZED", false},
    {"not", "NOT", true},
    {"offset", "OFFSET", true},
    {"on", "ON", true},
    {"only", "ONLY", true},
    {"or", "OR", true},
    {"order", "ORDER", true},
    {"ordinality", "ORDINALITY", false},
    {"policy", "POLICY", false},
    {"procedure", "PROCEDURE", false},
    {"recursive", "RECURSIVE", false},
    {"returning", "RETURNING", true},
    {"rule", "RULE", false},
    {"temp", "TEMP", false},
    {"temporary", "TEMPORARY", false},
    {"time", "TIME", false},
    {"trigger", "TRIGGER", false},
    {"union", "UNION", true},
    {"unlogged", "UNLOGGED", false},
    {"using", "USING", true},
    {"verbose", "VERBOSE", true},
    {"where", "WHERE", true},
    {"window", "WINDOW", true},
};
static_assert(std::size(kRows) == static_cast<size_t>(Keyword::kWindow) + 1);

constexpr size_t kMaxWord = 12;
constexpr size_t kSlots = 512;

constexpr size_t Slot(std::string_view word) {
  const auto at = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(word[i])); };
  return (at(0) * 31 + at(1) * 7 + at(word.size() - 1) * 101 + word.size() * 59) % kSlots;
}

// Open addressing; 0 is an empty slot.
constexpr std::array<uint8_t, kSlots> MakeSlots() {
  std::array<uint8_t, kSlots> slots{};
  for (size_t i = 0; i < std::size(kRows); ++i) {
    if (kRows[i].word.empty()) continue;
    size_t slot = Slot(kRows[i].word);
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<uint8_t>(i);
  }
  return slots;
}
constexpr std::array<uint8_t, kSlots> kSlotOf = MakeSlots();

}  // namespace

Keyword FindKeyword(std::string_view word) {
  if (word.size() < 2 || word.size() > kMaxWord) return Keyword::kNone;
  for (size_t slot = Slot(word); kSlotOf[slot] != 0; slot = (slot + 1) % kSlots) {
    if (kRows[kSlotOf[slot]].word == word) return static_cast<Keyword>(kSlotOf[slot]);
  }
  return Keyword::kNone;
}

std::string_view OperationName(Keyword keyword) {
  return kRows[static_cast<size_t>(keyword < Keyword::kWith ? keyword : Keyword::kNone)].name;
}

bool IsReserved(Keyword keyword) {
  return kRows[static_cast<size_t>(keyword)].reserved;
}

bool HasTables(Keyword first) {
  switch (first) {
    case Keyword::kAlter:
    case Keyword::kAnalyze:
    case Keyword::kCluster:
    case Keyword::kComment:
    case Keyword::kCopy:
    case Keyword::kCreate:
    case Keyword::kDeclare:
    case Keyword::kDelete:
    case Keyword::kDrop:
    case Keyword::kExplain:
    case Keyword::kInsert:
    case Keyword::kLock:
    case Keyword::kMerge:
    case Keyword::kPrepare:
    case Keyword::kReindex:
    case Keyword::kSelect:
    case Keyword::kTable:
    case Keyword::kTruncate:
    case Keyword::kUpdate:
    case Keyword::kVacuum:
    case Keyword::kValues:
    case Keyword::kWith:
      return true;
    default:
      return false;
  }
}

}  // namespace sidelight::postgres
