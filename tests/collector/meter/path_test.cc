#include "collector/meter/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::meter {
namespace {

TEST(PathSegments, SplitsAndDecodes) {
  const struct {
    std::string path;
    bool is_path;
    std::vector<std::string> segments;
  } kCases[] = {
      {"/", true, {}},
      {"/a", true, {"a"}},
      {"/a/", true, {"a"}},
      {"//a///b//", true, {"a", "b"}},
      {"/a%20b/c%2Fd", true, {"a b", "c/d"}},
      {"/%41%zz%4/%", true, {"A%zz%4", "%"}},
      {"/%00%ff", true, {std::string("\0\xff", 2)}},
      {"", false, {}},
      {"*", false, {}},
      {"example.com:443", false, {}},
  };
  for (const auto& c : kCases) {
    const PathSegments path(c.path);
    EXPECT_EQ(path.is_path(), c.is_path) << c.path;
    EXPECT_EQ(std::vector<std::string>(path.segments().begin(), path.segments().end()), c.segments) << c.path;
    EXPECT_FALSE(path.truncated()) << c.path;
  }
}

TEST(PathSegments, StopsAtItsLimit) {
  std::string path;
  for (size_t i = 0; i < PathSegments::kMax; ++i) path += "/s";
  EXPECT_FALSE(PathSegments(path + "/").truncated());
  path += "/s";
  const PathSegments longer(path);
  EXPECT_TRUE(longer.truncated());
  EXPECT_EQ(longer.segments().size(), PathSegments::kMax);
}

TEST(LooksLikeValue, Values) {
  for (const char* segment : {
           "1",
           "0042",
           "-7",
           "12345678901234567890",
           "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
           "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
           "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}",
           "deadbee1",
           "507f1f77bcf86cd799439011",
           "01ARZ3NDEKTSV4RRFFQ69G5FAV",
           "cjld2cjxh0000qzrmn831i7rn",
           "eyJhbGciOiJIUzI1NiJ9",
           "QmFzZSBvZiBhIHNoaXBwZWQK",
           "dGhlIHF1aWNrIGJyb3du",
           "V1StGXR8_Z5jdHi6B-myT",
           "2026-11-20",
           "2026-11-20T21:40:00Z",
           "20261120",
           "10.0.0.1",
           "1,2,3",
           "order-12345",
           "user_2024_7",
           "jane@example.com",
           "gr\xc3\xb6\xc3\x9f"
           "e",
           "two words",
           "a=b",
           "app.3f2a1b9c.js",
           "{id}",
           "*",
           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       }) {
    EXPECT_TRUE(LooksLikeValue(segment)) << segment;
  }
}

TEST(LooksLikeValue, Names) {
  for (const char* segment : {
           "api",
           "v1",
           "v2beta1",
           "1.0",
           "2.13",
           "orders",
           "order-items",
           "order_items",
           "Orders",
           "oauth2",
           "sha256",
           "x509",
           "-",
           "healthz",
           "index.html",
           "app.css",
           "jquery-3.6.0.min.js",
           "orders:batchGet",
           "$metadata",
           "deadbeef",
           "facade",
           "getUserAccountInformationList",
           "recommendations-for-you-today",
           "top-10-products-of-the-week",
           ".well-known",
       }) {
    EXPECT_FALSE(LooksLikeValue(segment)) << segment;
  }
}

}  // namespace
}  // namespace sidelight::meter
