#include "core/http/tls_context.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

namespace sidelight::http {
namespace {

constexpr size_t kMaxContexts = 16;

// Which file a path leads to, and which content of it.
struct Stamp {
  dev_t device = 0;
  ino_t inode = 0;
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  int64_t size = -1;  // -1: there is no file

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

using Stamps = std::array<Stamp, 3>;

Stamp StampOf(const std::string& path) {
  struct stat found;
  if (path.empty() || ::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size};
}

struct Kept {
  TlsSettings settings;
  Stamps stamps;
  std::shared_ptr<SSL_CTX> context;
};

tl::unexpected<Error> Wrong(std::string_view key, const std::string& file, const std::string& what) {
  return Fail(ErrorCode::kUnavailable, fmt::format("{} {}: {}", key, file, what));
}

Status CheckReadable(std::string_view key, const std::string& file) {
  if (::access(file.c_str(), R_OK) == 0) return {};
  return Wrong(key, file, "cannot be read: " + ErrnoText(errno));
}

int VersionOf(TlsSettings::Version version) {
  return version == TlsSettings::Version::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

// Without it OpenSSL asks on the terminal.
int NoPassphrase(char*, int, int, void*) {
  return -1;
}

Status TrustFile(SSL_CTX* context, const std::string& file) {
  if (const Status readable = CheckReadable("ca_file", file); !readable) return readable;
  if (SSL_CTX_load_verify_file(context, file.c_str()) == 1) return {};
  return Wrong("ca_file", file, fmt::format("holds no certificates in PEM ({})", TakeTlsError()));
}

Status ShowOurselves(SSL_CTX* context, const std::string& cert_file, const std::string& key_file) {
  if (const Status readable = CheckReadable("cert_file", cert_file); !readable) return readable;
  if (const Status readable = CheckReadable("key_file", key_file); !readable) return readable;
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) {
    return Wrong("cert_file", cert_file, fmt::format("holds no certificate in PEM ({})", TakeTlsError()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Wrong("key_file", key_file,
                 fmt::format("holds no key in PEM that needs no passphrase and fits {} ({})", cert_file,
                             TakeTlsError()));
  }
  return {};
}

Result<std::shared_ptr<SSL_CTX>> Make(const TlsSettings& settings) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (context == nullptr) {
    return Fail(ErrorCode::kInternal, fmt::format("OpenSSL does not start: {}", TakeTlsError()));
  }
  SSL_CTX_set_default_passwd_cb(context.get(), &NoPassphrase);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  const int max = settings.max_version ? VersionOf(*settings.max_version) : 0;
  if (SSL_CTX_set_min_proto_version(context.get(), VersionOf(settings.min_version)) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), max) != 1) {
    return Fail(ErrorCode::kInternal, "this system's OpenSSL does not speak the TLS version that is set");
  }
  SSL_CTX_set_verify(context.get(), settings.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     nullptr);
  if (!settings.ca_file.empty()) {
    if (const Status trusted = TrustFile(context.get(), settings.ca_file); !trusted) {
      return tl::unexpected<Error>(trusted.error());
    }
  } else if (!settings.insecure_skip_verify) {
    SSL_CTX_set_default_verify_paths(context.get());
  }
  if (!settings.cert_file.empty()) {
    const Status shown = ShowOurselves(context.get(), settings.cert_file, settings.key_file);
    if (!shown) return tl::unexpected<Error>(shown.error());
  }
  ERR_clear_error();  // that a system has no CA certificates shows when one is needed
  return context;
}

}  // namespace

void KeepOpenSsl() {
  static const int kept [[maybe_unused]] = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
}

Result<std::shared_ptr<SSL_CTX>> TlsContextFor(const TlsSettings& settings) {
  static std::mutex mutex;
  static std::vector<Kept>& kept = *new std::vector<Kept>();  // threads may outlive main()
  KeepOpenSsl();

  TlsSettings key = settings;
  key.server_name.clear();  // is said for each connection
  // Before the files are read, so that a change while they are shows next time.
  const Stamps stamps = {StampOf(key.ca_file), StampOf(key.cert_file), StampOf(key.key_file)};

  const std::lock_guard<std::mutex> lock(mutex);
  const auto found =
      std::find_if(kept.begin(), kept.end(), [&](const Kept& entry) { return entry.settings == key; });
  if (found != kept.end() && found->stamps == stamps) return found->context;
  Result<std::shared_ptr<SSL_CTX>> made = Make(key);
  if (found != kept.end()) kept.erase(found);
  if (!made) return made;
  if (kept.size() == kMaxContexts) kept.erase(kept.begin());
  kept.push_back({std::move(key), stamps, *made});
  return made;
}

std::string TakeTlsError() {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  if (error == 0) return {};
  if (const char* const reason = ERR_reason_error_string(error)) return reason;
  return ERR_SYSTEM_ERROR(error) ? ErrnoText(ERR_GET_REASON(error)) : fmt::format("error {:x}", error);
}

}  // namespace sidelight::http
