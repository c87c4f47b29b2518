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
}

TEST(IdentityTest, ExternalLabels) {
  const Environment pod = With({{"POD_NAME", "shop-1"}, {"POD_NAMESPACE", "prod"}});
  EXPECT_EQ(ExternalLabels({}, "shop", With({})).ToString(), "{service=\"shop\"}");
  EXPECT_EQ(ExternalLabels({}, "shop", pod).ToString(),
            "{namespace=\"prod\", pod=\"shop-1\", service=\"shop\"}");
  EXPECT_EQ(ExternalLabels({{"cluster", "eu"}, {"pod", "other"}, {"namespace", ""}}, "shop", pod).ToString(),
            "{cluster=\"eu\", pod=\"other\", service=\"shop\"}");
}

}  // namespace
}  // namespace sidelight::config
