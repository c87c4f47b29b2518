// InFlight: requests that are being answered and may take long, so that each ends early when its client
// leaves, and all of them when the process stops. Thread-safe; outlives its entries.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <tl/expected.hpp>
#include <unordered_set>

#include "core/http/message.h"
#include "rules/promql/engine.h"
#include "src/api/problem.h"

namespace sidelight::api {

class InFlight {
 public:
  InFlight() = default;
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  // Cancels those that run, and those that still come.
  void Cancel();

  // One request, for as long as it lives.
  class Entry {
   public:
    // `client` may be null.
    Entry(InFlight* all, http::Client* client);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    const promql::Cancellation& cancellation() const { return cancellation_; }
    // What is answered when it ended before its work was done: status 503, timeout; or, when it was
    // cancelled, canceled, with 499 when that is because its client left. Only counters and the log see the
    // latter.
    tl::unexpected<Problem> Ended(std::string message) const;

   private:
    InFlight& all_;
    http::Client* const client_;
    uint64_t watch_ = 0;
    std::atomic<bool> client_left_{false};
    promql::Cancellation cancellation_;
  };

 private:
  std::mutex mutex_;
  bool stopped_ = false;
  std::unordered_set<promql::Cancellation*> running_;
};

}  // namespace sidelight::api
