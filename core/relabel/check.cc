#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <tuple>
#include <utility>

#include "core/base/utf8.h"
#include "core/relabel/compiled.h"

namespace sidelight::relabel {
namespace {

constexpr int64_t kRegexMemory = 8 << 20;  // bytes that one expression may take when compiled

constexpr std::array<std::string_view, 11> kActions = {
    "replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
    "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase",
};

RE2::Options Options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  options.set_dot_nl(true);
  return options;
}

bool NeedsTarget(Action action) {
  switch (action) {
    case Action::kReplace:
    case Action::kHashMod:
    case Action::kLowercase:
    case Action::kUppercase:
    case Action::kKeepEqual:
    case Action::kDropEqual:
      return true;
    default:
      return false;
  }
}

// The keys that an action has no use for, so that one of them is a misunderstanding; as Prometheus has it.
struct Uses {
  bool source_labels = true;
  bool separator = true;
  bool target_label = true;
  bool modulus = true;
  bool regex = true;
  bool replacement = true;
  std::string_view instead;
};

Uses UsesOf(Action action) {
  switch (action) {
    case Action::kLowercase:
    case Action::kUppercase:
      return {.replacement = false, .instead = "it changes the value of \"source_labels\" itself"};
    case Action::kKeepEqual:
    case Action::kDropEqual:
      return {.separator = false,
              .modulus = false,
              .regex = false,
              .replacement = false,
              .instead = "it takes only \"source_labels\" and \"target_label\""};
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      return {.source_labels = false,
              .separator = false,
              .target_label = false,
              .modulus = false,
              .replacement = false,
              .instead = "it takes only \"regex\""};
    default:
      return {};
  }
}

bool HasOpenSslMd5() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  return EVP_Digest("", 0, digest.data(), nullptr, EVP_md5(), nullptr) == 1;
}

}  // namespace

CompiledRule::CompiledRule(const std::string& expression) : regex(expression, Options()) {}

std::span<const std::string_view> ActionNames() {
  return kActions;
}

bool IsLabelName(std::string_view name) {
  return !name.empty() && IsValidUtf8(name);
}

std::vector<Complaint> Check(const Rule& rule) {
  const std::string_view action = kActions[static_cast<size_t>(rule.action)];
  const Rule defaults;
  std::vector<Complaint> complaints;
  const auto complain = [&](std::string_view key, std::string message) {
    complaints.push_back({key, std::move(message)});
  };

  const Uses uses = UsesOf(rule.action);
  const auto useless = [&](std::string_view key, bool used, bool given) {
    if (!used && given) complain(key, fmt::format("{} has no use for \"{}\": {}", action, key, uses.instead));
  };
  useless("source_labels", uses.source_labels, !rule.source_labels.empty());
  useless("separator", uses.separator, rule.separator != defaults.separator);
  useless("target_label", uses.target_label, !rule.target_label.empty());
  useless("modulus", uses.modulus, rule.modulus != 0);
  useless("regex", uses.regex, rule.regex != defaults.regex);
  useless("replacement", uses.replacement, rule.replacement != defaults.replacement);

  for (const std::string& name : rule.source_labels) {
    if (!IsLabelName(name)) complain("source_labels", "a label's name is UTF-8 text and not empty");
  }
  if (rule.action == Action::kHashMod) {
    if (rule.modulus == 0) complain("modulus", "hashmod needs a \"modulus\" of at least 1");
    if (!HasOpenSslMd5()) complain("action", "hashmod needs MD5, which this system's OpenSSL does not allow");
  }
  if (NeedsTarget(rule.action)) {
    if (rule.target_label.empty()) {
      complain("target_label", fmt::format("{} needs a \"target_label\"", action));
    } else if (!IsLabelName(rule.target_label)) {
      complain("target_label", "a label's name is UTF-8 text");
    }
  }
  if (rule.action == Action::kLabelMap && !IsLabelName(rule.replacement)) {
    complain("replacement", "labelmap needs a \"replacement\" that makes a label's name");
  }
  if (!IsValidUtf8(rule.regex)) complain("regex", "the expression is not UTF-8");
  return complaints;
}

bool operator==(const Rule& a, const Rule& b) {
  const auto written = [](const Rule& rule) {
    return std::tie(rule.action, rule.source_labels, rule.separator, rule.target_label, rule.modulus,
                    rule.replacement, rule.regex);
  };
  return written(a) == written(b);
}

Status Rule::Compile() {
  const std::vector<Complaint> complaints = Check(*this);
  if (!complaints.empty()) return Fail(ErrorCode::kInvalidArgument, complaints.front().message);
  auto made = std::make_shared<const CompiledRule>(regex);
  if (!made->regex.ok()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the regular expression does not compile: {}", made->regex.error()));
  }
  compiled = std::move(made);
  return {};
}

}  // namespace sidelight::relabel
