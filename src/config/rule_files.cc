#include "src/config/rule_files.h"

#include <glob.h>

#include <filesystem>
#include <set>
#include <system_error>

namespace sidelight::config {
namespace {

constexpr std::string_view kSpecial = "*?[\\";

std::vector<std::string> Glob(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> names;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return names;
}

bool IsFolder(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::is_directory(path, unknown);
}

}  // namespace

std::string ResolvePattern(std::string_view pattern, std::string_view folder) {
  std::string resolved;
  if (!folder.empty() && !pattern.starts_with('/')) {
    resolved = PatternOf(folder);
    if (!resolved.ends_with('/')) resolved += '/';
  }
  return resolved.append(pattern);
}

std::string PatternOf(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    if (kSpecial.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

bool HasWildcard(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (kSpecial.find(pattern[i]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::string PlainName(std::string_view pattern) {
  std::string name;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    name += pattern[i];
  }
  return name;
}

Matched Match(std::span<const std::string> patterns) {
  std::set<std::string> files;
  std::set<std::string> missing;
  for (const std::string& pattern : patterns) {
    const bool wildcard = HasWildcard(pattern);
    const std::vector<std::string> names = Glob(pattern);
    if (names.empty() && !wildcard) missing.insert(PlainName(pattern));
    for (const std::string& name : names) {
      if (wildcard && IsFolder(name)) continue;
      files.insert(std::filesystem::path(name).lexically_normal().string());
    }
  }
  return {{files.begin(), files.end()}, {missing.begin(), missing.end()}};
}

}  // namespace sidelight::config
