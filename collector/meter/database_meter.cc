#include "collector/meter/database_meter.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace sidelight::meter {
namespace {

constexpr size_t kLoggedKeyspaces = 4;  // of one request

// Most words are a few bytes or none, for which a call would cost more than the comparison.
bool Same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  constexpr size_t kFew = 8;
  if (a.size() > kFew) return std::memcmp(a.data(), b.data(), a.size()) == 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

template <class Text>
bool Same(const KindView& a, const BasicKind<Text>& b) {
  return Same(a.operation, b.operation) && a.outcome == b.outcome && a.blocking == b.blocking &&
         a.rows == b.rows && a.noreply == b.noreply && Same(a.error, b.error) &&
         Same(a.database, b.database) && Same(a.summary, b.summary);
}

KindView ViewOf(const Kind& kind) {
  return {kind.operation, kind.database, kind.error, kind.summary,
          kind.outcome,   kind.blocking, kind.rows,  kind.noreply};
}

Kind Own(const KindView& kind) {
  return {std::string(kind.operation),
          std::string(kind.database),
          std::string(kind.error),
          std::string(kind.summary),
          kind.outcome,
          kind.blocking,
          kind.rows,
          kind.noreply};
}

}  // namespace

DatabaseMeter::DatabaseMeter(metrics::Registry& registry, const Clock& clock, const Identity& identity,
                             const Protocol& protocol, const Naming& naming, DatabaseOptions options,
                             Duration idle_series, Limits limits)
    : families_(registry, identity, protocol, naming, options.slow_query.has_value()),
      slow_query_(options.slow_query),
      sessions_(!protocol.cache),
      idle_series_(idle_series),
      operations_(limits.operations),
      databases_(limits.databases),
      errors_(limits.errors),
      summaries_(limits.summaries) {
  if (options.log_slow_queries) slow_log_ = std::make_unique<SlowQueryLog>(clock, identity.tap);
  if (!protocol.cache) return;
  keyspaces_ = std::make_shared<Keyspaces>(std::move(options.keyspaces), limits.keyspaces);
  cache_.emplace(registry, clock, CacheFamilies(registry, identity.tap, protocol.system, naming, ""),
                 keyspaces_, options.cache_window);
}

std::unique_ptr<TapSink> DatabaseMeter::MakeSink(metrics::Shard* shard) {
  return std::make_unique<DatabaseShard>(this, shard);
}

KindView DatabaseMeter::Admit(const KindView& kind) {
  KindView admitted = kind;
  admitted.operation = operations_.Admit(kind.operation);
  admitted.database = databases_.Admit(kind.database);
  admitted.error = errors_.Admit(kind.error);
  admitted.summary = summaries_.Admit(kind.summary);
  return admitted;
}

size_t DatabaseShard::KindHash::operator()(const KindView& kind) const {
  const std::hash<std::string_view> hash;
  size_t sum = hash(kind.operation);
  const auto mix = [&sum](size_t more) { sum = (sum ^ more) * 0x9e3779b97f4a7c15 + (sum >> 29); };
  for (const std::string_view text : {kind.database, kind.error, kind.summary})
    mix(text.empty() ? 0 : hash(text));
  mix(static_cast<size_t>(kind.outcome) << 3 | size_t{kind.noreply} << 2 | size_t{kind.blocking} << 1 |
      size_t{kind.rows});
  return sum;
}
size_t DatabaseShard::KindHash::operator()(const std::unique_ptr<Entry>& entry) const {
  return (*this)(ViewOf(entry->kind));
}
bool DatabaseShard::KindEqual::operator()(const KindView& kind, const std::unique_ptr<Entry>& entry) const {
  return Same(kind, entry->kind);
}
bool DatabaseShard::KindEqual::operator()(const std::unique_ptr<Entry>& entry, const KindView& kind) const {
  return Same(kind, entry->kind);
}

