#include "src/cli/metric_catalogue.h"

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/protocols/protocol.h"

namespace sidelight::cli {
namespace {

using Words = std::initializer_list<std::string_view>;

enum class Type { kSingle, kHistogram };

struct Own {
  std::string_view name;
  std::string_view label = "";  // beside the tap's
  std::string_view another = "";
  std::string_view third = "";
};

// Of every tap; each has the label `tap`.
constexpr std::array kTapMetrics = {
    Own{"sidelight_tap_connections_total"},
    Own{"sidelight_tap_open_connections"},
    Own{"sidelight_tap_connect_failures_total", "reason"},
    Own{"sidelight_tap_connections_refused_total", "reason"},
    Own{"sidelight_tap_bytes_total", "direction"},
    Own{"sidelight_tap_unparsed_bytes_total"},
    Own{"sidelight_tap_exchanges_total"},
    Own{"sidelight_tap_exchanges_unobserved_total"},
    Own{"sidelight_tap_opaque_total", "reason"},
    Own{"sidelight_series_overflow_total"},
};

constexpr std::array kProcessMetrics = {
    Own{"sidelight_build_info", "version"},
    Own{"sidelight_series"},
    Own{"sidelight_series_limit"},
    Own{"sidelight_series_dropped_total"},
    Own{"sidelight_queries_total", "result"},
    Own{"sidelight_queries_running"},
    Own{"sidelight_query_seconds_total"},
    Own{"sidelight_query_samples_total"},
    Own{"sidelight_samplings_total"},
    Own{"sidelight_samplings_missed_total"},
    Own{"sidelight_sampling_seconds_total"},
    Own{"sidelight_storage_series"},
    Own{"sidelight_storage_chunks"},
    Own{"sidelight_storage_bytes"},
    Own{"sidelight_storage_chunk_bytes"},
    Own{"sidelight_storage_exemplars"},
    Own{"sidelight_storage_samples_appended_total"},
    Own{"sidelight_storage_samples_refused_total", "reason"},
    Own{"sidelight_storage_samples_dropped_total", "reason"},
    Own{"sidelight_storage_clock_steps_total"},
    Own{"sidelight_storage_log_state", "state"},
    Own{"sidelight_storage_log_segments"},
    Own{"sidelight_storage_log_bytes"},
    Own{"sidelight_storage_log_errors_total"},
    Own{"sidelight_storage_log_lost_samples_total"},
    Own{"sidelight_storage_log_set_aside_total"},
    Own{"sidelight_storage_log_torn_total"},
    Own{"sidelight_storage_replayed_samples"},
    Own{"sidelight_storage_replay_seconds"},
    Own{"sidelight_rule_files", "state"},
    Own{"sidelight_rule_group_rules", "file", "rule_group"},
    Own{"sidelight_rule_group_interval_seconds", "file", "rule_group"},
    Own{"sidelight_rule_group_last_duration_seconds", "file", "rule_group"},
    Own{"sidelight_rule_group_last_evaluation_timestamp_seconds", "file", "rule_group"},
    Own{"sidelight_rule_group_iterations_total", "file", "rule_group"},
    Own{"sidelight_rule_group_iterations_missed_total", "file", "rule_group"},
    Own{"sidelight_rule_evaluation_failures_total", "file", "rule_group"},
    Own{"sidelight_rule_samples_refused_total", "file", "rule_group"},
    Own{"sidelight_alerts", "state"},
    Own{"sidelight_rules_held"},
    Own{"sidelight_state_mode", "mode"},
    Own{"sidelight_state_errors_total"},
    Own{"sidelight_state_set_aside_total"},
    Own{"sidelight_state_unreadable_total"},
    Own{"sidelight_notifications_sent_total", "alertmanager"},
    Own{"sidelight_notifications_errors_total", "alertmanager"},
    Own{"sidelight_notifications_batches_total", "alertmanager"},
    Own{"sidelight_notifications_latency_seconds_total", "alertmanager"},
    Own{"sidelight_notifications_dropped_total", "reason"},
    Own{"sidelight_notifications_queue_length", "alertmanager"},
    Own{"sidelight_notifications_queue_capacity"},
    Own{"sidelight_notifications_alertmanagers_discovered"},
    Own{"sidelight_export_requests_total", "exporter", "destination", "result"},
    Own{"sidelight_export_request_seconds_total", "exporter", "destination"},
    Own{"sidelight_export_retries_total", "exporter", "destination"},
    Own{"sidelight_export_points_sent_total", "exporter", "destination"},
    Own{"sidelight_export_points_dropped_total", "exporter", "destination", "reason"},
    Own{"sidelight_export_requests_dropped_total", "exporter", "destination", "reason"},
    Own{"sidelight_export_failing", "exporter", "destination"},
    Own{"sidelight_export_breaker_open", "exporter", "destination"},
    Own{"sidelight_export_queue_entries", "exporter", "destination"},
    Own{"sidelight_export_queue_bytes", "exporter", "destination"},
    Own{"sidelight_export_queue_points", "exporter", "destination"},
    Own{"sidelight_export_queue_oldest_age_seconds", "exporter", "destination"},
    Own{"sidelight_export_queue_memory_entries", "exporter", "destination"},
    Own{"sidelight_export_queue_mode", "mode"},
    Own{"sidelight_export_queue_disk_bytes"},
    Own{"sidelight_export_queue_max_bytes"},
    Own{"sidelight_export_queue_errors_total"},
    Own{"sidelight_export_queue_set_aside_total"},
    Own{"sidelight_remote_write_overflow_samples_total", "destination"},
    Own{"sidelight_exposition_dropped_total", "what"},
    Own{"sidelight_config_last_reload_successful"},
    Own{"sidelight_config_last_reload_success_timestamp_seconds"},
    Own{"sidelight_config_keys_waiting"},
    Own{"process_cpu_seconds_total"},
    Own{"process_resident_memory_bytes"},
    Own{"process_virtual_memory_bytes"},
    Own{"process_open_fds"},
    Own{"process_max_fds"},
    Own{"process_start_time_seconds"},
};

class Builder {
 public:
  explicit Builder(bool complete) { catalogue_.complete = complete; }

