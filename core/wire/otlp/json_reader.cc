#include "core/wire/otlp/json_reader.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "core/wire/exposition/utf8.h"

namespace sidelight::otlp {
namespace {

using nlohmann::json;
using wire::Refused;

// Adds up what the document would take, without building it.
class Sizer : public json::json_sax_t {
 public:
  explicit Sizer(const JsonLimits& limits) : max_depth_(limits.max_depth), budget_(limits.max_memory) {}

  bool null() override { return Value(0); }
  bool boolean(bool) override { return Value(0); }
  bool number_integer(json::number_integer_t) override { return Value(0); }
  bool number_unsigned(json::number_unsigned_t) override { return Value(0); }
  bool number_float(json::number_float_t, const json::string_t&) override { return Value(0); }
  bool string(json::string_t& text) override { return Value(kString + text.size()); }
  bool binary(json::binary_t&) override { return Value(0); }
  bool start_object(std::size_t) override { return Open(); }
  bool key(json::string_t& name) override { return Value(kEntry + name.size()); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
    throw Refused{{ErrorCode::kInvalidArgument, "not JSON, at byte " + std::to_string(at)}};
  }

 private:
  static constexpr size_t kValue = 2 * sizeof(json);  // in a vector with spare room
  static constexpr size_t kString = 48;
  static constexpr size_t kEntry = 112;  // a node of a map

  bool Value(size_t bytes) {
    budget_.Charge(kValue + bytes);
    return true;
  }
  bool Open() {
    if (++depth_ > max_depth_) {
      throw Refused{{ErrorCode::kLimit, "nested more than " + std::to_string(max_depth_) + " levels deep"}};
    }
    return Value(kString);
  }
  bool Close() {
    --depth_;
    return true;
  }

  const int max_depth_;
  int depth_ = 0;
  wire::MemoryBudget budget_;
};

template <class T>
std::optional<T> Parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// An integer of any JSON spelling: 3, "3", 3.0.
template <class T>
std::optional<T> Integer(const json& value) {
  if (value.is_string()) return Parse<T>(value.get_ref<const std::string&>());
  if (value.is_number_unsigned()) {
    const uint64_t number = value.get<uint64_t>();
    if (number > static_cast<uint64_t>(std::numeric_limits<T>::max())) return std::nullopt;
    return static_cast<T>(number);
  }
  if (value.is_number_integer()) {  // a negative one
    const int64_t number = value.get<int64_t>();
    if constexpr (std::is_unsigned_v<T>) {
      return std::nullopt;
    } else {
      if (number < std::numeric_limits<T>::min()) return std::nullopt;
      return static_cast<T>(number);
    }
  }
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  constexpr double kExact = 0x1p53;
  if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
  const auto whole = static_cast<int64_t>(number);
  if (!std::in_range<T>(whole)) return std::nullopt;
  return static_cast<T>(whole);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

json ParseJson(std::string_view text, const JsonLimits& limits) {
  Sizer sizer(limits);
  json::sax_parse(text, &sizer);
  return json::parse(text, nullptr, false);
}

void JsonPath::Refuse(std::string_view problem) const {
  constexpr size_t kLongestName = 64;  // names come from outside
  std::string where;
  for (const At& step : steps_) {
    if (step.index != kNoIndex) {
      where += '[' + std::to_string(step.index) + ']';
    } else {
      if (!where.empty()) where += '.';
      where += wire::ToValidUtf8(step.name.substr(0, kLongestName));
    }
  }
  if (where.empty()) where = "the document";
  throw Refused{{ErrorCode::kInvalidArgument, where + " " + std::string(problem)}};
}

std::string JsonPath::Text(const json& value) const {
  if (!value.is_string()) Refuse("is no string");
  return value.get_ref<const std::string&>();
}

bool JsonPath::Bool(const json& value) const {
  if (!value.is_boolean()) Refuse("is neither true nor false");
  return value.get<bool>();
}

uint64_t JsonPath::Uint64(const json& value) const {
  const auto number = Integer<uint64_t>(value);
  if (!number) Refuse("is no unsigned integer of 64 bits");
  return *number;
}

int64_t JsonPath::Int64(const json& value) const {
  const auto number = Integer<int64_t>(value);
  if (!number) Refuse("is no integer of 64 bits");
  return *number;
}

uint32_t JsonPath::Uint32(const json& value) const {
  const auto number = Integer<uint32_t>(value);
  if (!number) Refuse("is no unsigned integer of 32 bits");
  return *number;
}

int32_t JsonPath::Int32(const json& value) const {
  const auto number = Integer<int32_t>(value);
  if (!number) Refuse("is no integer of 32 bits");
  return *number;
}

int32_t JsonPath::Enum(const json& value) const {
  if (value.is_string()) Refuse("is a name: OTLP's JSON has enums as integers");
  return Int32(value);
}

double JsonPath::Double(const json& value) const {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) Refuse("is no number");
  const std::string& text = value.get_ref<const std::string&>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  // Words that from_chars knows, and protobuf does not.
  const bool digits = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
  const auto number = digits ? Parse<double>(text) : std::nullopt;
  if (!number) Refuse("is no number");
  return *number;
}

std::string JsonPath::Id(const json& value, size_t bytes) const {
  if (!value.is_string()) Refuse("is no string");
  const std::string& text = value.get_ref<const std::string&>();
  if (text.empty()) return {};
  if (text.size() != 2 * bytes) Refuse("does not have " + std::to_string(2 * bytes) + " hexadecimal digits");
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) Refuse("has a digit that is not hexadecimal");
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string JsonPath::Bytes(const json& value) const {
  if (!value.is_string()) Refuse("is no string");
  std::string_view text = value.get_ref<const std::string&>();
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) Refuse("is not base64");
    bits = (bits << 6 | static_cast<uint32_t>(digit)) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xff);
    }
  }
  if (held == 6) Refuse("is not base64");
  return out;
}

}  // namespace sidelight::otlp
