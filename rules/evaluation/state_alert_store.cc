#include "rules/evaluation/state_alert_store.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "core/base/log.h"

namespace sidelight::rules {
namespace {

// Of what is read back. A row beyond them was not written by us.
constexpr size_t kMostRows = 100'000;
constexpr size_t kMostRuleBytes = 64 << 10;
constexpr size_t kMostLabelBytes = 256 << 10;  // of all labels or annotations of an alert, as JSON
constexpr size_t kMostLabels = 1000;
constexpr size_t kMostBytes = 128 << 20;  // of all rows
constexpr size_t kLoggedRows = 5;

constexpr const char* kSave =
    "INSERT OR REPLACE INTO alerts (rule, labels, annotations, state, value, active_at, fired_at, "
    "resolved_at, "
    "last_sent_at, keep_firing_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kRemove = "DELETE FROM alerts WHERE rule = ? AND labels = ?";
constexpr const char* kLoad =
    "SELECT rule, labels, annotations, state, value, active_at, fired_at, resolved_at, last_sent_at, "
    "keep_firing_since FROM alerts ORDER BY rule, labels";
enum Column : int {
  kRule,
  kLabels,
  kAnnotations,
  kState,
  kValue,
  kActive,
  kFired,
  kResolved,
  kSent,
  kKeeping
};

// A JSON object of strings, sorted by name: one text for one set of labels.
std::string ToJson(const Labels& labels) {
  nlohmann::json object = nlohmann::json::object();
  for (const Label label : labels) object[std::string(label.name)] = std::string(label.value);
  // Bytes that are not UTF-8 (a template may cut a character in two) come back as U+FFFD.
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Takes an object whose values are all strings, and nothing else: any other step of the parser refuses.
class LabelsReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return false; }
  bool boolean(bool) override { return false; }
  bool number_integer(number_integer_t) override { return false; }
  bool number_unsigned(number_unsigned_t) override { return false; }
  bool number_float(number_float_t, const string_t&) override { return false; }
  bool binary(binary_t&) override { return false; }
  bool start_array(std::size_t) override { return false; }
  bool end_array() override { return false; }
  bool start_object(std::size_t) override { return !std::exchange(opened_, true); }
  bool end_object() override { return true; }
  bool key(string_t& name) override {
    names_.push_back(std::move(name));
    return names_.size() <= kMostLabels;
  }
  bool string(string_t& value) override {
    if (!opened_) return false;
    values_.push_back(std::move(value));
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  Labels labels() const {
    std::vector<Label> labels;
    labels.reserve(names_.size());
    for (size_t i = 0; i < names_.size(); ++i) labels.push_back({names_[i], values_[i]});
    return Labels(labels);
  }

 private:
  bool opened_ = false;
  std::vector<std::string> names_;
  std::vector<std::string> values_;
};

std::optional<Labels> FromJson(std::string_view text) {
  if (text.size() > kMostLabelBytes) return std::nullopt;
  LabelsReader reader;
  if (!nlohmann::json::sax_parse(text, &reader)) return std::nullopt;
  return reader.labels();
}

std::optional<AlertState> StateOf(std::string_view name) {
  for (const AlertState state : {AlertState::kInactive, AlertState::kPending, AlertState::kFiring}) {
    if (AlertStateName(state) == name) return state;
  }
  return std::nullopt;
}

std::optional<UnixMillis> Time(const state::Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Integer(column);
}

state::Parameter TimeParameter(const std::optional<UnixMillis>& time) {
  if (!time) return nullptr;
  return *time;
}

// The row's alert, or what is wrong with it.
Result<AlertStore::Stored> Read(const state::Row& row) {
  const auto wrong = [](std::string what) { return Fail(ErrorCode::kInvalidArgument, std::move(what)); };
  AlertStore::Stored stored;
  stored.rule = row.Text(kRule);
  if (stored.rule.size() > kMostRuleBytes) return wrong("its rule's name is too long");
  Alert& alert = stored.alert;
  auto labels = FromJson(row.Text(kLabels));
  if (!labels || labels->empty()) return wrong("its labels are no JSON object of texts");
  alert.labels = std::move(*labels);
  auto annotations = FromJson(row.Text(kAnnotations));
  if (!annotations) return wrong("its annotations are no JSON object of texts");
  alert.annotations = std::move(*annotations);
  const auto state = StateOf(row.Text(kState));
  if (!state) return wrong("its state is none of inactive, pending and firing");
  alert.state = *state;
  alert.value = row.IsNull(kValue) ? std::numeric_limits<double>::quiet_NaN() : row.Real(kValue);
  alert.active_at = row.Integer(kActive);
  alert.fired_at = Time(row, kFired);
  alert.resolved_at = Time(row, kResolved);
  alert.last_sent_at = Time(row, kSent);
  alert.keep_firing_since = Time(row, kKeeping);
  if (alert.state == AlertState::kFiring && !alert.fired_at) return wrong("it fires, and not since when");
  if (alert.state == AlertState::kInactive && !alert.resolved_at)
    return wrong("it is over, and not since when");
  return stored;
}

}  // namespace

state::Schema StateAlertStore::Schema() {
  return {.name = "alerts",
          .create =
              "CREATE TABLE alerts (rule TEXT NOT NULL, labels TEXT NOT NULL, annotations TEXT NOT NULL, "
              "state TEXT NOT NULL, value REAL, active_at INTEGER NOT NULL, fired_at INTEGER, "
              "resolved_at INTEGER, last_sent_at INTEGER, keep_firing_since INTEGER, "
              "PRIMARY KEY (rule, labels)) STRICT, WITHOUT ROWID;"
              "CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, "
              "WITHOUT ROWID"};
}

std::vector<AlertStore::Stored> StateAlertStore::Load() {
  std::vector<Stored> all;
  size_t bytes = 0;
  uint64_t left_out = 0;
  const Status done = database_.Query(kLoad, {}, [&](const state::Row& row) {
    bytes += row.Text(kRule).size() + row.Text(kLabels).size() + row.Text(kAnnotations).size();
    auto stored = all.size() < kMostRows && bytes <= kMostBytes
                      ? Read(row)
                      : Result<Stored>(Fail(ErrorCode::kLimit, "there are more alerts than can be"));
    if (stored) {
      all.push_back(std::move(*stored));
      return;
    }
    if (++left_out <= kLoggedRows) {
      constexpr size_t kMostLogged = 200;
      log::Warn(
          "an alert's state cannot be read and is left out",
          {{"rule", std::string(row.Text(kRule).substr(0, kMostLogged))}, {"error", stored.error().message}});
    }
  });
  if (!done) {
    ++left_out;
    log::Error("the state of alerts cannot be read to its end", {{"error", done.error().message}});
  }
  if (left_out > kLoggedRows) {
    log::Warn("states of alerts cannot be read and are left out", {{"alerts", std::to_string(left_out)}});
  }
  unreadable_ += left_out;
  return all;
}

Status StateAlertStore::SaveOne(const Change& change) {
  const Alert& alert = *change.alert;
  const std::string labels = ToJson(alert.labels);
  if (change.remove) {
    const state::Parameter parameters[] = {change.rule, labels};
    return database_.Execute(kRemove, parameters);
  }
  if (change.rule.size() > kMostRuleBytes || labels.size() > kMostLabelBytes ||
      alert.labels.size() > kMostLabels) {
    log::Warn("an alert's labels are too long to be saved: it will not survive a restart",
              {{"alertname", std::string(alert.labels.Get("alertname"))}});
    return {};
  }
  std::string annotations = ToJson(alert.annotations);
  if (annotations.size() > kMostLabelBytes || alert.annotations.size() > kMostLabels) annotations = "{}";
  const std::string_view state = AlertStateName(alert.state);
  const state::Parameter value = std::isnan(alert.value) ? state::Parameter(nullptr) : alert.value;
  const state::Parameter parameters[] = {std::string_view(change.rule),
                                         std::string_view(labels),
                                         std::string_view(annotations),
                                         state,
                                         value,
                                         alert.active_at,
                                         TimeParameter(alert.fired_at),
                                         TimeParameter(alert.resolved_at),
                                         TimeParameter(alert.last_sent_at),
                                         TimeParameter(alert.keep_firing_since)};
  return database_.Execute(kSave, parameters);
}

Status StateAlertStore::Save(std::span<const Change> changes) {
  if (changes.empty()) return {};
  return database_.Transact([&]() -> Status {
    for (const Change& change : changes) {
      Status done = SaveOne(change);
      if (!done) return done;
    }
    return {};
  });
}

Status StateAlertStore::Retain(std::span<const std::string> rules) {
  const std::unordered_set<std::string_view> kept(rules.begin(), rules.end());
  std::vector<std::string> gone;
  Status done = database_.Query("SELECT DISTINCT rule FROM alerts", {}, [&](const state::Row& row) {
    if (!kept.contains(row.Text(0))) gone.emplace_back(row.Text(0));
  });
  if (!done || gone.empty()) return done;
  return database_.Transact([&]() -> Status {
    for (const std::string& rule : gone) {
      const state::Parameter parameters[] = {std::string_view(rule)};
      Status removed = database_.Execute("DELETE FROM alerts WHERE rule = ?", parameters);
      if (!removed) return removed;
    }
    return {};
  });
}

Status StateAlertStore::SaveMark(std::string_view name, int64_t value) {
  const state::Parameter parameters[] = {name, value};
  return database_.Execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", parameters);
}

std::optional<int64_t> StateAlertStore::Mark(std::string_view name) {
  std::optional<int64_t> value;
  const state::Parameter parameters[] = {name};
  const Status done = database_.Query("SELECT value FROM meta WHERE key = ?", parameters,
                                      [&](const state::Row& row) { value = row.Integer(0); });
  if (!done) log::Warn("a mark of the state cannot be read", {{"mark", std::string(name)}});
  return value;
}

}  // namespace sidelight::rules
