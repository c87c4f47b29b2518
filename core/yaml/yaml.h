// The strict YAML reader: every value is decoded by the room that owns its meaning, and everything that is
// wrong is said at once, each with file, line, column, the line itself, a caret and, for a key, the nearest
// valid one.
//
//   yaml::Document doc = yaml::Document::Parse(text, "sidelight.yaml", options);
//   yaml::Mapping root = doc.Root().AsMapping();
//   root.Required("service", &config.service);
//   root.Optional("interval", &config.interval);                // "5s" into a Duration
//   if (yaml::Node taps = root.Get("taps")) {
//     for (yaml::Node tap : taps.AsSequence()) DecodeTap(tap.AsMapping());
//   }
//   root.Finish();                                              // the keys that nobody asked for are errors
//   if (Status status = doc.status(); !status) return status;   // all errors in one text
//
// Stricter than YAML: no duplicate key, no anchor, alias, tag or second document; a plain scalar is a number
// or a bool only where one is asked for, in decimal (010 is an error and not 8); depth and size are bounded.
// With Options::expand_environment `${env:NAME}` in a string value is the environment's value (an error when
// it is not set) and `$$` is a dollar. A decoder never has to check for errors: a wrong value records one and
// leaves the target as it was. What an error prints is the file's own text, never the environment's value,
// and nothing of a secret (core/yaml/secrecy.h).
//
// With Options::as_go a file is read as the Go programs read theirs whose files we take as they are:
// anchors, aliases, merge keys (<<) and YAML's own tags are understood, documents after the first and items
// without a value are passed over with a warning, and a key without a value counts as not given. What aliases
// stand for counts towards the bounds as if it were written out.
//
// A text that is JSON is read as such: the same values, of any length up to max_bytes.
//
// The only includer of yaml-cpp. Not thread-safe. Nodes and mappings are handles into the Document.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/secret.h"
#include "core/yaml/shown.h"

namespace sidelight::yaml {

class Mapping;
struct Tree;  // everything that a Document holds; core/yaml/tree.h

// A value at a place. A default-made Node is false: there was no such key.
class Node {
 public:
  Node() = default;
  explicit operator bool() const { return id_ >= 0; }
  bool IsMapping() const;
  bool IsSequence() const;
  bool IsScalar() const;
  // A scalar that reads as that word; records no error when it does not.
  bool Is(std::string_view word) const;

  // Each records an error at this place and returns false when the value is not of that type.
  bool Read(std::string* out) const;
  bool Read(Secret* out) const;  // and hides it
  bool Read(bool* out) const;
  bool Read(int64_t* out) const;
  bool Read(uint64_t* out) const;
  bool Read(double* out) const;
  bool Read(Duration* out) const;                  // Prometheus' form: 1h30m, 5s, 100ms, 0
  bool Read(std::vector<std::string>* out) const;  // a sequence of strings
  bool ReadBytes(uint64_t* out) const;             // 64MiB, 1GiB, 512KiB, 100B, or a plain number
  // An error when it is no mapping; then the Mapping is empty and its Finish() says nothing more.
  Mapping AsMapping() const;
  std::vector<Node> AsSequence() const;

  // No error shows this value: of its line only what stands before it is printed.
  void Hide() const;

  // Records an error at this place: `message` says what is wrong and what would be right.
  void Fail(std::string message) const;
  // The same at the byte `offset` of its text; false, and nothing is recorded, where escapes or the
  // environment leave open where in the file that is.
  bool FailWithin(size_t offset, const std::string& message) const;
  // Records what is right and yet probably not meant; status() stays as it is.
  void Warn(std::string message) const;
  // The line of the file that it begins in, from 1; 0 of no node.
  int line() const;

