#include "core/base/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sidelight::log {
namespace {

constexpr std::string_view kTime = "2026-11-20T21:40:00.123Z";

TEST(LogRender, JsonHoldsTheFieldsInOrder) {
  EXPECT_EQ(Render(Format::kJson, Level::kWarn, kTime, "upstream name did not resolve",
                   {{"tap", "api"}, {"upstream", "backend:80"}}),
            R"({"time":"2026-11-20T21:40:00.123Z","level":"warn","msg":"upstream name did not resolve",)"
            R"("tap":"api","upstream":"backend:80"})");
  EXPECT_EQ(Render(Format::kJson, Level::kError, kTime, "m", {}),
            R"({"time":"2026-11-20T21:40:00.123Z","level":"error","msg":"m"})");
}

TEST(LogRender, JsonIsReadableWhateverAFieldHolds) {
  const struct {
    std::string value;
    std::string want;
  } cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"a \"quoted\" \\ word", "a \"quoted\" \\ word"},
      {"tab\tnew\nline\r", "tab\tnew\nline\r"},
      {std::string("nul\0bell\a\x1b[31m\x7f", 14), std::string("nul\0bell\a\x1b[31m\x7f", 14)},
      {"\xc3\xa4\xf0\x9f\x98\x80", "\xc3\xa4\xf0\x9f\x98\x80"},
      {"bad \xff\xc3 bytes", "bad \xef\xbf\xbd\xef\xbf\xbd bytes"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& c : cases) {
    const std::string line = Render(Format::kJson, Level::kInfo, kTime, "m", {{"field", c.value}});
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << line;
    EXPECT_EQ(parsed["field"], c.want) << line;
  }
}

TEST(LogRender, TextQuotesWhatIsNotOneWord) {
  const struct {
    std::string value;
    std::string want;
  } cases[] = {
      {"plain", "plain"},
      {"127.0.0.1:80", "127.0.0.1:80"},
      {"\xc3\xa4", "\xc3\xa4"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {"new\nline", R"("new\nline")"},
      {"say \"hi\"", R"("say \"hi\"")"},
      {"\x1b[31m", R"("\u001b[31m")"},
      {"\xff", R"("\ufffd")"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Render(Format::kText, Level::kInfo, kTime, "started", {{"f", c.value}}),
              "2026-11-20T21:40:00.123Z info  started f=" + c.want);
  }
}

TEST(Log, WritesOneLinePerCallAtOrAboveTheLevel) {
  Configure(Format::kJson, Level::kWarn);
  testing::internal::CaptureStderr();
  Debug("not this");
  Info("nor this");
  Warn("this", {{"n", "1"}});
  Error("and this");
  Configure(Format::kText, Level::kDebug);
  Debug("now this", {{"n", "2"}});
  const std::string written = testing::internal::GetCapturedStderr();
  Configure(Format::kJson, Level::kInfo);

  EXPECT_EQ(written.find("not this"), std::string::npos) << written;
  EXPECT_EQ(written.find("nor this"), std::string::npos) << written;
  EXPECT_NE(written.find(R"("level":"warn","msg":"this","n":"1"})"
                         "\n"),
            std::string::npos)
      << written;
  EXPECT_NE(written.find(R"("level":"error","msg":"and this"})"
                         "\n"),
            std::string::npos)
      << written;
  EXPECT_NE(written.find(" debug now this n=2\n"), std::string::npos) << written;
}

}  // namespace
}  // namespace sidelight::log
