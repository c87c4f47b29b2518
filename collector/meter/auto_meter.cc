#include "collector/meter/auto_meter.h"

namespace sidelight::meter {

AutoMeter::AutoMeter(metrics::Registry& registry, const std::string& tap, const Make& make)
    : tap_(tap), families_(registry) {
  for (const Protocol& protocol : Protocols()) {
    if (protocol.likeness != nullptr) detectable_.push_back({&protocol, make(protocol)});
  }
}

std::unique_ptr<TapSink> AutoMeter::MakeSink(metrics::Shard* shard) {
  return std::make_unique<AutoShard>(this, shard);
}

AutoShard::AutoShard(AutoMeter* meter, metrics::Shard* shard)
    : meter_(meter), shard_(shard), sinks_(meter->detectable_.size()) {
  const auto counter = [&](metrics::Family* family, const Labels& labels) {
    return shard_->GetCounter(family, labels, metrics::Budget::kExempt);
  };
  const Labels tap = TapLabels(meter_->tap_);
  exchanges_ = counter(meter_->families_.exchanges, tap);
  unobserved_ = counter(meter_->families_.unobserved, tap);
  counter(meter_->families_.overflow, tap);
  for (int i = 0; i < kOpaqueReasons; ++i) {
    opaque_[i] = counter(meter_->families_.opaque, OpaqueLabels(meter_->tap_, static_cast<OpaqueReason>(i)));
  }
}

void AutoShard::Ended(const Exchange& exchange) {
  (exchange.outcome == Outcome::kUnobserved ? unobserved_ : exchanges_)->Add(1);
}

void AutoShard::WentOpaque(OpaqueReason reason) {
  opaque_[static_cast<size_t>(reason)]->Add(1);
}

ExchangeSink& AutoShard::Detected(const Protocol& protocol) {
  for (size_t i = 0; i < sinks_.size(); ++i) {
    if (meter_->detectable_[i].protocol != &protocol) continue;
    if (sinks_[i] == nullptr) sinks_[i] = meter_->detectable_[i].meter->MakeSink(shard_);
    return *sinks_[i];
  }
  return *this;
}

void AutoShard::Expire(TimePoint now) {
  for (const auto& sink : sinks_) {
    if (sink != nullptr) sink->Expire(now);
  }
}

}  // namespace sidelight::meter
