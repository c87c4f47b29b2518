// From yaml-cpp's events to a Tree. yaml-cpp recurses once for each collection that is open, and says so
// first by an event: refusing that event at the depth limit bounds its stack. Its scanner does not recurse,
// but reads ahead of the parser, keeping some hundred bytes per token, for as long as what it reads may still
// turn out to be a key: a file of nothing but `[` is read to its end before the first event. So the text is
// handed out through a stream that ends early when too much is asked for without an event in between.
#include <fmt/format.h>
#include <tsl/robin_map.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <istream>
#include <streambuf>
#include <string>
#include <utility>

#include "core/yaml/tree.h"

namespace sidelight::yaml {
namespace {

constexpr size_t kLookahead = 256 << 10;  // bytes in which one value, or one flow collection, must end
constexpr size_t kMaxValues = 500'000;

class BoundedText : public std::streambuf {
 public:
  explicit BoundedText(std::string_view text) : text_(text) {}

  void AllowMore() { allowed_until_ = given_ + kLookahead; }
  bool exhausted() const { return exhausted_; }

 protected:
  int_type underflow() override {
    if (given_ == text_.size()) return traits_type::eof();
    if (given_ >= allowed_until_) {
      exhausted_ = true;
      return traits_type::eof();
    }
    const size_t n = std::min<size_t>(kChunk, text_.size() - given_);
    char* chunk = const_cast<char*>(text_.data()) + given_;  // only read: pbackfail is not overridden
    setg(chunk, chunk, chunk + n);
    given_ += n;
    return traits_type::to_int_type(*chunk);
  }

 private:
  static constexpr size_t kChunk = 4096;
  std::string_view text_;
  size_t given_ = 0;
  size_t allowed_until_ = kLookahead;
  bool exhausted_ = false;
};

// Thrown out of the handler, through yaml-cpp, to ParseInto below; never further.
struct Stop {
  Place place;
  std::string message;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Tree& tree, BoundedText& text) : tree_(tree), text_(text) {}