DatabaseShard::DatabaseShard(DatabaseMeter* meter, metrics::Shard* shard)
    : meter_(meter), families_(meter->families_), shard_(shard) {
  if (meter->cache_) cache_.emplace(&*meter->cache_, shard);
  const auto counter = [&](metrics::Family* family, const Labels& labels) {
    return shard_->GetCounter(family, labels, metrics::Budget::kExempt);
  };
  const Labels tap = families_.TapLabels();
  exchanges_ = counter(families_.tap.exchanges, tap);
  unobserved_ = counter(families_.tap.unobserved, tap);
  overflowed_ = counter(families_.tap.overflow, tap);
  for (int i = 0; i < kOpaqueReasons; ++i) {
    opaque_[i] = counter(families_.tap.opaque, families_.OpaqueLabels(static_cast<OpaqueReason>(i)));
  }
  if (!meter->sessions_) return;
  for (const SessionState state : {SessionState::kIdle, SessionState::kActive, SessionState::kInTransaction})
    AddConnections(state, 0);
}

void DatabaseShard::Ended(const Exchange& exchange) {
  if (exchange.outcome == Outcome::kUnobserved) {
    unobserved_->Add(1);
    return;
  }
  exchanges_->Add(1);
  if (exchange.pipelined && families_.pipeline_wait != nullptr) {
    if (pipeline_wait_ == nullptr) {
      pipeline_wait_ =
          shard_->GetHistogram(families_.pipeline_wait, families_.ServerLabels(), metrics::Budget::kExempt);
    }
    pipeline_wait_->Observe(Seconds(exchange.pipeline_wait));
  }
  Entry& entry = Find(KindOf(exchange));
  entry.last_used = std::max(entry.last_used, exchange.end);
  Record(exchange, entry);
  bool overflow = entry.overflow;
  if (cache_) {
    for (const CacheLookup& lookup : exchange.cache) {
      overflow |= !cache_->Count(lookup, lookup.keyspace, entry.kind.operation, entry.overflow,
                                 entry.last_used, &entry.lookup);
    }
  }
  if (overflow) overflowed_->Add(1);
}

void DatabaseShard::WentOpaque(OpaqueReason reason) {
  opaque_[static_cast<size_t>(reason)]->Add(1);
}

uint32_t DatabaseShard::Keyspace(std::string_view key) {
  return meter_->keyspaces_ == nullptr ? kNoKeyspace : meter_->keyspaces_->Resolve(key);
}

void DatabaseShard::SessionChanged(SessionState from, SessionState to) {
  AddConnections(from, -1);
  AddConnections(to, 1);
}

void DatabaseShard::AddConnections(SessionState state, double n) {
  if (families_.connections == nullptr || state == SessionState::kClosed) return;
  metrics::Gauge*& gauge = connections_[families_.plain() ? 0 : static_cast<size_t>(state)];
  if (gauge == nullptr) {
    gauge =
        shard_->GetGauge(families_.connections, families_.ConnectionLabels(state), metrics::Budget::kExempt);
  }
  gauge->Add(n);
}

void DatabaseShard::Record(const Exchange& exchange, Entry& entry) {
  const Instruments& instruments = entry.instruments;
  const Duration took = std::max(exchange.end - exchange.start, Duration::zero());
  if (instruments.duration != nullptr) instruments.duration->Observe(Seconds(took));
  if (instruments.blocked != nullptr) instruments.blocked->Observe(Seconds(took));
  if (instruments.returned_rows != nullptr)
    instruments.returned_rows->Observe(static_cast<double>(exchange.returned_rows));
  if (instruments.noreply != nullptr) instruments.noreply->Add(1);
  if (meter_->slow_query_ && took > *meter_->slow_query_ && !entry.kind.blocking && !entry.kind.noreply) {
    if (instruments.slow_queries != nullptr) instruments.slow_queries->Add(1);
    if (meter_->slow_log_ != nullptr) LogSlow(exchange, took);
  }
}

void DatabaseShard::LogSlow(const Exchange& exchange, Duration took) {
  std::string keyspaces;
  if (meter_->keyspaces_ != nullptr) {
    for (const CacheLookup& lookup :
         exchange.cache.first(std::min(exchange.cache.size(), kLoggedKeyspaces))) {
      keyspaces += (keyspaces.empty() ? "" : ", ") + meter_->keyspaces_->Text(lookup.keyspace);
    }
  }
  meter_->slow_log_->Add(exchange, took, keyspaces);
}

// Few kinds make up most of a tap's traffic, and a comparison is cheaper than a hash of all that tells them
// apart.
size_t DatabaseShard::RecentIndex(const KindView& kind) {
  size_t mix = kind.operation.size() + kind.summary.size() * 5 + kind.error.size() * 3;
  if (!kind.operation.empty()) {
    mix += static_cast<unsigned char>(kind.operation.front()) * 7 +
           static_cast<unsigned char>(kind.operation.back()) * 11;
  }
  return mix % kRecent;
}

