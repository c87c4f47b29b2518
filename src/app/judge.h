// Judge: the rules of a configuration at work: their groups on a thread of their own, their state in SQLite,
// their alerts on the way to the Alertmanagers.
//
//   sampling thread -> Sampled(time) -> the groups that are due at that time are evaluated
//
// A group whose times fall between two samples, or whose sample is late, is woken by a timer. What cannot be
// had (a rule file, the state's folder, an Alertmanager) is said in the log and in metrics, and ends nothing.
//
// Threads: public functions may be called from any, the destructor from one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/self.h"
#include "core/net/event_loop.h"
#include "core/state/database.h"
#include "core/storage/store.h"
#include "exporters/alertmanager/sender.h"
#include "rules/evaluation/manager.h"
#include "rules/evaluation/state_alert_store.h"
#include "rules/promql/engine.h"
#include "src/app/commit.h"
#include "src/app/rule_loading.h"
#include "src/config/config.h"

namespace sidelight::app {

// What becomes of a rule file that is wrong.
enum class BadRuleFiles {
  kLeftOut,  // its groups are; everything else runs
  kRefused,  // with the whole configuration
};

class Judge {
 public:
  // `external_url` is where we are reached. Nothing is evaluated before a first Prepare() is committed, and
  // no other function called. Errors are the system's: no thread to be had. Store, self and clock outlive it.
  static Result<std::unique_ptr<Judge>> Start(const config::Config& config, std::string external_url,
                                              storage::Store& store, metrics::Self& self, const Clock& clock);
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  // Takes over the rules, the Alertmanagers and what goes with them of a configuration. An error of any of
  // its rule files is an error that names them all, unless such files are to be left out. One thread at a
  // time.
  Result<Commit> Prepare(const config::Config& config, BadRuleFiles bad);

  // A sample of that time is in the store.
  void Sampled(UnixMillis time);
  std::vector<rules::GroupStatus> Groups() const;
  // When its loop last turned; a group that is being evaluated holds it up.
  TimePoint LastTurn() const { return loop_->LastTurn(); }
  // Where alerts go, without user or secret.
  std::vector<std::string> Alertmanagers() const { return sender_->Urls(); }
  state::Health StateHealth() const;
  // Alerts of the state that could not be read back.
  uint64_t UnreadableAlerts() const { return alert_store_ == nullptr ? 0 : alert_store_->unreadable(); }

 private:
  Judge(const config::Config& config, std::string external_url, storage::Store& store, metrics::Self& self,
        const Clock& clock);
  Status Open();
  void Begin(const config::Config& config, LoadedRules loaded);
  void Renew(const config::Config& config, LoadedRules loaded);
  void OpenState(const config::Config& config, rules::Evaluation* evaluation);
  Result<promql::Vector> Query(const promql::Expr& expr, UnixMillis time) const;
  void CountFiles(const LoadedRules& loaded);
  void RunAt(UnixMillis time);
  void RunDue(UnixMillis time);
  void WakeLater();

  storage::Store& store_;
  metrics::Self& self_;
  const Clock& clock_;
  const std::string external_url_;
  const int64_t sampling_interval_;  // milliseconds
  const promql::Engine engine_;      // of its own: the API's queries never make a rule wait
  promql::Cancellation cancellation_;
  std::unique_ptr<state::Database> database_;
  std::unique_ptr<rules::StateAlertStore> alert_store_;
  std::unique_ptr<alertmanager::Sender> sender_;
  std::unique_ptr<rules::Manager> manager_;
  std::unique_ptr<net::EventLoop> loop_;
  net::TimerId wake_ = net::kNoTimer;
  std::thread thread_;
};

}  // namespace sidelight::app
