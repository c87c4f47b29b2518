#include "rules/testing/series_notation.h"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "core/model/stale.h"
#include "rules/promql/parser.h"
#include "rules/testing/histogram_notation.h"
#include "rules/testing/number_notation.h"

namespace sidelight::promqltest {
namespace {

constexpr std::string_view kBlanks = " \t";

tl::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

// One item and what it stands in, for messages.
tl::unexpected<Error> WrongItem(std::string_view text, std::string_view what) {
  return Wrong(fmt::format("\"{}\": {}", text.substr(0, text.find_first_of(kBlanks)), what));
}

Status CheckLength(size_t values, size_t more) {
  if (values + more <= kMaxSequence) return {};
  return Wrong(fmt::format("the line stands for more than {} samples", kMaxSequence));
}

// `xN`, or nothing: how often a value is repeated behind its first occurrence.
Result<uint64_t> TakeTimes(std::string_view* text) {
  if (!text->starts_with('x')) return 0;
  text->remove_prefix(1);
  const std::optional<uint64_t> times = TakeCount(text, kMaxSequence);
  if (!times) return Wrong(fmt::format("behind \"x\" a number of at most {} is missing", kMaxSequence));
  return *times;
}

bool AtItemEnd(std::string_view text) {
  return text.empty() || kBlanks.find(text.front()) != std::string_view::npos;
}

// `_` or `_xN`: how many steps are left out.
Result<uint64_t> TakeOmitted(std::string_view* text) {
  text->remove_prefix(1);
  if (!text->starts_with('x')) return 1;
  return TakeTimes(text);
}

bool TakeWord(std::string_view* text, std::string_view word) {
  if (!text->starts_with(word) || !AtItemEnd(text->substr(word.size()))) return false;
  text->remove_prefix(word.size());
  return true;
}

bool StartsWithSign(std::string_view text) {
  return text.starts_with('+') || text.starts_with('-');
}

Status TakeFloats(std::string_view* text, std::vector<SequenceValue>* out) {
  const std::string_view item = *text;
  const std::optional<double> first = TakeNumber(text);
  if (!first) return WrongItem(item, "this is no number, _, stale or {{histogram}}");
  double change = 0;
  if (StartsWithSign(*text)) {
    const std::optional<double> number = TakeNumber(text);
    if (!number) return WrongItem(item, "behind the sign a number is missing");
    if (!text->starts_with('x')) return WrongItem(item, "how often it is added is missing, as in 0+10x5");
    change = *number;
  }
  const Result<uint64_t> times = TakeTimes(text);
  if (!times) return WrongItem(item, times.error().message);
  if (Status fits = CheckLength(out->size(), *times + 1); !fits) return fits;
  double value = *first;
  for (uint64_t i = 0; i <= *times; ++i) {
    out->push_back({.value = value});
    value += change;
  }
  return {};
}

// `+{{...}}xN` behind a histogram.
Status TakeHistogramSteps(std::string_view* text, const WrittenHistogram& base,
                          std::vector<SequenceValue>* out) {
  const bool subtract = text->front() == '-';
  text->remove_prefix(1);
  const Result<WrittenHistogram> step = TakeHistogram(text);
  if (!step) return tl::unexpected(step.error());
  if (!text->starts_with('x')) return Wrong("how often the second histogram is added is missing");
  const Result<uint64_t> times = TakeTimes(text);
  if (!times) return tl::unexpected(times.error());
  if (Status fits = CheckLength(out->size(), *times + 1); !fits) return fits;
  if (base.histogram.schema > step->histogram.schema) {
    return Wrong(
        fmt::format("the first histogram has schema {}, which must not be above that of the second, {}",
                    base.histogram.schema, step->histogram.schema));
  }
  FloatHistogram value = base.histogram;
  for (uint64_t i = 0;; ++i) {
    out->push_back(
        {.histogram = std::make_shared<const FloatHistogram>(value), .hint_given = step->hint_given});
    if (i == *times) return {};
    const Result<FloatHistogram::Combined> combined =
        subtract ? value.Subtract(step->histogram) : value.Add(step->histogram);
    if (!combined) return tl::unexpected(combined.error());
  }
}

Status TakeHistograms(std::string_view* text, std::vector<SequenceValue>* out) {
  Result<WrittenHistogram> base = TakeHistogram(text);
  if (!base) return tl::unexpected(base.error());
  if (StartsWithSign(*text)) return TakeHistogramSteps(text, *base, out);
  const Result<uint64_t> times = TakeTimes(text);
  if (!times) return tl::unexpected(times.error());
  if (Status fits = CheckLength(out->size(), *times + 1); !fits) return fits;
  const auto histogram = std::make_shared<const FloatHistogram>(std::move(base->histogram));
  out->insert(out->end(), *times + 1, {.histogram = histogram, .hint_given = base->hint_given});
  return {};
}

Status TakeItem(std::string_view* text, std::vector<SequenceValue>* out) {
  if (text->starts_with("{{")) return TakeHistograms(text, out);
  if (TakeWord(text, "stale")) {
    if (Status fits = CheckLength(out->size(), 1); !fits) return fits;
    out->push_back({.value = StaleNan()});
    return {};
  }
  if (!text->starts_with('_')) return TakeFloats(text, out);
  const std::string_view item = *text;
  const Result<uint64_t> omitted = TakeOmitted(text);
  if (!omitted) return WrongItem(item, omitted.error().message);
  if (Status fits = CheckLength(out->size(), *omitted); !fits) return fits;
  out->insert(out->end(), *omitted, {.omitted = true});
  return {};
}

// A signed duration of one unit: `-30s`, `0`, `1ms`.
std::optional<int64_t> TakeOffset(std::string_view* text) {
  struct Unit {
    std::string_view word;
    int64_t millis;
  };
  constexpr int64_t kDay = 86'400'000;
  // What begins with another one comes before it.
  constexpr Unit kUnits[] = {{"ms", 1},   {"s", 1000},     {"m", 60'000},    {"h", 3'600'000},
                             {"d", kDay}, {"w", 7 * kDay}, {"y", 365 * kDay}};
  std::string_view rest = *text;
  const bool negative = rest.starts_with('-');
  if (StartsWithSign(rest)) rest.remove_prefix(1);
  const std::optional<uint64_t> count = TakeCount(&rest, std::numeric_limits<int32_t>::max());
  if (!count) return std::nullopt;
  int64_t unit = 0;
  for (const Unit& known : kUnits) {
    if (!rest.starts_with(known.word)) continue;
    rest.remove_prefix(known.word.size());
    unit = known.millis;
    break;
  }
  // Only zero is known without a unit.
  if (unit == 0 && *count != 0) return std::nullopt;
  *text = rest;
  const int64_t millis = static_cast<int64_t>(*count) * unit;
  return negative ? -millis : millis;
}

Status TakeOffsets(std::string_view* text, std::vector<std::optional<int64_t>>* out) {
  const std::string_view item = *text;
  if (text->starts_with('_')) {
    const Result<uint64_t> omitted = TakeOmitted(text);
    if (!omitted) return WrongItem(item, omitted.error().message);
    if (Status fits = CheckLength(out->size(), *omitted); !fits) return fits;
    out->insert(out->end(), *omitted, std::nullopt);
    return {};
  }
  const std::optional<int64_t> first = TakeOffset(text);
  if (!first) return WrongItem(item, "this is no offset like -30s, 0 or 1ms");
  int64_t change = 0;
  if (StartsWithSign(*text)) {
    const std::optional<int64_t> offset = TakeOffset(text);
    if (!offset || !text->starts_with('x')) return WrongItem(item, "this is no offset like -30s-1mx2");
    change = *offset;
  }
  const Result<uint64_t> times = TakeTimes(text);
  if (!times) return WrongItem(item, times.error().message);
  if (Status fits = CheckLength(out->size(), *times + 1); !fits) return fits;
  for (uint64_t i = 0; i <= *times; ++i) {
    int64_t steps = 0;
    int64_t offset = 0;
    if (__builtin_mul_overflow(static_cast<int64_t>(i), change, &steps) ||
        __builtin_add_overflow(*first, steps, &offset)) {
      return WrongItem(item, "the offsets grow beyond what a time can hold");
    }
    out->push_back(offset);
  }
  return {};
}

// Reads item after item; blanks part them.
template <class Value, class Take>
Result<std::vector<Value>> ParseItems(std::string_view text, Take take) {
  std::vector<Value> values;
  for (text = SkipBlanks(text); !text.empty(); text = SkipBlanks(text)) {
    const std::string_view item = text;
    if (Status taken = take(&text, &values); !taken) return tl::unexpected(taken.error());
    if (!AtItemEnd(text))
      return WrongItem(item, fmt::format("\"{}\" is not expected here", text.substr(0, 1)));
  }
  return values;
}

}  // namespace

Result<std::vector<SequenceValue>> ParseSequence(std::string_view text) {
  return ParseItems<SequenceValue>(text, TakeItem);
}

Status TakeValues(size_t values, size_t* left) {
  if (values > *left) return Wrong("the file has too many values");
  *left -= values;
  return {};
}

Result<std::vector<std::optional<int64_t>>> ParseStartOffsets(std::string_view text) {
  return ParseItems<std::optional<int64_t>>(text, TakeOffsets);
}

Result<WrittenSeries> ParseSeries(std::string_view text) {
  std::string_view rest;
  Result<Labels> labels = promql::ParseMetric(text, &rest);
  if (!labels) return tl::unexpected(labels.error());
  if (!AtItemEnd(rest))
    return Wrong(fmt::format("behind the labels \"{}\" is not expected", rest.substr(0, 1)));
  Result<std::vector<SequenceValue>> values = ParseSequence(rest);
  if (!values) return tl::unexpected(values.error());
  return WrittenSeries{*std::move(labels), *std::move(values)};
}

}  // namespace sidelight::promqltest
