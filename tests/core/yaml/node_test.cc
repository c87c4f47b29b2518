// Scalars as each type: one table of good ones, one of the exact words that refuse the others.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

// Reads `v: <text>` into T; the value's text, or the error's first line without its place.
template <class T, class Show>
std::string ReadAs(const std::string& text, Show show, bool (Node::*read)(T*) const = &Node::Read) {
  const Document document = Document::Parse("v: " + text + "\n", "f", {});
  T value{};
  const bool good = (document.Root().AsMapping().Get("v").*read)(&value);
  const Status status = document.status();
  EXPECT_EQ(good, status.has_value()) << text;
  if (good) return show(value);
  const std::string& message = status.error().message;
  return message.substr(sizeof "f:1:4:", message.find('\n') - sizeof "f:1:4:");
}

struct Case {
  std::string text;
  std::string want;
};

TEST(NodeTest, Int) {
  const auto read = [](const std::string& text) {
    return ReadAs<int64_t>(text, [](int64_t v) { return std::to_string(v); });
  };
  const Case cases[] = {
      {"0", "0"},
      {"5", "5"},
      {"-5", "-5"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "expected a whole number, got \"9223372036854775808\": it is too large"},
      {"-9223372036854775809", "expected a whole number, got \"-9223372036854775809\": it is too small"},
      {"99999999999999999999", "expected a whole number, got \"99999999999999999999\": it is too large"},
      {"010", "expected a whole number, got \"010\": it begins with a zero; numbers are decimal"},
      {"0x10", "expected a whole number, got \"0x10\": only the digits 0 to 9 may stand in it"},
      {"0o17", "expected a whole number, got \"0o17\": only the digits 0 to 9 may stand in it"},
      {"1e3", "expected a whole number, got \"1e3\": only the digits 0 to 9 may stand in it"},
      {"+5", "expected a whole number, got \"+5\": only the digits 0 to 9 may stand in it"},
      {"1_000", "expected a whole number, got \"1_000\": only the digits 0 to 9 may stand in it"},
      {"5.0", "expected a whole number, got \"5.0\": only the digits 0 to 9 may stand in it"},
      {"\" 5\"", "expected a whole number, got the quoted text \" 5\"; remove the quotes"},
      {"'5'", "expected a whole number, got the quoted text \"5\"; remove the quotes"},
      {"[5]", "expected a whole number, got a list"},
      {"{a: 5}", "expected a whole number, got a mapping"},
  };
  for (const Case& c : cases) EXPECT_EQ(read(c.text), c.want) << "input: " << c.text;
}

