#include "src/api/in_flight.h"

#include <utility>

namespace sidelight::api {

InFlight::Entry::Entry(InFlight* all, http::Client* client) : all_(*all), client_(client) {
  if (client_ != nullptr) {
    watch_ = client_->WhenGone([this] {
      client_left_ = true;
      cancellation_.Cancel();
    });
  }
  const std::lock_guard lock(all_.mutex_);
  if (all_.stopped_) cancellation_.Cancel();
  all_.running_.insert(&cancellation_);
}

InFlight::Entry::~Entry() {
  if (client_ != nullptr) client_->Forget(watch_);
  const std::lock_guard lock(all_.mutex_);
  all_.running_.erase(&cancellation_);
}

tl::unexpected<Problem> InFlight::Entry::Ended(std::string message) const {
  constexpr int kClientClosedRequest = 499;  // as nginx and Prometheus have it
  if (!cancellation_.cancelled()) return Refuse(503, "timeout", std::move(message));
  return Refuse(client_left_ ? kClientClosedRequest : 503, "canceled", std::move(message));
}

void InFlight::Cancel() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (promql::Cancellation* cancellation : running_) cancellation->Cancel();
}

}  // namespace sidelight::api
