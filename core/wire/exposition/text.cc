#include "core/wire/exposition/text.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/model/naming.h"
#include "core/wire/exposition/number.h"
#include "core/wire/exposition/out_buffer.h"
#include "core/wire/exposition/series_labels.h"
#include "core/wire/exposition/utf8.h"

namespace sidelight::wire {
namespace {

enum class Quotes { kKeep, kEscape };

// Room for the escaped form of `size` bytes: each can at most become U+FFFD.
constexpr size_t EscapedRoom(size_t size) {
  return 3 * size;
}

char* WriteEscaped(char* to, std::string_view text, Quotes quotes) {
  while (!text.empty()) {
    const char c = text.front();
    size_t size = 1;
    if (c == '\n') {
      *to++ = '\\';
      *to++ = 'n';
    } else if (c == '\\' || (c == '"' && quotes == Quotes::kEscape)) {
      *to++ = '\\';
      *to++ = c;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      *to++ = c;
    } else {
      const CodePoint point = DecodeUtf8(text);
      size = point.size;
      to = point.valid ? CopyBytes(to, text.substr(0, size)) : CopyBytes(to, "\xEF\xBF\xBD");
    }
    text.remove_prefix(size);
  }
  return to;
}

std::string Quoted(std::string_view name) {
  std::string out(EscapedRoom(name.size()) + 2, '"');
  char* const end = WriteEscaped(out.data() + 1, name, Quotes::kEscape);
  *end = '"';
  out.resize(static_cast<size_t>(end - out.data()) + 1);
  return out;
}

std::string QuotedIfNeeded(std::string_view name, NameKind kind) {
  return IsClassicName(name, kind) ? std::string(name) : Quoted(name);
}

// A sample's name as its lines begin. One that is not classic goes inside the braces.
struct LineStart {
  std::string alone;        // without labels: `name` or `{"name"}`
  std::string with_labels;  // before labels: `name{` or `{"name",`

  explicit LineStart(const std::string& name) {
    if (IsClassicName(name, NameKind::kMetric)) {
      alone = name;
      with_labels = name + '{';
    } else {
      alone = '{' + Quoted(name) + '}';
      with_labels = '{' + Quoted(name) + ',';
    }
  }
};

std::string_view TypeWord(MetricType type, bool openmetrics) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kSummary:
      return "summary";
    case MetricType::kUnknown:
      break;
  }
  return openmetrics ? "unknown" : "untyped";
}

// What stands between a series' labels and a bucket's or quantile's value: `",le="0.005"} `. `comma` and the
// quote before it close the label before; a series without labels starts after them.
struct BoundLabel {
  std::string text;

  std::string_view After(bool has_labels) const { return std::string_view(text).substr(has_labels ? 0 : 2); }
};

template <bool kOpenMetrics>
char* FormatValue(char* to, double value) {
  return kOpenMetrics ? FormatOpenMetricsFloat(to, value) : FormatFloat(to, value);
}

// Writes one family. A series' labels are rendered and searched for what needs an escape once, whatever the
// number of its lines.
template <bool kOpenMetrics>
class FamilyWriter {
 public:
  FamilyWriter(const ExposedFamily& family, EscapingScheme scheme, OutBuffer* out)
      : family_(family), labels_(family, scheme), out_(*out) {}

  // Returns how many series were left out.
  size_t Write() {
    WriteHead();
    size_t left_out = 0;
    for (const MetricFamily* member : family_.members) {
      const std::vector<Metric>& metrics = member->metrics;
      for (size_t i = 0; i < metrics.size(); ++i) {
        const Metric& metric = metrics[i];
        if (i + kSeriesAhead < metrics.size()) metrics[i + kSeriesAhead].labels.Prefetch();
        if (!IsShown(metric, family_.type)) continue;
        if (!labels_.Next(metric)) {
          ++left_out;
          continue;
        }
        if (labels_.names_changed()) RenderNames();
        WriteSeries(metric);
      }
    }
    return left_out;
  }

 private:
  void WriteHead() {
    const MetricFamily& first = *family_.members.front();
    const std::string name = QuotedIfNeeded(family_.name, NameKind::kMetric);
    if (!first.help.empty()) {
      out_.Append("# HELP ");
      out_.Append(name);
      out_.Append(" ");
      char* const to = out_.Room(EscapedRoom(first.help.size()));
      out_.Advance(WriteEscaped(to, first.help, kOpenMetrics ? Quotes::kEscape : Quotes::kKeep));
      out_.Append("\n");
    }
    out_.Append("# TYPE ");
    out_.Append(name);
    out_.Append(" ");
    out_.Append(TypeWord(family_.type, kOpenMetrics));
    out_.Append("\n");
    // OpenMetrics takes a unit only as the name's suffix.
    if (kOpenMetrics && IsClassicMetricName(first.unit) && family_.name.ends_with("_" + first.unit)) {
      out_.Append("# UNIT ");
      out_.Append(name);
      out_.Append(" ");
      out_.Append(first.unit);
      out_.Append("\n");
    }
  }

