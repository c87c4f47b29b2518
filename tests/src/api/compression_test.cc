#include "src/api/compression.h"

#include <gtest/gtest.h>

#include <string>

#include "core/wire/gzip.h"

namespace sidelight::api {
namespace {

TEST(Compress, Table) {
  const struct {
    const char* what;
    std::string accepted;
    size_t size;
    http::Fields headers;  // of the response, before
    bool packed;
    std::string vary;
  } cases[] = {
      {"not asked for", "", 5000, {}, false, "Accept-Encoding"},
      {"asked for", "gzip", 5000, {}, true, "Accept-Encoding"},
      {"among others", "deflate, gzip;q=0.5", 5000, {}, true, "Accept-Encoding"},
      {"forbidden", "gzip;q=0", 5000, {}, false, "Accept-Encoding"},
      {"tiny", "gzip", 1023, {}, false, "Accept-Encoding"},
      {"no longer tiny", "gzip", 1024, {}, true, "Accept-Encoding"},
      {"nothing there", "gzip", 0, {}, false, ""},
      {"varies besides", "gzip", 5000, {{"Vary", "Accept"}}, true, "Accept, Accept-Encoding"},
  };
  for (const auto& c : cases) {
    const std::string body(c.size, 'a');
    http::Request request;
    if (!c.accepted.empty()) request.headers = {{"accept-encoding", c.accepted}};
    http::Response response{.content_type = "application/json", .headers = c.headers, .body = body};
    Compress(request, &response);
    EXPECT_TRUE(response.body == (c.packed ? *wire::Gzip(body) : body)) << c.what;
    EXPECT_EQ(response.Header("Content-Encoding"), c.packed ? "gzip" : "") << c.what;
    EXPECT_EQ(response.Header("Vary"), c.vary) << c.what;
    EXPECT_EQ(response.content_type, "application/json") << c.what;
  }
}

TEST(Compress, TwoHeadersAreOneList) {
  const http::Request request{.headers = {{"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}}};
  http::Response response{.body = std::string(5000, 'a')};
  Compress(request, &response);
  EXPECT_EQ(response.Header("Content-Encoding"), "gzip");
}

}  // namespace
}  // namespace sidelight::api
