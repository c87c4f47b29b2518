// DatabaseFamilies: the metrics that the exchanges of one tap of a database or cache become, with the labels
// of each series, in the naming style of the tap. docs/metrics.md lists them.
//
// Immutable once made, and shared by the tap's workers.
#pragma once

#include <string>
#include <string_view>

#include "collector/meter/identity.h"
#include "collector/meter/options.h"
#include "collector/meter/tap_families.h"
#include "collector/protocols/exchange.h"
#include "collector/protocols/protocol.h"
#include "core/metrics/registry.h"
#include "core/model/labels.h"

namespace sidelight::meter {

// What tells the series of one metric apart, beyond the tap.
template <class Text>
struct BasicKind {
  Text operation{};
  Text database{};
  Text error{};
  Text summary{};
  Outcome outcome = Outcome::kAnswered;
  bool blocking = false;
  bool rows = false;     // it says how many rows came back
  bool noreply = false;  // it was answered with silence
};
using KindView = BasicKind<std::string_view>;
using Kind = BasicKind<std::string>;

inline KindView KindOf(const Exchange& exchange) {
  // The semantic conventions want no operation that is read out of a query: a summary stands in its place.
  return {.operation = exchange.summary.empty() ? exchange.operation : std::string_view(),
          .database = exchange.database,
          .error = exchange.error,
          .summary = exchange.summary,
          .outcome = exchange.outcome,
          .blocking = exchange.blocking,
          .rows = exchange.returned_rows >= 0,
          .noreply = exchange.outcome == Outcome::kAnswered && !exchange.has_first_byte};
}

class DatabaseFamilies {
 public:
  DatabaseFamilies(metrics::Registry& registry, const Identity& identity, const Protocol& protocol,
                   const Naming& naming, bool slow_queries);

  // Null where the naming or the protocol has no such metric.
  metrics::Family* duration = nullptr;
  metrics::Family* blocked = nullptr;
  metrics::Family* returned_rows = nullptr;
  metrics::Family* pipeline_wait = nullptr;
  metrics::Family* slow_queries = nullptr;
  metrics::Family* connections = nullptr;
  metrics::Family* noreply = nullptr;
  const TapFamilies tap;

  bool plain() const { return plain_; }

  // Of duration and returned_rows.
  Labels ExchangeLabels(const KindView& kind) const;
  // Of blocked, noreply and slow_queries.
  Labels OperationLabels(const KindView& kind) const;
  // Of pipeline_wait.
  Labels ServerLabels() const;
  // Of connections; any open state in naming plain.
  Labels ConnectionLabels(SessionState state) const;
  // Of the series that takes what the limit refuses.
  Labels OverflowLabels() const;
  Labels TapLabels() const { return meter::TapLabels(identity_.tap); }
  Labels OpaqueLabels(OpaqueReason reason) const { return meter::OpaqueLabels(identity_.tap, reason); }

 private:
  class Builder;

  // The attributes' names as Prometheus has them.
  struct Names {
    std::string system, operation, database, status, error, summary, address, port, state;
  };

  void AddServer(Builder& labels) const;
  void AddOperation(Builder& labels, const KindView& kind) const;

  const Identity identity_;
  const std::string port_;
  const std::string system_;
  const bool plain_;
  Names names_;
};

}  // namespace sidelight::meter
