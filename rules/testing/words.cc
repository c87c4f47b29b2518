#include "rules/testing/words.h"

#include <fmt/format.h>

#include "rules/promql/parser.h"

namespace sidelight::promqltest {

std::string_view Trim(std::string_view text) {
  const size_t start = text.find_first_not_of(kWhiteSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kWhiteSpace) - start + 1);
}

std::string_view TakeWord(std::string_view* text) {
  const std::string_view rest = Trim(*text);
  const std::string_view word = rest.substr(0, rest.find_first_of(kWhiteSpace));
  *text = Trim(rest.substr(word.size()));
  return word;
}

bool TakeKeyword(std::string_view* text, std::string_view keyword) {
  std::string_view rest = *text;
  if (TakeWord(&rest) != keyword) return false;
  *text = rest;
  return true;
}

Result<int64_t> TakeDuration(std::string_view* text, std::string_view purpose) {
  const std::string_view word = TakeWord(text);
  if (word.empty()) return Fail(ErrorCode::kInvalidArgument, fmt::format("{} is missing", purpose));
  const Result<int64_t> duration = promql::ParseDuration(word);
  if (!duration) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} \"{}\" is no duration like 0, 30s or 1h30m", purpose, word));
  }
  return duration;
}

}  // namespace sidelight::promqltest
