// The functions that alert templates have beyond Go's own.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#functions .
#pragma once

#include <cstddef>

#include "rules/evaluation/alert_template.h"
#include "rules/evaluation/alert_text.h"
#include "rules/template/function.h"

namespace sidelight::rules {

// What the functions find as text_template::Caller::host, one for each expansion.
struct AlertTemplateHost {
  const TemplateData* data = nullptr;
  size_t queries = 0;  // that were asked
  Regexes regexes;
};

// Queries that one expansion may ask.
inline constexpr size_t kMaxTemplateQueries = 1000;

const text_template::FunctionTable& AlertFunctions();

}  // namespace sidelight::rules
