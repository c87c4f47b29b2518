// PendingQueue: the requests of one connection that have no whole answer yet, oldest first.
//
// Their targets lie one behind the other in a single string, so that a queue of short requests costs one
// allocation and not one each; an idle connection keeps a few hundred bytes at most, however long its queue
// was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/model/exemplar.h"

namespace sidelight::http1 {

struct Pending {
  std::string_view method;     // as KnownMethods has it
  TimePoint readable{};        // its first byte could be read
  TimePoint start{};           // its own clock started; unset while `waiting`
  uint64_t request_bytes = 0;  // of its body, once that is whole
  TraceId trace{};             // all zero: none
  uint16_t target_length = 0;
  bool http_1_0 = false;
  bool is_head = false;     // the answer to a HEAD has no body, whatever it declares
  bool is_connect = false;  // a 2xx to a CONNECT opens a tunnel
  bool pipelined = false;   // it came while another was being answered
  bool waiting = false;     // ... which still goes on
};

class PendingQueue {
 public:
  static constexpr size_t kMaxRequests = 1024;
  static constexpr size_t kMaxTargetBytes = 128 * 1024;

  bool empty() const { return first_ == requests_.size(); }
  size_t size() const { return requests_.size() - first_; }
  // No room for another one.
  bool full() const { return size() >= kMaxRequests || targets_.size() - text_first_ > kMaxTargetBytes; }

  Pending& front() { return requests_[first_]; }
  Pending& back() { return requests_.back(); }
  std::string_view front_target() const;
  std::string_view back_target() const;

  // Where the target of the next request is collected before the request is pushed.
  std::string& next_target() { return targets_; }
  // `request.target_length` bytes were appended to next_target() since the last Push.
  void Push(const Pending& request);
  void Pop();
  // Forgets all, and the memory too.
  void Clear();

 private:
  void Compact();

  std::vector<Pending> requests_;
  std::string targets_;
  size_t first_ = 0;       // index of the front in requests_
  size_t text_first_ = 0;  // where its target starts in targets_
  size_t text_end_ = 0;    // where the target of the back ends
};

}  // namespace sidelight::http1
