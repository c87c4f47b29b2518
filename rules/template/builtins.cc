// The functions that every template has.
#include <algorithm>
#include <string>
#include <vector>

#include "rules/template/comparison.h"
#include "rules/template/escape.h"
#include "rules/template/function.h"
#include "rules/template/print.h"

namespace sidelight::text_template {
namespace {

Result<Value> Written(Printer printer) {
  if (printer.full()) return Fail(ErrorCode::kLimit, "too much output");
  return Value(std::move(printer).Take());
}

Result<Value> Print(Caller& caller, Arguments arguments) {
  Printer printer(caller.room());
  printer.Print(arguments);
  return Written(std::move(printer));
}

Result<Value> PrintLine(Caller& caller, Arguments arguments) {
  Printer printer(caller.room());
  printer.PrintLine(arguments);
  return Written(std::move(printer));
}

Result<Value> PrintFormatted(Caller& caller, Arguments arguments) {
  Printer printer(caller.room());
  printer.Format(*arguments[0].As<std::string>(), arguments.subspan(1));
  return Written(std::move(printer));
}

template <std::string (*kEscape)(std::string_view)>
Result<Value> Escaped(Caller& caller, Arguments arguments) {
  std::vector<Value> shown(arguments.begin(), arguments.end());
  for (Value& value : shown) {
    if (value.none()) value = Value("<no value>");
  }
  Result<Value> text = Print(caller, shown);
  if (!text) return text;
  return Value(kEscape(*text->As<std::string>()));
}

Result<Value> Not(Caller&, Arguments arguments) {
  return Value(!arguments[0].Truth());
}

Result<Value> Length(Caller&, Arguments arguments) {
  const Value& item = arguments[0];
  if (item.none()) return Fail(ErrorCode::kInvalidArgument, "len of untyped nil");
  const bool has_length =
      item.As<std::string>() != nullptr || item.As<ListPtr>() != nullptr || item.As<MapPtr>() != nullptr;
  if (!has_length) return Fail(ErrorCode::kInvalidArgument, "len of type " + item.TypeName());
  return Value(static_cast<int64_t>(item.weight()));
}

// A place in a text or list of that length; `past_end` also the place behind its last.
Result<size_t> Place(const Value& index, size_t length, bool past_end) {
  const int64_t* const number = index.As<int64_t>();
  if (index.none()) return Fail(ErrorCode::kInvalidArgument, "cannot index slice/array with nil");
  if (number == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "cannot index slice/array with type " + index.TypeName());
  }
  if (*number < 0 || static_cast<uint64_t>(*number) >= length + (past_end ? 1 : 0)) {
    return Fail(ErrorCode::kInvalidArgument, "index out of range: " + std::to_string(*number));
  }
  return static_cast<size_t>(*number);
}

Result<Value> IndexOnce(const Value& item, const Value& index) {
  if (const MapPtr* map = item.As<MapPtr>()) {
    const std::string* const key = index.As<std::string>();
    if (index.none()) return Fail(ErrorCode::kInvalidArgument, "value is nil; should be of type string");
    if (key == nullptr) {
      return Fail(ErrorCode::kInvalidArgument, "value has type " + index.TypeName() + "; should be string");
    }
    return (*map)->Get(*key).value_or((*map)->Missing());
  }
  const std::string* const text = item.As<std::string>();
  const ListPtr* const list = item.As<ListPtr>();
  if (text == nullptr && list == nullptr) {
    if (item.none()) return Fail(ErrorCode::kInvalidArgument, "index of nil pointer");
    return Fail(ErrorCode::kInvalidArgument, "can't index item of type " + item.TypeName());
  }
  const Result<size_t> place = Place(index, item.weight(), false);
  if (!place) return tl::unexpected<Error>(place.error());
  if (list != nullptr) return (*list)->items()[*place];
  return Value(static_cast<int64_t>(static_cast<unsigned char>((*text)[*place])));
}

Result<Value> Index(Caller&, Arguments arguments) {
  if (arguments[0].none()) return Fail(ErrorCode::kInvalidArgument, "index of untyped nil");
  Result<Value> item = arguments[0];
  for (const Value& index : arguments.subspan(1)) {
    item = IndexOnce(*item, index);
    if (!item) break;
  }
  return item;
}

Result<Value> Slice(Caller&, Arguments arguments) {
  const Value& item = arguments[0];
  const Arguments indexes = arguments.subspan(1);
  if (item.none()) return Fail(ErrorCode::kInvalidArgument, "slice of untyped nil");
  if (indexes.size() > 3) {
    return Fail(ErrorCode::kInvalidArgument, "too many slice indexes: " + std::to_string(indexes.size()));
  }
  const std::string* const text = item.As<std::string>();
  const ListPtr* const list = item.As<ListPtr>();
  if (text != nullptr && indexes.size() == 3) {
    return Fail(ErrorCode::kInvalidArgument, "cannot 3-index slice a string");
  }
  if (text == nullptr && list == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "can't slice item of type " + item.TypeName());
  }
  size_t places[] = {0, item.weight(), item.weight()};
  for (size_t i = 0; i < indexes.size(); ++i) {
    const Result<size_t> place = Place(indexes[i], item.weight(), true);
    if (!place) return tl::unexpected<Error>(place.error());
    places[i] = *place;
  }
  for (size_t i = 0; i < 2; ++i) {
    if (places[i] <= places[i + 1]) continue;
    return Fail(ErrorCode::kInvalidArgument,
                "invalid slice index: " + std::to_string(places[i]) + " > " + std::to_string(places[i + 1]));
  }
  if (text != nullptr) return Value(std::string_view(*text).substr(places[0], places[1] - places[0]));
  const std::vector<Value>& items = (*list)->items();
  return Value(std::make_shared<const List>(
      item.TypeName(), std::vector<Value>(items.begin() + static_cast<ptrdiff_t>(places[0]),
                                          items.begin() + static_cast<ptrdiff_t>(places[1]))));
}

