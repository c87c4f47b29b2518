#include "src/app/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <optional>
#include <system_error>
#include <utility>

#include "core/base/log.h"

namespace sidelight::app {
namespace {

// A reload waits for the evaluation that is under way no longer than that.
constexpr Duration kPatience = std::chrono::seconds(2);
// The mark under which the state keeps since when the past is whole.
constexpr char kHistorySince[] = "history_since";

int64_t Millis(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

std::string Joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, "\n"));
}

}  // namespace

Result<std::unique_ptr<Judge>> Judge::Start(const config::Config& config, std::string external_url,
                                            storage::Store& store, metrics::Self& self, const Clock& clock) {
  std::unique_ptr<Judge> judge(new Judge(config, std::move(external_url), store, self, clock));
  if (Status opened = judge->Open(); !opened) return tl::unexpected(opened.error());
  return judge;
}

Judge::Judge(const config::Config& config, std::string external_url, storage::Store& store,
             metrics::Self& self, const Clock& clock)
    : store_(store),
      self_(self),
      clock_(clock),
      external_url_(std::move(external_url)),
      sampling_interval_(Millis(config.interval)),
      engine_(promql::EngineOptions{.timeout = config.promql.timeout,
                                    .max_samples = config.promql.max_samples,
                                    .max_concurrent = 1,
                                    .delayed_name_removal = config.promql.experimental,
                                    .start_timestamps = config.promql.experimental},
              clock) {}

Status Judge::Open() {
  Result<std::unique_ptr<alertmanager::Sender>> sender = alertmanager::Sender::Start({}, self_);
  if (!sender) return tl::unexpected(sender.error());
  sender_ = *std::move(sender);
  Result<std::unique_ptr<net::EventLoop>> loop = net::EventLoop::Open(clock_);
  if (!loop) return tl::unexpected(loop.error());
  loop_ = *std::move(loop);
  try {
    thread_ = std::thread([this] { loop_->Run(); });
  } catch (const std::system_error& e) {
    return Fail(ErrorCode::kInternal, std::string("cannot start the thread that evaluates rules: ") +
                                          e.what() + "; raise the limit of threads (ulimit -u, pids.max)");
  }
  return {};
}

Result<Commit> Judge::Prepare(const config::Config& config, BadRuleFiles bad) {
  LoadedRules loaded = LoadRules(config);
  if (!loaded.errors.empty() && bad == BadRuleFiles::kRefused) {
    return Fail(ErrorCode::kInvalidArgument, Joined(loaded.errors));
  }
  Result<std::function<void()>> alertmanagers = sender_->Prepare(config.alerting.settings);
  if (!alertmanagers) return tl::unexpected<Error>(std::move(alertmanagers.error()));
  const auto rules = std::make_shared<LoadedRules>(std::move(loaded));
  return [this, config, rules, take_alertmanagers = *std::move(alertmanagers)] {
    for (const std::string& error : rules->errors) {
      log::Error("a rule file is left out; everything else runs", {{"error", error}});
    }
    CountFiles(*rules);
    take_alertmanagers();
    if (manager_ == nullptr) {
      Begin(config, std::move(*rules));
    } else {
      Renew(config, std::move(*rules));
    }
  };
}

// The loop has nothing to do yet.
void Judge::Begin(const config::Config& config, LoadedRules loaded) {
  rules::Evaluation evaluation;
  evaluation.query = [this](const promql::Expr& expr, UnixMillis time) { return Query(expr, time); };
  evaluation.appender = [this] { return store_.MakeAppender(); };
  evaluation.clock = &clock_;
  evaluation.parser = {.experimental = config.promql.experimental};
  evaluation.external_labels = config.external_labels;
  evaluation.external_url = external_url_;
  evaluation.resend_delay = config.alerting.resend_delay;
  evaluation.lookback = engine_.options().lookback;
  evaluation.default_subquery_step = engine_.options().default_subquery_step;
  evaluation.retention = config.storage.retention;
  OpenState(config, &evaluation);
  evaluation.notify = [this](std::vector<rules::Notification> alerts) { sender_->Send(std::move(alerts)); };

  manager_ = std::make_unique<rules::Manager>(
      rules::Manager::Options{.interval = config.evaluation_interval, .evaluation = std::move(evaluation)});
  manager_->Update(std::move(loaded.groups), store_.Now());
  manager_->Restore();
  loop_->Post([this] { WakeLater(); });
}

void Judge::Renew(const config::Config& config, LoadedRules loaded) {
  const auto taken = std::make_shared<std::promise<void>>();
  auto groups = std::make_shared<std::vector<rules::GroupDefinition>>(std::move(loaded.groups));
  loop_->Post([this, groups, taken, labels = config.external_labels, delay = config.alerting.resend_delay] {
    manager_->Renew(labels, delay);
    manager_->Update(std::move(*groups), store_.Now());
    WakeLater();
    taken->set_value();
  });
  taken->get_future().wait_for(kPatience);
}