  void Add(std::string name, Type type, Words labels, Words more = {}) {
    std::vector<std::string> all(labels.begin(), labels.end());
    all.insert(all.end(), more.begin(), more.end());
    if (type == Type::kHistogram) {
      for (const std::string_view suffix : {"_count", "_sum"}) Put(name + std::string(suffix), all);
      std::vector<std::string> bucket = all;
      bucket.emplace_back("le");
      Put(name + "_bucket", std::move(bucket));
    }
    Put(std::move(name), std::move(all));
  }

  void AddOwn() {
    for (const Own& metric : kTapMetrics) AddOne(metric, {"tap"});
    Add("sidelight_tap_connect_duration_seconds", Type::kHistogram, {"tap"});
    Add("sidelight_api_requests_total", Type::kSingle, {"path", "method", "status"});
    for (const Own& metric : kProcessMetrics) AddOne(metric, {});
  }

  void AddHttp(Role role) {
    const bool client = role == Role::kClient;
    const std::string side = client ? "http_client_" : "http_server_";
    const Words of_request = {"tap",        "http_request_method",      "http_response_status_code",
                              "error_type", "network_protocol_version", kOverflow};
    const Words of_server = {"tap", "http_request_method", "url_scheme", kOverflow};
    const Words of_client = {"tap", "http_request_method", "server_address", "server_port", kOverflow};
    const Words server = {"url_scheme", "http_route"};
    const Words upstream = {"server_address", "server_port", "url_template"};
    for (const std::string_view name : {"request_duration_seconds", "request_time_to_first_byte_seconds",
                                        "request_body_size_bytes", "response_body_size_bytes"}) {
      Add(side + std::string(name), Type::kHistogram, of_request, client ? upstream : server);
    }
    Add(side + "request_pipeline_wait_seconds", Type::kHistogram, client ? of_client : of_server);
    Add(side + "active_requests", Type::kSingle, client ? of_client : of_server);
    AddCache();
  }

  void AddPlainHttp(const std::string& prefix) {
    Add(prefix + "_requests_total", Type::kSingle, {"method", "endpoint", "status_code", kOverflow});
    Add(prefix + "_duration_seconds", Type::kHistogram, {"method", "endpoint", kOverflow});
    AddPlainCache(prefix);
  }