TEST(NodeTest, Uint) {
  const auto read = [](const std::string& text) {
    return ReadAs<uint64_t>(text, [](uint64_t v) { return std::to_string(v); });
  };
  EXPECT_EQ(read("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(read("18446744073709551616"),
            "expected a whole number, got \"18446744073709551616\": it is too large");
  EXPECT_EQ(read("-1"), "expected a whole number, got \"-1\": it must not be negative");
}

TEST(NodeTest, Bool) {
  const auto read = [](const std::string& text) {
    return ReadAs<bool>(text, [](bool v) { return std::string(v ? "true" : "false"); });
  };
  EXPECT_EQ(read("true"), "true");
  EXPECT_EQ(read("false"), "false");
  for (const std::string text : {"yes", "no", "on", "off", "True", "1"}) {
    EXPECT_EQ(read(text), "expected true or false, got \"" + text + "\": write true or false");
  }
  EXPECT_EQ(read("\"true\""), "expected true or false, got the quoted text \"true\"; remove the quotes");
}

TEST(NodeTest, Double) {
  const auto read = [](const std::string& text) {
    return ReadAs<double>(text, [](double v) { return std::to_string(v); });
  };
  EXPECT_EQ(read("0.5"), "0.500000");
  EXPECT_EQ(read("-2"), "-2.000000");
  EXPECT_EQ(read("1.5e3"), "1500.000000");
  for (const std::string text : {".5", "5.", "05", "+5", "0x10", ".inf", "nan", "inf", "1e", "1 2"}) {
    EXPECT_EQ(read(text), "expected a number, got \"" + text + "\": write it in decimal, such as 0.5 or 10");
  }
  EXPECT_EQ(read("1e999"), "expected a number, got \"1e999\": it is too large or too small");
}

TEST(NodeTest, Durations) {
  const auto read = [](const std::string& text) {
    return ReadAs<Duration>(text, [](Duration v) { return std::to_string(v.count()) + "ns"; });
  };
  EXPECT_EQ(read("1h30m"), "5400000000000ns");
  EXPECT_EQ(read("\"5s\""), "5000000000ns");
  EXPECT_EQ(
      read("5"),
      "expected a duration such as 5s or 1h30m, got \"5\": its unit is missing: y, w, d, h, m, s or ms");
}

TEST(NodeTest, Bytes) {
  const auto read = [](const std::string& text) {
    return ReadAs<uint64_t>(
        text, [](uint64_t v) { return std::to_string(v); }, &Node::ReadBytes);
  };
  EXPECT_EQ(read("64MiB"), "67108864");
  EXPECT_EQ(read("'64MiB'"), "67108864");
  EXPECT_EQ(read("100"), "100");
  EXPECT_EQ(
      read("64MB"),
      "expected a size such as 64MiB or 512KiB, got \"64MB\": its unit must be B, KiB, MiB, GiB or TiB");
}

TEST(NodeTest, Text) {
  const auto read = [](const std::string& text) {
    return ReadAs<std::string>(text, [](const std::string& v) { return v; });
  };
  EXPECT_EQ(read("plain"), "plain");
  EXPECT_EQ(read("5"), "5");
  EXPECT_EQ(read("true"), "true");
  EXPECT_EQ(read("'null'"), "null");
  EXPECT_EQ(read("010"), "010");
  EXPECT_EQ(read("|\n  two\n  lines"), "two\nlines\n");
  EXPECT_EQ(read("[a]"), "expected text, got a list");
}

TEST(NodeTest, ListsOfTexts) {
  const auto read = [](const std::string& text) {
    return ReadAs<std::vector<std::string>>(text, [](const std::vector<std::string>& v) {
      std::string all;
      for (const std::string& item : v) all += "<" + item + ">";
      return all;
    });
  };
  EXPECT_EQ(read("[a, \"b c\", 5]"), "<a><b c><5>");
  EXPECT_EQ(read("[]"), "");
  EXPECT_EQ(read("\n - a\n - b"), "<a><b>");
  EXPECT_EQ(read("a"), "expected a list of texts, such as [\"a\", \"b\"], got \"a\"");
  EXPECT_EQ(read("[[a]]"), "expected text, got a list");
  EXPECT_EQ(read("[~]"), "expected text, got nothing");
}

TEST(NodeTest, AWrongValueLeavesTheTarget) {
  const Document document = Document::Parse("a: x\nb: [c, {}]\n", "f", {});
  Mapping root = document.Root().AsMapping();
  int64_t number = 42;
  std::vector<std::string> list = {"kept"};
  EXPECT_FALSE(root.Optional("a", &number));
  EXPECT_FALSE(root.Optional("b", &list));
  EXPECT_EQ(number, 42);
  EXPECT_EQ(list, std::vector<std::string>{"kept"});
}

TEST(NodeTest, FailsWithinItsText) {
  const std::string text = "a: b + c\nd: 'it''s'\ne: [1]\n";
  const Document document = Document::Parse(text, "f.yaml", {.expand_environment = false});
  Mapping root = document.Root().AsMapping();
  EXPECT_TRUE(root.Get("a").FailWithin(2, "no sum"));
  EXPECT_FALSE(root.Get("d").FailWithin(4, "not said"));
  EXPECT_FALSE(root.Get("e").FailWithin(0, "not said"));
  EXPECT_FALSE(Node().FailWithin(0, "not said"));
  EXPECT_EQ(document.status().error().message, "f.yaml:1:6: no sum\na: b + c\n     ^");

  const Document expanding = Document::Parse(text, "f.yaml", {});
  EXPECT_FALSE(expanding.Root().AsMapping().Get("a").FailWithin(2, "not said"));
  EXPECT_TRUE(expanding.status());
}

}  // namespace
}  // namespace sidelight::yaml
