// What alert templates do with texts: regular expressions, words, hosts with ports.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#strings .
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace sidelight::rules {

// The regular expressions of one expansion, each compiled once.
class Regexes {
 public:
  static constexpr size_t kMost = 100;
  static constexpr size_t kMostText = 4 << 20;  // bytes that they look at, all together

  Regexes();
  ~Regexes();
  Regexes(const Regexes&) = delete;
  Regexes& operator=(const Regexes&) = delete;

  // Whether the expression is found anywhere in the text. The error's message is Go's; kLimit for too many.
  Result<bool> Match(std::string_view pattern, std::string_view text);
  // As Go's Regexp.ReplaceAllString: $1, ${1}, ${name} in the replacement are groups. kLimit for too many, or
  // for more than `room` bytes.
  Result<std::string> ReplaceAll(std::string_view pattern, std::string_view replacement,
                                 std::string_view text, size_t room);

 private:
  // To look at the text with. Never null; it may hold an error.
  Result<const re2::RE2*> Compiled(std::string_view pattern, std::string_view text);

  std::map<std::string, std::unique_ptr<re2::RE2>, std::less<>> compiled_;
  size_t looked_at_ = 0;
};

// The first letter of each word as a capital one, the others as they are.
std::string TitleCase(std::string_view text);

// "db.example.com:5432" -> "db.example.com"; as it is where there is no port.
std::string StripPort(std::string_view host_port);
// "db.example.com:5432" -> "db:5432"; as it is where the host is an IP address.
std::string StripDomain(std::string_view host_port);

// "http://host:9464/prefix/" -> "/prefix/".
std::string PathOf(std::string_view url);

}  // namespace sidelight::rules
