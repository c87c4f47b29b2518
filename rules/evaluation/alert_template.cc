#include "rules/evaluation/alert_template.h"

#include <utility>

#include "rules/evaluation/alert_functions.h"
#include "rules/evaluation/alert_values.h"
#include "rules/template/template.h"

namespace sidelight::rules {
namespace {

using text_template::Value;

// What a text starts with: columns in messages count it, as they do upstream.
constexpr std::string_view kPrelude =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}"
    "{{$value := .Value}}";
constexpr std::string_view kDataType =
    "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; "
    "Value interface {} }";

std::string NameOf(std::string_view rule) {
  return "__alert_" + std::string(rule);
}

}  // namespace

struct AlertTemplate::Parsed {
  std::string name;
  text_template::Template body;
};

AlertTemplate::AlertTemplate() = default;

Result<AlertTemplate> AlertTemplate::Parse(std::string_view name, std::string_view text) {
  AlertTemplate result;
  result.text_ = text;
  if (text.find("{{") == std::string_view::npos) return result;
  Result<text_template::Template> body =
      text_template::Template::Parse(NameOf(name), std::string(kPrelude) + result.text_, AlertFunctions());
  if (!body) return tl::unexpected<Error>(std::move(body.error()));
  result.parsed_ = std::make_shared<const Parsed>(Parsed{NameOf(name), *std::move(body)});
  return result;
}

Result<std::string> AlertTemplate::Expand(const TemplateData& data) const {
  if (parsed_ == nullptr) return text_;
  text_template::Struct::Fields fields = {
      {"Labels", LabelsValue(data.labels)},
      {"ExternalLabels", LabelsValue(data.external_labels)},
      {"ExternalURL", Value(data.external_url)},
      {"Value", data.histogram != nullptr ? HistogramValue(data.histogram) : Value(data.value)},
  };
  AlertTemplateHost host;
  host.data = &data;
  Result<std::string> text = parsed_->body.Execute(
      Value(std::make_shared<const text_template::Struct>(std::string(kDataType), std::move(fields))), &host);
  if (text) return text;
  return Fail(text.error().code, "error executing template " + parsed_->name + ": " + text.error().message);
}

}  // namespace sidelight::rules
