// Manifest stream: objects of Kubernetes as `helm template` and `kubectl get -o yaml` or `-o json` print
// them, cut into a text for each object. Nothing is parsed for it: what is not ours in a cluster may be
// larger than core/yaml takes.
#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sidelight::rules {

// What a cluster is given at once is smaller; of more nothing is read.
inline constexpr size_t kMaxManifestBytes = 64 << 20;

// One object, and where in the stream it begins.
struct ManifestObject {
  std::string text;
  int first_line = 1;
  int first_column = 1;
};

// Whether it is objects of Kubernetes, and no file of another kind.
bool HoldsManifests(std::string_view text);

// In their order; in the place of a List its items, and of a List in a List its.
std::vector<ManifestObject> SplitManifests(std::string_view text);

// All of it; nothing when it is longer than kMaxManifestBytes.
std::optional<std::string> ReadManifestText(std::istream& input);
// The file's text when it can be read and holds manifests.
std::optional<std::string> LoadManifests(const std::string& path);

}  // namespace sidelight::rules
