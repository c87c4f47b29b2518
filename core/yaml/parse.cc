// From yaml-cpp's events to a Tree. yaml-cpp recurses once for each collection that is open, and says so
// first by an event: refusing that event at the depth limit bounds its stack. Its scanner does not recurse,
// but reads ahead, so the text is handed out through a stream that bounds that. What is JSON goes by our own
// reader, which does neither.
#include <fmt/format.h>
#include <tsl/robin_map.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <istream>
#include <string>
#include <utility>

#include "core/yaml/bounded_text.h"
#include "core/yaml/explanation.h"
#include "core/yaml/json.h"
#include "core/yaml/tree.h"

namespace sidelight::yaml {
namespace {

constexpr size_t kMaxValues = 500'000;  // of the file with its aliases written out

// Both are thrown out of the handler, through yaml-cpp, to ParseInto below; never further.
using Stop = Problem;
struct Enough {};  // the rest is not to be read

constexpr std::string_view kSecondDocument =
    "a second document begins here; only the first is read, and what follows is ignored";

// How large a value is, with what its aliases stand for.
struct Weight {
  size_t values = 0;
  size_t bytes = 0;  // of its scalars
  int height = 0;    // collections in each other
};
struct Anchored {
  int id;
  Weight weight;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Tree& tree, BoundedText& text) : tree_(tree), text_(text), as_go_(tree.options.as_go) {}

