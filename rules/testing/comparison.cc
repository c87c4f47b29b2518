#include "rules/testing/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/base/float_text.h"
#include "core/model/stale.h"
#include "rules/promql/printer.h"

namespace sidelight::promqltest {
namespace {

constexpr double kTolerance = 0.000001;
constexpr double kSmallestNormal = std::numeric_limits<double>::min();
constexpr std::string_view kNothing = "nothing";
// A longer text of a value is cut in messages.
constexpr size_t kMaxText = 1000;

bool SameCounts(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double left, double right) { return AlmostEqual(left, right); });
}

bool SameBounds(const FloatHistogram& a, const FloatHistogram& b) {
  static const std::vector<double> none;
  return (a.custom_values == nullptr ? none : *a.custom_values) ==
         (b.custom_values == nullptr ? none : *b.custom_values);
}

std::string Cut(std::string text) {
  if (text.size() > kMaxText) text.replace(kMaxText, std::string::npos, " ...");
  return text;
}

// What a test expects, or a result has, at one place.
struct Point {
  bool present = false;
  double value = 0;
  FloatHistogramPtr histogram;
};

std::string Text(const Point& point) {
  if (!point.present) return std::string(kNothing);
  if (point.histogram != nullptr) return point.histogram->ToTestText();
  return IsStale(point.value) ? "stale" : FloatText(point.value);
}

Point Wanted(const SequenceValue& value) {
  return {!value.omitted, value.value, value.histogram};
}

bool SamePoint(const SequenceValue& wanted, const Point& got) {
  if (wanted.omitted || !got.present) return wanted.omitted && !got.present;
  if (wanted.histogram == nullptr || got.histogram == nullptr) {
    return wanted.histogram == got.histogram && AlmostEqual(wanted.value, got.value);
  }
  return AlmostEqual(wanted, *got.histogram);
}

Mismatch Differ(const Labels& labels, std::string_view where, const Point& wanted, const Point& got) {
  const std::string series = labels.ToString();
  return {fmt::format("{} {}{}", series, Text(wanted), where), Text(got)};
}

Comparison CompareSample(const ExpectedSeries& wanted, const promql::Sample& got) {
  const Point point{true, got.value, got.histogram};
  if (SamePoint(wanted.values.front(), point)) return std::nullopt;
  return Differ(wanted.labels, "", Wanted(wanted.values.front()), point);
}

Comparison CompareOrdered(std::span<const ExpectedSeries> wanted, const promql::Vector& got) {
  for (size_t i = 0; i < std::max(wanted.size(), got.size()); ++i) {
    const std::string place = fmt::format("result number {}", i + 1);
    if (i >= wanted.size()) return Mismatch{fmt::format("no {}", place), got[i].labels.ToString()};
    const std::string series = wanted[i].labels.ToString();
    if (i >= got.size()) return Mismatch{fmt::format("{} as {}", series, place), std::string(kNothing)};
    if (wanted[i].labels != got[i].labels) {
      return Mismatch{fmt::format("{} as {}", series, place), got[i].labels.ToString()};
    }
    if (Comparison found = CompareSample(wanted[i], got[i])) return found;
  }
  return std::nullopt;
}

// The points of a series at the steps of the span. Nothing when one is at no step, or two are at the same.
std::optional<std::vector<Point>> PointsBySteps(const promql::SampleSeries& series, const TimeSpan& span) {
  std::vector<Point> points(span.steps());
  const auto put = [&](UnixMillis time, Point point) {
    if (time < span.start || time > span.end || (time - span.start) % span.step != 0) return false;
    Point& place = points[static_cast<size_t>((time - span.start) / span.step)];
    if (place.present) return false;
    place = std::move(point);
    return true;
  };
  for (const promql::FloatPoint& point : series.floats) {
    if (!put(point.time, {true, point.value, nullptr})) return std::nullopt;
  }
  for (const promql::HistogramPoint& point : series.histograms) {
    if (!put(point.time, {true, 0, point.histogram})) return std::nullopt;
  }
  return points;
}

