// What connections with the same TlsSettings share: the certificates that are trusted, our own, the versions.
// Any thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "core/base/error.h"
#include "core/http/tls_settings.h"

namespace sidelight::http {

// Before the process uses OpenSSL for anything: it is not taken down at the end, as threads may outlive
// main().
void KeepOpenSsl();

// Made once and kept until one of the files is another one, so that a request does not read the system's CA
// certificates again and yet a rotated file takes effect. What fails is tried again next time. Errors name
// the file and what is wrong with it.
Result<std::shared_ptr<SSL_CTX>> TlsContextFor(const TlsSettings& settings);

// What OpenSSL says of the thread's oldest error, which is then forgotten with all others; "" when there is
// none.
std::string TakeTlsError();

}  // namespace sidelight::http