// What is known of the time before this process: the alerts, and whether the samples go on without a gap.
void Judge::OpenState(const config::Config& config, rules::Evaluation* evaluation) {
  const UnixMillis now = store_.Now();
  evaluation->history_since = now;
  evaluation->outage = Duration::max();
  if (config.storage.path.empty()) return;
  database_ = state::Database::Open(
      {.folder = config.storage.path, .schemas = {rules::StateAlertStore::Schema()}, .clock = &clock_});
  alert_store_ = std::make_unique<rules::StateAlertStore>(database_.get());
  evaluation->store = alert_store_.get();

  const storage::StoreStats stats = store_.Stats();
  const std::optional<int64_t> since = alert_store_->Mark(kHistorySince);
  if (stats.newest != INT64_MIN)
    evaluation->outage = std::chrono::milliseconds(std::max<int64_t>(0, now - stats.newest));
  // A sample that is missing is nothing unusual; more of them are a gap.
  const bool whole = since && stats.newest != INT64_MIN && stats.log_set_aside == 0 &&
                     now - stats.newest <= 2 * sampling_interval_;
  if (whole) {
    evaluation->history_since = *since;
    evaluation->outage = Duration::zero();
  } else if (const Status saved = alert_store_->SaveMark(kHistorySince, now); !saved) {
    log::Warn("the state cannot be written; after a restart rules are held until history is long enough",
              {{"error", saved.error().message}});
  }
}

Judge::~Judge() {
  cancellation_.Cancel();
  if (thread_.joinable()) {
    loop_->Stop();
    thread_.join();
  }
}

Result<promql::Vector> Judge::Query(const promql::Expr& expr, UnixMillis time) const {
  Result<promql::QueryResult> result = engine_.Instant(store_, expr, time, {.cancellation = &cancellation_});
  if (!result) return tl::unexpected(std::move(result.error()));
  if (auto* const vector = std::get_if<promql::Vector>(&result->value)) return std::move(*vector);
  if (const auto* const scalar = std::get_if<promql::Scalar>(&result->value)) {
    return promql::Vector{{.time = time, .value = scalar->value}};
  }
  return Fail(ErrorCode::kInvalidArgument, "rule result is not a vector or scalar");
}

void Judge::Sampled(UnixMillis time) {
  loop_->Post([this, time] { RunAt(time); });
}

// A sample is in the store some milliseconds before its time. The rules wait for that time: an alert that
// ends in the future, and be it by a millisecond, still fires for an Alertmanager.
void Judge::RunAt(UnixMillis time) {
  const int64_t early = time - store_.Now();
  if (early <= 0) return RunDue(time);
  loop_->RunAfter(std::chrono::milliseconds(early), [this, time] { RunAt(time); });
}

void Judge::RunDue(UnixMillis time) {
  manager_->RunDue(time);
  WakeLater();
}

// Samples wake the groups. This is for a group whose times lie between them, and for samples that do not
// come.
void Judge::WakeLater() {
  loop_->Cancel(wake_);
  const std::optional<UnixMillis> due = manager_->NextDue();
  if (!due) return;
  const bool with_a_sample = *due % sampling_interval_ == 0;
  const int64_t patience = with_a_sample ? std::clamp<int64_t>(sampling_interval_ / 2, 50, 1000) : 0;
  const int64_t delay = std::max<int64_t>(0, *due + patience - store_.Now());
  wake_ = loop_->RunAfter(std::chrono::milliseconds(delay), [this] {
    wake_ = net::kNoTimer;
    RunDue(store_.Now());
  });
}

void Judge::CountFiles(const LoadedRules& loaded) {
  for (const std::string& warning : loaded.warnings)
    log::Warn("a rule file may not mean this", {{"warning", warning}});
  const auto files = [this](std::string_view state, size_t count) {
    self_
        .Gauge("sidelight_rule_files",
               "Rule files of the configuration, packs among them, by what became of them.",
               Labels{{"state", state}})
        .Set(static_cast<double>(count));
  };
  files("loaded", loaded.files);
  files("failed", loaded.errors.size());
  size_t count = 0;
  for (const rules::GroupDefinition& group : loaded.groups) count += group.rules.size();
  log::Info("rules loaded", {{"files", std::to_string(loaded.files)},
                             {"groups", std::to_string(loaded.groups.size())},
                             {"rules", std::to_string(count)}});
}

std::vector<rules::GroupStatus> Judge::Groups() const {
  return manager_->Groups();
}

state::Health Judge::StateHealth() const {
  return database_ == nullptr ? state::Health{} : database_->health();
}

}  // namespace sidelight::app
