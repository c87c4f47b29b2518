// Numbers as people read them, to four digits: what the humanize functions of alert templates write.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#numbers .
#pragma once

#include <string>

namespace sidelight::rules {

std::string Humanize(double number);           // 1234567 -> "1.235M", 0.001 -> "1m"
std::string Humanize1024(double number);       // 2048 -> "2ki"
std::string HumanizeDuration(double seconds);  // 3661 -> "1h 1m 1s", 0.5 -> "500ms"
std::string HumanizePercentage(double ratio);  // 0.1234 -> "12.34%"

}  // namespace sidelight::rules