  void AddDatabase(bool slow_queries, bool rows) {
    const Words operation = {
        "tap",          "db_system_name",   "server_address", "server_port", "db_operation_name",
        "db_namespace", "db_query_summary", kOverflow};
    const Words result = {"db_response_status_code", "error_type"};
    const Words server = {"tap", "db_system_name", "server_address", "server_port", kOverflow};
    Add("db_client_operation_duration_seconds", Type::kHistogram, operation, result);
    if (rows) Add("db_client_response_returned_rows", Type::kHistogram, operation, result);
    Add("db_client_blocked_seconds", Type::kHistogram, operation);
    Add("db_client_noreply_operations_total", Type::kSingle, operation);
    if (slow_queries) Add("db_client_slow_queries_total", Type::kSingle, operation);
    Add("db_client_pipeline_wait_seconds", Type::kHistogram, server);
    if (rows) Add("db_client_connection_count", Type::kSingle, server, {"db_client_connection_state"});
  }

  void AddPlainDatabase(const std::string& prefix) {
    Add(prefix + "_database_query_duration_seconds", Type::kHistogram, {"query", "status", kOverflow});
    Add(prefix + "_database_connections", Type::kSingle, {});
  }

  void AddCache() {
    Add("cache_requests_total", Type::kSingle,
        {"tap", "cache_system", "cache_operation", "cache_keyspace", "cache_result", kOverflow});
    Add("cache_hit_ratio", Type::kSingle, {"tap", "cache_system", "cache_keyspace"});
  }

  void AddPlainCache(const std::string& prefix) {
    Add(prefix + "_cache_requests_total", Type::kSingle, {"operation", "keyspace", "result", kOverflow});
    Add(prefix + "_cache_hit_ratio", Type::kSingle, {});
  }

  rules::MetricCatalogue Take() { return std::move(catalogue_); }

 private:
  static constexpr std::string_view kOverflow = "otel_metric_overflow";

  void AddOne(const Own& metric, Words labels) {
    std::vector<std::string> all(labels.begin(), labels.end());
    for (const std::string_view label : {metric.label, metric.another, metric.third}) {
      if (!label.empty()) all.emplace_back(label);
    }
    Put(std::string(metric.name), std::move(all));
  }

  void Put(std::string name, std::vector<std::string> labels) {
    catalogue_.metrics.push_back({std::move(name), std::move(labels)});
  }

  rules::MetricCatalogue catalogue_;
};

void AddTraffic(const config::Tap& tap, const Protocol& protocol, Builder& builder) {
  const meter::Naming& naming = tap.meter.naming;
  const bool plain = naming.style == meter::NamingStyle::kPlain;
  switch (protocol.traffic) {
    case Traffic::kBytes:
      break;
    case Traffic::kHttp:
      plain ? builder.AddPlainHttp(naming.prefix) : builder.AddHttp(tap.meter.role);
      break;
    case Traffic::kDatabase:
      if (plain) {
        protocol.cache ? builder.AddPlainCache(naming.prefix) : builder.AddPlainDatabase(naming.prefix);
      } else {
        builder.AddDatabase(tap.database.slow_query.has_value(), !protocol.cache);
        if (protocol.cache) builder.AddCache();
      }
      break;
    case Traffic::kDetected:
      for (const Protocol& detectable : Protocols()) {
        if (detectable.likeness != nullptr) AddTraffic(tap, detectable, builder);
      }
      break;
  }
}

}  // namespace

rules::MetricCatalogue CatalogueOf(const config::Config& config) {
  // What relabelling makes of the traffic's metrics, only it knows.
  const bool known = config.metric_relabel_configs.empty();
  Builder builder(known);
  builder.AddOwn();
  if (!known) return builder.Take();
  for (const config::Tap& tap : config.taps) {
    if (const Protocol* protocol = FindProtocol(tap.protocol)) AddTraffic(tap, *protocol, builder);
  }
  return builder.Take();
}

rules::MetricCatalogue OtelCatalogue() {
  Builder builder(false);
  builder.AddOwn();
  builder.AddHttp(Role::kServer);
  builder.AddHttp(Role::kClient);
  builder.AddDatabase(true, true);
  builder.AddCache();
  return builder.Take();
}

}  // namespace sidelight::cli
