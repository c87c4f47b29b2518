#include "rules/evaluation/rule_file.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "core/base/utf8.h"
#include "core/yaml/source.h"
#include "core/yaml/yaml.h"
#include "rules/evaluation/alert_template.h"
#include "rules/promql/printer.h"
#include "rules/promql/quoting.h"

namespace sidelight::rules {
namespace {

using yaml::Quoted;

// What the labels of all groups may come to when each of their rules has a copy.
constexpr size_t kMaxGroupLabelBytes = 64 << 20;
constexpr size_t kLabelBytes = 64;  // that a label takes beside its text

// Keys that files written for others have, and whose.
struct Foreign {
  std::string_view key;
  std::string_view owner;
};
constexpr std::array kForeignInFile = {Foreign{"namespace", "Mimir's tools"}};
constexpr std::array kForeignInGroup = {
    Foreign{"type", "vmalert"},
    Foreign{"eval_offset", "vmalert"},
    Foreign{"eval_delay", "vmalert"},
    Foreign{"concurrency", "vmalert"},
    Foreign{"params", "vmalert"},
    Foreign{"headers", "vmalert"},
    Foreign{"notifier_headers", "vmalert"},
    Foreign{"debug", "vmalert"},
    Foreign{"tenant", "vmalert"},
    Foreign{"extra_filter_labels", "vmalert"},
    Foreign{"partial_response_strategy", "Thanos"},
    Foreign{"source_tenants", "Mimir"},
    Foreign{"evaluation_delay", "Mimir"},
    Foreign{"align_evaluation_time_on_interval", "Mimir"},
};
constexpr std::array kForeignInRule = {
    Foreign{"debug", "vmalert"},
    Foreign{"update_entries_limit", "vmalert"},
};

// A label or an annotation, and where its value stands.
struct Named {
  std::string name;
  std::string value;
  yaml::Node node;
};

Labels LabelsOf(const std::vector<Named>& named) {
  std::vector<Label> labels;
  for (const Named& each : named) labels.push_back({each.name, each.value});
  return Labels(labels);
}

class Decoder {
 public:
  Decoder(yaml::Document document, const std::string& path, const RuleFileOptions& options)
      : document_(std::move(document)), options_(options) {
    file_.path = path;
  }

  Result<RuleFile> Decode() { return Decode(document_.Root().AsMapping()); }

  // Whether it is one; also where that cannot be told, as it is no YAML.
  bool IsPrometheusRule() const {
    const yaml::Node root = document_.Root();
    return !document_.status() || (root.IsMapping() && root.AsMapping().Get("kind").Is("PrometheusRule"));
  }

  Result<RuleFile> DecodeSpec() {
    yaml::Mapping object = document_.Root().AsMapping();
    const yaml::Node spec = object.RequiredNode("spec");
    // The rest of the object is Kubernetes' to judge.
    return Decode(spec ? spec.AsMapping() : std::move(object));
  }

 private:
  Result<RuleFile> Decode(yaml::Mapping root) {
    if (const yaml::Node groups = root.Get("groups")) {
      for (const yaml::Node& group : groups.AsSequence()) DecodeGroup(group);
    }
    Finish(root, kForeignInFile);
    if (Status status = document_.status(); !status) return tl::unexpected(std::move(status.error()));
    file_.warnings = document_.warnings();
    return std::move(file_);
  }

  void Finish(yaml::Mapping& mapping, std::span<const Foreign> foreign) const {
    if (options_.ignore_unknown_fields) return;
    for (const auto& [key, owner] : foreign) {
      mapping.Refuse(key, fmt::format("\"{}\" is a key of {}, not of Prometheus' rule files, and has no "
                                      "meaning here; remove it",
                                      key, owner));
    }
    mapping.Finish();
  }

