// What errors show of lines that hold secrets.
#include "core/yaml/secrecy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ErrorsOf(const Document& document) {
  const Status status = document.status();
  return status ? "" : status.error().message;
}

// Each line has the secret in it, and is printed as an error at its start.
TEST(SecrecyTest, WhatLooksLikeASecretIsNotShown) {
  struct Case {
    std::string text;  // the error is in the last line
    std::string want;  // what of that line is shown
  };
  const Case cases[] = {
      {"password: hunter2", "password: ***"},
      {"\"password\" : hunter2", "\"password\" : ***"},
      {"{user: a, Client_Secret: hunter2}", "{user: a, Client_Secret: ***"},
      {"bearer_token:hunter2", "bearer_token:h***"},
      {"url: http://user:hunter2@host/path", "url: http://***"},
      {"credentials:\n  hunter2", "  ***"},
      {"api_key: |\n  first\n\n  hunter2", "  ***"},
      {"password_file: /run/secret", "password_file: /run/secret"},
      {"url: http://host/a@b", "url: http://***"},
      {"url: http://host/path", "url: http://host/path"},
      {"password: x\nuser: visible", "user: visible"},
      {"tokens are words", "tokens are words"},
  };
  for (const Case& c : cases) {
    const Source source("f", c.text);
    const int last = static_cast<int>(std::count(c.text.begin(), c.text.end(), '\n'));
    const std::string shown = source.Render({{last, 0}, "m"});
    const size_t begin = shown.find('\n') + 1;
    EXPECT_EQ(shown.substr(begin, shown.rfind('\n') - begin), c.want) << "input: " << c.text;
  }
}

TEST(SecrecyTest, MessagesHaveNoUsers) {
  EXPECT_EQ(WithoutUsers("http://a:b@c and https://d@e/f, http://g"),
            "http://***@c and https://***@e/f, http://g");
  EXPECT_EQ(WithoutUsers("nothing"), "nothing");
}

TEST(SecrecyTest, ASecretThatWasReadIsHidden) {
  const Document document = Document::Parse(
      "plain: hunter2\nlist: [hunter2, hunter2]\nlong: |\n  hunter2\n  hunter2\nafter: x\n", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  Secret secret;
  EXPECT_TRUE(root.Get("plain").Read(&secret));
  EXPECT_EQ(secret.Reveal(), "hunter2");
  root.Get("plain").Fail("is too short");
  EXPECT_FALSE(root.Get("list").Read(&secret));
  EXPECT_TRUE(root.Get("long").Read(&secret));
  root.Get("long").Fail("is too long");
  int64_t number = 0;
  EXPECT_FALSE(root.Optional("plain", &number));
  EXPECT_FALSE(root.Optional("after", &number));
  const std::string errors = ErrorsOf(document);
  EXPECT_THAT(errors, Not(HasSubstr("hunter2")));
  EXPECT_THAT(errors, HasSubstr("f.yaml:1:8: is too short\nplain: ***\n"));
  EXPECT_THAT(errors, HasSubstr("f.yaml:1:8: expected a whole number, got a single value"));
  EXPECT_THAT(errors, HasSubstr("f.yaml:2:7: expected text, got a list\nlist: ***\n"));
  EXPECT_THAT(errors, HasSubstr("f.yaml:3:7: is too long\nlong: ***\n"));
  EXPECT_THAT(errors, HasSubstr("got \"x\""));
}

// In a mapping that holds secrets, a misspelled key may have one, and a value that lost its key may be one.
TEST(SecrecyTest, UnknownKeysAreHiddenOnRequest) {
  const Document document =
      Document::Parse("auth: {user: a, pasword: hunter2, user: hunter2, \"hunter2!\": }\n", "f.yaml", {});
  Mapping root = document.Root().AsMapping();
  Mapping auth = root.Get("auth").AsMapping();
  auth.HideUnknown();
  std::string user;
  auth.Optional("user", &user);
  auth.Get("password");
  auth.Finish();
  root.Finish();
  const std::string errors = ErrorsOf(document);
  EXPECT_THAT(errors, Not(HasSubstr("hunter2")));
  EXPECT_THAT(errors, HasSubstr("unknown key \"pasword\"; did you mean \"password\"?"));
  EXPECT_THAT(errors, HasSubstr("unknown key; valid keys: password, user"));
}

}  // namespace
}  // namespace sidelight::yaml
