// Any bytes as a stream of Kubernetes objects: each object is a part of it, at the place that it is said to
// have, and its rules are read or refused.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/evaluation/manifest_stream.h"
#include "rules/evaluation/rule_file.h"

namespace {

using namespace sidelight::rules;

void Require(bool good, const char* what, const ManifestObject& object) {
  if (good) return;
  std::fprintf(stderr, "%s: %d:%d: %s\n", what, object.first_line, object.first_column, object.text.c_str());
  std::abort();
}

// The line's bytes from that character on.
std::string_view From(std::string_view text, int line, int column) {
  for (; line > 1; --line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  size_t at = 0;
  for (int characters = 1; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && characters++ == column) break;
  }
  return text.substr(at);
}

// But for the "-" of an item, which is a blank in its object.
bool IsThere(std::string_view text, std::string_view whole) {
  int changed = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i >= whole.size()) return false;
    if (text[i] != whole[i] && (text[i] != ' ' || whole[i] != '-' || ++changed > 1)) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  size_t bytes = 0;
  for (const ManifestObject& object : SplitManifests(text)) {
    bytes += object.text.size();
    if (bytes > text.size()) Require(false, "more than there was", object);
    if (std::none_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
      Require(IsThere(object.text, From(text, object.first_line, object.first_column)), "it is not there",
              object);
    }
    (void)ParsePrometheusRule(object, "f.yaml", {});
  }
  return 0;
}