 private:
  friend class Document;
  friend class Mapping;
  // The scalar's text with the environment's values put in; an error when this is no scalar.
  std::optional<std::string> Scalar(std::string_view wanted) const;
  template <class T>
  bool ReadText(std::string_view wanted, bool plain_only, Result<T> (*parse)(std::string_view), T* out) const;
  Node(Tree* tree, int id) : tree_(tree), id_(id) {}
  Tree* tree_ = nullptr;
  int id_ = -1;
};

// A mapping whose keys are asked for one by one. Several rooms may ask the same Mapping in turn (pass it by
// reference); whoever opened it calls Finish().
class Mapping {
 public:
  // The value of that key; false when it is not there, and when it has no value, which is an error unless
  // Options::as_go.
  Node Get(std::string_view key);
  template <class T>
  bool Optional(std::string_view key, T* out) {
    Node value = Get(key);
    return value && value.Read(out);
  }
  // An error at the mapping when the key is not there.
  template <class T>
  bool Required(std::string_view key, T* out) {
    Node value = RequiredNode(key);
    return value && value.Read(out);
  }
  Node RequiredNode(std::string_view key);
  // One of the given words, as its index; nothing when the key is not there.
  std::optional<size_t> OneOf(std::string_view key, const std::vector<std::string_view>& words);
  // Everything in it, in the file's order, for a mapping whose keys are names and no part of the format. All
  // of them count as asked for. With Options::as_go a key without a value has the value "".
  struct Entry {
    std::string key;
    Node key_node;
    Node value;
  };
  std::vector<Entry> Entries();
  // An error at that key when it is there: a word of somebody else's, which is never suggested.
  void Refuse(std::string_view key, const std::string& message);
  // Every key that was not asked for is an error, with the nearest of those that were.
  void Finish();
  // For a mapping that holds secrets: Finish() hides the values of unknown and of repeated keys, which may be
  // meant for one.
  void HideUnknown() { hides_unknown_ = true; }
  void Fail(std::string message) const;  // at the mapping itself

 private:
  friend class Node;
  explicit Mapping(Node node) : node_(node) {}
  void Ask(std::string_view key);
  void HideWhatIsUnknown();
  // Where its name stands among the children; nothing when it is not there.
  std::optional<size_t> Find(std::string_view key) const;
  Node node_;  // false when the value was no mapping
  std::vector<std::string> asked_;
  std::vector<std::string> refused_;
  bool asked_for_all_ = false;
  bool hides_unknown_ = false;
};

class Document {
 public:
  struct Options {
    bool expand_environment = true;
    bool as_go = false;  // see above; else all of that is an error
    // Looks up an environment variable; the default asks the process.
    std::function<std::optional<std::string>(const std::string&)> environment;
    size_t max_bytes = 4 << 20;
    int max_depth = 64;      // of mappings and sequences in each other
    size_t max_errors = 50;  // those after are only counted
    // Where in what it is called after the text begins, when it is a part of that.
    int first_line = 1;
    int first_column = 1;
  };

  // `name` stands in the messages (usually the path). Text that is no YAML gives a document with that one
  // error.
  static Document Parse(std::string text, std::string name, Options options);
  // Reads the file first; a file that cannot be read gives a document with that one error.
  static Document Load(const std::string& path, Options options);
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Node Root() const;
  // All errors so far, each as "file:line:column: message", the line and a caret; ok when there are none.
  Status status() const;
  // In the file's order, each as "file:line:column: message".
  std::vector<std::string> warnings() const;
  // The whole for everybody's eyes: without comments, `<secret>` in place of what a room hid and of what is
  // called like a secret, `***` in place of the user of a URL; what comes from the environment stands there
  // as in the file, `${env:NAME}`. To be asked when the rooms have read everything. Nothing when the root is
  // no mapping.
  ShownValue Shown() const;

 private:
  explicit Document(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

// The text as a scalar of YAML, in double quotes.
std::string QuotedScalar(std::string_view text);

// Prometheus' duration syntax, as Read(Duration*) takes it.
Result<Duration> ParseDuration(std::string_view text);

}  // namespace sidelight::yaml
