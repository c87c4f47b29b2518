// Alerts for the tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/relabel/relabel.h"
#include "core/yaml/yaml.h"
#include "exporters/alertmanager/payload.h"

namespace sidelight::alertmanager {

inline rules::Notification AlertNamed(const std::string& name, const Labels& more = {}) {
  std::vector<Label> labels = {{"alertname", name}};
  for (const Label label : more) labels.push_back(label);
  return {.labels = Labels(labels), .starts_at = 1'000, .ends_at = 2'000};
}

inline std::vector<rules::Notification> AlertsNamed(const std::vector<std::string>& names) {
  std::vector<rules::Notification> alerts;
  for (const std::string& name : names) alerts.push_back(AlertNamed(name));
  return alerts;
}

// "0", "1", ...
inline std::vector<std::string> Numbers(int from, int to) {
  std::vector<std::string> numbers;
  for (int i = from; i < to; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

inline std::vector<SharedAlert> Shared(std::vector<rules::Notification> alerts) {
  std::vector<SharedAlert> shared;
  for (rules::Notification& alert : alerts) {
    shared.push_back(std::make_shared<const rules::Notification>(std::move(alert)));
  }
  return shared;
}

inline std::vector<std::string> NamesOf(const std::vector<SharedAlert>& alerts) {
  std::vector<std::string> names;
  for (const SharedAlert& alert : alerts) names.emplace_back(alert->labels.Get("alertname"));
  return names;
}

// alert_relabel_configs as they are written.
inline std::vector<relabel::Rule> RulesFrom(const std::string& text) {
  const yaml::Document document = yaml::Document::Parse(text, "rules.yaml", {});
  std::vector<relabel::Rule> rules;
  relabel::Decode(document.Root(), &rules);
  EXPECT_TRUE(document.status()) << document.status().error().message;
  return rules;
}

}  // namespace sidelight::alertmanager
