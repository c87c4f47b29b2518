#include "core/yaml/explanation.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace sidelight::yaml {
namespace {

// yaml-cpp names the rule of its scanner that failed; these say what its reader can do.
std::string InOurWords(const std::string& message, bool as_go) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kWords = {{
      {"end of map not found",
       "this does not fit the mapping it stands in; check the indentation and the \":\" of each key"},
      {"end of map flow not found",
       "the \"{\" of this mapping is not closed, or a \",\" is missing; text with { } [ ] , needs quotes"},
      {"end of sequence not found",
       "this does not fit the list it stands in; check the indentation and the \"- \" of each item"},
      {"end of sequence flow not found",
       "the \"[\" of this list is not closed, or a \",\" is missing; text with { } [ ] , needs quotes"},
      {"illegal flow end", "there is no open \"[\" or \"{\" that this closes; put text in quotes"},
      {"illegal block entry", "a list item cannot stand here; begin it on a line of its own"},
      {"illegal map key", "a key cannot stand here; begin it on a line of its own"},
      {"illegal map value", "a \":\" cannot stand here; check the indentation, or put the text in quotes"},
      {"illegal EOF in scalar", "the quotes are not closed"},
      {"illegal document indicator in scalar", "the quotes are not closed before the document ends"},
      {"illegal tab when looking for indentation", "lines are indented with spaces, not with a tab"},
      {"unknown token", "text cannot begin with this character; put it in quotes"},
      {"alias not found after *", "text that begins with \"*\" needs quotes"},
      {"anchor not found after &", "text that begins with \"&\" needs quotes"},
      {"illegal character found while scanning alias", "text that begins with \"*\" needs quotes"},
      {"illegal character found while scanning anchor", "text that begins with \"&\" needs quotes"},
      {"unexpected character in block scalar", "after \"|\" or \">\" the text begins on the next line"},
      {"cannot set zero indentation for a block scalar", "a block of text cannot be indented by 0"},
  }};
  for (const auto& [theirs, ours] : kWords) {
    if (message == theirs) return std::string(ours);
  }
  if (message.starts_with("the referenced anchor")) {
    return as_go ? "there is no anchor of this name above; put text that begins with \"*\" in quotes"
                 : "aliases (*name) are not supported; write the value out";
  }
  if (message.starts_with("unknown escape character")) {
    return "this escape is not known in double quotes; write a backslash as \"\\\\\", or use single quotes";
  }
  return "this is not valid YAML: " + message;
}

bool IsIndentedWithTab(std::string_view line) {
  const size_t indent = line.find_first_not_of(" \t");
  return line.substr(0, indent).find('\t') != std::string_view::npos;
}

}  // namespace

Problem Explain(const Source& source, bool as_go, const YAML::Exception& e, Place before,
                std::optional<Place> open) {
  Place place = e.mark.is_null() ? before : source.Clamp(e.mark.line, e.mark.column);
  for (const int line : {place.line, place.line - 1}) {
    if (const std::string_view text = source.Line(line); IsIndentedWithTab(text)) {
      return {{line, static_cast<int>(text.find('\t'))}, "lines are indented with spaces, not with a tab"};
    }
  }
  // What is open when the text ends is shown where it was opened, or after what it was opened.
  if (e.mark.pos >= static_cast<int>(source.text().size())) {
    if (e.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
      return {before, "the quotes that are opened after this are not closed"};
    }
    place = open.value_or(place);
  }
  return {place, InOurWords(e.msg, as_go)};
}

}  // namespace sidelight::yaml
