#include "core/http/target.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/http/form.h"

namespace sidelight::http {
namespace {

tl::unexpected<Failure> BadRequest(std::string message) {
  return tl::unexpected<Failure>(Failure{400, "bad_request", std::move(message)});
}

}  // namespace

tl::expected<void, Failure> ParseTarget(std::string_view target, Request* request) {
  target = target.substr(0, target.find('#'));
  if (!target.starts_with('/') && target != "*") {
    const size_t authority = target.find("://");
    if (authority == std::string_view::npos) {
      return BadRequest("the request line must name a path that starts with '/'");
    }
    target.remove_prefix(authority + 3);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  const size_t mark = std::min(target.find('?'), target.size());
  const auto path = PercentDecode(target.substr(0, mark), false);
  if (!path) return BadRequest("the path has a '%' without two hexadecimal digits after it");
  request->path = path->empty() ? "/" : *path;
  if (mark == target.size()) return {};
  std::optional<Fields> query = ParseForm(target.substr(mark + 1));
  if (!query) return BadRequest("the query has a '%' without two hexadecimal digits after it");
  request->query = *std::move(query);
  return {};
}

}  // namespace sidelight::http
