#include "src/api/query_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/float_text.h"
#include "core/base/utf8.h"

namespace sidelight::api {
namespace {

// As many of each kind as Prometheus shows.
constexpr size_t kAnnotations = 10;

constexpr bool NeedsEscape(unsigned char c) {
  return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

void AppendEscape(char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

// A text on its way, on the stack: a point is put together here and appended at once, which for a matrix of
// millions takes half of the time. 96 bytes hold a time, a value and what stands around them.
class Piece {
 public:
  explicit Piece(std::string* out) : out_(*out) {}
  ~Piece() { out_.append(bytes_.data(), end_); }
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  void Char(char c) { *end_++ = c; }
  void Integer(int64_t value) { end_ = std::to_chars(end_, limit(), value).ptr; }
  void Time(UnixMillis time);
  void Value(double value);

 private:
  char* limit() { return bytes_.data() + bytes_.size(); }

  std::array<char, 96> bytes_;
  char* end_ = bytes_.data();
  std::string& out_;
};

void Piece::Time(UnixMillis time) {
  // Unsigned, as the least of all times has no positive counterpart.
  auto magnitude = static_cast<uint64_t>(time);
  if (time < 0) {
    Char('-');
    magnitude = -magnitude;
  }
  Integer(static_cast<int64_t>(magnitude / 1000));
  const auto millis = static_cast<unsigned>(magnitude % 1000);
  if (millis == 0) return;
  Char('.');
  Char(static_cast<char>('0' + millis / 100));
  Char(static_cast<char>('0' + millis / 10 % 10));
  Char(static_cast<char>('0' + millis % 10));
}

// Whole numbers that a double holds exactly are most of what is counted, and quicker to write as such.
constexpr double kLargestWhole = 9007199254740992;  // 2^53
constexpr double kExponentFrom = 1e21;

void Piece::Value(double value) {
  Char('"');
  const double magnitude = std::fabs(value);
  if (magnitude < kLargestWhole && std::nearbyint(value) == value && (value != 0 || !std::signbit(value))) {
    Integer(static_cast<int64_t>(value));
  } else if (!std::isfinite(value) || (magnitude >= kLargestWhole && magnitude < kExponentFrom)) {
    // At most a sign and 21 digits.
    for (const char c : PlainFloatText(value)) Char(c);
  } else {
    const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= kExponentFrom);
    const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
    end_ = std::to_chars(end_, limit(), value, format).ptr;
  }
  Char('"');
}

int BoundaryRule(const HistogramBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? 3 : 1;
  return bucket.upper_inclusive ? 0 : 2;
}

void AppendHistogram(const FloatHistogram& histogram, std::string* out) {
  *out += "{\"count\":";
  Piece(out).Value(histogram.count);
  *out += ",\"sum\":";
  Piece(out).Value(histogram.sum);
  bool first = true;
  for (const HistogramBucket& bucket : histogram.Buckets()) {
    if (bucket.count == 0) continue;
    *out += first ? ",\"buckets\":[[" : ",[";
    first = false;
    Piece(out).Integer(BoundaryRule(bucket));
    for (const double number : {bucket.lower, bucket.upper, bucket.count}) {
      *out += ',';
      Piece(out).Value(number);
    }
    *out += ']';
  }
  *out += first ? "}" : "]}";
}

// Writes the parts of one answer, and knows when they have become too many.
class Writer {
 public:
  Writer(size_t max_series, size_t max_bytes) : max_series_(max_series), max_bytes_(max_bytes) {}

  // Scalars and strings are the two that Prometheus writes with as many decimals as are needed.
  void Write(const promql::Scalar& scalar) {
    WriteShortTime(scalar.time);
    out_ += ",\"" + PlainFloatText(scalar.value) + "\"]";
  }
  void Write(const promql::String& string) {
    WriteShortTime(string.time);
    out_ += ',';
    AppendJsonString(string.value, &out_);
    out_ += ']';
  }

  void Write(const promql::Vector& vector) {
    WriteList(vector, [this](const promql::Sample& sample) {
      out_ += "{\"metric\":";
      AppendJsonLabels(sample.labels, &out_);
      out_ += sample.histogram == nullptr ? ",\"value\":" : ",\"histogram\":";
      if (sample.histogram == nullptr) {
        WritePoint(sample.time, sample.value);
      } else {
        WritePoint(sample.time, *sample.histogram);
      }
      out_ += '}';
    });
  }

  void Write(const promql::Matrix& matrix) {
    WriteList(matrix, [this](const promql::SampleSeries& series) {
      out_ += "{\"metric\":";
      AppendJsonLabels(series.labels, &out_);
      for (size_t i = 0; i < series.floats.size(); ++i) {
        out_ += i == 0 ? ",\"values\":[" : ",";
        WritePoint(series.floats[i].time, series.floats[i].value);
      }
      if (!series.floats.empty()) out_ += ']';
      for (size_t i = 0; i < series.histograms.size() && !too_large(); ++i) {
        out_ += i == 0 ? ",\"histograms\":[" : ",";
        WritePoint(series.histograms[i].time, *series.histograms[i].histogram);
      }
      if (!series.histograms.empty()) out_ += ']';
      out_ += '}';
    });
  }

  void WriteTexts(std::string_view key, const std::vector<std::string>& texts) {
    for (size_t i = 0; i < texts.size(); ++i) {
      if (i == 0) {
        out_ += fmt::format(",\"{}\":[", key);
      } else {
        out_ += ',';
      }
      AppendJsonString(texts[i], &out_);
    }
    if (!texts.empty()) out_ += ']';
  }

  bool truncated() const { return truncated_; }
  bool too_large() const { return out_.size() > max_bytes_; }
  std::string& out() { return out_; }

 private:
  template <class List, class WriteOne>
  void WriteList(const List& list, const WriteOne& write_one) {
    const size_t count = max_series_ == 0 ? list.size() : std::min(list.size(), max_series_);
    truncated_ = count < list.size();
    out_ += '[';
    for (size_t i = 0; i < count && !too_large(); ++i) {
      if (i > 0) out_ += ',';
      write_one(list[i]);
    }
    out_ += ']';
  }

  void WriteShortTime(UnixMillis time) {
    out_ += '[';
    Piece(&out_).Time(time);
    if (time % 1000 == 0) return;
    while (out_.ends_with('0')) out_.pop_back();
  }
  void WritePoint(UnixMillis time, double value) {
    Piece piece(&out_);
    piece.Char('[');
    piece.Time(time);
    piece.Char(',');
    piece.Value(value);
    piece.Char(']');
  }
  void WritePoint(UnixMillis time, const FloatHistogram& histogram) {
    out_ += '[';
    Piece(&out_).Time(time);
    out_ += ',';
    AppendHistogram(histogram, &out_);
    out_ += ']';
  }

  const size_t max_series_;
  const size_t max_bytes_;
  std::string out_;
  bool truncated_ = false;
};

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  *out += '"';
  while (!text.empty()) {
    const auto stop = std::find_if(text.begin(), text.end(), NeedsEscape);
    out->append(text.begin(), stop);
    text.remove_prefix(static_cast<size_t>(stop - text.begin()));
    if (text.empty()) break;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      AppendEscape(text[0], out);
      text.remove_prefix(1);
    } else if (const size_t length = Utf8Length(text); length > 0) {
      out->append(text.substr(0, length));
      text.remove_prefix(length);
    } else {
      *out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    }
  }
  *out += '"';
}

void AppendJsonValue(double value, std::string* out) {
  Piece(out).Value(value);
}

void AppendJsonTime(UnixMillis time, std::string* out) {
  Piece(out).Time(time);
}

void AppendJsonLabels(const Labels& labels, std::string* out) {
  *out += '{';
  bool first = true;
  for (const Label label : labels) {
    if (!first) *out += ',';
    first = false;
    AppendJsonString(label.name, out);
    *out += ':';
    AppendJsonString(label.value, out);
  }
  *out += '}';
}

Result<std::string> WriteAnswer(const promql::QueryResult& result, std::string_view query,
                                const AnswerLimits& limits) {
  Writer writer(limits.series, limits.bytes);
  writer.out() = fmt::format("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{}\",\"result\":",
                             promql::ResultTypeName(result.value));
  std::visit([&](const auto& value) { writer.Write(value); }, result.value);
  writer.out() += '}';
  std::vector<std::string> warnings = result.annotations.Warnings(query, kAnnotations);
  if (writer.truncated()) warnings.emplace_back("results truncated due to limit");
  writer.WriteTexts("warnings", warnings);
  writer.WriteTexts("infos", result.annotations.Infos(query, kAnnotations));
  writer.out() += '}';
  if (!writer.too_large()) return std::move(writer.out());
  return Fail(ErrorCode::kLimit,
              fmt::format("the result of the query is larger than {} bytes (promql.max_result_size); ask for "
                          "fewer series or fewer points",
                          limits.bytes));
}

std::string WriteError(std::string_view type, std::string_view message) {
  std::string out = fmt::format("{{\"status\":\"error\",\"errorType\":\"{}\",\"error\":", type);
  AppendJsonString(message, &out);
  out += '}';
  return out;
}

}  // namespace sidelight::api
