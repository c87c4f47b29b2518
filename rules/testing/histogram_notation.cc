#include "rules/testing/histogram_notation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "rules/testing/number_notation.h"

namespace sidelight::promqltest {
namespace {

constexpr int32_t kMinSchema = -4;
constexpr int32_t kMaxSchema = 8;

tl::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

struct Hint {
  std::string_view word;
  CounterReset meaning;
};
constexpr Hint kHints[] = {
    {"unknown", CounterReset::kUnknown},
    {"reset", CounterReset::kReset},
    {"not_reset", CounterReset::kNotReset},
    {"gauge", CounterReset::kGauge},
};

std::optional<int32_t> WholeNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `[1 2.5 0]`.
std::optional<std::vector<double>> Numbers(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<double> numbers;
  for (text = SkipBlanks(text); !text.empty(); text = SkipBlanks(text)) {
    const std::optional<double> number = TakeNumber(&text);
    if (!number || (!text.empty() && text.front() != ' ' && text.front() != '\t')) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

// The items between the braces, as they were written.
class Items {
 public:
  Status Add(std::string_view key, std::string_view value) {
    for (Item& item : items_) {
      if (item.key != key) continue;
      if (item.value) return Wrong(fmt::format("the key \"{}\" of a histogram comes twice", key));
      item.value = value;
      return {};
    }
    std::string known;
    for (const Item& item : items_) known += fmt::format("{}{}", known.empty() ? "" : ", ", item.key);
    return Wrong(fmt::format("a histogram has no key \"{}\"; there are {}", key, known));
  }

  Status Read(std::string_view key, double* out) const {
    const std::optional<std::string_view> value = Find(key);
    if (!value) return {};
    const std::optional<double> number = ParseNumber(*value);
    if (!number) return Wrong(fmt::format("{}:{} is not a number", key, *value));
    *out = *number;
    return {};
  }
  Status Read(std::string_view key, int32_t* out) const {
    const std::optional<std::string_view> value = Find(key);
    if (!value) return {};
    const std::optional<int32_t> number = WholeNumber(*value);
    if (!number) return Wrong(fmt::format("{}:{} is not a whole number", key, *value));
    *out = *number;
    return {};
  }
  Status Read(std::string_view key, std::vector<double>* out) const {
    const std::optional<std::string_view> value = Find(key);
    if (!value) return {};
    std::optional<std::vector<double>> numbers = Numbers(*value);
    if (!numbers) return Wrong(fmt::format("{}:{} is not a list like [1 2.5 0]", key, *value));
    *out = *std::move(numbers);
    return {};
  }
  Status Read(std::string_view key, WrittenHistogram* out) const {
    const std::optional<std::string_view> value = Find(key);
    if (!value) return {};
    const auto* const hint =
        std::find_if(std::begin(kHints), std::end(kHints), [&](const Hint& h) { return h.word == *value; });
    if (hint == std::end(kHints)) {
      return Wrong(fmt::format("{}:{} is none of unknown, reset, not_reset, gauge", key, *value));
    }
    out->histogram.counter_reset = hint->meaning;
    out->hint_given = true;
    return {};
  }

 private:
  struct Item {
    std::string_view key;
    std::optional<std::string_view> value;
  };

  std::optional<std::string_view> Find(std::string_view key) const {
    for (const Item& item : items_) {
      if (item.key == key) return item.value;
    }
    return std::nullopt;
  }

  Item items_[11] = {{"schema", {}},
                     {"sum", {}},
                     {"count", {}},
                     {"z_bucket", {}},
                     {"z_bucket_w", {}},
                     {"buckets", {}},
                     {"offset", {}},
                     {"n_buckets", {}},
                     {"n_offset", {}},
                     {"custom_values", {}},
                     {"counter_reset_hint", {}}};
};

// Splits `key:value key:[v v]` up.
Result<Items> Split(std::string_view text) {
  Items items;
  for (text = SkipBlanks(text); !text.empty(); text = SkipBlanks(text)) {
    const size_t colon = text.find_first_of(": \t");
    if (colon == std::string_view::npos || text[colon] != ':') {
      return Wrong(fmt::format("\"{}\" in a histogram is no key:value", text.substr(0, colon)));
    }
    const std::string_view key = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    const size_t end = text.starts_with('[') ? text.find(']') : text.find_first_of(" \t");
    size_t length = end == std::string_view::npos ? text.size() : end;
    if (text.starts_with('[')) {
      if (end == std::string_view::npos) return Wrong(fmt::format("the list of {} has no \"]\"", key));
      ++length;
    }
    const std::string_view value = text.substr(0, length);
    text.remove_prefix(length);
    if (value.empty()) return Wrong(fmt::format("behind {}: the value is missing", key));
    if (!text.empty() && text.front() != ' ' && text.front() != '\t') {
      return Wrong(fmt::format("behind {}:{} a blank is missing", key, value));
    }
    if (Status added = items.Add(key, value); !added) return tl::unexpected(added.error());
  }
  return items;
}

Status ReadSide(const Items& items, std::string_view offset_key, std::string_view buckets_key,
                std::vector<NativeSpan>* spans, std::vector<double>* buckets) {
  int32_t offset = 0;
  if (Status read = items.Read(offset_key, &offset); !read) return read;
  if (Status read = items.Read(buckets_key, buckets); !read) return read;
  if (!buckets->empty()) spans->push_back({offset, static_cast<uint32_t>(buckets->size())});
  return {};
}

Status ReadAll(const Items& items, WrittenHistogram* out) {
  FloatHistogram& histogram = out->histogram;
  if (Status read = items.Read("schema", &histogram.schema); !read) return read;
  if (!histogram.custom_buckets() && (histogram.schema < kMinSchema || histogram.schema > kMaxSchema)) {
    return Wrong(fmt::format("there is no schema {}; there are {} to {}, and {} for custom buckets",
                             histogram.schema, kMinSchema, kMaxSchema, kCustomBucketsSchema));
  }
  for (const auto& [key, number] : {std::pair{"sum", &histogram.sum},
                                    {"count", &histogram.count},
                                    {"z_bucket", &histogram.zero_count},
                                    {"z_bucket_w", &histogram.zero_threshold}}) {
    if (Status read = items.Read(key, number); !read) return read;
  }
  if (Status read = ReadSide(items, "offset", "buckets", &histogram.positive_spans, &histogram.positive);
      !read) {
    return read;
  }
  if (Status read = ReadSide(items, "n_offset", "n_buckets", &histogram.negative_spans, &histogram.negative);
      !read) {
    return read;
  }
  std::vector<double> bounds;
  if (Status read = items.Read("custom_values", &bounds); !read) return read;
  if (histogram.custom_buckets() || !bounds.empty()) {
    histogram.custom_values = std::make_shared<const std::vector<double>>(std::move(bounds));
  }
  return items.Read("counter_reset_hint", out);
}

}  // namespace

Result<WrittenHistogram> TakeHistogram(std::string_view* text) {
  const size_t end = text->find("}}");
  if (!text->starts_with("{{") || end == std::string_view::npos) {
    return Wrong("a histogram stands between {{ and }}");
  }
  const Result<Items> items = Split(text->substr(2, end - 2));
  if (!items) return tl::unexpected(items.error());
  WrittenHistogram written;
  if (Status read = ReadAll(*items, &written); !read) return tl::unexpected(read.error());
  text->remove_prefix(end + 2);
  return written;
}

}  // namespace sidelight::promqltest
