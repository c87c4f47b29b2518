#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "core/yaml/tree.h"
#include "core/yaml/yaml.h"

namespace sidelight::yaml {
namespace {

// The file's bytes, or one more than `limit` of them.
Result<std::string> ReadFile(const std::string& path, size_t limit) {
  const auto fail = [&](int error_number) {
    const ErrorCode code = error_number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument;
    return Fail(code, fmt::format("{}: cannot be read: {}", path, ErrnoText(error_number)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) return fail(errno);
  std::string text;
  char chunk[16 << 10];
  while (text.size() <= limit) {
    const size_t n = std::fread(chunk, 1, sizeof chunk, file.get());
    text.append(chunk, n);
    if (n < sizeof chunk) {
      if (std::ferror(file.get())) return fail(errno);
      break;
    }
  }
  return text;
}

}  // namespace

Document Document::Parse(std::string text, std::string name, Options options) {
  if (text.size() > options.max_bytes) {
    const size_t limit = options.max_bytes;
    auto tree = std::make_unique<Tree>(std::move(name), "", std::move(options));
    tree->values.push_back({.kind = Kind::kBroken});
    tree->Fail({}, fmt::format("the file is longer than {} bytes", limit));
    return Document(std::move(tree));
  }
  auto tree = std::make_unique<Tree>(std::move(name), std::move(text), std::move(options));
  ParseInto(*tree);
  return Document(std::move(tree));
}

Document Document::Load(const std::string& path, Options options) {
  Result<std::string> text = ReadFile(path, options.max_bytes);
  if (text) return Parse(std::move(*text), path, std::move(options));
  auto tree = std::make_unique<Tree>(path, "", std::move(options));
  tree->values.push_back({.kind = Kind::kBroken});
  tree->unreadable = std::move(text.error());
  return Document(std::move(tree));
}

Document::Document(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Node Document::Root() const {
  return Node(tree_.get(), 0);
}

Status Document::status() const {
  return tree_->status();
}

std::vector<std::string> Document::warnings() const {
  std::vector<Problem> sorted = tree_->warnings;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Problem& a, const Problem& b) { return a.place < b.place; });
  std::vector<std::string> texts;
  for (const Problem& warning : sorted) texts.push_back(tree_->source.RenderLine(warning));
  return texts;
}

}  // namespace sidelight::yaml
