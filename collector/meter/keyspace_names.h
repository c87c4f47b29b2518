// KeyspaceNames: what the keyspaces of one tap's caches are called: for Redis and memcached groups of keys
// (keyspaces.h), for HTTP route templates (routes.h).
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sidelight::meter {

using KeyspaceId = uint32_t;
inline constexpr KeyspaceId kNoKeyspace = 0;

class KeyspaceNames {
 public:
  virtual ~KeyspaceNames() = default;

  // "user:{id}"; "" of kNoKeyspace.
  virtual std::string Text(KeyspaceId id) const = 0;
  // Every id is below size(), which grows up to capacity().
  virtual size_t size() const = 0;
  virtual size_t capacity() const = 0;
};

}  // namespace sidelight::meter
