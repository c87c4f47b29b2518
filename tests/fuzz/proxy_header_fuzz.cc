// Feeds the PROXY header decoder anything, whole and cut: it must never read beyond its input, a cut header
// must ask for more, and what was decoded must survive being encoded again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/net/proxy_header.h"

using sidelight::net::DecodeProxyHeader;
using sidelight::net::EncodeProxyHeader;
using sidelight::net::MeasureProxyHeader;
using sidelight::net::ProxyHeaderStatus;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = DecodeProxyHeader(bytes);
  const auto probed = MeasureProxyHeader(bytes.substr(0, sidelight::net::kMaxProxyHeaderProbe));
  if (size >= sidelight::net::kMaxProxyHeaderProbe) Require(probed.status != ProxyHeaderStatus::kNeedMore);
  if (whole.status != ProxyHeaderStatus::kDone) return 0;
  Require(probed.status == ProxyHeaderStatus::kDone && probed.size == whole.header.size);
  Require(whole.header.size <= size);
  const size_t step = 1 + whole.header.size / 64;
  for (size_t cut = 0; cut < whole.header.size; cut += step) {
    Require(DecodeProxyHeader(bytes.substr(0, cut)).status == ProxyHeaderStatus::kNeedMore);
  }
  const auto& header = whole.header;
  const auto again = DecodeProxyHeader(EncodeProxyHeader(header.source, header.destination));
  Require(again.status == ProxyHeaderStatus::kDone);
  // Of a pair in which only one address is IPv4 mapped into IPv6 there is no other form than LOCAL.
  const bool mixed = header.source.Unmapped().family() != header.destination.Unmapped().family();
  Require(again.header.local == (header.local || mixed));
  if (again.header.local) return 0;
  Require(again.header.source.ToString() == header.source.Unmapped().ToString());
  Require(again.header.destination.ToString() == header.destination.Unmapped().ToString());
  return 0;
}
