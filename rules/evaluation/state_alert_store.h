// StateAlertStore: the state of alerts in SQLite, as rows that people can read (docs/storage.md, "The
// state").
//
// Belongs to the thread that evaluates; unreadable() may be called from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/state/database.h"
#include "rules/evaluation/alert_store.h"

namespace sidelight::rules {

class StateAlertStore final : public AlertStore {
 public:
  // The tables, for Database::Open().
  static state::Schema Schema();
  // `database` was opened with Schema() and outlives this.
  explicit StateAlertStore(state::Database* database) : database_(*database) {}

  std::vector<Stored> Load() override;
  // An alert whose labels are too long to be read back is left out, and logged; annotations that are, are
  // saved as none: the next evaluation has them again.
  Status Save(std::span<const Change> changes) override;
  Status Retain(std::span<const std::string> rules) override;

  // A number with a name, beside the alerts: what else evaluation must know after a restart.
  Status SaveMark(std::string_view name, int64_t value);
  std::optional<int64_t> Mark(std::string_view name);

  // Rows that Load() has left out.
  uint64_t unreadable() const { return unreadable_; }

 private:
  Status SaveOne(const Change& change);

  state::Database& database_;
  std::atomic<uint64_t> unreadable_ = 0;
};

}  // namespace sidelight::rules
