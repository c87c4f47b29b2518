#include "collector/meter/routes.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sidelight::meter {
namespace {

std::vector<RoutePattern> Patterns(const std::vector<std::string>& texts) {
  std::vector<RoutePattern> patterns;
  for (const auto& text : texts) patterns.push_back(*RoutePattern::Parse(text));
  return patterns;
}

std::string Resolve(const Routes& routes, RouteCache& cache, const std::string& path,
                    Learning learning = Learning::kFreely) {
  const RouteCache::Route route = cache.Resolve(path, learning);
  if (route.ignored) return "ignored";
  return route.id == kNoRoute ? "none" : routes.Text(route.id);
}

TEST(Routes, TheMostSpecificConfiguredRouteGoesFirst) {
  Routes routes(Patterns({"/*", "/orders/{id}", "/{any}/new", "/orders/new", "/orders/*", "/orders"}), {},
                {});
  RouteCache cache(&routes);
  const struct {
    std::string path;
    std::string want;
  } kCases[] = {
      {"/orders/new", "/orders/new"},
      {"/orders/7", "/orders/{id}"},
      {"/orders/7/items", "/orders/*"},
      {"/orders", "/orders"},
      {"/orders/", "/orders"},
      {"/users/new", "/{any}/new"},
      {"/users/7", "/*"},
      {"/", "/*"},
      {"*", "none"},
  };
  // Twice: the second time from the cache. A 404 has its configured route as well.
  for (int round = 0; round < 2; ++round) {
    for (const auto& c : kCases) {
      EXPECT_EQ(Resolve(routes, cache, c.path, Learning::kNothing), c.want) << c.path << " round " << round;
    }
  }
}

TEST(Routes, WhatNoConfiguredRouteMatchesIsLearned) {
  Routes routes(Patterns({"/orders/{order}"}), Patterns({"/healthz", "/probe/*"}), {});
  RouteCache cache(&routes);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Resolve(routes, cache, "/orders/7"), "/orders/{order}");
    EXPECT_EQ(Resolve(routes, cache, "/users/7"), "/users/{id}");
    EXPECT_EQ(Resolve(routes, cache, "/healthz"), "ignored");
    EXPECT_EQ(Resolve(routes, cache, "/healthz/"), "ignored");
    EXPECT_EQ(Resolve(routes, cache, "/probe/a/b"), "ignored");
  }
  EXPECT_TRUE(cache.Ignored("/healthz"));
  EXPECT_FALSE(cache.Ignored("/health"));
}

TEST(Routes, ThePathThatWasUnknownIsAskedForAgain) {
  Routes routes({}, {}, {});
  RouteCache cache(&routes);
  EXPECT_EQ(Resolve(routes, cache, "/users/me", Learning::kNothing), "none");
  EXPECT_EQ(Resolve(routes, cache, "/users/7", Learning::kFreely), "/users/{id}");
  // Known now, by what another path taught; an answer of its own gives it a place of its own.
  EXPECT_EQ(Resolve(routes, cache, "/users/me", Learning::kNothing), "/users/{id}");
  EXPECT_EQ(Resolve(routes, cache, "/users/me", Learning::kFreely), "/users/me");
  EXPECT_EQ(Resolve(routes, cache, "/users/me", Learning::kNothing), "/users/me");
}

TEST(Routes, TheCacheForgetsButNeverMistakes) {
  Routes routes(Patterns({"/item/{name}", "/thing/{name}"}), {}, {});
  RouteCache cache(&routes);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5000; ++i) {
      const std::string number = std::to_string(i);
      ASSERT_EQ(Resolve(routes, cache, "/item/" + number), "/item/{name}");
      ASSERT_EQ(Resolve(routes, cache, "/thing/" + number), "/thing/{name}");
    }
  }
  const std::string longest = "/item/" + std::string(RouteCache::kMaxPath - 6, 'x');
  EXPECT_EQ(Resolve(routes, cache, longest), "/item/{name}");
  EXPECT_EQ(Resolve(routes, cache, longest + "y"), "/item/{name}");
}

// What is kept for each route of a tap has that many places.
TEST(Routes, EveryIdIsBelowItsSize) {
  Routes routes(Patterns({"/a", "/b"}), {}, {.templates = 3});
  RouteCache cache(&routes);
  EXPECT_EQ(routes.size(), 3u);
  for (const std::string path : {"/a", "/b", "/c", "/d/1", "/d/1/2", "/d/1/2/3", "/e", "*"}) {
    const RouteId id = cache.Resolve(path, Learning::kFreely).id;
    EXPECT_LT(id, routes.size()) << path;
    EXPECT_LE(routes.size(), routes.capacity()) << path;
  }
  EXPECT_EQ(routes.size(), routes.capacity());
}

TEST(Routes, WorkersAgree) {
  Routes routes({}, {}, {});
  const auto work = [&routes] {
    RouteCache cache(&routes);
    for (int i = 0; i < 2000; ++i) {
      const std::string path =
          "/p" + std::string(1, static_cast<char>('a' + i % 20)) + "/" + std::to_string(i);
      const RouteCache::Route route = cache.Resolve(path, Learning::kFreely);
      EXPECT_NE(route.id, kNoRoute) << path;
      EXPECT_FALSE(routes.Text(route.id).empty());
    }
  };
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  RouteCache cache(&routes);
  int places = 0;
  for (char c = 'a'; c < 'u'; ++c) {
    if (Resolve(routes, cache, std::string("/p") + c + "/1") != "/{id}/{id}") ++places;
  }
  EXPECT_EQ(places, 10);
}

}  // namespace
}  // namespace sidelight::meter