  Place last_place() const { return last_place_; }
  // Where the innermost collection that is still open begins.
  std::optional<Place> open_place() const {
    if (open_.empty()) return std::nullopt;
    return tree_.values[open_.back().id].place;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    const Place place = Progress(mark);
    if (documents_++ == 0) return;
    const bool marked = tree_.source.Line(place.line).starts_with("---");
    throw Stop{place, marked ? "a second document begins here; a file holds one"
                             : "this is not part of what stands above; check the indentation"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    const Place place = Progress(mark);
    if (RefuseTag(place, "?")) {
      Add({.kind = Kind::kBroken, .place = place});
    } else if (ExpectsKey()) {
      tree_.Fail(place, "a key is missing here");
      Add({.kind = Kind::kBroken, .place = place});
    } else {
      Add({.kind = Kind::kNull, .place = place});
    }
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    const Place place = Progress(mark);
    tree_.Fail(place, "aliases (*name) are not supported; write the value out");
    Add({.kind = Kind::kBroken, .place = place});
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    tree_.Fail(Progress(mark), "anchors (&name) are not supported; write the value out where it is needed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    const Place place = Progress(mark);
    Value value{.kind = Kind::kScalar, .plain = tag == "?", .place = place, .text = text};
    // yaml-cpp lets the end of the file close quotes when a line break stands before it.
    const char first = tree_.source.At(place);
    if (!value.plain && (first == '"' || first == '\'') && !tree_.source.QuotesClose(place)) {
      throw Stop{place, "these quotes are not closed"};
    }
    if (RefuseTag(place, tag)) value.kind = Kind::kBroken;
    if (ExpectsKey()) CheckDuplicate(value);
    Add(std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(Kind::kSequence, mark, tag);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(Kind::kMapping, mark, tag);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenCollection {
    int id;
    tsl::robin_map<std::string, int> keys;  // of a mapping, each with its line
  };

  Place Progress(const YAML::Mark& mark) {
    last_place_ = tree_.source.Clamp(mark.line, mark.column);
    // Past the early end, what yaml-cpp says is about a text that was never there.
    if (text_.exhausted()) throw Stop{last_place_, ""};
    text_.AllowMore();
    return last_place_;
  }

  bool ExpectsKey() const {
    if (open_.empty()) return false;
    const Value& parent = tree_.values[open_.back().id];
    return parent.kind == Kind::kMapping && parent.children.size() % 2 == 0;
  }

  int Add(Value value) {
    if (tree_.values.size() == kMaxValues)
      throw Stop{value.place, fmt::format("the file has more than {} values", kMaxValues)};
    const int id = static_cast<int>(tree_.values.size());
    tree_.values.push_back(std::move(value));
    if (!open_.empty()) tree_.values[open_.back().id].children.push_back(id);
    return id;
  }

  void Open(Kind kind, const YAML::Mark& mark, const std::string& tag) {
    const Place place = Progress(mark);
    const int limit = tree_.options.max_depth;
    if (static_cast<int>(open_.size()) >= limit) {
      throw Stop{place, fmt::format("mappings and lists are nested more than {} deep", limit)};
    }
    RefuseTag(place, tag);
    if (ExpectsKey()) {
      tree_.Fail(place, fmt::format("a key must be one word, not {}; put text in quotes", Describe(kind)));
    }
    open_.push_back({Add({.kind = kind, .place = place}), {}});
  }

  void Close() { open_.pop_back(); }

  // A quoted scalar's tag is "!" of its own, so whether one was written is seen in the text.
  bool RefuseTag(Place place, const std::string& tag) {
    const bool written = tree_.source.At(place) == '!' || (tag != "?" && tag != "!");
    if (written) tree_.Fail(place, "tags (!name) are not supported; remove it");
    return written;
  }

  void CheckDuplicate(const Value& key) {
    const auto [first, added] = open_.back().keys.emplace(key.text, key.place.line);
    if (added) return;
    tree_.Fail(key.place, fmt::format("duplicate key {}; it is already given in line {}", Quoted(key.text),
                                      first->second + 1));
  }

  Tree& tree_;
  BoundedText& text_;
  std::vector<OpenCollection> open_;
  Place last_place_;
  int documents_ = 0;
};

// yaml-cpp names the rule of its scanner that failed; these say what its reader can do.
std::string InOurWords(const std::string& message) {
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
  if (message.starts_with("the referenced anchor"))
    return "aliases (*name) are not supported; write the value out";
  if (message.starts_with("unknown escape character")) {
    return "this escape is not known in double quotes; write a backslash as \"\\\\\", or use single quotes";
  }
  return "this is not valid YAML: " + message;
}

bool IsIndentedWithTab(std::string_view line) {
  const size_t indent = line.find_first_not_of(" \t");
  return line.substr(0, indent).find('\t') != std::string_view::npos;
}

Stop Explain(const Source& source, const YAML::Exception& e, const TreeBuilder& builder) {
  Place place = e.mark.is_null() ? builder.last_place() : source.Clamp(e.mark.line, e.mark.column);
  for (const int line : {place.line, place.line - 1}) {
    if (const std::string_view text = source.Line(line); IsIndentedWithTab(text)) {
      return {{line, static_cast<int>(text.find('\t'))}, "lines are indented with spaces, not with a tab"};
    }
  }
  // What is open when the text ends is shown where it was opened, or after what it was opened.
  if (e.mark.pos >= static_cast<int>(source.text().size())) {
    if (e.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
      return {builder.last_place(), "the quotes that are opened after this are not closed"};
    }
    place = builder.open_place().value_or(place);
  }
  return {place, InOurWords(e.msg)};
}

}  // namespace

void ParseInto(Tree& tree) {
  std::optional<Stop> stop;
  if (std::optional<Problem> foreign = tree.source.FindForeignByte()) {
    stop = Stop{foreign->place, std::move(foreign->message)};
  } else {
    BoundedText text(tree.source.text());
    TreeBuilder builder(tree, text);
    try {
      std::istream stream(&text);
      YAML::Parser parser(stream);
      while (parser.HandleNextDocument(builder)) {
      }
    } catch (Stop& thrown) {
      stop = std::move(thrown);
    } catch (const YAML::Exception& e) {
      stop = Explain(tree.source, e, builder);
    } catch (const std::exception& e) {
      stop = Stop{builder.last_place(), fmt::format("this is not valid YAML: {}", e.what())};
    }
    if (text.exhausted()) {
      stop = Stop{builder.last_place(),
                  fmt::format("what begins here is longer than {} KiB without an end", kLookahead >> 10)};
    }
  }
  if (stop) {
    tree.values.clear();
    tree.problems.clear();
    tree.unlisted = 0;
    tree.Fail(stop->place, std::move(stop->message));
    tree.values.push_back({.kind = Kind::kBroken});
  }
  if (tree.values.empty()) tree.values.push_back({.kind = Kind::kNull});
}

}  // namespace sidelight::yaml