  void DecodeGroup(const yaml::Node& node) {
    yaml::Mapping mapping = node.AsMapping();
    GroupDefinition group;
    group.file = file_.path;
    DecodeGroupName(mapping, node, &group.name);
    group.interval = DurationOf(mapping, "interval");
    if (group.interval == Duration::zero()) group.interval.reset();  // as when it is not given
    group.query_offset = DurationOf(mapping, "query_offset");
    int64_t limit = 0;
    mapping.Optional("limit", &limit);
    group.limit = static_cast<uint64_t>(std::max<int64_t>(limit, 0));
    const yaml::Node labels_node = mapping.Get("labels");
    std::vector<Named> labels = LabelsAt(labels_node);
    if (const yaml::Node node_of_rules = mapping.Get("rules")) {
      const std::vector<yaml::Node> rules = node_of_rules.AsSequence();
      if (!CountGroupLabels(labels, rules.size())) {
        labels_node.Fail(fmt::format("the labels of groups come to more than {} MiB when each rule has them",
                                     kMaxGroupLabelBytes >> 20));
        labels.clear();
      }
      for (const yaml::Node& rule : rules) group.rules.push_back(DecodeRule(rule, labels));
    }
    const auto alert = std::find_if(group.rules.begin(), group.rules.end(), [](const RuleDefinition& rule) {
      return rule.kind == RuleDefinition::Kind::kAlerting;
    });
    if (alert != group.rules.end()) CheckTemplates(alert->name, labels);
    Finish(mapping, kForeignInGroup);
    file_.groups.push_back(std::move(group));
  }

  bool CountGroupLabels(const std::vector<Named>& labels, size_t rules) {
    size_t bytes = 0;
    for (const Named& label : labels) bytes += label.name.size() + label.value.size() + kLabelBytes;
    if (bytes > 0 && rules > (kMaxGroupLabelBytes - group_label_bytes_) / bytes) return false;
    group_label_bytes_ += bytes * rules;
    return true;
  }

  void DecodeGroupName(yaml::Mapping& mapping, const yaml::Node& group, std::string* name) {
    const yaml::Node node = mapping.RequiredNode("name");
    if (!node || !node.Read(name)) return;
    if (name->empty()) {
      node.Fail("a group needs a name");
      return;
    }
    const auto [first, added] = group_lines_.emplace(*name, group.line());
    if (added) return;
    node.Fail(fmt::format("the group {} is already given in line {}; a file has a name only once",
                          Quoted(*name), first->second));
  }

  static std::optional<Duration> DurationOf(yaml::Mapping& mapping, std::string_view key) {
    Duration value{};
    return mapping.Optional(key, &value) ? std::optional(value) : std::nullopt;
  }

  RuleDefinition DecodeRule(const yaml::Node& node, const std::vector<Named>& group_labels) {
    yaml::Mapping mapping = node.AsMapping();
    RuleDefinition rule;
    rule.line = node.line();
    DecodeName(mapping, &rule);
    DecodeExpr(mapping, &rule);
    const yaml::Node hold = mapping.Get("for");
    const yaml::Node keep = mapping.Get("keep_firing_for");
    hold.Read(&rule.hold);
    keep.Read(&rule.keep_firing_for);

    std::vector<Named> labels = LabelsAt(mapping.Get("labels"));
    const yaml::Node annotations_node = mapping.Get("annotations");
    const std::vector<Named> annotations = AnnotationsAt(annotations_node);
    if (rule.kind == RuleDefinition::Kind::kAlerting) {
      CheckTemplates(rule.name, labels);
      CheckTemplates(rule.name, annotations);
    } else {
      constexpr std::string_view kOnlyAlerts = "only alerts have \"{}\", and this rule records; remove it";
      if (rule.hold > Duration::zero()) hold.Fail(fmt::format(kOnlyAlerts, "for"));
      if (rule.keep_firing_for > Duration::zero()) keep.Fail(fmt::format(kOnlyAlerts, "keep_firing_for"));
      if (!annotations.empty()) annotations_node.Fail(fmt::format(kOnlyAlerts, "annotations"));
    }

    labels.insert(labels.begin(), group_labels.begin(), group_labels.end());
    rule.labels = LabelsOf(labels);
    std::map<std::string_view, bool> has_value;  // as the last of a name says
    for (const Named& label : labels) has_value[label.name] = !label.value.empty();
    for (const auto& [name, given] : has_value) {
      if (!given) rule.removed_labels.emplace_back(name);
    }
    rule.annotations = LabelsOf(annotations);
    Finish(mapping, kForeignInRule);
    return rule;
  }