  void WriteSeries(const Metric& metric) {
    switch (family_.type) {
      case MetricType::kHistogram:
        WriteHistogram(metric, *metric.histogram);
        break;
      case MetricType::kSummary:
        WriteSummary(metric, *metric.summary);
        break;
      case MetricType::kCounter:
        if (kOpenMetrics) {
          WriteCounter(metric);
        } else {
          WriteSimple(metric);
        }
        break;
      case MetricType::kGauge:
      case MetricType::kUnknown:
        WriteSimple(metric);
        break;
    }
  }

  // The one line of a series: its labels go to the buffer directly.
  void WriteSimple(const Metric& metric) {
    char* to = out_.Room(plain_.with_labels.size() + LabelsRoom() + kLineRoom);
    if (labels_.names().empty()) {
      to = CopyBytes(to, plain_.alone);
      *to++ = ' ';
    } else {
      to = CopyBytes(to, plain_.with_labels);
      to = RenderLabels(to);
      to = CopyBytes(to, "\"} ");
    }
    EndLine(FormatValue<kOpenMetrics>(to, metric.value));
  }

  void WriteCounter(const Metric& metric) {
    RememberLabels();
    char* to = FormatValue<kOpenMetrics>(StartLine(total_), metric.value);
    if (metric.exemplar) to = WriteExemplar(to, *metric.exemplar);
    EndLine(to);
    WriteCreated(metric);
  }

  void WriteHistogram(const Metric& metric, const Histogram& histogram) {
    RememberLabels();
    uint64_t cumulative = 0;
    size_t exemplar = 0;
    size_t bucket = 0;
    if (histogram.has_classic()) {
      TakeBounds(histogram.classic.bounds);
      const std::vector<double>& bounds = *histogram.classic.bounds;
      for (; bucket < bounds.size(); ++bucket) {
        cumulative += histogram.classic.counts[bucket];
        WriteBucket(histogram, bound_labels_[bucket], bounds[bucket], cumulative, &exemplar);
      }
    }
    WriteBucket(histogram, infinity_, std::numeric_limits<double>::infinity(), histogram.count, &exemplar);
    // OpenMetrics takes neither for a histogram that has seen negative values or NaN: there the sum is no
    // counter.
    const bool countable =
        histogram.sum >= 0 && !(histogram.has_classic() && !histogram.classic.bounds->empty() &&
                                histogram.classic.bounds->front() < 0);
    if (!kOpenMetrics || countable) {
      WriteSum(histogram.sum);
      WriteCount(histogram.count);
    }
    if (kOpenMetrics) WriteCreated(metric);
  }

  void WriteBucket(const Histogram& histogram, const BoundLabel& bound, double upper, uint64_t cumulative,
                   size_t* exemplar) {
    char* to = StartLine(bucket_, bound);
    to = FormatUint(to, cumulative);
    if (kOpenMetrics) {
      const std::vector<Exemplar>& all = histogram.exemplars;
      const bool last = std::isinf(upper);
      const Exemplar* found = nullptr;
      for (; *exemplar < all.size() && (last || all[*exemplar].value <= upper); ++*exemplar) {
        found = &all[*exemplar];
      }
      if (found != nullptr) to = WriteExemplar(to, *found);
    }
    EndLine(to);
  }

  void WriteSummary(const Metric& metric, const Summary& summary) {
    RememberLabels();
    for (const Quantile& quantile : summary.quantiles) {
      const BoundLabel label = MakeBoundLabel("quantile", quantile.quantile);
      EndLine(FormatValue<kOpenMetrics>(StartLine(plain_, label), quantile.value));
    }
    WriteSum(summary.sum);
    WriteCount(summary.count);
    if (kOpenMetrics) WriteCreated(metric);
  }

  void WriteSum(double sum) { EndLine(FormatValue<kOpenMetrics>(StartLine(sum_), sum)); }
  void WriteCount(uint64_t count) { EndLine(FormatUint(StartLine(count_), count)); }
  void WriteCreated(const Metric& metric) {
    if (metric.start != 0) EndLine(FormatSeconds(StartLine(created_), metric.start));
  }

  char* StartLine(const LineStart& start) {
    char* to = out_.Room(start.with_labels.size() + rendered_.size() + kLineRoom);
    if (rendered_.empty()) {
      to = CopyBytes(to, start.alone);
      *to++ = ' ';
      return to;
    }
    to = CopyBytes(to, start.with_labels);
    to = CopyBytes(to, rendered_);
    return CopyBytes(to, "\"} ");
  }

