// PendingQueue: what the server has still to answer on one connection, oldest first.
//
// Their statements lie one behind the other in a single string (statement.h), so that a deep pipeline costs a
// few allocations and not one each; an idle connection keeps a few hundred bytes at most, however long its
// queue was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collector/protocols/postgres/statement.h"
#include "core/base/clock.h"

namespace sidelight::postgres {

struct Pending {
  enum class Kind : uint8_t {
    kStartup,   // ends with ReadyForQuery, as all but kExecute
    kQuery,     // its statements are answered one after the other
    kExecute,   //
    kFunction,  // a FunctionCall
    kSync,      // its statement, if it has one, was parsed and not executed
  };

  TimePoint readable{};                // its first byte could be read
  uint16_t row_length = 0;             // bytes of its statements
  uint16_t next_at = 0;                // where in them the next one starts
  uint16_t summary_at = 0;             // ... and the summary of the present one
  uint16_t query_length = 0;           // ... and how long its text is, which stands behind that
  uint8_t summary_length = 0;          //
  Keyword operation = Keyword::kNone;  // of the present one
  Kind kind = Kind::kSync;
  bool open = false;       // its present statement was started and has not ended
  bool failed = false;     // a statement of a kQuery did, so that no further one is executed
  bool pipelined = false;  // it came while another was being answered
};

class PendingQueue {
 public:
  // As deep as drivers go that send a batch without waiting (asyncpg: 128 KiB of Bind and Execute).
  static constexpr size_t kMaxPending = 8192;
  static constexpr size_t kMaxTextBytes = 512 * 1024;
  // Beyond this statements are kept without their texts.
  static constexpr size_t kMaxQueryBytes = kMaxTextBytes / 2;

  bool empty() const { return first_ == pending_.size(); }
  size_t size() const { return pending_.size() - first_; }
  // No room for another one.
  bool full() const { return size() >= kMaxPending || text_.size() - text_first_ > kMaxTextBytes; }

  Pending& front() { return pending_[first_]; }
  const Pending& front() const { return pending_[first_]; }
  Pending& back() { return pending_.back(); }
  // Of the present statement.
  std::string_view front_summary() const { return Summary(pending_[first_], text_first_); }
  std::string_view back_summary() const { return Summary(pending_.back(), BackText()); }
  std::string_view front_query() const { return Query(pending_[first_], text_first_); }
  std::string_view back_query() const { return Query(pending_.back(), BackText()); }

  // Adds `pending` with the statements of `row`, of which none is the present one.
  void Push(const Pending& pending, std::string_view row);
  // Makes the next statement the present one; false when there is none.
  bool NextOfFront() { return Next(pending_[first_], text_first_); }
  bool NextOfBack() { return Next(pending_.back(), BackText()); }
  void Pop();
  // Removes each kSync that stands directly behind the front.
  void DropSyncsBehindFront();

  // Forgets all, and the memory too.
  void Clear();

 private:
  size_t BackText() const { return text_.size() - pending_.back().row_length; }
  std::string_view Summary(const Pending& pending, size_t at) const;
  std::string_view Query(const Pending& pending, size_t at) const;
  bool Next(Pending& pending, size_t at);
  void Compact();

  std::vector<Pending> pending_;
  std::string text_;
  size_t first_ = 0;       // index of the front in pending_
  size_t text_first_ = 0;  // where its statements start in text_
};

}  // namespace sidelight::postgres
