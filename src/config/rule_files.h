// The files that `rule_files` and --rules name: patterns of glob(3) (`*`, `?`, `[abc]`, `\` before a
// character that is meant as it is), matched at the start and again at every reload.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sidelight::config {

// A pattern as the process matches it: relative ones are relative to `folder`, which is no pattern itself.
std::string ResolvePattern(std::string_view pattern, std::string_view folder);

// The pattern that matches only the file of that name.
std::string PatternOf(std::string_view name);

// Whether it can match more than one name.
bool HasWildcard(std::string_view pattern);

// The name that a pattern without wildcards stands for.
std::string PlainName(std::string_view pattern);

struct Matched {
  std::vector<std::string> files;    // sorted, each once; a wildcard matches no folder
  std::vector<std::string> missing;  // names without wildcards that are not there
};

Matched Match(std::span<const std::string> patterns);

}  // namespace sidelight::config
