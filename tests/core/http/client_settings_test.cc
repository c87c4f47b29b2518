// What a destination's block of the configuration says of who we are there, and what an error shows of it.
#include "core/http/client_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/core/http/files.h"

namespace sidelight::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Stands wherever a secret may stand, or may have got by mistake.
const std::string kSecret = "hunter2";

struct Decoded {
  ClientSettings settings;
  std::string errors;  // "": none
};

Decoded DecodeText(const std::string& text) {
  yaml::Document document = yaml::Document::Parse(
      text, "f", {.environment = [](const std::string& name) -> std::optional<std::string> {
        return name == "TOKEN" ? std::optional(kSecret + "-from-the-environment") : std::nullopt;
      }});
  Decoded decoded;
  yaml::Mapping mapping = document.Root().AsMapping();
  Decode(mapping, &decoded.settings);
  mapping.Finish();
  if (const Status status = document.status(); !status) decoded.errors = status.error().message;
  return decoded;
}

// "Name: value" of each header, or the error.
std::string HeadersOf(const ClientSettings& settings) {
  const Result<Fields> fields = settings.Headers();
  if (!fields) return "error: " + fields.error().message;
  std::string text;
  for (const auto& [name, value] : *fields) text += (text.empty() ? "" : "\n") + name + ": " + value;
  return text;
}

TEST(ClientSettingsTest, WhoWeAre) {
  const struct {
    std::string text;
    std::string wanted;
  } cases[] = {
      {"{}", ""},
      // printf 'us:pass' | base64, and the like.
      {"basic_auth: {username: us, password: pass}", "Authorization: Basic dXM6cGFzcw=="},
      {"basic_auth: {username: us}", "Authorization: Basic dXM6"},
      {"basic_auth: {username: ä, password: 'a:b:c'}", "Authorization: Basic w6Q6YTpiOmM="},
      {"authorization: {credentials: abc}", "Authorization: Bearer abc"},
      {"authorization: {type: Token, credentials: '${env:TOKEN}'}",
       "Authorization: Token hunter2-from-the-environment"},
      {"bearer_token: abc", "Authorization: Bearer abc"},
      {"http_headers: {X-Scope-OrgID: {values: [a, b]}, X-Key: {secrets: [k]}}",
       "X-Scope-OrgID: a\nX-Scope-OrgID: b\nX-Key: k"},
      {"{authorization: {credentials: abc}, http_headers: {X-A: {values: ['']}}}",
       "Authorization: Bearer abc\nX-A: "},
  };
  for (const auto& row : cases) {
    const Decoded decoded = DecodeText(row.text);
    EXPECT_EQ(decoded.errors, "") << row.text;
    EXPECT_EQ(HeadersOf(decoded.settings), row.wanted) << row.text;
  }
}

TEST(ClientSettingsTest, FilesAreReadForEachRequest) {
  const Files files;
  Decoded decoded = DecodeText(
      "{basic_auth: {username_file: user, password_file: password}, "
      "http_headers: {X-Key: {files: [key]}, X-Other: {files: [/proc/self/nothing]}}}");
  ASSERT_EQ(decoded.errors, "");
  ClientSettings& settings = decoded.settings;
  settings.SetDirectory(files.folder());
  ASSERT_EQ(settings.headers.size(), 2u);
  EXPECT_EQ(settings.headers[1].second.file, "/proc/self/nothing") << "an absolute path stays what it is";
  settings.headers.pop_back();

  files.Write("user", "us\n");
  files.Write("key", "\r\n k1 \n\n");
  EXPECT_EQ(HeadersOf(settings),
            "error: " + files.Path("password") + ": cannot be read: No such file or directory");
  files.Write("password", "pass\n");
  EXPECT_EQ(HeadersOf(settings), "Authorization: Basic dXM6cGFzcw==\nX-Key: k1");
  files.Write("password", "new");
  files.Write("key", "k2");
  EXPECT_EQ(HeadersOf(settings), "Authorization: Basic dXM6bmV3\nX-Key: k2");
  files.Write("password", " \n");
  EXPECT_EQ(HeadersOf(settings),
            "error: " + files.Path("password") + ": is empty; it should hold the secret");
}

// Kubernetes swaps a link to a folder.
TEST(ClientSettingsTest, ASecretOfKubernetesIsSwapped) {
  namespace fs = std::filesystem;
  const Files files;
  for (const std::string version : {"..1", "..2"}) {
    fs::create_directory(files.Path(version));
    files.Write(version + "/token", "token" + version + "\n");
  }
  fs::create_symlink("..1", files.Path("..data"));
  fs::create_symlink("..data/token", files.Path("token"));
  Decoded decoded = DecodeText("authorization: {credentials_file: token}");
  decoded.settings.SetDirectory(files.folder());
  EXPECT_EQ(HeadersOf(decoded.settings), "Authorization: Bearer token..1");
  fs::create_symlink("..2", files.Path("..data_tmp"));
  fs::rename(files.Path("..data_tmp"), files.Path("..data"));
  EXPECT_EQ(HeadersOf(decoded.settings), "Authorization: Bearer token..2");
}

