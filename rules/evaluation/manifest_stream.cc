#include "rules/evaluation/manifest_stream.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

namespace sidelight::rules {
namespace {

constexpr int kListsInLists = 2;
constexpr size_t kNowhere = std::string_view::npos;  // further in than any line

struct Line {
  size_t begin = 0;
  size_t end = 0;     // behind its line break
  size_t indent = 0;  // of what is in it
  std::string_view content;

  bool IsItem() const { return content == "-" || content.starts_with("- "); }
  // Whether its key is that, and what stands behind it.
  std::optional<std::string_view> Value(std::string_view key) const {
    if (!content.starts_with(key) || !content.substr(key.size()).starts_with(":")) return std::nullopt;
    const std::string_view rest = content.substr(key.size() + 1);
    const size_t first = rest.find_first_not_of(" \t\"'");
    return first == std::string_view::npos ? ""
                                           : rest.substr(first, rest.find_last_not_of(" \t\"'") + 1 - first);
  }
};

// The lines with something in them besides comments.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  bool Next(Line* line) {
    while (at_ < text_.size()) {
      line->begin = at_;
      line->end = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
      at_ = line->end;
      const std::string_view whole = text_.substr(line->begin, line->end - line->begin);
      line->indent = whole.find_first_not_of(" \t\r\n");
      if (line->indent == std::string_view::npos || whole[line->indent] == '#') continue;
      line->content = whole.substr(line->indent, whole.find_last_not_of(" \t\r\n") + 1 - line->indent);
      return true;
    }
    return false;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

bool IsSeparator(const Line& line) {
  return line.indent == 0 &&
         (line.content == "---" || line.content.starts_with("--- ") || line.content.starts_with("---\t"));
}

bool IsJson(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

// The places of texts that are asked for in their order.
class Cutter {
 public:
  explicit Cutter(const ManifestObject& whole)
      : text_(whole.text), line_(whole.first_line), column_(whole.first_column) {}

  ManifestObject Cut(size_t begin, size_t end) {
    for (; at_ < begin; ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        column_ = 1;
      } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) {
        ++column_;
      }
    }
    return {std::string(text_.substr(begin, end - begin)), line_, column_};
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
  int line_;
  int column_;
};

// One pass over texts of JSON, which may follow each other: where the objects are that it is about.
class JsonScan {
 public:
  struct Extent {
    size_t begin;
    size_t end;
  };

  explicit JsonScan(std::string_view text) : text_(text) {}

  // False when it is no JSON.
  bool Scan() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        if (!String()) return false;
      } else if (c == '{' || c == '[') {
        Open(c);
      } else if (c == '}' || c == ']') {
        if (!Close(c)) return false;
      } else if (c == ',' && open_ == "{") {
        key_ = {};
      }
    }
    return open_.empty();
  }

  const std::vector<Extent>& objects() const { return objects_; }
  // Of the last object, when it is a List.
  std::vector<Extent> items() const { return kind_.ends_with("List") ? items_ : std::vector<Extent>{}; }

 private:
  bool String() {
    const size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    if (open_ != "{") return true;
    const std::string_view value = text_.substr(begin, at_ - begin);
    if (key_.empty()) {
      key_ = value;
    } else if (key_ == "kind") {
      kind_ = value;
    }
    return true;
  }

  void Open(char c) {
    if (open_.empty()) {
      object_begin_ = at_;
      key_ = kind_ = {};
      items_.clear();
    }
    if (open_ == "{[" && key_ == "items" && c == '{') item_begin_ = at_;
    open_ += c;
  }

  bool Close(char c) {
    if (open_.empty() || open_.back() != (c == '}' ? '{' : '[')) return false;
    open_.pop_back();
    if (open_.empty()) objects_.push_back({object_begin_, at_ + 1});
    if (open_ == "{[" && key_ == "items" && c == '}') items_.push_back({item_begin_, at_ + 1});
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string open_;      // the brackets
  std::string_view key_;  // of the outermost object
  std::string_view kind_;
  size_t object_begin_ = 0;
  size_t item_begin_ = 0;
  std::vector<Extent> objects_;
  std::vector<Extent> items_;
};

