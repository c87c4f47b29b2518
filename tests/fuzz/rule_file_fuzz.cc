// Any bytes as a rule file: it is taken, and then whole, or refused with a place in it; what is taken can be
// looked over for what was probably not meant.
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "rules/evaluation/rule_check.h"
#include "rules/evaluation/rule_file.h"

namespace {

using sidelight::Result;
using namespace sidelight::rules;

constexpr std::string_view kName = "f.yaml";

void Require(bool good, std::string_view what, std::string_view message) {
  if (good) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(message.size()), message.data());
  std::abort();
}

// Takes ":NUMBER" from the front, with a number from 1.
bool TakeNumber(std::string_view* text) {
  if (!text->starts_with(':')) return false;
  text->remove_prefix(1);
  size_t digits = 0;
  while (digits < text->size() && std::isdigit(static_cast<unsigned char>((*text)[digits]))) ++digits;
  if (digits == 0 || text->front() == '0') return false;
  text->remove_prefix(digits);
  return true;
}

// "NAME:LINE:COLUMN: ", the column only of YAML's places.
bool BeginsWithPlace(std::string_view message, int numbers) {
  if (!message.starts_with(kName)) return false;
  message.remove_prefix(kName.size());
  for (int i = 0; i < numbers; ++i) {
    if (!TakeNumber(&message)) return false;
  }
  return message.starts_with(": ") && message.size() > 2;
}

const MetricCatalogue kCatalogue{{{"requests_total", {"method", "status"}}, {"up", {}}}, true};

void RequireWhole(const RuleFile& file, const RuleFileOptions& options, const std::string& text) {
  for (const std::string& warning : file.warnings) {
    Require(BeginsWithPlace(warning, 2), "the warning has no place", warning);
  }
  for (const GroupDefinition& group : file.groups) {
    Require(!group.name.empty(), "a group without a name was taken", text);
    for (const RuleDefinition& rule : group.rules) {
      const bool whole = rule.expr != nullptr && !rule.name.empty() && !rule.query.empty() && rule.line > 0;
      Require(whole, "a rule that is not whole was taken", text);
      const bool records = rule.kind == RuleDefinition::Kind::kRecording;
      const bool has_times = rule.hold.count() != 0 || rule.keep_firing_for.count() != 0;
      Require(!records || (!has_times && rule.annotations.empty()), "a recording rule has what alerts have",
              text);
      Require(rule.labels.Get("__name__").empty(), "a label sets the metric's name", text);
    }
  }
  const std::vector<RuleFile> files = {file};
  for (const std::string& warning :
       CheckRules(files, files, {.retention = std::chrono::hours(2), .catalogue = &kCatalogue})) {
    Require(BeginsWithPlace(warning, 1), "the warning has no place", warning);
  }
  Require(options.legacy_names || options.ignore_unknown_fields ||
              ParseRuleFile(text, std::string(kName), {.ignore_unknown_fields = true}).has_value(),
          "what is right is refused where more is allowed", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const RuleFileOptions& options :
       {RuleFileOptions{}, RuleFileOptions{.parser = {.experimental = true}, .legacy_names = true}}) {
    const Result<RuleFile> file = ParseRuleFile(text, std::string(kName), options);
    if (file) {
      RequireWhole(*file, options, text);
      continue;
    }
    const std::string& message = file.error().message;
    Require(BeginsWithPlace(message, 2), "the error has no place", message);
    // Fifty errors at most, each cut to what fits on a screen.
    Require(message.size() < 200'000, "the error is too long", std::to_string(message.size()));
  }
  return 0;
}
