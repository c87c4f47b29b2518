#include "src/api/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/letter_case.h"
#include "core/model/matcher.h"
#include "rules/promql/printer.h"
#include "src/api/query_parameters.h"
#include "src/api/request_parameters.h"
#include "src/api/rules_json.h"
#include "src/api/selectors.h"

namespace sidelight::api {
namespace {

using rules::GroupStatus;
using rules::RuleDefinition;
using rules::RuleStatus;

bool IsOneOf(const std::string& text, const std::vector<std::string>& texts) {
  return texts.empty() || std::find(texts.begin(), texts.end(), text) != texts.end();
}

// What a request asks for.
struct Ask {
  bool alerting = true;
  bool recording = true;
  bool exclude_alerts = false;
  std::vector<std::string> rule_names;
  std::vector<std::string> group_names;
  std::vector<std::string> files;
  std::vector<std::vector<Matcher>> selectors;  // one of them has to fit
  size_t page = 0;                              // groups; 0: all
  std::string token;                            // of the group that the page begins with; "": the first

  bool Wants(const RuleStatus& rule) const;
};

bool Ask::Wants(const RuleStatus& rule) const {
  const RuleDefinition& definition = rule.definition;
  if (!(definition.kind == RuleDefinition::Kind::kAlerting ? alerting : recording)) return false;
  if (!IsOneOf(definition.name, rule_names)) return false;
  const auto fits = [&](const std::vector<Matcher>& selector) {
    return std::all_of(selector.begin(), selector.end(), [&](const Matcher& matcher) {
      return matcher.Matches(definition.labels.Get(matcher.name()));
    });
  };
  return selectors.empty() || std::any_of(selectors.begin(), selectors.end(), fits);
}

tl::expected<size_t, Problem> ReadPage(std::string_view text) {
  const auto wrong = [](std::string_view why) {
    return BadParameter("group_limit",
                        fmt::format("group_limit needs to be a valid number: strconv.ParseInt: {}", why));
  };
  const Result<int64_t> page = ParseInteger(text);
  if (!page) return wrong(page.error().message);
  if (*page != static_cast<int32_t>(*page)) {
    return wrong(fmt::format("parsing {}: value out of range", promql::Quote(text)));
  }
  if (*page <= 0) return BadParameter("group_limit", "group_limit needs to be greater than 0");
  return static_cast<size_t>(*page);
}

tl::expected<Ask, Problem> ReadAsk(const http::Request& request) {
  Ask ask;
  ask.rule_names = request.QueryAll("rule_name[]");
  ask.group_names = request.QueryAll("rule_group[]");
  ask.files = request.QueryAll("file[]");
  auto selectors = ReadSelectors(request.QueryAll("match[]"));
  if (!selectors) return tl::unexpected<Problem>(std::move(selectors.error()));
  ask.selectors = *std::move(selectors);

  const std::string type = ToLower(FirstOf(request.query, "type"));
  if (!type.empty() && type != "alert" && type != "record") {
    return BadParameter("type", fmt::format("not supported value \"{}\"", type));
  }
  ask.alerting = type != "record";
  ask.recording = type != "alert";

  const std::string exclude = ToLower(FirstOf(request.query, "exclude_alerts"));
  ask.exclude_alerts = exclude == "1" || exclude == "t" || exclude == "true";
  if (!exclude.empty() && !ask.exclude_alerts && exclude != "0" && exclude != "f" && exclude != "false") {
    return BadParameter("exclude_alerts", fmt::format("error converting exclude_alerts: strconv.ParseBool: "
                                                      "parsing \"{}\": invalid syntax",
                                                      exclude));
  }

  const std::string_view page = FirstOf(request.query, "group_limit");
  ask.token = FirstOf(request.query, "group_next_token");
  if (!ask.token.empty() && page.empty()) {
    return BadParameter("group_next_token",
                        "group_limit needs to be present in order to paginate over the groups");
  }
  if (!page.empty()) {
    const auto size = ReadPage(page);
    if (!size) return tl::unexpected<Problem>(size.error());
    ask.page = *size;
  }
  return ask;
}

// What names a group to the next request: FNV-1a of its file and its name.
std::string TokenOf(const GroupStatus& group) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : fmt::format("{};{}", group.file, group.name)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

Answer ListRules(const http::Request& request, std::vector<GroupStatus> groups) {
  const auto ask = ReadAsk(request);
  if (!ask) return tl::unexpected<Problem>(ask.error());
  std::sort(groups.begin(), groups.end(), [](const GroupStatus& a, const GroupStatus& b) {
    return std::tie(a.file, a.name) < std::tie(b.file, b.name);
  });
  auto group = groups.begin();
  if (!ask->token.empty()) {
    group =
        std::find_if(group, groups.end(), [&](const GroupStatus& one) { return TokenOf(one) == ask->token; });
    if (group == groups.end()) {
      return BadParameter("group_next_token", fmt::format("invalid group_next_token '{}'. were rule groups "
                                                          "changed?",
                                                          ask->token));
    }
  }
  std::vector<GroupStatus> page;
  std::string next;
  for (; group != groups.end(); ++group) {
    if (!IsOneOf(group->name, ask->group_names) || !IsOneOf(group->file, ask->files)) continue;
    std::erase_if(group->rules, [&](const RuleStatus& rule) { return !ask->Wants(rule); });
    if (group->rules.empty()) continue;
    if (ask->page > 0 && page.size() == ask->page) {
      next = TokenOf(*group);
      break;
    }
    page.push_back(std::move(*group));
  }
  return JsonResponse(WriteRules(page, ask->exclude_alerts, next));
}

Answer ListAlerts(const std::vector<GroupStatus>& groups) {
  return JsonResponse(WriteAlerts(groups));
}

}  // namespace sidelight::api