// Nothing that a template sees is a function.
Result<Value> CallFunction(Caller&, Arguments arguments) {
  if (arguments[0].none()) return Fail(ErrorCode::kInvalidArgument, "call of nil");
  return Fail(ErrorCode::kInvalidArgument, "non-function of type " + arguments[0].TypeName());
}

Result<Value> Compared(Result<bool> truth, bool wanted) {
  if (!truth) return tl::unexpected<Error>(std::move(truth.error()));
  return Value(*truth == wanted);
}

Result<Value> Eq(Caller&, Arguments arguments) {
  return Compared(EqualsAny(arguments[0], arguments.subspan(1)), true);
}
Result<Value> Ne(Caller&, Arguments arguments) {
  return Compared(EqualsAny(arguments[0], arguments.subspan(1)), false);
}
Result<Value> Lt(Caller&, Arguments arguments) {
  return Compared(IsLess(arguments[0], arguments[1]), true);
}
Result<Value> Ge(Caller&, Arguments arguments) {
  return Compared(IsLess(arguments[0], arguments[1]), false);
}
Result<bool> IsLessOrEqual(const Value& a, const Value& b) {
  Result<bool> less = IsLess(a, b);
  if (!less || *less) return less;
  return EqualsAny(a, {&b, 1});
}
Result<Value> Le(Caller&, Arguments arguments) {
  return Compared(IsLessOrEqual(arguments[0], arguments[1]), true);
}
Result<Value> Gt(Caller&, Arguments arguments) {
  return Compared(IsLessOrEqual(arguments[0], arguments[1]), false);
}

}  // namespace

const FunctionTable& Builtins() {
  constexpr Parameter kAny;
  constexpr Parameter kText{Parameter::Kind::kString};
  static const FunctionTable kTable = {
      {"and", {{kAny, kAny}, true, nullptr}},  // the interpreter's own: they look no further than they must
      {"or", {{kAny, kAny}, true, nullptr}},
      {"not", {{kAny}, false, Not}},
      {"len", {{kAny}, false, Length}},
      {"index", {{kAny, kAny}, true, Index}},
      {"slice", {{kAny, kAny}, true, Slice}},
      {"call", {{kAny, kAny}, true, CallFunction}},
      {"print", {{kAny}, true, Print}},
      {"println", {{kAny}, true, PrintLine}},
      {"printf", {{kText, kAny}, true, PrintFormatted}},
      {"html", {{kAny}, true, Escaped<EscapeHtml>}},
      {"js", {{kAny}, true, Escaped<EscapeJs>}},
      {"urlquery", {{kAny}, true, Escaped<EscapeQuery>}},
      {"eq", {{kAny, kAny}, true, Eq}},
      {"ne", {{kAny, kAny}, false, Ne}},
      {"lt", {{kAny, kAny}, false, Lt}},
      {"le", {{kAny, kAny}, false, Le}},
      {"gt", {{kAny, kAny}, false, Gt}},
      {"ge", {{kAny, kAny}, false, Ge}},
  };
  return kTable;
}

}  // namespace sidelight::text_template