  // A text without anything in it counts as not given.
  static bool IsGiven(const yaml::Node& node) { return node && !node.Is(""); }

  void DecodeName(yaml::Mapping& mapping, RuleDefinition* rule) const {
    const yaml::Node record = mapping.Get("record");
    const yaml::Node alert = mapping.Get("alert");
    if (IsGiven(alert)) {
      rule->kind = RuleDefinition::Kind::kAlerting;
      if (IsGiven(record)) {
        record.Fail("a rule has either \"record\" or \"alert\", and this one has both");
      } else {
        alert.Read(&rule->name);
      }
    } else if (!IsGiven(record)) {
      mapping.Fail("a rule needs \"record\", the name of a metric, or \"alert\", the name of an alert");
    } else if (record.Read(&rule->name)) {
      CheckMetricName(record, rule->name);
    }
  }

  void CheckMetricName(const yaml::Node& node, const std::string& name) const {
    if (name.find_first_of("{}") != std::string::npos) {
      node.Fail(
          fmt::format("{} is no name of a metric, as there are braces in it; labels stand under "
                      "\"labels\", an expression under \"expr\"",
                      Quoted(name)));
    } else if (!IsValidUtf8(name)) {
      node.Fail("the name of a metric must be UTF-8");
    } else if (options_.legacy_names && !promql::IsPlainMetricName(name)) {
      node.Fail(
          fmt::format("{} is no name of a metric: letters, digits, \"_\" and \":\" make one, and no "
                      "digit comes first",
                      Quoted(name)));
    }
  }

  void DecodeExpr(yaml::Mapping& mapping, RuleDefinition* rule) const {
    const yaml::Node node = mapping.RequiredNode("expr");
    if (!node || !node.Read(&rule->text)) return;
    if (rule->text.empty()) {
      node.Fail("\"expr\" is empty; a rule needs an expression");
      return;
    }
    Result<promql::ExprPtr> parsed = promql::Parse(rule->text, options_.parser);
    if (!parsed) return FailExpr(node, rule->text, parsed.error().message);
    rule->expr = *std::move(parsed);
    rule->query = promql::Print(*rule->expr);
  }

  // PromQL's errors begin with line and column of the expression.
  static void FailExpr(const yaml::Node& node, std::string_view text, const std::string& message) {
    static const RE2 kPlaced(R"((?s)(\d+):(\d+): (.*))");
    size_t line = 0;
    size_t column = 0;
    std::string what;
    if (RE2::FullMatch(message, kPlaced, &line, &column, &what) && line > 0 && column > 0) {
      size_t offset = 0;
      for (; line > 1; --line) offset = text.find('\n', offset) + 1;
      if (node.FailWithin(offset + column - 1, fmt::format("PromQL {}", what))) return;
    }
    node.Fail(fmt::format("PromQL {}", message));
  }

  // "" when the name is one.
  std::string WhyNoName(const std::string& name) const {
    if (name.empty()) return "a name is missing here";
    if (!IsValidUtf8(name)) return "a name must be UTF-8";
    if (options_.legacy_names && !promql::IsPlainLabelName(name)) {
      return fmt::format("{} is no valid name: letters, digits and \"_\" make one, and no digit comes first",
                         Quoted(name));
    }
    return "";
  }

  std::vector<Named> LabelsAt(const yaml::Node& node) const {
    return NamedAt(node, [](const std::string& name) {
      return name == "__name__" ? "\"__name__\" is the metric's name, which a label of a rule cannot set"
                                : "";
    });
  }
  std::vector<Named> AnnotationsAt(const yaml::Node& node) const {
    return NamedAt(node, [](const std::string&) { return ""; });
  }

