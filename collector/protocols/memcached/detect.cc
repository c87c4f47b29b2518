#include "collector/protocols/memcached/detect.h"

#include <string>

#include "collector/protocols/memcached/binary.h"
#include "collector/protocols/memcached/commands.h"

namespace sidelight::memcached {
namespace {

// No longer than this is any command's name.
constexpr size_t kMaxName = 16;

Likeness TextLikeness(std::string_view prefix) {
  const auto may_be_in_name = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  size_t length = 0;
  while (length < prefix.size() && may_be_in_name(prefix[length])) ++length;
  if (length == 0 || length > kMaxName) return Likeness::kNo;
  if (length == prefix.size()) return Likeness::kMaybe;
  const bool ends = prefix[length] == ' ' || prefix[length] == '\r' || prefix[length] == '\n';
  const bool known = TextCommand(prefix.substr(0, length)).name != kOtherCommand;
  return ends && known ? Likeness::kYes : Likeness::kNo;
}

Likeness BinaryLikeness(std::string_view prefix) {
  constexpr size_t kOpcodeAt = 1;
  constexpr size_t kDataTypeAt = 5;  // reserved: 0 in every request
  constexpr size_t kSizesEnd = 12;
  constexpr uint16_t kMaxKey = 250;
  if (prefix.size() > kOpcodeAt) {
    if (BinaryOpcode(static_cast<uint8_t>(prefix[kOpcodeAt])).name == kOtherCommand) return Likeness::kNo;
  }
  if (prefix.size() > kDataTypeAt && prefix[kDataTypeAt] != '\0') return Likeness::kNo;
  if (prefix.size() < kSizesEnd) return Likeness::kMaybe;
  std::string header(prefix.substr(0, kSizesEnd));
  header.resize(kHeaderBytes);
  const Header sizes = ReadHeader(header);
  return sizes.valid() && sizes.key_bytes <= kMaxKey ? Likeness::kYes : Likeness::kNo;
}

}  // namespace

Likeness LikenessOf(std::string_view prefix) {
  if (prefix.empty()) return Likeness::kMaybe;
  return static_cast<uint8_t>(prefix[0]) == kRequestMagic ? BinaryLikeness(prefix) : TextLikeness(prefix);
}

}  // namespace sidelight::memcached
