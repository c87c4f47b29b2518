#include "core/yaml/json.h"

#include <yaml-cpp/mark.h>

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/utf8.h"

namespace sidelight::yaml {
namespace {

// As yaml-cpp names them: of what is quoted, and of what is not.
constexpr char kQuoted[] = "!";
constexpr char kPlain[] = "?";

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The length of the number that the text begins with; 0 of none.
size_t NumberLength(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t first = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at > first;
  };
  const auto take = [&](std::string_view any) {
    const bool is_there = at < text.size() && any.find(text[at]) != std::string_view::npos;
    if (is_there) ++at;
    return is_there;
  };
  take("-");
  if (!take("0") && !digits()) return 0;
  if (take(".") && !digits()) return 0;
  if (take("eE")) {
    take("+-");
    if (!digits()) return 0;
  }
  return at;
}

class Reader {
 public:
  Reader(std::string_view text, YAML::EventHandler& events) : text_(text), events_(events) {}

  std::optional<Problem> Read() {
    SkipBlanks();
    events_.OnDocumentStart(Here());
    do {
      if (!Value()) return problem_;
      // Behind a value: what closes, and then a comma with what follows it.
      while (!open_.empty() && Close()) {
      }
      if (open_.empty()) break;
      if (!Take(',')) return Expected(open_.back() == '{' ? "a \",\" or the \"}\"" : "a \",\" or the \"]\"");
      if (open_.back() == '{' && !Key()) return problem_;
    } while (true);
    SkipBlanks();
    if (at_ < text_.size()) return Expected("nothing more");
    events_.OnDocumentEnd();
    return std::nullopt;
  }

 private:
  // One value, or the opening of several with the first of them.
  bool Value() {
    while (true) {
      SkipBlanks();
      const char first = at_ < text_.size() ? text_[at_] : '\0';
      if (first != '{' && first != '[') return Scalar(first);
      if (first == '{') {
        events_.OnMapStart(Here(), kPlain, YAML::NullAnchor, YAML::EmitterStyle::Flow);
      } else {
        events_.OnSequenceStart(Here(), kPlain, YAML::NullAnchor, YAML::EmitterStyle::Flow);
      }
      open_ += first;
      ++at_;
      if (Close()) return true;
      if (first == '{' && !Key()) return false;
    }
  }

  bool Close() {
    if (!Take(open_.back() == '{' ? '}' : ']')) return false;
    if (open_.back() == '{') {
      events_.OnMapEnd();
    } else {
      events_.OnSequenceEnd();
    }
    open_.pop_back();
    return true;
  }

  bool Key() {
    SkipBlanks();
    if (at_ == text_.size() || text_[at_] != '"') return Fail("a key in double quotes");
    return String() && (Take(':') || Fail("the \":\" behind a key"));
  }

  bool Scalar(char first) {
    if (first == '"') return String();
    const YAML::Mark mark = Here();
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("null")) {
      at_ += 4;
      events_.OnNull(mark, YAML::NullAnchor);
      return true;
    }
    const size_t length = rest.starts_with("true") ? 4 : rest.starts_with("false") ? 5 : NumberLength(rest);
    if (length == 0)
      return Fail("a value: text in double quotes, a number, true, false, null, a list or an object");
    at_ += length;
    events_.OnScalar(mark, kPlain, YAML::NullAnchor, std::string(rest.substr(0, length)));
    return true;
  }

  bool String() {
    const YAML::Mark mark = Here();
    std::string value;
    ++at_;
    while (true) {
      const size_t end = std::min(text_.find_first_of("\"\\\n", at_), text_.size());
      value += text_.substr(at_, end - at_);
      at_ = end;
      if (end == text_.size() || text_[end] == '\n') return Fail("the closing quotes of a text");
      if (text_[at_] == '"') break;
      if (!Escape(&value)) return Fail("one of JSON's escapes");
    }
    ++at_;
    events_.OnScalar(mark, kQuoted, YAML::NullAnchor, value);
    return true;
  }

  bool Escape(std::string* out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (at_ + 1 == text_.size()) return false;
    const char name = text_[at_ + 1];
    if (name != 'u') {
      const size_t which = kNames.find(name);
      if (which == std::string_view::npos) return false;
      *out += kMeant[which];
      at_ += 2;
      return true;
    }
    std::optional<uint32_t> code = Unit(at_);
    if (!code) return false;
    size_t length = 6;
    if (*code >= 0xD800 && *code < 0xDC00) {  // the first half of a pair
      const std::optional<uint32_t> low = Unit(at_ + length);
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
      length += 6;
    } else if (*code >= 0xDC00 && *code <= 0xDFFF) {
      return false;
    }
    AppendUtf8(*code, out);
    at_ += length;
    return true;
  }

  // Of the six bytes \uXXXX at that place.
  std::optional<uint32_t> Unit(size_t at) const {
    const std::string_view written = text_.substr(std::min(at, text_.size()), 6);
    if (written.size() < 6 || !written.starts_with("\\u")) return std::nullopt;
    uint32_t code = 0;
    for (const char c : written.substr(2)) {
      const size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      code = code * 16 + static_cast<uint32_t>(digit < 16 ? digit : digit - 6);
    }
    return code;
  }

  bool Take(char c) {
    SkipBlanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void SkipBlanks() {
    for (; at_ < text_.size() && IsBlank(text_[at_]); ++at_) {
      if (text_[at_] != '\n') continue;
      ++line_;
      line_start_ = at_ + 1;
    }
  }

  YAML::Mark Here() const {
    YAML::Mark mark;
    mark.pos = static_cast<int>(at_);
    mark.line = line_;
    mark.column = static_cast<int>(at_ - line_start_);
    return mark;
  }

  std::optional<Problem> Expected(std::string_view what) {
    problem_ = {{line_, static_cast<int>(at_ - line_start_)}, std::string(what)};
    return problem_;
  }
  bool Fail(std::string_view what) {
    Expected(what);
    return false;
  }

  const std::string_view text_;
  YAML::EventHandler& events_;
  std::string open_;  // '{' and '['
  size_t at_ = 0;
  size_t line_start_ = 0;
  int line_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace

bool LooksLikeJson(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

std::optional<Problem> ReadJson(std::string_view text, YAML::EventHandler& events) {
  return Reader(text, events).Read();
}

}  // namespace sidelight::yaml
