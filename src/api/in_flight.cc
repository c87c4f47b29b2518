#include "src/api/in_flight.h"

namespace sidelight::api {

InFlight::Entry::Entry(InFlight* all, http::Client* client) : all_(*all), client_(client) {
  if (client_ != nullptr) watch_ = client_->WhenGone([this] { cancellation_.Cancel(); });
  const std::lock_guard lock(all_.mutex_);
  if (all_.stopped_) cancellation_.Cancel();
  all_.running_.insert(&cancellation_);
}

InFlight::Entry::~Entry() {
  if (client_ != nullptr) client_->Forget(watch_);
  const std::lock_guard lock(all_.mutex_);
  all_.running_.erase(&cancellation_);
}

void InFlight::Cancel() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (promql::Cancellation* cancellation : running_) cancellation->Cancel();
}

}  // namespace sidelight::api
