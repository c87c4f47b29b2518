#include "src/api/correlation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string_view>

namespace sidelight::api {
namespace {

constexpr size_t kMaxLength = 64;

bool IsSane(std::string_view id) {
  if (id.empty() || id.size() > kMaxLength) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

uint64_t Random64(std::random_device& device) {
  static_assert(sizeof(std::random_device::result_type) == 4);
  const uint64_t high = device();
  return high << 32 | device();
}

}  // namespace

std::string CorrelationId(const http::Request& request) {
  // Two of them joined hold a comma and a blank, which no sane one has.
  if (std::string sent = request.HeaderList(kCorrelationHeader); IsSane(sent)) return sent;
  std::random_device device;
  const uint64_t high = Random64(device);
  const uint64_t low = Random64(device);
  return fmt::format("{:016x}{:016x}", high, low);
}

}  // namespace sidelight::api
