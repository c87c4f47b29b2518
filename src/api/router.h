// Router: method and path -> endpoint. Filled once, then read by any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "src/api/problem.h"

namespace sidelight::api {

struct Call {
  const http::Request& request;
  const std::string& correlation_id;
  std::string_view segment = {};  // what stands in the path for the {...} of the route
};
using Endpoint = std::function<Answer(const Call&)>;

class Router {
 public:
  // `path` is matched whole, as decoded; one {...} in it stands for any segment that is not empty. GET
  // answers HEAD too.
  void Add(std::string method, std::string path, Endpoint endpoint);

  // 404 for a path that nobody has, 405 with Allow for a method that the path does not have.
  Answer Route(const Call& call) const;
  // The route that the path is one of ("/api/v1/label/{name}/values"), else "other": a value for metrics that
  // clients cannot multiply.
  std::string_view RouteOf(std::string_view path) const;

 private:
  struct Entry {
    std::string method;
    std::string path;
    Endpoint endpoint;
  };
  std::vector<Entry> entries_;
};

}  // namespace sidelight::api
