#include "collector/protocols/postgres/pending.h"

#include <limits>

#include "collector/protocols/postgres/summary.h"

namespace sidelight::postgres {
namespace {

// What an empty queue keeps, so that a connection with one statement at a time never allocates.
constexpr size_t kKeptPending = 4;
constexpr size_t kKeptTextBytes = 512;
// Popped entries are removed in blocks: moving the rest each time would make a long queue quadratic.
constexpr size_t kCompactAt = 32;

static_assert(SummaryReader::kMaxRow + SummaryReader::kMaxQueries <= std::numeric_limits<uint16_t>::max());
static_assert(sizeof(Pending) <= 24);

}  // namespace

void PendingQueue::Push(const Pending& pending, std::string_view row) {
  if (pending_.size() == pending_.capacity()) {
    pending_.reserve(pending_.empty() ? kKeptPending : 4 * pending_.capacity());
  }
  pending_.push_back(pending);
  const size_t before = text_.size();
  if (before - text_first_ + row.size() <= kMaxQueryBytes) {
    text_.append(row);
  } else {
    AppendWithoutQueries(row, text_);
  }
  pending_.back().row_length = static_cast<uint16_t>(text_.size() - before);
}

std::string_view PendingQueue::Summary(const Pending& pending, size_t at) const {
  return std::string_view(text_).substr(at + pending.summary_at, pending.summary_length);
}

std::string_view PendingQueue::Query(const Pending& pending, size_t at) const {
  return std::string_view(text_).substr(at + pending.summary_at + pending.summary_length,
                                        pending.query_length);
}

bool PendingQueue::Next(Pending& pending, size_t at) {
  if (pending.next_at == pending.row_length) return false;
  const std::string_view row = std::string_view(text_).substr(at, pending.row_length);
  std::string_view rest = row.substr(pending.next_at);
  const Statement statement = TakeStatement(rest);
  pending.next_at = static_cast<uint16_t>(row.size() - rest.size());
  pending.summary_length = static_cast<uint8_t>(statement.summary.size());
  pending.query_length = static_cast<uint16_t>(statement.query.size());
  pending.summary_at = static_cast<uint16_t>(pending.next_at - pending.summary_length - pending.query_length);
  pending.operation = statement.operation;
  return true;
}

void PendingQueue::Pop() {
  text_first_ += pending_[first_].row_length;
  ++first_;
  if (empty() || first_ >= kCompactAt) Compact();
}

void PendingQueue::DropSyncsBehindFront() {
  const size_t second = first_ + 1;
  size_t end = second;
  size_t text = 0;
  while (end < pending_.size() && pending_[end].kind == Pending::Kind::kSync)
    text += pending_[end++].row_length;
  text_.erase(text_first_ + pending_[first_].row_length, text);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(second),
                 pending_.begin() + static_cast<std::ptrdiff_t>(end));
}

void PendingQueue::Compact() {
  if (empty()) {
    pending_.clear();
    first_ = 0;
    if (pending_.capacity() > kKeptPending) pending_.shrink_to_fit();
    text_.clear();
    if (text_.capacity() > kKeptTextBytes) text_.shrink_to_fit();
  } else {
    if (first_ < pending_.size() / 2) return;
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    text_.erase(0, text_first_);
  }
  text_first_ = 0;
}

void PendingQueue::Clear() {
  // Swapped, since assigning or clearing keeps the capacity.
  std::vector<Pending>().swap(pending_);
  std::string().swap(text_);
  first_ = text_first_ = 0;
}

}  // namespace sidelight::postgres
