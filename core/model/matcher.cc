#include "core/model/matcher.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sidelight {
namespace {

constexpr std::string_view kMeta = R"(\.+*?()|[]{}^$)";
constexpr int64_t kRegexMemory = 8 << 20;  // bytes that one expression may take when compiled

bool IsMeta(char c) {
  return kMeta.find(c) != std::string_view::npos;
}

// `a|b|c` and `(a|b|c)` as their literals; nothing when there is anything else in it.
std::vector<std::string> Literals(std::string_view regex) {
  if (regex.size() >= 2 && regex.front() == '(' && regex.back() == ')') {
    regex = regex.substr(1, regex.size() - 2);
    if (regex.starts_with("?:")) regex.remove_prefix(2);
  }
  std::vector<std::string> literals(1);
  for (const char c : regex) {
    if (c == '|') {
      literals.emplace_back();
    } else if (IsMeta(c)) {
      return {};
    } else {
      literals.back() += c;
    }
  }
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  return literals;
}

std::string Prefix(std::string_view regex) {
  // Behind an alternation a match may begin otherwise; inside of parentheses it would not matter, and is
  // rare.
  if (regex.find('|') != std::string_view::npos) return {};
  const size_t meta = std::min(regex.find_first_of(kMeta), regex.size());
  std::string prefix(regex.substr(0, meta));
  // What follows may make the last character optional; of a multi-byte one it takes all its bytes.
  if (meta < regex.size() && std::string_view("*?{").find(regex[meta]) != std::string_view::npos) {
    while (!prefix.empty() && (static_cast<unsigned char>(prefix.back()) & 0xc0) == 0x80) prefix.pop_back();
    if (!prefix.empty()) prefix.pop_back();
  }
  return prefix;
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c < 0x80 && (std::isalnum(c) != 0 || c == '_'); });
}

}  // namespace

Result<Matcher> Matcher::Make(Type type, std::string name, std::string value) {
  Matcher matcher;
  matcher.type_ = type;
  if (type == Type::kRegex || type == Type::kNotRegex) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kRegexMemory);
    options.set_dot_nl(true);
    auto regex = std::make_shared<const RE2>(value, options);
    if (!regex->ok()) return Fail(ErrorCode::kInvalidArgument, regex->error());
    matcher.regex_ = std::move(regex);
    matcher.literals_ = Literals(value);
    if (matcher.literals_.empty()) matcher.prefix_ = Prefix(value);
  }
  matcher.name_ = std::move(name);
  matcher.value_ = std::move(value);
  return matcher;
}

bool Matcher::Matches(std::string_view value) const {
  switch (type_) {
    case Type::kEqual:
      return value == value_;
    case Type::kNotEqual:
      return value != value_;
    case Type::kRegex:
    case Type::kNotRegex:
      break;
  }
  const bool wanted = type_ == Type::kRegex;
  if (!literals_.empty()) {
    return std::binary_search(literals_.begin(), literals_.end(), value, std::less<>()) == wanted;
  }
  if (!value.starts_with(prefix_)) return !wanted;
  return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_) == wanted;
}

std::string Matcher::ToString() const {
  std::string out = IsPlainName(name_) ? name_ : Quoted(name_);
  out += MatcherOperator(type_);
  return out + Quoted(value_);
}

bool MatchesAll(const std::vector<Matcher>& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels.Get(matcher.name())); });
}

std::string_view MatcherOperator(Matcher::Type type) {
  switch (type) {
    case Matcher::Type::kEqual:
      return "=";
    case Matcher::Type::kNotEqual:
      return "!=";
    case Matcher::Type::kRegex:
      return "=~";
    case Matcher::Type::kNotRegex:
      return "!~";
  }
  return "";
}

}  // namespace sidelight
