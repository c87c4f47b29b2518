#include "collector/meter/database_families.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "core/model/naming.h"

namespace sidelight::meter {
namespace {

constexpr std::array<std::string_view, kSessionStates> kStateWords = {"", "idle", "active", "in_transaction"};
// The labels of naming plain keep their shape, so they say something where there is nothing to say.
constexpr std::string_view kOk = "ok";
constexpr std::string_view kUnknown = "unknown";

BucketBounds Bounds(std::vector<double> bounds) {
  return std::make_shared<const std::vector<double>>(std::move(bounds));
}

// The semantic conventions' advice for db.client.operation.duration, in seconds.
BucketBounds DurationBounds() {
  return Bounds({0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10});
}
// Commands block for as long as their client allows; the conventions do not know them.
BucketBounds BlockedBounds() {
  return Bounds({0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600});
}
// The semantic conventions' advice for db.client.response.returned_rows.
BucketBounds RowBounds() {
  return Bounds({1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000});
}

}  // namespace

class DatabaseFamilies::Builder {
 public:
  void Add(std::string_view name, std::string_view value) {
    if (!value.empty()) labels_[size_++] = {name, value};
  }
  Labels Build() const { return Labels(std::span<const Label>(labels_.data(), size_)); }

 private:
  std::array<Label, 10> labels_;
  size_t size_ = 0;
};

DatabaseFamilies::DatabaseFamilies(metrics::Registry& registry, const Identity& identity,
                                   const Protocol& protocol, const Naming& naming, bool slow_queries_wanted)
    : tap(registry),
      identity_(identity),
      port_(identity.server_port == 0 ? "" : fmt::to_string(identity.server_port)),
      system_(protocol.system),
      plain_(naming.style == NamingStyle::kPlain),
      names_{.system = PrometheusLabelName("db.system.name"),
             .operation = PrometheusLabelName("db.operation.name"),
             .database = PrometheusLabelName("db.namespace"),
             .status = PrometheusLabelName("db.response.status_code"),
             .error = PrometheusLabelName("error.type"),
             .summary = PrometheusLabelName("db.query.summary"),
             .address = PrometheusLabelName("server.address"),
             .port = PrometheusLabelName("server.port"),
             .state = PrometheusLabelName("db.client.connection.state")} {
  const auto add = [&](std::string name, std::string_view unit, MetricType type, std::string help,
                       BucketBounds bounds, std::string_view otel_name = "") {
    // Not all in one initializer: GCC 12 at -O2 then takes the bounds for uninitialized when a later member
    // throws.
    metrics::FamilyOptions family{
        .name = std::move(name), .help = std::move(help), .unit = PrometheusUnit(unit), .type = type};
    family.histogram.bounds = std::move(bounds);
    if (!otel_name.empty()) {
      family.otel_name = otel_name;
      family.otel_unit = unit;
    }
    return registry.AddFamily(std::move(family));
  };
  const auto otel = [&](std::string_view name, std::string_view unit, MetricType type, std::string help,
                        BucketBounds bounds = nullptr) {
    return add(PrometheusName(name, unit, type), unit, type, std::move(help), std::move(bounds), name);
  };

  if (plain_) {
    if (protocol.cache) return;
    duration = add(naming.prefix + "_database_query_duration_seconds", "s", MetricType::kHistogram,
                   "Time from a query's first byte to its answer's last.", DurationBounds());
    connections = add(naming.prefix + "_database_connections", "", MetricType::kGauge,
                      "Connections to the database that are open now.", nullptr);
    return;
  }
  duration =
      otel("db.client.operation.duration", "s", MetricType::kHistogram,
           "Database operations: time from a request's first byte to its answer's last.", DurationBounds());
  blocked = otel("db.client.blocked", "s", MetricType::kHistogram,
                 "Operations that wait on purpose until there is something for them: how long they took.",
                 BlockedBounds());
  noreply = otel("db.client.noreply_operations", "{operation}", MetricType::kCounter,
                 "Database operations that the server answered with silence, as it was told to.");
  returned_rows = otel("db.client.response.returned_rows", "{row}", MetricType::kHistogram,
                       "Database operations: rows that the answer brought.", RowBounds());
  pipeline_wait =
      otel("db.client.pipeline_wait", "s", MetricType::kHistogram,
           "Database operations that were sent before the last answer had ended: the wait behind it.",
           DurationBounds());
  connections = otel("db.client.connection.count", "{connection}", MetricType::kGauge,
                     "Connections to the database that are open now, by what their sessions do.");
  if (slow_queries_wanted) {
    slow_queries = otel("db.client.slow_queries", "{operation}", MetricType::kCounter,
                        "Database operations that took longer than the tap's slow_query.");
  }
}

void DatabaseFamilies::AddServer(Builder& labels) const {
  labels.Add("tap", identity_.tap);
  labels.Add(names_.system, system_);
  labels.Add(names_.address, identity_.server_address);
  labels.Add(names_.port, port_);
}

void DatabaseFamilies::AddOperation(Builder& labels, const KindView& kind) const {
  AddServer(labels);
  labels.Add(names_.operation, kind.operation);
  labels.Add(names_.database, kind.database);
  labels.Add(names_.summary, kind.summary);
}

Labels DatabaseFamilies::ExchangeLabels(const KindView& kind) const {
  Builder labels;
  std::string_view error = ErrorWord(kind.outcome);
  if (kind.outcome == Outcome::kAnswered) error = kind.error;
  if (plain_) {
    const std::string_view query = kind.summary.empty() ? kind.operation : kind.summary;
    labels.Add("query", query.empty() ? kUnknown : query);
    labels.Add("status", error.empty() ? kOk : error);
    return labels.Build();
  }
  AddOperation(labels, kind);
  labels.Add(names_.status, kind.error);
  labels.Add(names_.error, error);
  return labels.Build();
}

Labels DatabaseFamilies::OperationLabels(const KindView& kind) const {
  Builder labels;
  AddOperation(labels, kind);
  return labels.Build();
}

Labels DatabaseFamilies::ServerLabels() const {
  Builder labels;
  AddServer(labels);
  return labels.Build();
}

Labels DatabaseFamilies::ConnectionLabels(SessionState state) const {
  Builder labels;
  if (plain_) return labels.Build();
  AddServer(labels);
  labels.Add(names_.state, kStateWords[static_cast<size_t>(state)]);
  return labels.Build();
}

Labels DatabaseFamilies::OverflowLabels() const {
  Builder labels;
  labels.Add("otel_metric_overflow", "true");
  if (!plain_) labels.Add("tap", identity_.tap);
  return labels.Build();
}

}  // namespace sidelight::meter
