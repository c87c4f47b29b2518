// What others send: requests captured from OpenTelemetry's JavaScript SDK, each in all encodings, and edge
// cases of the JSON. The files are not in the tree: they are found through $SIDELIGHT_CONFORMANCE, then
// beside the tree.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "core/wire/otlp/decode.h"
#include "tests/core/wire/otlp_text.h"

namespace sidelight::otlp {
namespace {

namespace fs = std::filesystem;

class OtlpConformance : public testing::Test {
 protected:
  void SetUp() override {
    const char* const path = std::getenv("SIDELIGHT_CONFORMANCE");
    folder_ = path != nullptr ? fs::path(path) : fs::path(SIDELIGHT_SOURCE_DIR) / "../shared/conformance";
    folder_ /= "otlp";
    if (!fs::exists(folder_)) {
      GTEST_SKIP() << "the conformance data was not found: set SIDELIGHT_CONFORMANCE to its folder";
    }
  }

  static std::string Read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  fs::path folder_;
};

TEST_F(OtlpConformance, CapturedRequestsSayTheSameInBothEncodings) {
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "captured")) {
    if (!entry.is_directory()) continue;
    ++cases;
    const auto protobuf = DecodeProtobuf(Read(entry.path() / "request.pb"));
    const auto json = DecodeJson(Read(entry.path() / "request.json"));
    ASSERT_TRUE(protobuf) << entry.path() << ": " << protobuf.error().message;
    ASSERT_TRUE(json) << entry.path() << ": " << json.error().message;
    EXPECT_GT(CountPoints(*protobuf), 0u) << entry.path();
    // The JSON was written down from a reader that knows no temporalities.
    std::string text = TextOf(*protobuf);
    for (const char* temporality : {" t1", " t2"}) {
      for (size_t at = text.find(temporality); at != std::string::npos; at = text.find(temporality)) {
        text.replace(at, 3, " t0");
      }
    }
    EXPECT_EQ(text, TextOf(*json)) << entry.path();
  }
  EXPECT_GT(cases, 0);
}

TEST_F(OtlpConformance, JsonEdgeCasesEndAsTheirListSays) {
  const nlohmann::json list = nlohmann::json::parse(Read(folder_ / "json_edge/MANIFEST.json"));
  ASSERT_FALSE(list["entries"].empty());
  for (const auto& entry : list["entries"]) {
    const std::string file = entry["file"];
    const auto message = DecodeJson(Read(folder_ / "json_edge" / file));
    if (entry["expect"] == "error400") {
      ASSERT_FALSE(message) << file;
      EXPECT_EQ(message.error().code, ErrorCode::kInvalidArgument) << file;
    } else {
      EXPECT_TRUE(message) << file << ": " << (message ? "" : message.error().message);
    }
  }
}

}  // namespace
}  // namespace sidelight::otlp
