// The request methods that become attribute values. Anything else is "_OTHER", so that a client cannot make
// new series by inventing methods (OpenTelemetry semantic conventions, http.request.method).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidelight::http1 {

inline constexpr std::string_view kOtherMethod = "_OTHER";

// Immutable, so it may be shared between threads. It must outlive every observer that uses it, and every view
// that Canonical returned.
class KnownMethods {
 public:
  static constexpr size_t kMost = 100;

  // The methods of RFC 9110 with PATCH and QUERY.
  KnownMethods();
  // A comma-separated list in place of those, as in OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS. White space
  // around a name is dropped; an empty list gives the default; names beyond kMost are left out.
  explicit KnownMethods(std::string_view list);

  // The list of the environment variable OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS, read on the first call.
  static const KnownMethods& FromEnvironment();

  const std::vector<std::string>& names() const { return methods_; }

  // `token` itself when it is known (methods are case-sensitive), else kOtherMethod.
  std::string_view Canonical(std::string_view token) const;

 private:
  std::vector<std::string> methods_;
};

}  // namespace sidelight::http1
