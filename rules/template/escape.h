// How the builtins html, js and urlquery write a text.
#pragma once

#include <string>
#include <string_view>

namespace sidelight::text_template {

// Safe within HTML, in attributes too: <>&'" become entities.
std::string EscapeHtml(std::string_view text);
// Safe within a string of JavaScript.
std::string EscapeJs(std::string_view text);
// Safe as a value in the query of a URL, as Go's url.QueryEscape: a space is '+', and all but letters, digits
// and
// -_.~ is %XX.
std::string EscapeQuery(std::string_view text);

}  // namespace sidelight::text_template
