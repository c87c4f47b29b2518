// AlertStore: where the state of alerts survives a restart. Declared by those who need it;
// state_alert_store.h keeps it in SQLite.
//
// Belongs to the thread that evaluates.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "rules/evaluation/alert.h"

namespace sidelight::rules {

class AlertStore {
 public:
  virtual ~AlertStore() = default;

  // `rule` identifies a rule across restarts (file, group, name, labels, and which of those that are alike).
  struct Stored {
    std::string rule;
    Alert alert;
  };
  // What was saved last, of all rules. What cannot be read any more is left out, counted and logged.
  virtual std::vector<Stored> Load() = 0;

  struct Change {
    std::string rule;
    const Alert* alert = nullptr;  // what to save
    bool remove = false;           // nothing of this alert (known by its labels) is to be kept
  };
  // All of them or none, durable against the end of the process when it returns. Errors: kUnavailable.
  virtual Status Save(std::span<const Change> changes) = 0;
  // Drops what belongs to rules that are not among these any more.
  virtual Status Retain(std::span<const std::string> rules) = 0;
};

}  // namespace sidelight::rules
