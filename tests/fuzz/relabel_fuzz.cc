// Relabelling: the first line are labels, "name=value,name=value", the rest is a list of relabel_configs.
// What it gives are labels as all others: sorted, none empty, not much larger than they were, and the same
// again. Each action does what it is named after.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/utf8.h"
#include "core/relabel/relabel.h"

namespace sidelight::relabel {
namespace {

constexpr size_t kMaxGrowth = 64 * 1024;

void Require(bool good, const char* what, const Labels& labels) {
  if (good) return;
  std::fprintf(stderr, "%s: %s\n", what, labels.ToString().c_str());
  std::abort();
}

std::string_view TakeUntil(std::string_view& text, char end) {
  const size_t n = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, n);
  text.remove_prefix(std::min(n + 1, text.size()));
  return taken;
}

Labels LabelsOf(std::string_view line) {
  std::vector<Label> labels;
  while (!line.empty()) {
    std::string_view pair = TakeUntil(line, ',');
    const std::string_view name = TakeUntil(pair, '=');
    if (!name.empty() && IsValidUtf8(name)) labels.push_back({name, pair});
  }
  return Labels(labels);
}

void CheckWellFormed(const Labels& labels) {
  std::string_view before;
  for (const Label label : labels) {
    Require(label.name > before, "not sorted", labels);
    Require(!label.value.empty(), "an empty value", labels);
    Require(IsValidUtf8(label.name), "a name that is no UTF-8", labels);
    before = label.name;
  }
}

bool IsSubset(const Labels& part, const Labels& whole) {
  for (const Label label : part) {
    if (whole.Get(label.name) != label.value) return false;
  }
  return true;
}

void CheckRule(const Rule& rule, const Labels& before, const std::optional<Labels>& after) {
  switch (rule.action) {
    case Action::kKeep:
    case Action::kDrop:
    case Action::kKeepEqual:
    case Action::kDropEqual:
      Require(!after || *after == before, "a choice that changes", before);
      return;
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      Require(after && IsSubset(*after, before), "dropping adds", before);
      return;
    case Action::kHashMod:
      Require(after && (after->Get(rule.target_label).size() <= 20), "no number", before);
      [[fallthrough]];
    case Action::kLowercase:
    case Action::kUppercase:
      for (const Label label : before) {
        Require(label.name == rule.target_label || after->Get(label.name) == label.value,
                "another label than the target has changed", before);
      }
      return;
    case Action::kReplace:
    case Action::kLabelMap:
      Require(after.has_value(), "dropped", before);
      return;
  }
}

}  // namespace

void Run(std::string_view text) {
  const std::string_view line = TakeUntil(text, '\n');
  std::vector<Rule> rules;
  yaml::Document document = yaml::Document::Parse(std::string(text), "f", {.expand_environment = false});
  Decode(document.Root(), &rules);
  const Labels labels = LabelsOf(line);
  const std::optional<Labels> whole = Apply(rules, labels);
  if (whole) CheckWellFormed(*whole);
  Require(!whole || whole->bytes().size() <= labels.bytes().size() + kMaxGrowth, "too large", labels);
  Require(Apply(rules, labels) == whole, "not the same again", labels);

  std::optional<Labels> now = labels;
  for (const Rule& rule : rules) {
    const Labels before = *now;
    now = Apply(std::span(&rule, 1), before);
    CheckRule(rule, before, now);
    // Each rule alone may let them grow.
    if (!now || now->bytes().size() > kMaxGrowth) break;
  }
}

}  // namespace sidelight::relabel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sidelight::relabel::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