TEST(ClientSettingsTest, FilesThatHoldNoSecret) {
  const Files files;
  files.Write("two_lines", kSecret + "\nEvil: " + kSecret);
  files.Write("null", kSecret + std::string("\0", 1) + kSecret);
  files.Write("large", std::string(70'000, 'x'));
  files.Write("colon", kSecret + ":" + kSecret);
  const struct {
    std::string text;
    std::string wanted;
  } cases[] = {
      {"authorization: {credentials_file: two_lines}",
       "the value for the header Authorization has a line break or a control character in it"},
      {"authorization: {credentials_file: 'null'}",
       "the value for the header Authorization has a line break"},
      {"http_headers: {X-Key: {files: [two_lines]}}", "the value for the header X-Key has a line break"},
      {"authorization: {credentials_file: large}", "large: is larger than 65536 bytes, and no secret"},
      {"authorization: {credentials_file: .}", "cannot be read: Is a directory"},
      {"basic_auth: {username_file: colon, password: x}", "a user's name has no \":\" in it"},
  };
  for (const auto& row : cases) {
    Decoded decoded = DecodeText(row.text);
    ASSERT_EQ(decoded.errors, "") << row.text;
    decoded.settings.SetDirectory(files.folder());
    const std::string headers = HeadersOf(decoded.settings);
    EXPECT_THAT(headers, HasSubstr("error: ")) << row.text;
    EXPECT_THAT(headers, HasSubstr(row.wanted)) << row.text;
    EXPECT_THAT(headers, Not(HasSubstr(kSecret))) << row.text;
  }
}

TEST(ClientSettingsTest, Tls) {
  Decoded decoded = DecodeText(
      "tls_config: {ca_file: ca.pem, cert_file: /etc/c.pem, key_file: c.key, server_name: am, "
      "insecure_skip_verify: true, min_version: TLS13, max_version: TLS13}");
  ASSERT_EQ(decoded.errors, "");
  decoded.settings.SetDirectory("/etc/sidelight");
  const TlsSettings wanted{.ca_file = "/etc/sidelight/ca.pem",
                           .cert_file = "/etc/c.pem",
                           .key_file = "/etc/sidelight/c.key",
                           .server_name = "am",
                           .insecure_skip_verify = true,
                           .min_version = TlsSettings::Version::kTls13,
                           .max_version = TlsSettings::Version::kTls13};
  EXPECT_EQ(decoded.settings.tls, wanted);
  EXPECT_EQ(DecodeText("{}").settings.tls, TlsSettings());
  EXPECT_EQ(TlsSettings().min_version, TlsSettings::Version::kTls12);
}

TEST(ClientSettingsTest, SaysWhatIsWrongAndWhereAndNoSecret) {
  const struct {
    std::string text;
    std::string wanted;
  } cases[] = {
      {"basic_auth: hunter2", "f:1:13: expected a mapping"},
      {"basic_auth: [hunter2]", "f:1:13: expected a mapping"},
      {"basic_auth: {username: us, passwort: hunter2}",
       "f:1:28: unknown key \"passwort\"; did you mean \"password\"?"},
      {"basic_auth: {username: us, password: [hunter2]}", "f:1:38: expected"},
      {"basic_auth: {username: us, password: hunter2, password: hunter2}", "f:1:47: "},
      {"basic_auth: {username: us, password: hunter2, password_file: f}",
       "\"password\" and \"password_file\" exclude each other; remove one"},
      {"basic_auth: {username: 'us:hunter2'}", "a user's name has no \":\" in it"},
      {"basic_auth: {hunter2}", "f:1:14: "},
      {"basic_auth: {username: us, password_file: ''}", "\"password_file\" names no file"},
      {"authorization: {}", "give \"credentials\" or \"credentials_file\""},
      {"authorization: Bearer hunter2", "f:1:16: expected a mapping"},
      {"authorization: {type: 'Bearer hunter2', credentials: hunter2}",
       "the type is one word, such as Bearer"},
      {"authorization: {type: basic, credentials: hunter2}", "for Basic write \"basic_auth\""},
      {"authorization: {credentials: {a: hunter2}}", "f:1:30: expected"},
      {"authorization: {credentials: '${env:GONE}', token: hunter2}", "GONE"},
      {"{basic_auth: {username: us, password: hunter2}, authorization: {credentials: hunter2}}",
       "\"basic_auth\" and \"authorization\" exclude each other; remove one"},
      {"{bearer_token: hunter2, authorization: {credentials: hunter2}}",
       "\"bearer_token\" and \"authorization\" exclude each other; remove one"},
      {"{bearer_token_file: f, basic_auth: {username: us, password: hunter2}}",
       "\"basic_auth\" and \"bearer_token_file\" exclude each other; remove one"},
      {"{bearer_token: hunter2, bearer_token_file: f}",
       "\"bearer_token\" and \"bearer_token_file\" exclude each other; remove one"},
      {"bearer_token: [hunter2]", "f:1:15: expected"},
      {"bearer_tokens: hunter2", "did you mean \"bearer_token\"?"},
      {"password: hunter2", "unknown key \"password\""},
      {"tls_config: {ca: hunter2}", "the certificates themselves do not stand here; write them into a file"},
      {"tls_config: {key: hunter2, cert: hunter2}", "write it into a file and name that as \"key_file\""},
      {"tls_config: {cert_file: a}", "\"cert_file\" needs \"key_file\" beside it"},
      {"tls_config: {key_file: a}", "\"key_file\" needs \"cert_file\" beside it"},
      {"tls_config: {min_version: TLS11}", "\"TLS11\" is no valid value of \"min_version\""},
      {"tls_config: {min_version: TLS13, max_version: TLS12}",
       "\"max_version\" is lower than \"min_version\""},
      {"tls_config: {insecure_skip_verify: sometimes}", "f:1:36: expected"},
      {"tls_config: hunter2", "f:1:13: expected a mapping"},
      {"http_headers: {Authorization: {secrets: [hunter2]}}", "the header Authorization cannot be set here"},
      {"http_headers: {host: {values: [a]}}", "the header host cannot be set here"},
      {"http_headers: {'X A': {values: [a]}}", "this is no header's name"},
      {"http_headers: {X-Key: hunter2}", "f:1:23: expected a mapping"},
      {"http_headers: {X-Key: {secrets: hunter2}}", "f:1:33: expected a list"},
      {"http_headers: {X-Key: {secret: [hunter2]}}", "did you mean \"secrets\"?"},
      {"http_headers: {X-Key: {values: [\"a\\nEvil: hunter2\"]}}",
       "f:1:33: the value has a line break or a control character in it"},
      {"authorization: {credentials: \"a\\nEvil: hunter2\"}",
       "f:1:30: the value has a line break or a control character in it"},
      {"oauth2: {client_secret: hunter2}", "oauth2 is not spoken"},
      {"proxy_url: 'http://us:hunter2@proxy'", "destinations are reached without a proxy"},
      {"proxy_from_environment: true", "destinations are reached without a proxy"},
      {"follow_redirects: true", "redirects are not followed"},
      {"enable_http2: true", "HTTP/1.1 is spoken"},
  };
  for (const auto& row : cases) {
    const Decoded decoded = DecodeText(row.text);
    EXPECT_THAT(decoded.errors, HasSubstr(row.wanted)) << row.text;
    EXPECT_THAT(decoded.errors, HasSubstr("f:1:")) << row.text;
    EXPECT_THAT(decoded.errors, Not(HasSubstr(kSecret))) << row.text;
  }
}

TEST(ClientSettingsTest, AreTheSameWhenAllOfThemIs) {
  const std::string texts[] = {
      "{}",
      "basic_auth: {username: u, password: a}",
      "basic_auth: {username: u, password: b}",
      "basic_auth: {username: u, password_file: a}",
      "authorization: {credentials: a}",
      "authorization: {type: Token, credentials: a}",
      "http_headers: {X-A: {values: [a]}}",
      "http_headers: {X-B: {values: [a]}}",
      "tls_config: {server_name: a}",
      "tls_config: {ca_file: a}",
  };
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      EXPECT_EQ(DecodeText(a).settings == DecodeText(b).settings, a == b) << a << " and " << b;
    }
  }
}

