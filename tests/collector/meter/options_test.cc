#include "collector/meter/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidelight::meter {
namespace {

using ::testing::HasSubstr;

struct Decoded {
  Options options;
  std::string error;
};

Decoded Read(const std::string& text) {
  yaml::Document document = yaml::Document::Parse(text, "tap.yaml", {});
  Decoded decoded;
  yaml::Mapping mapping = document.Root().AsMapping();
  Decode(mapping, &decoded.options);
  mapping.Finish();
  if (const Status status = document.status(); !status) decoded.error = status.error().message;
  return decoded;
}

TEST(Options, Defaults) {
  const auto [options, error] = Read("{}");
  EXPECT_EQ(error, "");
  EXPECT_EQ(options.role, Role::kServer);
  EXPECT_EQ(options.naming.style, NamingStyle::kOtel);
  EXPECT_TRUE(options.routes.empty());
  EXPECT_TRUE(options.ignore.empty());
}

TEST(Options, Everything) {
  const auto [options, error] = Read(
      "role: client\n"
      "routes: [\"/orders/{id}\", \"/orders\"]\n"
      "ignore: [/healthz]\n"
      "naming: {style: plain, prefix: feature_api}\n");
  EXPECT_EQ(error, "");
  EXPECT_EQ(options.role, Role::kClient);
  ASSERT_EQ(options.routes.size(), 2u);
  EXPECT_EQ(options.routes[0].text(), "/orders/{id}");
  ASSERT_EQ(options.ignore.size(), 1u);
  EXPECT_EQ(options.ignore[0].text(), "/healthz");
  EXPECT_EQ(options.naming.style, NamingStyle::kPlain);
  EXPECT_EQ(options.naming.prefix, "feature_api");
}

TEST(Options, APrefixMayBeginLikeAReservedWord) {
  EXPECT_EQ(Read("naming: {style: plain, prefix: sidelights}").error, "");
  EXPECT_EQ(Read("naming: {style: plain, prefix: http}").error, "");
}

TEST(Options, ErrorsSayWhereAndWhatToDo) {
  const struct {
    std::string text;
    std::vector<std::string> says;
  } kCases[] = {
      {"routes: [/ok, orders]", {"tap.yaml:1:15", "a pattern looks like \"/api/v1/orders/{id}\""}},
      {"ignore:\n  - /healthz\n  - \"/x/{id\"", {"tap.yaml:3:5", "does not end with '}'"}},
      {"routes: [\"/a/{x}\", \"/a/{y}\"]", {"tap.yaml:1:20", "matches the same paths as \"/a/{x}\""}},
      {"routes: /orders", {"tap.yaml:1:9"}},
      {"naming: {style: plain}", {"tap.yaml:1:", "needs a prefix", "{style: plain, prefix: my_api}"}},
      {"naming: {style: plain, prefix: 9lives}", {"tap.yaml:1:32", "cannot begin a metric's name"}},
      {"naming: {style: plain, prefix: \"a-b\"}", {"cannot begin a metric's name"}},
      {"naming: {style: plain, prefix: \"\"}", {"cannot begin a metric's name"}},
      {"naming: {style: plain, prefix: sidelight_api}", {"tap.yaml:1:32", "metrics of its own"}},
      {"naming: {style: plain, prefix: sidelight}", {"metrics of its own"}},
      {"naming: {style: plain, prefix: http_server_request}", {"metrics of its own"}},
      {"naming: {style: plain, prefix: http_client_request}", {"metrics of its own"}},
      {"naming: {style: otel, prefix: my_api}", {"goes with {style: plain} only"}},
      {"naming: plain", {"tap.yaml:1:9", "{style: otel}"}},
      {"naming: {style: plane, prefix: x}", {"tap.yaml:1:17", "plain"}},
      {"role: severs", {"tap.yaml:1:7", "server"}},
      {"naming: {stile: otel}", {"stile", "style"}},
  };
  for (const auto& c : kCases) {
    const Decoded decoded = Read(c.text);
    for (const auto& part : c.says) EXPECT_THAT(decoded.error, HasSubstr(part)) << c.text;
  }
}

}  // namespace
}  // namespace sidelight::meter