  Place last_place() const { return last_place_; }
  // Where the innermost collection that is still open begins.
  std::optional<Place> open_place() const {
    if (open_.empty()) return std::nullopt;
    return tree_.values[open_.back().id].place;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    const Place place = Progress(mark);
    if (documents_++ == 0) return;
    if (!tree_.source.Line(place.line).starts_with("---")) {
      throw Stop{place, "this is not part of what stands above; check the indentation"};
    }
    if (!as_go_) throw Stop{place, "a second document begins here; a file holds one"};
    tree_.Warn(place, std::string(kSecondDocument));
    throw Enough{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = Progress(mark);
    if (RefuseTag(place, "?")) {
      Add({.kind = Kind::kBroken, .place = place}, anchor);
    } else if (ExpectsKey()) {
      tree_.Fail(place, "a key is missing here");
      Add({.kind = Kind::kBroken, .place = place}, anchor);
    } else if (LacksColon()) {
      tree_.Fail(tree_.values[tree_.values[open_.back().id].children.back()].place,
                 "there is no \":\" behind this key");
      Add({.kind = Kind::kBroken, .place = place}, anchor);
    } else {
      Add({.kind = Kind::kNull, .place = place}, anchor);
    }
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = Progress(mark);
    if (!as_go_) {
      tree_.Fail(place, "aliases (*name) are not supported; write the value out");
      Add({.kind = Kind::kBroken, .place = place});
      return;
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Stop{place, "this alias stands within the value that it names"};
    const Anchored& target = found->second;
    Count(place, target.weight);
    if (static_cast<int>(open_.size()) + target.weight.height > tree_.options.max_depth) throw TooDeep(place);
    const Value& value = tree_.values[target.id];
    if (ExpectsKey()) {
      open_.back().key_is_alias = true;
      if (value.kind == Kind::kScalar) {
        CheckDuplicate(value, place);
      } else {
        FailKey(place, value.kind);
      }
    }
    Attach(target.id, target.weight.height);
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    const Place place = Progress(mark);
    if (as_go_) return;
    tree_.Fail(place, "anchors (&name) are not supported; write the value out where it is needed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const Place place = Progress(mark);
    Value value{.kind = Kind::kScalar, .plain = IsPlain(tag), .place = place, .text = text};
    // yaml-cpp lets the end of the file close quotes when a line break stands before it.
    const char first = tree_.source.At(place);
    if (!value.plain && (first == '"' || first == '\'') && !tree_.source.QuotesClose(place)) {
      throw Stop{place, "these quotes are not closed"};
    }
    if (RefuseTag(place, tag)) value.kind = Kind::kBroken;
    if (ExpectsKey()) {
      open_.back().key_is_alias = false;
      CheckDuplicate(value, place);
    }
    Add(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(Kind::kMapping, mark, tag, anchor);
    open_.back().block = style == YAML::EmitterStyle::Block;
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenCollection {
    int id;
    YAML::anchor_t anchor;
    bool key_is_alias = false;                // of a mapping, the last one
    bool block = false;                       // a mapping without braces
    Weight before;                            // all that was counted before it
    int height = 1;                           // of what is in it so far, itself included
    tsl::robin_map<std::string, int> keys{};  // of a mapping, each with its line
  };

  Place Progress(const YAML::Mark& mark) {
    last_place_ = tree_.source.Clamp(mark.line, mark.column);
    // Past the early end, what yaml-cpp says is about a text that was never there.
    if (text_.exhausted()) throw Stop{last_place_, ""};
    text_.AllowMore();
    return as_go_ ? BehindProperties(last_place_) : last_place_;
  }

  // A value with an anchor or a tag is shown where its text begins, when that is on the same line.
  Place BehindProperties(Place place) const {
    const std::string_view line = tree_.source.Line(place.line);
    size_t at = place.column;
    while (at < line.size() && (line[at] == '&' || line[at] == '!')) {
      at = std::min(line.find_first_of(" \t", at), line.size());
      at = std::min(line.find_first_not_of(" \t", at), line.size());
    }
    return at < line.size() && line[at] != '#' ? Place{place.line, static_cast<int>(at)} : place;
  }

  bool ExpectsKey() const {
    if (open_.empty()) return false;
    const Value& parent = tree_.values[open_.back().id];
    return parent.kind == Kind::kMapping && parent.children.size() % 2 == 0;
  }

  // yaml-cpp takes a word at the end of a mapping for a key without a value, which only "? key" is.
  bool LacksColon() const {
    if (open_.empty() || !open_.back().block || open_.back().key_is_alias) return false;
    const Value& key = tree_.values[tree_.values[open_.back().id].children.back()];
    if (key.kind != Kind::kScalar) return false;
    const std::string_view line = tree_.source.Line(key.place.line);
    const std::string_view before = line.substr(0, key.place.column);
    return before.find('?') == std::string_view::npos &&
           line.find(':', key.place.column) == std::string_view::npos;
  }

  void Count(Place place, const Weight& more) {
    counted_.values += more.values;
    counted_.bytes += more.bytes;
    if (counted_.values > kMaxValues)
      throw Stop{place, fmt::format("the file has more than {} values", kMaxValues)};
    const size_t most_bytes = tree_.options.max_bytes;
    if (counted_.bytes > most_bytes)
      throw Stop{place, fmt::format("with its aliases written out the file has more than {} bytes of text",
                                    most_bytes)};
  }

  void Attach(int id, int height) {
    if (open_.empty()) return;
    tree_.values[open_.back().id].children.push_back(id);
    open_.back().height = std::max(open_.back().height, height + 1);
  }

  int Add(Value value, YAML::anchor_t anchor = YAML::NullAnchor) {
    const Weight weight{.values = 1, .bytes = value.text.size()};
    Count(value.place, weight);
    const int id = static_cast<int>(tree_.values.size());
    tree_.values.push_back(std::move(value));
    Attach(id, 0);
    if (anchor != YAML::NullAnchor) anchors_.insert_or_assign(anchor, Anchored{id, weight});
    return id;
  }

  Stop TooDeep(Place place) const {
    return {place, fmt::format("mappings and lists are nested more than {} deep", tree_.options.max_depth)};
  }

  void FailKey(Place place, Kind kind) {
    tree_.Fail(place, fmt::format("a key must be one word, not {}; put text in quotes", Describe(kind)));
  }

  void Open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Place place = Progress(mark);
    if (static_cast<int>(open_.size()) >= tree_.options.max_depth) throw TooDeep(place);
    RefuseTag(place, tag);
    if (ExpectsKey()) FailKey(place, kind);
    const Weight before = counted_;
    open_.push_back({.id = Add({.kind = kind, .place = place}), .anchor = anchor, .before = before});
  }

  void Close() {
    if (as_go_) Merge(open_.back());
    const OpenCollection closed = std::move(open_.back());
    open_.pop_back();
    if (!open_.empty()) open_.back().height = std::max(open_.back().height, closed.height + 1);
    if (closed.anchor == YAML::NullAnchor) return;
    const Weight weight{.values = counted_.values - closed.before.values,
                        .bytes = counted_.bytes - closed.before.bytes,
                        .height = closed.height};
    anchors_.insert_or_assign(closed.anchor, Anchored{closed.id, weight});
  }

  // https://yaml.org/type/merge.html: what `<<` names enters the mapping as far as that has no such key; of
  // several the first counts.
  void Merge(OpenCollection& open) {
    if (tree_.values[open.id].kind != Kind::kMapping || !open.keys.contains("<<")) return;
    const std::vector<int> children = std::move(tree_.values[open.id].children);
    std::vector<int> own;
    int merged = -1;
    for (size_t i = 0; i + 1 < children.size(); i += 2) {
      const Value& key = tree_.values[children[i]];
      if (merged < 0 && key.kind == Kind::kScalar && key.plain && key.text == "<<") {
        merged = children[i + 1];
      } else {
        own.insert(own.end(), {children[i], children[i + 1]});
      }
    }
    if (merged >= 0) {
      const Value& value = tree_.values[merged];
      for (const int source : value.kind == Kind::kSequence ? value.children : std::vector<int>{merged}) {
        MergeFrom(source, open, own);
      }
    }
    tree_.values[open.id].children = std::move(own);
  }

  void MergeFrom(int source, OpenCollection& open, std::vector<int>& own) {
    const Value& from = tree_.values[source];
    if (from.kind == Kind::kBroken) return;
    if (from.kind != Kind::kMapping) {
      tree_.Fail(from.place,
                 fmt::format("\"<<\" takes a mapping, or a list of mappings, not {}", Describe(from.kind)));
      return;
    }
    for (size_t i = 0; i + 1 < from.children.size(); i += 2) {
      const Value& key = tree_.values[from.children[i]];
      if (key.kind != Kind::kScalar || !open.keys.emplace(key.text, key.place.line).second) continue;
      own.insert(own.end(), {from.children[i], from.children[i + 1]});
    }
  }

  static bool IsPlain(std::string_view tag) {
    return tag == "?" || (tag.starts_with(kYamlTag) && tag.substr(kYamlTag.size()) != "str");
  }

  // A quoted scalar's tag is "!" of its own, so whether one was written is seen in the text.
  bool RefuseTag(Place place, const std::string& tag) {
    if (as_go_) {
      if (IsKnownTag(tag)) return false;
      tree_.Fail(last_place_, "this tag is not known; remove it");
      return true;
    }
    const bool written = tree_.source.At(place) == '!' || (tag != "?" && tag != "!");
    if (written) tree_.Fail(place, "tags (!name) are not supported; remove it");
    return written;
  }

  static bool IsKnownTag(std::string_view tag) {
    constexpr std::array<std::string_view, 6> kKnown = {"str", "int", "float", "bool", "map", "seq"};
    if (tag.empty() || tag == "?" || tag == "!") return true;
    if (!tag.starts_with(kYamlTag)) return false;
    return std::find(kKnown.begin(), kKnown.end(), tag.substr(kYamlTag.size())) != kKnown.end();
  }

  void CheckDuplicate(const Value& key, Place place) {
    const auto [first, added] = open_.back().keys.emplace(key.text, place.line);
    if (added) return;
    tree_.Fail(place, fmt::format("duplicate key {}; it is already given in line {}", Quoted(key.text),
                                  tree_.source.LineNumber(first->second)));
  }

  static constexpr std::string_view kYamlTag = "tag:yaml.org,2002:";

  Tree& tree_;
  BoundedText& text_;
  const bool as_go_;
  std::vector<OpenCollection> open_;
  tsl::robin_map<YAML::anchor_t, Anchored> anchors_;  // of values that are complete
  Weight counted_;
  Place last_place_;
  int documents_ = 0;
};

// Why the text is not read to its end; nothing when it is.
std::optional<Stop> ParseYaml(Tree& tree) {
  BoundedText text(tree.source.text());
  TreeBuilder builder(tree, text);
  std::optional<Stop> stop;
  try {
    std::istream stream(&text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Enough&) {
  } catch (Stop& thrown) {
    stop = std::move(thrown);
  } catch (const YAML::Exception& e) {
    stop = Explain(tree.source, tree.options.as_go, e, builder.last_place(), builder.open_place());
  } catch (const std::exception& e) {
    stop = Stop{builder.last_place(), fmt::format("this is not valid YAML: {}", e.what())};
  }
  if (!text.exhausted()) return stop;
  return Stop{builder.last_place(),
              fmt::format("what begins here is longer than {} KiB without an end", kLookahead >> 10)};
}

void Clear(Tree& tree) {
  tree.values.clear();
  tree.problems.clear();
  tree.warnings.clear();
  tree.unlisted = 0;
}

std::optional<Stop> Parse(Tree& tree) {
  if (std::optional<Problem> foreign = tree.source.FindForeignByte()) return foreign;
  const std::string_view text = tree.source.text();
  if (!LooksLikeJson(text)) return ParseYaml(tree);
  BoundedText unbounded("");
  TreeBuilder builder(tree, unbounded);
  std::optional<Problem> not_json;
  try {
    not_json = ReadJson(text, builder);
  } catch (Stop& thrown) {
    return std::move(thrown);
  }
  if (!not_json) return std::nullopt;
  Clear(tree);
  std::optional<Stop> stop = ParseYaml(tree);
  if (!stop || text.size() <= kLookahead) return stop;
  return Stop{not_json->place,
              fmt::format("JSON has {} here, and what is longer than {} KiB without an end must be JSON",
                          not_json->message, kLookahead >> 10)};
}

}  // namespace

void ParseInto(Tree& tree) {
  if (std::optional<Stop> stop = Parse(tree)) {
    Clear(tree);
    tree.Fail(stop->place, std::move(stop->message));
    tree.values.push_back({.kind = Kind::kBroken});
  }
  if (tree.values.empty()) tree.values.push_back({.kind = Kind::kNull});
}

}  // namespace sidelight::yaml
