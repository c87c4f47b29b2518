#include "core/yaml/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/utf8.h"
#include "core/yaml/secrecy.h"

namespace sidelight::yaml {
namespace {

constexpr size_t kShownColumns = 160;  // of a long line
constexpr size_t kShownBytes = 80;     // of a long value
constexpr size_t kMessageBytes = 2000;
constexpr std::string_view kHidden = "***";  // in place of a secret

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

// As it may be printed: what no text holds becomes '?'.
std::string Printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    if (length == 0 || IsControl(text[i])) {
      out += '?';
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

// What a room says about a value may have the value's own line breaks in it, and its length.
std::string OneLine(std::string_view message) {
  std::string line = Printable(message.substr(0, kMessageBytes));
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (message.size() > kMessageBytes) line += "...";
  return line;
}

}  // namespace

Source::Source(std::string name, std::string text, Place begin) : name_(std::move(name)), begin_(begin) {
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  text_.reserve(rest.size());
  line_starts_.push_back(0);
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\r' && i + 1 < rest.size() && rest[i + 1] == '\n') continue;
    text_ += rest[i];
    if (rest[i] == '\n') line_starts_.push_back(text_.size());
  }
}

std::string_view Source::Line(int line) const {
  if (line < 0 || static_cast<size_t>(line) >= line_starts_.size()) return {};
  const size_t start = line_starts_[line];
  const bool last = static_cast<size_t>(line) + 1 == line_starts_.size();
  const size_t end = last ? text_.size() : line_starts_[line + 1] - 1;
  return std::string_view(text_).substr(start, end - start);
}

Place Source::Clamp(int line, int column) const {
  const int last = static_cast<int>(line_starts_.size()) - 1;
  if (line > last) return {last, static_cast<int>(Line(last).size())};
  line = std::max(line, 0);
  return {line, std::clamp(column, 0, static_cast<int>(Line(line).size()))};
}

char Source::At(Place place) const {
  const std::string_view line = Line(place.line);
  return place.column >= 0 && static_cast<size_t>(place.column) < line.size() ? line[place.column] : '\0';
}

Place Source::BehindBlanks(Place place) const {
  for (Place at = place; static_cast<size_t>(at.line) < line_starts_.size(); at = {at.line + 1, 0}) {
    const size_t found = Line(at.line).find_first_not_of(" \t", at.column);
    if (found != std::string_view::npos) return {at.line, static_cast<int>(found)};
  }
  return place;
}

std::optional<Place> Source::Within(Place begin, std::string_view value, size_t offset) const {
  const char style = At(begin);
  Place behind = begin;
  if (style == '"' || style == '\'') ++behind.column;
  if (style == '|' || style == '>') behind = {begin.line + 1, 0};
  // How the lines of a text are indented and folded is seen in its blanks only.
  for (size_t i = 0; i < value.size() && i <= offset; ++i) {
    if (IsBlank(value[i])) continue;
    const Place place = BehindBlanks(behind);
    if (At(place) != value[i]) return std::nullopt;
    if (i == offset) return place;
    behind = {place.line, place.column + 1};
  }
  return behind;
}

bool Source::QuotesClose(Place place) const {
  const char quote = At(place);
  for (size_t i = line_starts_[place.line] + place.column + 1; i < text_.size(); ++i) {
    if (quote == '"' && text_[i] == '\\') {
      ++i;
    } else if (text_[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote;
      if (!doubled) return true;
      ++i;
    }
  }
  return false;
}

Place Source::PlaceOf(size_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = after - line_starts_.begin() - 1;
  return {static_cast<int>(line), static_cast<int>(offset - line_starts_[line])};
}

std::optional<Problem> Source::FindForeignByte() const {
  const std::string_view text = text_;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return Problem{{}, "the file is encoded as UTF-16; save it as UTF-8"};
  }
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      return Problem{PlaceOf(i),
                     fmt::format("the byte 0x{:02x} is not valid UTF-8; save the file as UTF-8", byte)};
    }
    if (text[i] == '\r') {
      return Problem{PlaceOf(i), "a carriage return stands alone; end lines with a line feed"};
    }
    if (IsControl(text[i])) {
      return Problem{PlaceOf(i),
                     fmt::format("the control character 0x{:02x} is not allowed; in double quotes it can "
                                 "be written as \"\\x{:02x}\"",
                                 byte, byte)};
    }
    i += length;
  }
  return std::nullopt;
}

std::string Source::RenderLine(const Problem& problem) const {
  const std::string_view before = Line(problem.place.line).substr(0, problem.place.column);
  const size_t column = Characters(before) + 1 + (problem.place.line == 0 ? begin_.column : 0);
  return fmt::format("{}:{}:{}: {}", name_, LineNumber(problem.place.line), column,
                     OneLine(WithoutUsers(problem.message)));
}

std::string Source::Render(const Problem& problem, std::span<const Extent> secrets) const {
  const std::string_view whole = Line(problem.place.line);
  std::string out = RenderLine(problem);
  if (whole.find_first_not_of(" \t") == std::string_view::npos) return out;
  const std::string_view line = whole.substr(0, VisibleBytes(*this, problem.place.line, secrets));
  const std::string_view hidden = line.size() < whole.size() ? kHidden : "";
  const std::string_view before = line.substr(0, std::min<size_t>(problem.place.column, line.size()));

  // Of a long line only the part around the place is shown.
  size_t begin = 0;
  if (line.size() > kShownColumns && before.size() > kShownColumns / 2) {
    begin = before.size() - kShownColumns / 2;
    while (begin > 0 && IsContinuation(line[begin])) --begin;
  }
  size_t end = std::min(line.size(), begin + kShownColumns);
  while (end < line.size() && IsContinuation(line[end])) ++end;

  const std::string_view head = begin > 0 ? "..." : "";
  const std::string_view tail = end < line.size() ? "..." : "";
  std::string pad(head.size(), ' ');
  for (const char c : Printable(before.substr(begin))) {
    if (!IsContinuation(c)) pad += c == '\t' ? '\t' : ' ';
  }
  out += fmt::format("\n{}{}{}\n{}^", head, Printable(line.substr(begin, end - begin)),
                     tail.empty() ? hidden : tail, pad);
  return out;
}

std::string Quoted(std::string_view text) {
  const bool cut = text.size() > kShownBytes;
  if (cut) {
    size_t end = kShownBytes;
    while (end > 0 && IsContinuation(text[end])) --end;
    text = text.substr(0, end);
  }
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (IsControl(c)) {
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  out += cut ? "...\"" : "\"";
  return out;
}

}  // namespace sidelight::yaml
