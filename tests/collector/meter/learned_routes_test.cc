#include "collector/meter/learned_routes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::meter {
namespace {

std::string Learn(LearnedRoutes& routes, const std::string& path, Learning learning = Learning::kFreely) {
  const int index = routes.Resolve(PathSegments(path), learning);
  return index < 0 ? "none" : routes.text(index);
}

TEST(LearnedRoutes, CollapsesByShape) {
  const struct {
    std::string path;
    std::string want;
  } kCases[] = {
      {"/", "/"},
      {"//", "/"},
      {"/orders", "/orders"},
      {"/orders/", "/orders"},
      {"/orders/42", "/orders/{id}"},
      {"/orders/42/", "/orders/{id}"},
      {"/orders/42/items/7", "/orders/{id}/items/{id}"},
      {"/api/v1/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/api/v1/users/{id}"},
      {"/42", "/{id}"},
      {"/mail/jane%40example.com", "/mail/{id}"},
      {"/search/two%20words", "/search/{id}"},
      {"/cart;jsessionid=A81F", "/cart"},
      {"/static/app.3f2a1b9c.js", "/static/{id}"},
      {"/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/g/h"},
      {"/a/b/c/d/e/f/g/h/i", "/a/b/c/d/e/f/g/h/{rest...}"},
      {"/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/{rest...}"},
      {"*", "none"},
      {"", "none"},
  };
  LearnedRoutes routes({});
  for (const auto& c : kCases) EXPECT_EQ(Learn(routes, c.path), c.want) << c.path;
}

TEST(LearnedRoutes, NewValuesBeyondTheCapAreIds) {
  LearnedRoutes routes({.children = 3});
  EXPECT_EQ(Learn(routes, "/users/ann"), "/users/ann");
  EXPECT_EQ(Learn(routes, "/users/ben"), "/users/ben");
  EXPECT_EQ(Learn(routes, "/users/cid/cart"), "/users/cid/cart");
  EXPECT_EQ(Learn(routes, "/users/dot"), "/users/{id}");
  EXPECT_EQ(Learn(routes, "/users/eve/cart"), "/users/{id}/cart");
  // Those that had a place keep it.
  EXPECT_EQ(Learn(routes, "/users/ann"), "/users/ann");
  EXPECT_EQ(Learn(routes, "/users/ann/cart"), "/users/ann/cart");
  // Another parent has places of its own.
  EXPECT_EQ(Learn(routes, "/shops/dot"), "/shops/dot");
}

TEST(LearnedRoutes, TenPlacesByDefault) {
  LearnedRoutes routes({});
  const std::string letters = "abcdefghijklm";
  int literals = 0;
  for (const char c : letters) {
    if (Learn(routes, std::string("/tags/") + c) != "/tags/{id}") ++literals;
  }
  EXPECT_EQ(literals, 10);
}

TEST(LearnedRoutes, NothingIsLearnedFromA404) {
  LearnedRoutes routes({});
  EXPECT_EQ(Learn(routes, "/wp-admin", Learning::kNothing), "none");
  EXPECT_EQ(Learn(routes, "/orders/1", Learning::kNothing), "none");
  EXPECT_EQ(routes.size(), 0u);
  Learn(routes, "/orders/1");
  EXPECT_EQ(Learn(routes, "/orders/2", Learning::kNothing), "/orders/{id}");
  EXPECT_EQ(Learn(routes, "/orders", Learning::kNothing), "none");
  EXPECT_EQ(Learn(routes, "/orders/2/items", Learning::kNothing), "none");
  EXPECT_EQ(routes.size(), 1u);
}

TEST(LearnedRoutes, WhatIsKnownIsFoundBehindALiteralThatLeadsNowhere) {
  LearnedRoutes routes({});
  Learn(routes, "/users/me");
  Learn(routes, "/users/1/orders");
  EXPECT_EQ(Learn(routes, "/users/me/orders", Learning::kNothing), "/users/{id}/orders");
  EXPECT_EQ(Learn(routes, "/users/me", Learning::kNothing), "/users/me");
  EXPECT_EQ(Learn(routes, "/users/me/orders"), "/users/me/orders");
}

TEST(LearnedRoutes, A4xxTakesHalfOfThePlaces) {
  LearnedRoutes routes({.children = 4});
  EXPECT_EQ(Learn(routes, "/login", Learning::kLittle), "/login");
  EXPECT_EQ(Learn(routes, "/admin", Learning::kLittle), "/admin");
  EXPECT_EQ(Learn(routes, "/backup", Learning::kLittle), "none");
  EXPECT_EQ(Learn(routes, "/shop"), "/shop");
  EXPECT_EQ(Learn(routes, "/cart"), "/cart");
  EXPECT_EQ(Learn(routes, "/more"), "/{id}");
  EXPECT_EQ(Learn(routes, "/backup", Learning::kLittle), "/{id}");
}

TEST(LearnedRoutes, MemoryIsBounded) {
  LearnedRoutes routes({.children = 10, .depth = 8, .templates = 50});
  const std::string letters = "abcdefghij";
  for (const char a : letters) {
    for (const char b : letters) Learn(routes, std::string("/") + a + "/" + b);
  }
  EXPECT_EQ(routes.size(), 50u);
  EXPECT_EQ(Learn(routes, "/a/a"), "/a/a");
  EXPECT_EQ(Learn(routes, "/j/j"), "none");
  EXPECT_EQ(Learn(routes, "/j/1"), "none");
  EXPECT_EQ(routes.size(), 50u);
}

}  // namespace
}  // namespace sidelight::meter