DatabaseShard::Entry& DatabaseShard::Find(const KindView& kind) {
  Entry*& recent = recent_[RecentIndex(kind)];
  if (recent != nullptr && Same(kind, recent->kind)) return *recent;
  if (const auto it = entries_.find(kind); it != entries_.end()) {
    recent = it->get();
    return *recent;
  }
  return Begin(kind);
}

DatabaseShard::Entry& DatabaseShard::Begin(const KindView& raw) {
  if (refused_.size() >= kMaxRefused || refused_.contains(KindHash()(raw))) return Overflow(raw);
  const KindView kind = meter_->Admit(raw);
  if (!Same(kind, raw)) {
    if (const auto it = entries_.find(kind); it != entries_.end()) return **it;
    if (refused_.contains(KindHash()(kind))) return Overflow(kind);
  }
  auto entry = std::make_unique<Entry>();
  if (!Make(kind, metrics::Budget::kCharged, &entry->instruments)) {
    refused_.insert(KindHash()(kind));
    return Overflow(kind);
  }
  entry->kind = Own(kind);
  return **entries_.insert(std::move(entry)).first;
}

DatabaseShard::Entry& DatabaseShard::Overflow(const KindView& kind) {
  const bool gone = kind.outcome == Outcome::kClientGone;
  auto& entry = overflow_[size_t{kind.blocking} | size_t{kind.rows} << 1 | size_t{gone} << 2 |
                          size_t{kind.noreply} << 3];
  if (entry == nullptr) {
    entry = std::make_unique<Entry>();
    entry->overflow = true;
    entry->kind = Own(kind);
    Make(kind, metrics::Budget::kExempt, &entry->instruments);
  }
  return *entry;
}

bool DatabaseShard::Make(const KindView& kind, metrics::Budget budget, Instruments* out) {
  const bool overflow = budget == metrics::Budget::kExempt;
  bool complete = true;
  const auto histogram = [&](metrics::Family* family, const Labels& labels, metrics::Histogram** slot) {
    if (!complete || family == nullptr) return;
    *slot = shard_->GetHistogram(family, labels, budget);
    complete = *slot != nullptr;
  };
  const auto counter = [&](metrics::Family* family, const Labels& labels, metrics::Counter** slot) {
    if (!complete || family == nullptr) return;
    *slot = shard_->GetCounter(family, labels, budget);
    complete = *slot != nullptr;
  };
  const Labels operation = overflow ? families_.OverflowLabels() : families_.OperationLabels(kind);
  if (kind.noreply) {
    counter(families_.noreply, operation, &out->noreply);
  } else if (kind.blocking && families_.blocked != nullptr) {
    histogram(families_.blocked, operation, &out->blocked);
  } else {
    const Labels exchange = overflow ? families_.OverflowLabels() : families_.ExchangeLabels(kind);
    histogram(families_.duration, exchange, &out->duration);
    if (kind.rows) histogram(families_.returned_rows, exchange, &out->returned_rows);
    counter(families_.slow_queries, operation, &out->slow_queries);
  }
  if (!complete) Release(*out);
  return complete;
}

void DatabaseShard::Release(Instruments& instruments) {
  const auto give_back = [&](auto*& instrument) {
    if (instrument != nullptr) shard_->Release(instrument);
    instrument = nullptr;
  };
  give_back(instruments.duration);
  give_back(instruments.blocked);
  give_back(instruments.returned_rows);
  give_back(instruments.noreply);
  give_back(instruments.slow_queries);
}

void DatabaseShard::Expire(TimePoint now) {
  const TimePoint limit = now - meter_->idle_series_;
  recent_.fill(nullptr);
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = **it;
    entry.lookup = {};
    if (entry.last_used <= limit) {
      Release(entry.instruments);
      it = entries_.erase(it);
    } else {
      ++it;
    }
  }
  for (auto& entry : overflow_) {
    if (entry == nullptr) continue;
    entry->lookup = {};
    if (entry->last_used > limit) continue;
    Release(entry->instruments);
    entry.reset();
  }
  refused_.clear();
  if (cache_) cache_->Expire(limit);
}

}  // namespace sidelight::meter
