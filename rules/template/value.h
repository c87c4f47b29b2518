// Value: what a template works with: Go's dynamic values as far as text/template can see them.
//
// Cheap to copy: lists, maps and objects are shared and immutable. Thread-safe as a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.h"

namespace sidelight::text_template {

class Value;

// Nothing that could be looked into: what a missing key of a map of anything gives. Prints as "<no value>".
struct NoValue {};

// Lists, maps and objects nest no deeper than this (Compound::depth), so that walks over them may recurse.
inline constexpr size_t kMaxValueDepth = 64;

class Compound {
 public:
  virtual ~Compound() = default;
  // As Go names it: "map[string]string".
  virtual std::string TypeName() const = 0;
  // 1 for one that holds no other.
  virtual size_t depth() const { return 1; }
};

// Keys are strings.
class Map : public Compound {
 public:
  virtual size_t size() const = 0;
  virtual std::optional<Value> Get(std::string_view key) const = 0;
  virtual std::vector<std::string> Keys() const = 0;  // sorted
  // What a key that is not there gives: "" of a map of strings, no value of a map of anything.
  virtual Value Missing() const = 0;
};

// A struct, with fields and methods.
class Object : public Compound {
 public:
  virtual std::optional<Value> Field(std::string_view name) const = 0;
  // Called with what the template gives it. No method of that name: nothing. The error's message is Go's.
  virtual std::optional<Result<Value>> Method(std::string_view name, std::span<const Value> arguments) const;
  // As %v writes it.
  virtual std::string Text() const = 0;
  // Of one that is a number with a name, as a month is: what comparisons and %d take it for.
  virtual std::optional<int64_t> Number() const { return std::nullopt; }
};

class List;
using ListPtr = std::shared_ptr<const List>;
using MapPtr = std::shared_ptr<const Map>;
using ObjectPtr = std::shared_ptr<const Object>;

class Value {
 public:
  using Variant = std::variant<NoValue, bool, int64_t, double, std::string, ListPtr, MapPtr, ObjectPtr>;

  Value() = default;
  explicit Value(bool value) : value_(value) {}
  explicit Value(int value) : value_(static_cast<int64_t>(value)) {}
  explicit Value(int64_t value) : value_(value) {}
  explicit Value(double value) : value_(value) {}
  explicit Value(std::string value) : value_(std::move(value)) {}
  explicit Value(std::string_view value) : value_(std::string(value)) {}
  explicit Value(const char* value) : value_(std::string(value)) {}
  explicit Value(ListPtr value) : value_(std::move(value)) {}
  explicit Value(MapPtr value) : value_(std::move(value)) {}
  explicit Value(ObjectPtr value) : value_(std::move(value)) {}

  template <class T>
  const T* As() const {
    return std::get_if<T>(&value_);
  }
  bool none() const { return As<NoValue>() != nullptr; }
  const Variant& variant() const { return value_; }
  // What List, Map and Object have in common; null for anything else.
  const Compound* compound() const;
  size_t depth() const;
  // Bytes of a string, elements of a list or a map; 1 for anything else.
  size_t weight() const;

  // As Go's %T: "string", "float64", "int"; "<nil>" of nothing.
  std::string TypeName() const;
  // What `if` makes of it: not zero, not empty.
  bool Truth() const;

 private:
  Variant value_;
};

class List final : public Compound {
 public:
  List(std::string type, std::vector<Value> items);
  std::string TypeName() const override { return type_; }
  size_t depth() const override { return depth_; }
  const std::vector<Value>& items() const { return items_; }

 private:
  std::string type_;
  std::vector<Value> items_;
  size_t depth_;
};

// A map with every value at hand.
class PlainMap final : public Map {
 public:
  using Entries = std::vector<std::pair<std::string, Value>>;
  // In any order; of a key that comes twice the last counts.
  PlainMap(std::string type, Entries entries, Value missing = Value());
  std::string TypeName() const override { return type_; }
  size_t depth() const override { return depth_; }
  size_t size() const override { return entries_.size(); }
  std::optional<Value> Get(std::string_view key) const override;
  std::vector<std::string> Keys() const override;
  Value Missing() const override { return missing_; }

 private:
  std::string type_;
  Entries entries_;
  Value missing_;
  size_t depth_;
};

// A struct of plain fields.
class Struct final : public Object {
 public:
  using Fields = std::vector<std::pair<std::string, Value>>;
  Struct(std::string type, Fields fields);
  std::string TypeName() const override { return type_; }
  size_t depth() const override { return depth_; }
  std::optional<Value> Field(std::string_view name) const override;
  std::string Text() const override;

 private:
  std::string type_;
  Fields fields_;
  size_t depth_;
};

}  // namespace sidelight::text_template