TEST(ClientSettingsTest, TheDigestOfItsFilesIsAnotherOneWhenOneOfThemIs) {
  const std::filesystem::path folder = testing::TempDir() + "client_settings_digest";
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& file, const std::string& text) {
    std::ofstream(folder / file) << text;
  };
  ClientSettings settings = DecodeText(R"yaml(
basic_auth: {username_file: username, password_file: password}
tls_config: {ca_file: ca, cert_file: cert, key_file: key}
http_headers: {X-Key: {files: [header]}}
)yaml")
                                .settings;
  settings.SetDirectory(folder.string());
  ClientSettings other = DecodeText("authorization: {credentials_file: token}").settings;
  other.SetDirectory(folder.string());
  for (const std::string file : {"username", "password", "ca", "cert", "key", "header", "token"}) {
    const ClientSettings& of = file == "token" ? other : settings;
    std::filesystem::remove(folder / file);
    const std::string absent = of.FilesDigest();
    write(file, kSecret);
    const std::string there = of.FilesDigest();
    EXPECT_NE(there, absent) << file;
    EXPECT_EQ(of.FilesDigest(), there) << file;
    EXPECT_EQ(there.find(kSecret), std::string::npos) << file;
    write(file, kSecret + "x");
    EXPECT_NE(of.FilesDigest(), there) << file;
    write(file, kSecret);
    EXPECT_EQ(of.FilesDigest(), there) << file;
  }
  // In whichever of them it stands.
  write("username", "a");
  write("password", "b");
  const std::string one = settings.FilesDigest();
  write("username", "b");
  write("password", "a");
  EXPECT_NE(settings.FilesDigest(), one);
  // A pipe is not waited for.
  std::filesystem::remove(folder / "username");
  const std::string without = settings.FilesDigest();
  ASSERT_EQ(mkfifo((folder / "username").c_str(), 0600), 0);
  EXPECT_EQ(settings.FilesDigest(), without);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sidelight::http