std::string SeriesText(const promql::SampleSeries& series) {
  std::vector<std::pair<UnixMillis, std::string>> points;
  for (const promql::FloatPoint& point : series.floats) {
    points.emplace_back(point.time, FloatText(point.value));
  }
  for (const promql::HistogramPoint& point : series.histograms) {
    points.emplace_back(point.time, point.histogram->ToTestText());
  }
  std::sort(points.begin(), points.end());
  std::string out = series.labels.ToString();
  for (const auto& [time, text] : points) out += fmt::format(" {}@{}ms", text, time);
  return out;
}

Comparison CompareSeries(const ExpectedSeries& wanted, const TimeSpan& span,
                         const promql::SampleSeries& got) {
  const std::optional<std::vector<Point>> points = PointsBySteps(got, span);
  if (!points) {
    return Mismatch{fmt::format("{} with points from {} ms to {} ms, {} ms apart", wanted.labels.ToString(),
                                span.start, span.end, span.step),
                    Cut(SeriesText(got))};
  }
  static const SequenceValue kOmitted{.omitted = true};
  for (size_t i = 0; i < points->size(); ++i) {
    const SequenceValue& value = i < wanted.values.size() ? wanted.values[i] : kOmitted;
    if (SamePoint(value, (*points)[i])) continue;
    const UnixMillis time = span.start + static_cast<int64_t>(i) * span.step;
    return Differ(wanted.labels, fmt::format(" at {} ms", time), Wanted(value), (*points)[i]);
  }
  return std::nullopt;
}

Comparison CompareScalar(double wanted, const promql::Value& got) {
  const auto* const scalar = std::get_if<promql::Scalar>(&got);
  if (scalar != nullptr && AlmostEqual(wanted, scalar->value)) return std::nullopt;
  return Mismatch{fmt::format("scalar {}", FloatText(wanted)), ValueText(got)};
}

Comparison CompareString(const std::string& wanted, const promql::Value& got) {
  const auto* const string = std::get_if<promql::String>(&got);
  if (string != nullptr && string->value == wanted) return std::nullopt;
  return Mismatch{fmt::format("string {}", promql::Quote(wanted)), ValueText(got)};
}

}  // namespace

