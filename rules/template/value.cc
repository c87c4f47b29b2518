#include "rules/template/value.h"

#include <algorithm>

#include "rules/template/print.h"

namespace sidelight::text_template {
namespace {

size_t DepthOf(const std::vector<Value>& items) {
  size_t deepest = 0;
  for (const Value& item : items) deepest = std::max(deepest, item.depth());
  return deepest + 1;
}

size_t DepthOf(const std::vector<std::pair<std::string, Value>>& items) {
  size_t deepest = 0;
  for (const auto& [name, item] : items) deepest = std::max(deepest, item.depth());
  return deepest + 1;
}

}  // namespace

List::List(std::string type, std::vector<Value> items)
    : type_(std::move(type)), items_(std::move(items)), depth_(DepthOf(items_)) {}

std::optional<Result<Value>> Object::Method(std::string_view, std::span<const Value>) const {
  return std::nullopt;
}

const Compound* Value::compound() const {
  if (const auto* list = As<ListPtr>()) return list->get();
  if (const auto* map = As<MapPtr>()) return map->get();
  if (const auto* object = As<ObjectPtr>()) return object->get();
  return nullptr;
}

size_t Value::depth() const {
  const Compound* const inside = compound();
  return inside == nullptr ? 0 : inside->depth();
}

size_t Value::weight() const {
  if (const auto* text = As<std::string>()) return text->size();
  if (const auto* list = As<ListPtr>()) return (*list)->items().size();
  if (const auto* map = As<MapPtr>()) return (*map)->size();
  return 1;
}

std::string Value::TypeName() const {
  if (As<bool>() != nullptr) return "bool";
  if (As<int64_t>() != nullptr) return "int";
  if (As<double>() != nullptr) return "float64";
  if (As<std::string>() != nullptr) return "string";
  const Compound* const inside = compound();
  return inside == nullptr ? "<nil>" : inside->TypeName();
}

bool Value::Truth() const {
  if (none()) return false;
  if (const bool* truth = As<bool>()) return *truth;
  if (const int64_t* number = As<int64_t>()) return *number != 0;
  if (const double* number = As<double>()) return *number != 0;
  if (As<ObjectPtr>() != nullptr) return true;
  return weight() > 0;
}

PlainMap::PlainMap(std::string type, Entries entries, Value missing)
    : type_(std::move(type)), missing_(std::move(missing)) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& entry : entries) {
    if (!entries_.empty() && entries_.back().first == entry.first) {
      entries_.back().second = std::move(entry.second);
    } else {
      entries_.push_back(std::move(entry));
    }
  }
  depth_ = DepthOf(entries_);
}

std::optional<Value> PlainMap::Get(std::string_view key) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), key,
                                      [](const auto& entry, std::string_view k) { return entry.first < k; });
  if (found == entries_.end() || found->first != key) return std::nullopt;
  return found->second;
}

std::vector<std::string> PlainMap::Keys() const {
  std::vector<std::string> keys;
  keys.reserve(entries_.size());
  for (const auto& entry : entries_) keys.push_back(entry.first);
  return keys;
}

Struct::Struct(std::string type, Fields fields)
    : type_(std::move(type)), fields_(std::move(fields)), depth_(DepthOf(fields_)) {}

std::optional<Value> Struct::Field(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (field == name) return value;
  }
  return std::nullopt;
}

std::string Struct::Text() const {
  Printer printer(kMaxObjectText);
  printer.Text("{");
  bool first = true;
  for (const auto& [name, value] : fields_) {
    if (!first) printer.Text(" ");
    first = false;
    printer.Operand(value);
  }
  printer.Text("}");
  return std::move(printer).Take();
}

}  // namespace sidelight::text_template
