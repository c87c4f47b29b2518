#include "exporters/delivery/circuit.h"

#include <algorithm>
#include <cmath>

namespace sidelight::delivery {

Circuit::Circuit(Options options)
    : options_(options), random_(options.seed == 0 ? std::random_device()() : options.seed) {}

void Circuit::Renew(Options options) {
  options_ = options;
  ++round_;
  failures_ = 0;
  not_before_ = TimePoint::min();
  trial_ = false;
}

Circuit::State Circuit::state() const {
  if (failures_ < options_.failures_to_open) return State::kClosed;
  return trial_ ? State::kHalfOpen : State::kOpen;
}

Circuit::Answer Circuit::Ask(TimePoint now) {
  if (trial_) return {};
  if (now < not_before_) return {.ask_again = not_before_};
  trial_ = state() == State::kOpen;
  return {.permit = Permit{.round = round_, .trial = trial_}};
}

void Circuit::Succeeded(Permit permit) {
  // The answer to a request from before the last failure says nothing about how things stand since.
  if (permit.round != round_) return;
  trial_ = false;
  failures_ = 0;
  not_before_ = TimePoint::min();
}

void Circuit::Failed(Permit permit, TimePoint now, std::optional<Duration> retry_after) {
  if (permit.round == round_) {
    trial_ = false;
    ++round_;
    ++failures_;
    not_before_ = now + Backoff(retry_after);
  } else if (retry_after) {
    not_before_ = std::max(not_before_, now + Backoff(retry_after));
  }
}

void Circuit::NotUsed(Permit permit) {
  if (permit.trial && permit.round == round_) trial_ = false;
}

Duration Circuit::Backoff(std::optional<Duration> retry_after) {
  std::uniform_real_distribution<double> part(-options_.jitter, options_.jitter);
  const double jitter = part(random_);
  // Never before the time that it asked for, and not everybody at once.
  if (retry_after && *retry_after > Duration::zero()) {
    const auto asked = static_cast<double>(std::min(*retry_after, options_.max_retry_after).count());
    return Duration(static_cast<Duration::rep>(asked * (1 + std::abs(jitter))));
  }
  const double wait = std::min(static_cast<double>(options_.initial.count()) *
                                   std::pow(options_.factor, static_cast<double>(failures_) - 1),
                               static_cast<double>(options_.max.count()));
  return Duration(static_cast<Duration::rep>(wait * (1 + jitter)));
}

}  // namespace sidelight::delivery
