#include <gtest/gtest.h>

#include <string>

#include "collector/protocols/http1/methods.h"

namespace sidelight::http1 {
namespace {

TEST(KnownMethods, MakeAnythingElseOther) {
  const struct {
    std::string_view list;
    std::string_view token;
    std::string_view want;
  } rows[] = {
      {"", "GET", "GET"},
      {"", "HEAD", "HEAD"},
      {"", "POST", "POST"},
      {"", "PUT", "PUT"},
      {"", "DELETE", "DELETE"},
      {"", "CONNECT", "CONNECT"},
      {"", "OPTIONS", "OPTIONS"},
      {"", "TRACE", "TRACE"},
      {"", "PATCH", "PATCH"},
      {"", "QUERY", "QUERY"},
      {"", "get", "_OTHER"},
      {"", "GETS", "_OTHER"},
      {"", "GE", "_OTHER"},
      {"", "PROPFIND", "_OTHER"},
      {"", "_OTHER", "_OTHER"},
      {" , ,\t", "GET", "GET"},
      {"GET,PROPFIND", "PROPFIND", "PROPFIND"},
      {"GET, PROPFIND ,", "PROPFIND", "PROPFIND"},
      {"GET,PROPFIND", "POST", "_OTHER"},
      {"get", "get", "get"},
      {"get", "GET", "_OTHER"},
  };
  for (const auto& row : rows) {
    const KnownMethods methods = row.list.empty() ? KnownMethods() : KnownMethods(row.list);
    EXPECT_EQ(methods.Canonical(row.token), row.want) << "list '" << row.list << "', method " << row.token;
  }
}

}  // namespace
}  // namespace sidelight::http1
