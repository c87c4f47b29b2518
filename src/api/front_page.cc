#include "src/api/front_page.h"

#include <fmt/format.h>

#include <string_view>

namespace sidelight::api {
namespace {

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0} · Sidelight</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #8888; }}
</style>
</head>
<body>
<h1>{0}</h1>
<p>measured by Sidelight {1}</p>
)";

constexpr std::string_view kLinks = R"(<h2>Look at</h2>
<ul>
<li><a href="/metrics">/metrics</a>: what is measured, for Prometheus</li>
<li><a href="/api/v1/query?query=sidelight_build_info">/api/v1/query</a>: what PromQL says about the last hours</li>
<li><a href="/-/healthy">/-/healthy</a>: whether Sidelight works</li>
<li><a href="/-/ready">/-/ready</a>: whether it takes traffic</li>
</ul>
</body>
</html>
)";

}  // namespace

std::string RenderFrontPage(const FrontPage& page) {
  std::string html = fmt::format(kHead, Escape(page.service), Escape(page.version));
  html += "<h2>Taps</h2>\n";
  if (page.taps.empty()) {
    html += "<p>none</p>\n";
  } else {
    html += "<table>\n<tr><th>tap</th><th>protocol</th><th>listens on</th><th>upstream</th></tr>\n";
    for (const FrontPage::Tap& tap : page.taps) {
      html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", Escape(tap.name),
                          Escape(tap.protocol), Escape(tap.listen), Escape(tap.upstream));
    }
    html += "</table>\n";
  }
  html += kLinks;
  return html;
}

}  // namespace sidelight::api
