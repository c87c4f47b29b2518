#include "rules/evaluation/alert_values.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/evaluation/alert_time.h"
#include "rules/template/literal.h"
#include "rules/template/print.h"

namespace sidelight::rules {
namespace {

using text_template::Value;

class HistogramObject final : public text_template::Object {
 public:
  explicit HistogramObject(FloatHistogramPtr histogram) : histogram_(std::move(histogram)) {}
  std::string TypeName() const override { return "*histogram.FloatHistogram"; }
  std::optional<Value> Field(std::string_view name) const override {
    if (name == "Count") return Value(histogram_->count);
    if (name == "Sum") return Value(histogram_->sum);
    return std::nullopt;
  }
  std::string Text() const override { return histogram_->ToString(); }

 private:
  FloatHistogramPtr histogram_;
};

}  // namespace

Value LabelsValue(const Labels& labels) {
  text_template::PlainMap::Entries entries;
  entries.reserve(labels.size());
  for (const Label label : labels) entries.emplace_back(label.name, Value(label.value));
  return Value(
      std::make_shared<const text_template::PlainMap>("map[string]string", std::move(entries), Value("")));
}

Value QueryResultValue(const promql::Vector& vector) {
  std::vector<Value> samples;
  samples.reserve(vector.size());
  for (const promql::Sample& sample : vector) {
    text_template::Struct::Fields fields = {
        {"Labels", LabelsValue(sample.labels)},
        {"Value", sample.histogram != nullptr ? HistogramValue(sample.histogram) : Value(sample.value)},
    };
    samples.emplace_back(
        std::make_shared<const text_template::Struct>(std::string(kSampleType), std::move(fields)));
  }
  return Value(
      std::make_shared<const text_template::List>(std::string(kQueryResultType), std::move(samples)));
}

Value HistogramValue(FloatHistogramPtr histogram) {
  return Value(text_template::ObjectPtr(std::make_shared<const HistogramObject>(std::move(histogram))));
}

Result<double> NumberOf(const Value& value) {
  if (const double* number = value.As<double>()) return *number;
  if (const int64_t* number = value.As<int64_t>()) return static_cast<double>(*number);
  if (const std::string* text = value.As<std::string>()) {
    const Result<double> number = text_template::ReadFloat(*text);
    if (number) return *number;
    return Fail(
        ErrorCode::kInvalidArgument,
        "strconv.ParseFloat: parsing " + text_template::QuoteText(*text) + ": " + number.error().message);
  }
  if (const std::optional<int64_t> nanoseconds = PlainDuration(value)) {
    return static_cast<double>(*nanoseconds) / 1e9;
  }
  return Fail(ErrorCode::kInvalidArgument, "can't convert " + value.TypeName() + " to float");
}

}  // namespace sidelight::rules
