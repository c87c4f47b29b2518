#include "src/cli/query_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/model/naming.h"

namespace sidelight::cli {
namespace {

using nlohmann::json;

// Texts come from whoever named the series; a terminal obeys what is below a blank.
std::string Printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else {
      out += Printable({&c, 1});
    }
  }
  return out + '"';
}

// name{label="value", ...}, as PromQL would select it.
std::string SeriesText(const json& metric) {
  std::string name;
  std::vector<std::string> labels;
  for (const auto& [key, value] : metric.items()) {
    const std::string text = value.get<std::string>();
    if (key == "__name__" && IsClassicMetricName(text)) {
      name = text;
    } else if (key == "__name__") {
      labels.insert(labels.begin(), Quoted(text));
    } else {
      labels.push_back((IsClassicLabelName(key) ? key : Quoted(key)) + "=" +
                       Quoted(value.get<std::string>()));
    }
  }
  if (labels.empty() && !name.empty()) return name;
  return fmt::format("{}{{{}}}", name, fmt::join(labels, ", "));
}

std::string TimeText(const json& seconds) {
  return FormatRfc3339(std::llround(seconds.get<double>() * 1000));
}

std::string HistogramText(const json& histogram) {
  std::string out = fmt::format("{{count:{}, sum:{}", histogram.at("count").get<std::string>(),
                                histogram.at("sum").get<std::string>());
  if (histogram.contains("buckets")) {
    for (const json& bucket : histogram["buckets"]) {
      const int rule = bucket.at(0).get<int>();
      out += fmt::format(", {}{},{}{}:{}", rule == 1 || rule == 3 ? '[' : '(',
                         bucket.at(1).get<std::string>(), bucket.at(2).get<std::string>(),
                         rule == 0 || rule == 3 ? ']' : ')', bucket.at(3).get<std::string>());
    }
  }
  return Printable(out + "}");
}

// Characters, which is what a terminal's columns hold as a rule.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

using Row = std::pair<std::string, std::string>;

std::string Aligned(const std::vector<Row>& rows, std::string_view indent) {
  size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, Width(left));
  std::string out;
  for (const auto& [left, right] : rows) {
    out += fmt::format("{}{}{}{}\n", indent, left, std::string(width - Width(left) + 2, ' '), right);
  }
  return out;
}

std::string VectorText(const json& samples) {
  std::vector<Row> rows = {{"SERIES", "VALUE"}};
  for (const json& sample : samples) {
    rows.emplace_back(SeriesText(sample.at("metric")),
                      sample.contains("value") ? Printable(sample["value"].at(1).get<std::string>())
                                               : HistogramText(sample.at("histogram").at(1)));
  }
  return Aligned(rows, "");
}

std::string MatrixText(const json& series) {
  std::string out;
  for (const json& one : series) {
    // By time, as a series may have values and histograms by turns.
    std::vector<std::pair<double, Row>> points;
    if (one.contains("values")) {
      for (const json& point : one["values"]) {
        points.push_back(
            {point.at(0).get<double>(), {TimeText(point.at(0)), Printable(point.at(1).get<std::string>())}});
      }
    }
    if (one.contains("histograms")) {
      for (const json& point : one["histograms"]) {
        points.push_back({point.at(0).get<double>(), {TimeText(point.at(0)), HistogramText(point.at(1))}});
      }
    }
    std::stable_sort(points.begin(), points.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Row> rows;
    for (auto& [time, row] : points) rows.push_back(std::move(row));
    out += fmt::format("{}{}\n", out.empty() ? "" : "\n", SeriesText(one.at("metric")));
    out += Aligned(rows, "  ");
  }
  return out;
}

std::string NotesText(const json& answer, const char* key, std::string_view word) {
  std::string out;
  if (!answer.contains(key)) return out;
  for (const json& note : answer[key])
    out += fmt::format("{}: {}\n", word, Printable(note.get<std::string>()));
  return out;
}

std::string ResultText(const json& data) {
  const json& result = data.at("result");
  const auto& type = data.at("resultType").get_ref<const std::string&>();
  if (type == "scalar") return Printable(result.at(1).get<std::string>()) + "\n";
  if (type == "string") return Quoted(result.at(1).get<std::string>()) + "\n";
  if (result.empty()) return "no series: nothing matches, or nothing of it has a value at that time\n";
  return type == "matrix" ? MatrixText(result) : VectorText(result);
}

}  // namespace

Result<std::string> FormatTable(const json& answer) {
  try {
    const std::string result = ResultText(answer.at("data"));
    const std::string notes = NotesText(answer, "warnings", "warning") + NotesText(answer, "infos", "info");
    return notes.empty() ? result : result + "\n" + notes;
  } catch (const json::exception& e) {
    return Fail(ErrorCode::kInvalidArgument, e.what());
  }
}

}  // namespace sidelight::cli