std::vector<ManifestObject> CutAll(const ManifestObject& whole,
                                   const std::vector<JsonScan::Extent>& extents) {
  std::vector<ManifestObject> pieces;
  Cutter cutter(whole);
  for (const auto& [begin, end] : extents) pieces.push_back(cutter.Cut(begin, end));
  return pieces;
}

std::vector<ManifestObject> JsonItems(const ManifestObject& object) {
  JsonScan scan(object.text);
  return scan.Scan() ? CutAll(object, scan.items()) : std::vector<ManifestObject>{};
}

// Of a List in block style, as kubectl prints it. An item begins where the first one does; what it holds is
// indented further.
std::vector<ManifestObject> YamlItems(const ManifestObject& object) {
  std::vector<JsonScan::Extent> extents;
  bool is_list = false;
  std::optional<size_t> level;   // of the object's own keys
  size_t item_level = kNowhere;  // while its items go on
  bool behind_items = false;
  Lines lines(object.text);
  for (Line line; lines.Next(&line);) {
    if (IsSeparator(line)) continue;
    if (!level) level = line.indent;
    if (behind_items && line.IsItem() && line.indent >= *level) item_level = line.indent;
    behind_items = false;
    if (line.indent >= item_level) {
      if (line.indent > item_level || line.IsItem()) {
        if (line.indent == item_level) extents.push_back({line.begin, line.end});
        extents.back().end = line.end;
        continue;
      }
    }
    item_level = kNowhere;
    if (line.indent != *level) continue;
    if (const auto kind = line.Value("kind")) is_list = kind->ends_with("List");
    behind_items = line.Value("items") == "";
  }
  if (!is_list) return {};
  std::vector<ManifestObject> items = CutAll(object, extents);
  for (ManifestObject& item : items) item.text[item.text.find('-')] = ' ';
  return items;
}

void Add(ManifestObject object, int lists_left, std::vector<ManifestObject>* out) {
  std::vector<ManifestObject> items;
  if (lists_left > 0) items = IsJson(object.text) ? JsonItems(object) : YamlItems(object);
  if (items.empty()) {
    out->push_back(std::move(object));
    return;
  }
  for (ManifestObject& item : items) Add(std::move(item), lists_left - 1, out);
}

// Documents of YAML end at a line "---". It cannot stand at the beginning of a line otherwise.
std::vector<ManifestObject> Documents(std::string_view text) {
  const ManifestObject whole{.text = std::string(text)};
  std::vector<JsonScan::Extent> extents;
  std::optional<size_t> begin;
  Lines lines(whole.text);
  for (Line line; lines.Next(&line);) {
    const bool separates = IsSeparator(line);
    if (separates && begin) extents.push_back({*std::exchange(begin, std::nullopt), line.begin});
    if (!begin && !(separates && line.content == "---")) begin = line.begin;
  }
  if (begin) extents.push_back({*begin, text.size()});
  return CutAll(whole, extents);
}

}  // namespace

bool HoldsManifests(std::string_view text) {
  if (IsJson(text)) {
    return text.find("\"apiVersion\"") != std::string_view::npos &&
           text.find("\"kind\"") != std::string_view::npos;
  }
  const auto has_line = [&](std::string_view start) {
    for (size_t at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
      if (at == 0 || text[at - 1] == '\n') return true;
    }
    return false;
  };
  return has_line("apiVersion:") && has_line("kind:");
}

std::vector<ManifestObject> SplitManifests(std::string_view text) {
  std::vector<ManifestObject> objects;
  for (ManifestObject& document : Documents(text)) {
    JsonScan scan(document.text);
    if (!IsJson(document.text) || !scan.Scan()) {
      Add(std::move(document), kListsInLists, &objects);
      continue;
    }
    for (ManifestObject& object : CutAll(document, scan.objects()))
      Add(std::move(object), kListsInLists, &objects);
  }
  return objects;
}

std::optional<std::string> ReadManifestText(std::istream& input) {
  std::string text;
  std::array<char, 64 << 10> piece{};
  while (input) {
    input.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<size_t>(input.gcount()));
    if (text.size() > kMaxManifestBytes) return std::nullopt;
  }
  return text;
}

std::optional<std::string> LoadManifests(const std::string& path) {
  std::ifstream file(path);
  std::optional<std::string> text = ReadManifestText(file);
  return text && HoldsManifests(*text) ? std::move(text) : std::nullopt;
}

}  // namespace sidelight::rules
