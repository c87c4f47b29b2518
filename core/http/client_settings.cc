#include "core/http/client_settings.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

namespace sidelight::http {
namespace {

constexpr size_t kMaxSecretBytes = 64 * 1024;

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

std::string Base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int n =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

Status Append(std::string name, std::string value, Fields& fields) {
  if (!IsHeaderValue(value)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the value for the header {} has a line break or a control character in it", name));
  }
  fields.emplace_back(std::move(name), std::move(value));
  return {};
}

Result<std::string> BasicCredentials(const ClientSettings::BasicAuth& auth) {
  const Result<Secret> username = auth.username.Read();
  if (!username) return tl::unexpected<Error>(username.error());
  if (username->Reveal().find(':') != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "basic_auth: a user's name has no \":\" in it");
  }
  const Result<Secret> password = auth.password.Read();
  if (!password) return tl::unexpected<Error>(password.error());
  return "Basic " + Base64(fmt::format("{}:{}", username->Reveal(), password->Reveal()));
}

constexpr size_t kMaxDigestedBytes = 16 << 20;

// "" of a file that cannot be read. A pipe would keep whoever opens it, and give what it holds only once.
std::string DigestOf(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return {};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen(file.c_str(), "rbe"), &std::fclose);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (opened == nullptr || digest == nullptr) return {};
  if (EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) return {};
  std::array<char, 8192> bytes{};
  for (size_t left = kMaxDigestedBytes; left > 0;) {
    const size_t n = std::fread(bytes.data(), 1, std::min(bytes.size(), left), opened.get());
    if (n == 0) break;
    if (EVP_DigestUpdate(digest.get(), bytes.data(), n) != 1) return {};
    left -= n;
  }
  if (std::ferror(opened.get()) != 0) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(digest.get(), out.data(), &size) != 1) return {};
  return {reinterpret_cast<const char*>(out.data()), size};
}

// What is shorter is no secret worth the name, and half of every sentence.
constexpr size_t kShortestSecret = 4;

void Replace(std::string_view secret, std::string* text) {
  constexpr std::string_view kInstead = "<secret>";
  if (secret.size() < kShortestSecret) return;
  for (size_t at = 0; (at = text->find(secret, at)) != std::string::npos; at += kInstead.size()) {
    text->replace(at, secret.size(), kInstead);
  }
}

}  // namespace

Result<Secret> SecretSource::Read() const {
  if (file.empty()) return value;
  const auto fail = [&](std::string_view why) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}", file, why));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen(file.c_str(), "rbe"), &std::fclose);
  if (opened == nullptr) return fail("cannot be read: " + ErrnoText(errno));
  std::string text(kMaxSecretBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), opened.get()));
  if (std::ferror(opened.get()) != 0) return fail("cannot be read: " + ErrnoText(errno));
  if (text.size() > kMaxSecretBytes) {
    return fail(fmt::format("is larger than {} bytes, and no secret", kMaxSecretBytes));
  }
  text = Trimmed(text);
  if (text.empty()) return fail("is empty; it should hold the secret");
  return Secret(std::move(text));
}

ClientOptions ClientSettings::Options(Duration timeout, size_t max_body_bytes) const {
  ClientOptions options;
  options.connect_timeout = std::min(options.connect_timeout, timeout);
  options.timeout = timeout;
  options.max_body_bytes = max_body_bytes;
  options.tls = tls;
  return options;
}

Result<Fields> ClientSettings::Headers() const {
  Fields fields;
  if (basic_auth) {
    Result<std::string> value = BasicCredentials(*basic_auth);
    if (!value) return tl::unexpected<Error>(std::move(value.error()));
    fields.emplace_back("Authorization", *std::move(value));
  }
  if (authorization) {
    const Result<Secret> secret = authorization->credentials.Read();
    if (!secret) return tl::unexpected<Error>(secret.error());
    const Status fits =
        Append("Authorization", fmt::format("{} {}", authorization->type, secret->Reveal()), fields);
    if (!fits) return tl::unexpected<Error>(fits.error());
  }
  for (const auto& [name, source] : headers) {
    const Result<Secret> secret = source.Read();
    if (!secret) return tl::unexpected<Error>(secret.error());
    const Status fits = Append(name, secret->Reveal(), fields);
    if (!fits) return tl::unexpected<Error>(fits.error());
  }
  return fields;
}

std::string ClientSettings::FilesDigest() const {
  std::vector<const std::string*> files = {&tls.ca_file, &tls.cert_file, &tls.key_file};
  if (basic_auth) files.insert(files.end(), {&basic_auth->username.file, &basic_auth->password.file});
  if (authorization) files.push_back(&authorization->credentials.file);
  for (const auto& [name, source] : headers) files.push_back(&source.file);
  std::string digests;
  for (const std::string* file : files) digests += DigestOf(*file) + ';';
  return digests;
}

void ClientSettings::SetDirectory(std::string_view directory) {
  const auto resolve = [&](std::string& file) {
    if (!file.empty()) file = (std::filesystem::path(directory) / file).string();
  };
  if (basic_auth) {
    resolve(basic_auth->username.file);
    resolve(basic_auth->password.file);
  }
  if (authorization) resolve(authorization->credentials.file);
  for (auto& [name, source] : headers) resolve(source.file);
  resolve(tls.ca_file);
  resolve(tls.cert_file);
  resolve(tls.key_file);
}

std::string WithoutSecrets(std::string text, const Fields& sent) {
  for (const auto& [name, value] : sent) {
    Replace(value, &text);
    // "Bearer abc": what follows the scheme.
    const size_t space = value.find(' ');
    if (space != std::string::npos) Replace(std::string_view(value).substr(space + 1), &text);
  }
  return text;
}

}  // namespace sidelight::http
