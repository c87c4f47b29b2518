// A request's path, taken apart, and the template that its shape suggests.
//
// Segments stand between slashes; runs of slashes count as one and a slash at the end means nothing. They are
// percent-decoded one by one, so an encoded slash stays within its segment.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace sidelight::meter {

class PathSegments {
 public:
  static constexpr size_t kMax = 32;

  // `path` must live as long as this. What does not start with '/' ("*", an authority) is no path.
  explicit PathSegments(std::string_view path);
  PathSegments(const PathSegments&) = delete;
  PathSegments& operator=(const PathSegments&) = delete;

  bool is_path() const { return is_path_; }
  std::span<const std::string_view> segments() const { return {segments_.data(), count_}; }
  // There were more than kMax segments, and the rest was left out.
  bool truncated() const { return truncated_; }

 private:
  std::string decoded_;  // holds the segments' bytes when anything was encoded
  std::array<std::string_view, kMax> segments_;
  size_t count_ = 0;
  bool is_path_ = false;
  bool truncated_ = false;
};

// Bytes that an URL writes as %XX, decoded; an escape that is none stays as it is.
std::string PercentDecode(std::string_view text);

// Whether a segment is data by its looks, and not the name of something: a number, a UUID, eight or more hex
// digits, a date, an e-mail address, a long token, anything that an URL has to encode. docs/metrics.md has
// the rules.
bool LooksLikeValue(std::string_view segment);

}  // namespace sidelight::meter
