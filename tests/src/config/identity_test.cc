#include "src/config/identity.h"

#include <gtest/gtest.h>

#include <map>

namespace sidelight::config {
namespace {

Environment With(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(IdentityTest, Service) {
  EXPECT_EQ(DefaultService(With({})), "unknown_service");
  EXPECT_EQ(DefaultService(With({{"OTEL_SERVICE_NAME", ""}})), "unknown_service");
  EXPECT_EQ(DefaultService(With({{"OTEL_SERVICE_NAME", "shop"}})), "shop");
  const std::pair<const std::string, std::string> attributes = {"OTEL_RESOURCE_ATTRIBUTES",
                                                                "a=b,service.name=till"};
  EXPECT_EQ(DefaultService(With({attributes})), "till");
  EXPECT_EQ(DefaultService(With({attributes, {"OTEL_SERVICE_NAME", "shop"}})), "shop");
  EXPECT_EQ(DefaultService(With({{"OTEL_RESOURCE_ATTRIBUTES", "nonsense"}})), "unknown_service");
}

TEST(IdentityTest, Instance) {
  EXPECT_EQ(DefaultInstance(With({{"POD_NAME", "shop-1"}})), "shop-1");
  const std::string host = DefaultInstance(With({}));
  EXPECT_NE(host, "");
  EXPECT_EQ(DefaultInstance(With({{"POD_NAME", ""}})), host);
}

}  // namespace
}  // namespace sidelight::config
