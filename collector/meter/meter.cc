#include "collector/meter/meter.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace sidelight::meter {
namespace {

constexpr std::string_view kCacheSystem = "http";

Learning LearningFrom(const Exchange& exchange) {
  if (exchange.status == 0 || exchange.status == 404) return Learning::kNothing;
  return exchange.status >= 400 && exchange.status < 500 ? Learning::kLittle : Learning::kFreely;
}

double SecondsBetween(TimePoint begin, TimePoint end) {
  return Seconds(std::max(end - begin, Duration::zero()));
}

}  // namespace

Meter::Meter(metrics::Registry& registry, const Clock& clock, const Identity& identity, Options options,
             Duration idle_series, LearnedRoutes::Limits limits, Duration cache_window)
    : clock_(clock),
      families_(registry, identity, options.role, options.naming),
      routes_(std::make_shared<Routes>(std::move(options.routes), std::move(options.ignore), limits)),
      cache_(registry, clock, CacheFamilies(registry, identity.tap, kCacheSystem, options.naming, kUnmatched),
             routes_, cache_window),
      idle_series_(idle_series) {}

std::unique_ptr<TapSink> Meter::MakeSink(metrics::Shard* shard) {
  return std::make_unique<MeterShard>(this, shard);
}

MeterShard::MeterShard(Meter* meter, metrics::Shard* shard)
    : meter_(meter),
      families_(meter->families_),
      shard_(shard),
      routes_(meter->routes_.get()),
      cache_(&meter->cache_, shard),
      methods_(families_.methods()) {
  const auto counter = [&](metrics::Family* family, const Labels& labels) {
    return shard_->GetCounter(family, labels, metrics::Budget::kExempt);
  };
  const Labels tap = families_.TapLabels();
  exchanges_ = counter(families_.exchanges, tap);
  unobserved_ = counter(families_.unobserved, tap);
  overflowed_ = counter(families_.overflow, tap);
  for (int i = 0; i < kOpaqueReasons; ++i) {
    opaque_[i] = counter(families_.opaque, families_.OpaqueLabels(static_cast<OpaqueReason>(i)));
  }
}

void MeterShard::Started(const Exchange& exchange) {
  if (families_.plain()) return;
  if (meter_->routes_->has_ignored() && routes_.Ignored(exchange.target)) return;
  MethodInstruments& method = Method(families_.MethodOf(exchange.operation));
  method.active_requests->Add(1);
  ++method.active;
  method.last_used = std::max(method.last_used, exchange.start);
}

void MeterShard::Ended(const Exchange& exchange) {
  const bool unobserved = exchange.outcome == Outcome::kUnobserved;
  (unobserved ? unobserved_ : exchanges_)->Add(1);
  const Learning learning = unobserved ? Learning::kNothing : LearningFrom(exchange);
  const RouteCache::Route route = routes_.Resolve(exchange.target, learning);
  if (route.ignored) return;

  const Combination combination = families_.CombinationOf(exchange, route.id);
  if (!families_.plain()) {
    MethodInstruments& method = Method(combination.method);
    assert(method.active > 0);  // each Ended had its Started
    method.active_requests->Add(-1);
    --method.active;
    method.last_used = std::max(method.last_used, exchange.end);
    if (exchange.pipelined && !unobserved) {
      if (method.pipeline_wait == nullptr) {
        method.pipeline_wait = shard_->GetHistogram(
            families_.pipeline_wait, families_.MethodLabels(combination.method), metrics::Budget::kExempt);
      }
      method.pipeline_wait->Observe(Seconds(exchange.pipeline_wait));
    }
  }
  if (unobserved) return;
  Instruments& instruments = *Find(combination);
  Record(exchange, instruments);
  bool overflow = &instruments == &overflow_;
  for (const CacheLookup& lookup : exchange.cache) {
    overflow |= !cache_.Count(lookup, route.id, families_.Text(combination.method), overflow, exchange.end,
                              &instruments.lookup);
  }
  if (overflow) overflowed_->Add(1);
}

void MeterShard::WentOpaque(OpaqueReason reason) {
  opaque_[static_cast<size_t>(reason)]->Add(1);
}