  char* StartLine(const LineStart& start, const BoundLabel& bound) {
    char* to = out_.Room(start.with_labels.size() + rendered_.size() + bound.text.size() + kLineRoom);
    to = CopyBytes(to, start.with_labels);
    to = CopyBytes(to, rendered_);
    return CopyBytes(to, bound.After(!rendered_.empty()));
  }

  void EndLine(char* to) {
    *to++ = '\n';
    out_.Advance(to);
  }

  static char* WriteExemplar(char* to, const Exemplar& exemplar) {
    if (!exemplar.id.valid()) return to;
    to = CopyBytes(to, " # {trace_id=\"");
    to = CopyBytes(to, TraceHex(exemplar.id));
    to = CopyBytes(to, "\",span_id=\"");
    to = CopyBytes(to, SpanHex(exemplar.id));
    to = CopyBytes(to, "\"} ");
    to = FormatOpenMetricsFloat(to, exemplar.value);
    if (exemplar.time != 0) {
      *to++ = ' ';
      to = FormatSeconds(to, exemplar.time);
    }
    return to;
  }

  // Between two values: `",name="`; before the first: `name="`.
  void RenderNames() {
    before_values_.clear();
    names_room_ = 0;
    for (const std::string& name : labels_.names()) {
      std::string text = before_values_.empty() ? "" : "\",";
      text += QuotedIfNeeded(name, NameKind::kLabel) + "=\"";
      names_room_ += text.size();
      before_values_.push_back(std::move(text));
    }
  }

  size_t LabelsRoom() const {
    const size_t values = labels_.values_room();
    return names_room_ + (labels_.clean() ? values : EscapedRoom(values));
  }

  // Without the last value's closing quote.
  char* RenderLabels(char* to) const {
    for (size_t i = 0; i < before_values_.size(); ++i) {
      to = CopyBytes(to, before_values_[i]);
      const std::string_view value = labels_.value(i);
      to = labels_.clean() ? CopyBytes(to, value) : WriteEscaped(to, value, Quotes::kEscape);
    }
    return to;
  }

  void RememberLabels() {
    const size_t room = LabelsRoom();
    if (scratch_.size() < room) scratch_.resize(room);
    rendered_ = {scratch_.data(), static_cast<size_t>(RenderLabels(scratch_.data()) - scratch_.data())};
  }

  static BoundLabel MakeBoundLabel(std::string_view name, double value) {
    char number[kMaxNumberSize];
    BoundLabel label{"\","};
    label.text += name;
    label.text += "=\"";
    label.text.append(number, FormatValue<kOpenMetrics>(number, value));
    label.text += "\"} ";
    return label;
  }

  // The series of a family share their bounds, so their printed form is kept.
  void TakeBounds(const BucketBounds& bounds) {
    if (bounds == bounds_) return;
    bounds_ = bounds;
    bound_labels_.clear();
    for (const double bound : *bounds) bound_labels_.push_back(MakeBoundLabel("le", bound));
  }

  // Beyond name and labels: braces, two numbers, an exemplar.
  static constexpr size_t kLineRoom = 256;

  const ExposedFamily& family_;
  SeriesLabels labels_;
  OutBuffer& out_;

  const LineStart plain_{family_.name};
  const LineStart total_{family_.name + "_total"};
  const LineStart bucket_{family_.name + "_bucket"};
  const LineStart sum_{family_.name + "_sum"};
  const LineStart count_{family_.name + "_count"};
  const LineStart created_{family_.name + "_created"};
  const BoundLabel infinity_ = MakeBoundLabel("le", std::numeric_limits<double>::infinity());

  std::vector<std::string> before_values_;
  size_t names_room_ = 0;
  std::vector<char> scratch_;
  std::string_view rendered_;  // in scratch_

  BucketBounds bounds_;
  std::vector<BoundLabel> bound_labels_;
};

template <bool kOpenMetrics>
size_t WriteFamilies(const ExposedFamilies& exposed, EscapingScheme scheme, std::string* out) {
  OutBuffer buffer(out);
  size_t left_out = 0;
  for (const ExposedFamily& family : exposed.families) {
    left_out += FamilyWriter<kOpenMetrics>(family, scheme, &buffer).Write();
  }
  if (kOpenMetrics) buffer.Append("# EOF\n");
  buffer.Flush();
  return left_out;
}

}  // namespace

size_t WriteText(const ExposedFamilies& exposed, EscapingScheme scheme, std::string* out) {
  return WriteFamilies<false>(exposed, scheme, out);
}

size_t WriteOpenMetrics(const ExposedFamilies& exposed, EscapingScheme scheme, std::string* out) {
  return WriteFamilies<true>(exposed, scheme, out);
}

}  // namespace sidelight::wire