bool AlmostEqual(double a, double b) {
  if (IsStale(a) || IsStale(b)) return IsStale(a) && IsStale(b);
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::abs(a) + std::abs(b);
  const double difference = std::abs(a - b);
  if (a == 0 || b == 0 || sum < kSmallestNormal) return difference < kTolerance * kSmallestNormal;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

bool AlmostEqual(const SequenceValue& wanted, const FloatHistogram& got) {
  FloatHistogram a = *wanted.histogram;
  FloatHistogram b = got;
  a.Compact();
  b.Compact();
  return a.schema == b.schema && AlmostEqual(a.count, b.count) && AlmostEqual(a.sum, b.sum) &&
         AlmostEqual(a.zero_count, b.zero_count) && a.zero_threshold == b.zero_threshold &&
         SameBounds(a, b) && a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans &&
         SameCounts(a.positive, b.positive) && SameCounts(a.negative, b.negative) &&
         (!wanted.hint_given || a.counter_reset == b.counter_reset);
}

Comparison CompareVector(std::span<const ExpectedSeries> wanted, bool ordered, const promql::Vector& got) {
  if (ordered) return CompareOrdered(wanted, got);
  std::map<Labels, const promql::Sample*> found;
  for (const promql::Sample& sample : got) {
    if (!found.emplace(sample.labels, &sample).second) {
      return Mismatch{"each series once", fmt::format("{} twice", sample.labels.ToString())};
    }
  }
  for (const ExpectedSeries& series : wanted) {
    const auto sample = found.find(series.labels);
    if (sample == found.end()) return Differ(series.labels, "", Wanted(series.values.front()), {});
    if (Comparison mismatch = CompareSample(series, *sample->second)) return mismatch;
    found.erase(sample);
  }
  if (found.empty()) return std::nullopt;
  const promql::Sample& more = *found.begin()->second;
  return Mismatch{wanted.empty() ? "an empty result" : "no more series",
                  fmt::format("{} {}", more.labels.ToString(), Text({true, more.value, more.histogram}))};
}

Comparison CompareMatrix(std::span<const ExpectedSeries> wanted, const TimeSpan& span,
                         const promql::Matrix& got) {
  std::map<Labels, const promql::SampleSeries*> found;
  for (size_t i = 0; i < got.size(); ++i) {
    if (i > 0 && !(got[i - 1].labels < got[i].labels)) {
      return Mismatch{"series sorted by labels, each once",
                      fmt::format("{} before {}", got[i - 1].labels.ToString(), got[i].labels.ToString())};
    }
    found.emplace(got[i].labels, &got[i]);
  }
  for (const ExpectedSeries& series : wanted) {
    const auto same = found.find(series.labels);
    if (same == found.end()) return Mismatch{series.labels.ToString(), std::string(kNothing)};
    if (Comparison mismatch = CompareSeries(series, span, *same->second)) return mismatch;
    found.erase(same);
  }
  if (found.empty()) return std::nullopt;
  return Mismatch{wanted.empty() ? "an empty result" : "no more series",
                  Cut(SeriesText(*found.begin()->second))};
}

Comparison CompareValue(const EvalCommand& command, const promql::Value& got) {
  switch (command.expectation) {
    case EvalCommand::Expectation::kFailure:
      return Mismatch{fmt::format("a failure: {}", command.failure.ToString()), ValueText(got)};
    case EvalCommand::Expectation::kString:
      return CompareString(command.string, got);
    case EvalCommand::Expectation::kScalar:
      return CompareScalar(command.scalar, got);
    case EvalCommand::Expectation::kSeries:
    case EvalCommand::Expectation::kRangeVector:
      break;
  }
  if (command.instant && command.expectation != EvalCommand::Expectation::kRangeVector) {
    const auto* const vector = std::get_if<promql::Vector>(&got);
    if (vector == nullptr) return Mismatch{"an instant vector", ValueText(got)};
    return CompareVector(command.series, command.ordered, *vector);
  }
  const auto* const matrix = std::get_if<promql::Matrix>(&got);
  if (matrix == nullptr) return Mismatch{"a matrix", ValueText(got)};
  return CompareMatrix(command.series, command.span, *matrix);
}

Comparison CompareAnnotations(const ExpectedAnnotations& wanted, std::string_view kind,
                              const std::vector<std::string>& got, bool positions) {
  if (wanted.none) {
    if (got.empty()) return std::nullopt;
    return Mismatch{fmt::format("no {}", kind), got.front()};
  }
  if (wanted.some.empty()) return std::nullopt;
  const auto matches = [&](const ExpectedText& text, const std::string& annotation) {
    return positions ? text.Matches(annotation) : text.MatchesWithoutPosition(annotation);
  };
  const auto listed = [&] {
    std::string out;
    for (const std::string& annotation : got) out += fmt::format("{}{}", out.empty() ? "" : "; ", annotation);
    return out.empty() ? std::string("none") : Cut(out);
  };
  for (const ExpectedText& text : wanted.some) {
    const bool found =
        std::any_of(got.begin(), got.end(), [&](const auto& one) { return matches(text, one); });
    if (!found) return Mismatch{fmt::format("{} {}", kind, text.ToString()), listed()};
  }
  for (const std::string& annotation : got) {
    const bool expected = std::any_of(wanted.some.begin(), wanted.some.end(),
                                      [&](const auto& text) { return matches(text, annotation); });
    if (!expected) return Mismatch{fmt::format("no other {}", kind), annotation};
  }
  return std::nullopt;
}

std::string ValueText(const promql::Value& value) {
  if (const auto* const scalar = std::get_if<promql::Scalar>(&value)) {
    return fmt::format("scalar {}", FloatText(scalar->value));
  }
  if (const auto* const string = std::get_if<promql::String>(&value)) {
    return Cut(fmt::format("string {}", promql::Quote(string->value)));
  }
  std::string out;
  if (const auto* const vector = std::get_if<promql::Vector>(&value)) {
    for (const promql::Sample& sample : *vector) {
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", sample.labels.ToString(),
                         Text({true, sample.value, sample.histogram}));
      if (out.size() > kMaxText) break;
    }
    return out.empty() ? "an empty instant vector" : Cut(std::move(out));
  }
  for (const promql::SampleSeries& series : std::get<promql::Matrix>(value)) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", SeriesText(series));
    if (out.size() > kMaxText) break;
  }
  return out.empty() ? "an empty matrix" : Cut(std::move(out));
}

}  // namespace sidelight::promqltest