void MeterShard::Record(const Exchange& exchange, Instruments& instruments) {
  instruments.last_used = std::max(instruments.last_used, exchange.end);
  if (instruments.requests != nullptr) instruments.requests->Add(1);
  const bool answered = exchange.status != 0;  // its head, at least
  const double duration = SecondsBetween(exchange.start, exchange.end);
  const bool first_byte = instruments.time_to_first_byte != nullptr && answered && exchange.has_first_byte;
  const double to_first_byte = first_byte ? SecondsBetween(exchange.start, exchange.first_byte) : 0;
  if (exchange.trace && exchange.trace->valid()) {
    const UnixMillis now = meter_->clock_.UnixNow();
    instruments.duration->Observe(duration, *exchange.trace, now);
    if (first_byte) instruments.time_to_first_byte->Observe(to_first_byte, *exchange.trace, now);
  } else {
    instruments.duration->Observe(duration);
    if (first_byte) instruments.time_to_first_byte->Observe(to_first_byte);
  }
  if (instruments.request_body_size != nullptr) {
    instruments.request_body_size->Observe(static_cast<double>(exchange.request_bytes));
  }
  if (instruments.response_body_size != nullptr && answered) {
    instruments.response_body_size->Observe(static_cast<double>(exchange.response_bytes));
  }
}

MeterShard::Instruments* MeterShard::Find(const Combination& combination) {
  const uint64_t key = combination.Packed();
  if (const auto it = instruments_.find(key); it != instruments_.end()) return &it.value();
  if (refused_.size() < kMaxRefused && !refused_.contains(key)) {
    Instruments made;
    if (Make(combination, &made)) return &instruments_.insert({key, made}).first.value();
    refused_.insert(key);
  }
  return Overflow();
}

bool MeterShard::Make(const Combination& combination, Instruments* out) {
  const std::string route = meter_->routes_->Text(combination.route);
  const Labels labels = families_.ExchangeLabels(combination, route);
  bool complete = true;
  const auto histogram = [&](metrics::Family* family, metrics::Histogram** slot) {
    if (!complete || family == nullptr) return;
    *slot = shard_->GetHistogram(family, labels);
    complete = *slot != nullptr;
  };
  histogram(families_.duration, &out->duration);
  histogram(families_.request_body_size, &out->request_body_size);
  if (combination.status != 0) {
    histogram(families_.time_to_first_byte, &out->time_to_first_byte);
    histogram(families_.response_body_size, &out->response_body_size);
  }
  if (complete && families_.requests != nullptr) {
    out->requests = shard_->GetCounter(families_.requests, families_.RequestLabels(combination, route));
    complete = out->requests != nullptr;
  }
  if (!complete) Release(*out);
  return complete;
}

MeterShard::Instruments* MeterShard::Overflow() {
  if (overflow_.duration != nullptr) return &overflow_;
  const Labels labels = families_.OverflowLabels();
  const auto histogram = [&](metrics::Family* family) {
    return family == nullptr ? nullptr : shard_->GetHistogram(family, labels, metrics::Budget::kExempt);
  };
  const auto counter = [&](metrics::Family* family) {
    return family == nullptr ? nullptr : shard_->GetCounter(family, labels, metrics::Budget::kExempt);
  };
  overflow_ = {.duration = histogram(families_.duration),
               .time_to_first_byte = histogram(families_.time_to_first_byte),
               .request_body_size = histogram(families_.request_body_size),
               .response_body_size = histogram(families_.response_body_size),
               .requests = counter(families_.requests)};
  return &overflow_;
}

void MeterShard::Release(Instruments& instruments) {
  const auto give_back = [&](auto*& instrument) {
    if (instrument != nullptr) shard_->Release(instrument);
    instrument = nullptr;
  };
  give_back(instruments.duration);
  give_back(instruments.time_to_first_byte);
  give_back(instruments.request_body_size);
  give_back(instruments.response_body_size);
  give_back(instruments.requests);
}

MeterShard::MethodInstruments& MeterShard::Method(MethodId id) {
  MethodInstruments& method = methods_[id];
  if (method.active_requests == nullptr) {
    method.active_requests =
        shard_->GetGauge(families_.active_requests, families_.MethodLabels(id), metrics::Budget::kExempt);
  }
  return method;
}

void MeterShard::Expire(TimePoint now) {
  const TimePoint limit = now - meter_->idle_series_;
  for (auto it = instruments_.begin(); it != instruments_.end();) {
    it.value().lookup = {};
    if (it->second.last_used <= limit) {
      Release(it.value());
      it = instruments_.erase(it);
    } else {
      ++it;
    }
  }
  overflow_.lookup = {};
  if (overflow_.last_used <= limit) Release(overflow_);
  for (MethodInstruments& method : methods_) {
    if (method.active != 0 || method.last_used > limit) continue;
    if (method.active_requests != nullptr) shard_->Release(method.active_requests);
    if (method.pipeline_wait != nullptr) shard_->Release(method.pipeline_wait);
    method = {};
  }
  refused_.clear();
  cache_.Expire(limit);
}

}  // namespace sidelight::meter
