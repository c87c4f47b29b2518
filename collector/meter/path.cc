#include "collector/meter/path.h"

#include <algorithm>

namespace sidelight::meter {
namespace {

// From this length on a piece with a digit in it is a token, and from kLongest on anything is.
constexpr size_t kLongToken = 20;
constexpr size_t kLongest = 64;
// Names carry a version or a size (oauth2, x509, sha256); identifiers carry more digits.
constexpr int kManyDigits = 4;
constexpr size_t kHexToken = 8;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsSeparator(char c) {
  return c == '-' || c == '_' || c == '.' || c == '~' || c == ':';
}
bool IsOtherNameByte(char c) {
  return c == '!' || c == '$' || c == '+' || c == ',' || c == '(' || c == ')';
}

// "1.0", "2.13": a version of an API, and few of them.
bool IsVersion(std::string_view segment) {
  const size_t dot = segment.find('.');
  if (dot == std::string_view::npos) return false;
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() <= 2 && std::all_of(part.begin(), part.end(), IsDigit);
  };
  return is_number(segment.substr(0, dot)) && is_number(segment.substr(dot + 1));
}

// Decodes `text` onto the end of `out`.
void AppendDecoded(std::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high >= 0 && low >= 0) {
        *out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    *out += text[i];
  }
}

}  // namespace

PathSegments::PathSegments(std::string_view path) {
  if (path.empty() || path.front() != '/') return;
  is_path_ = true;
  const bool encoded = path.find('%') != std::string_view::npos;
  // Decoding never makes it longer, so the views into it stay where they are.
  if (encoded) decoded_.reserve(path.size());
  size_t at = 0;
  while (at < path.size()) {
    if (path[at] == '/') {
      ++at;
      continue;
    }
    const size_t end = std::min(path.find('/', at), path.size());
    if (count_ == kMax) {
      truncated_ = true;
      return;
    }
    std::string_view segment = path.substr(at, end - at);
    if (encoded) {
      const size_t begin = decoded_.size();
      AppendDecoded(segment, &decoded_);
      segment = std::string_view(decoded_).substr(begin);
    }
    segments_[count_++] = segment;
    at = end;
  }
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  AppendDecoded(text, &out);
  return out;
}

bool LooksLikeValue(std::string_view segment) {
  if (segment.size() >= kLongest) return true;
  int digits = 0;
  int uppers = 0;
  int lowers = 0;
  size_t humps = 0;  // a capital after a small letter, as camelCase has it
  size_t piece = 0;
  int piece_digits = 0;
  bool piece_is_hex = true;
  char previous = 0;
  const auto piece_is_token = [&] {
    return piece_digits > 0 && ((piece_is_hex && piece >= kHexToken) || piece >= kLongToken);
  };
  for (const char c : segment) {
    if (IsSeparator(c) || IsOtherNameByte(c)) {
      if (piece_is_token()) return true;
      piece = 0;
      piece_digits = 0;
      piece_is_hex = true;
    } else {
      if (IsDigit(c)) {
        ++digits;
        ++piece_digits;
      } else if (IsUpper(c)) {
        ++uppers;
        if (IsLower(previous)) ++humps;
      } else if (IsLower(c)) {
        ++lowers;
      } else {
        return true;
      }
      ++piece;
      piece_is_hex = piece_is_hex && HexValue(c) >= 0;
    }
    previous = c;
  }
  if (piece_is_token() || digits >= kManyDigits) return true;
  if (digits > 0 && uppers + lowers == 0) return !IsVersion(segment);
  if (segment.size() < kLongToken || uppers == 0 || lowers == 0) return false;
  // Words in camelCase are longer than six letters on average; in base64 the case changes at random.
  return digits > 0 || humps * 6 > segment.size();
}

}  // namespace sidelight::meter