  template <class Forbid>
  std::vector<Named> NamedAt(const yaml::Node& node, const Forbid& forbid) const {
    std::vector<Named> named;
    if (!node) return named;
    for (yaml::Mapping::Entry& entry : node.AsMapping().Entries()) {
      std::string why = WhyNoName(entry.key);
      if (why.empty()) why = forbid(entry.key);
      if (!why.empty()) entry.key_node.Fail(std::move(why));
      std::string value;
      if (!entry.value.Read(&value)) continue;
      if (!IsValidUtf8(value)) entry.value.Fail("the value must be UTF-8");
      named.push_back({std::move(entry.key), std::move(value), entry.value});
    }
    return named;
  }

  static void CheckTemplates(std::string_view rule, const std::vector<Named>& texts) {
    for (const Named& text : texts) {
      if (Result<AlertTemplate> parsed = AlertTemplate::Parse(rule, text.value); !parsed) {
        text.node.Fail(std::move(parsed.error().message));
      }
    }
  }

  yaml::Document document_;
  const RuleFileOptions& options_;
  RuleFile file_;
  std::map<std::string, int, std::less<>> group_lines_;
  size_t group_label_bytes_ = 0;
};

yaml::Document::Options YamlOptions() {
  return {.expand_environment = false, .as_go = true};
}

yaml::Document DocumentOf(const ManifestObject& object, const std::string& name) {
  yaml::Document::Options options = YamlOptions();
  options.first_line = object.first_line;
  options.first_column = object.first_column;
  return yaml::Document::Parse(object.text, name, std::move(options));
}

// The groups of one more object of the same file; `names` are those it has.
Status Append(RuleFile object, std::unordered_set<std::string>* names, RuleFile* file) {
  for (const GroupDefinition& group : object.groups) {
    if (names->insert(group.name).second) continue;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: two PrometheusRules in it have a group {}; a file has a name only once, so "
                            "give each a file of its own",
                            file->path, Quoted(group.name)));
  }
  std::move(object.groups.begin(), object.groups.end(), std::back_inserter(file->groups));
  std::move(object.warnings.begin(), object.warnings.end(), std::back_inserter(file->warnings));
  return {};
}

Result<RuleFile> ParseManifests(std::string_view text, const std::string& path,
                                const RuleFileOptions& options) {
  RuleFile file{.path = path};
  std::unordered_set<std::string> names;
  std::string errors;
  const auto add_error = [&](const Error& error) { errors += (errors.empty() ? "" : "\n") + error.message; };
  bool is_there = false;
  for (const ManifestObject& object : SplitManifests(text)) {
    // Whatever else there is may be larger than the reader takes.
    if (object.text.find("PrometheusRule") == std::string::npos) continue;
    Decoder decoder(DocumentOf(object, path), path, options);
    if (!decoder.IsPrometheusRule()) continue;
    is_there = true;
    Result<RuleFile> decoded = decoder.DecodeSpec();
    if (!decoded) {
      add_error(decoded.error());
    } else if (const Status appended = Append(*std::move(decoded), &names, &file); !appended) {
      add_error(appended.error());
    }
  }
  if (!is_there) {
    add_error({ErrorCode::kInvalidArgument,
               fmt::format("{}: of Kubernetes' objects a PrometheusRule holds rules, and there is none in it",
                           path)});
  }
  if (!errors.empty()) return Fail(ErrorCode::kInvalidArgument, std::move(errors));
  return file;
}

}  // namespace

Result<RuleFile> LoadRuleFile(const std::string& path, const RuleFileOptions& options) {
  if (const std::optional<std::string> manifests = LoadManifests(path)) {
    return ParseManifests(*manifests, path, options);
  }
  return Decoder(yaml::Document::Load(path, YamlOptions()), path, options).Decode();
}

Result<RuleFile> ParseRuleFile(std::string text, const std::string& name, const RuleFileOptions& options) {
  return Decoder(yaml::Document::Parse(std::move(text), name, YamlOptions()), name, options).Decode();
}

Result<RuleFile> ParsePrometheusRule(const ManifestObject& object, const std::string& name,
                                     const RuleFileOptions& options) {
  return Decoder(DocumentOf(object, name), name, options).DecodeSpec();
}

}  // namespace sidelight::rules
