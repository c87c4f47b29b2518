#include "rules/evaluation/alert_functions.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/letter_case.h"
#include "rules/evaluation/alert_humanize.h"
#include "rules/evaluation/alert_text.h"
#include "rules/evaluation/alert_time.h"
#include "rules/evaluation/alert_values.h"
#include "rules/evaluation/links.h"
#include "rules/promql/parser.h"

namespace sidelight::rules {
namespace {

using text_template::Arguments;
using text_template::Caller;
using text_template::List;
using text_template::ListPtr;
using text_template::MapPtr;
using text_template::Object;
using text_template::ObjectPtr;
using text_template::PlainMap;
using text_template::Value;

AlertTemplateHost& HostOf(const Caller& caller) {
  return *static_cast<AlertTemplateHost*>(caller.host());
}

const std::string& Text(const Value& value) {
  return *value.As<std::string>();
}

tl::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

// As Go says it of what nil was given to.
tl::unexpected<Error> Nil() {
  return Wrong("runtime error: invalid memory address or nil pointer dereference");
}

// Queries and their results.

Result<Value> Query(Caller& caller, Arguments arguments) {
  AlertTemplateHost& host = HostOf(caller);
  if (++host.queries > kMaxTemplateQueries) {
    return Fail(ErrorCode::kLimit, "more than " + std::to_string(kMaxTemplateQueries) + " queries");
  }
  if (!host.data->query) return Wrong("nothing can be queried here");
  const Result<promql::Vector> vector = host.data->query(Text(arguments[0]));
  if (!vector) return tl::unexpected<Error>(vector.error());
  return QueryResultValue(*vector);
}

Result<Value> First(Caller&, Arguments arguments) {
  const ListPtr* const list = arguments[0].As<ListPtr>();
  if (list == nullptr || (*list)->items().empty()) return Wrong("first() called on vector with no elements");
  return (*list)->items()[0];
}

// A label of a sample; "" where there is none.
std::string LabelOf(const Object& sample, std::string_view name) {
  const Value labels = sample.Field("Labels").value_or(Value());
  const MapPtr* const map = labels.As<MapPtr>();
  const Value label = map == nullptr ? Value() : (*map)->Get(name).value_or(Value(""));
  const std::string* const text = label.As<std::string>();
  return text == nullptr ? std::string() : *text;
}

Result<Value> LabelFunction(Caller&, Arguments arguments) {
  const ObjectPtr* const sample = arguments[1].As<ObjectPtr>();
  if (sample == nullptr) return Nil();
  return Value(LabelOf(**sample, Text(arguments[0])));
}

Result<Value> ValueFunction(Caller&, Arguments arguments) {
  const ObjectPtr* const sample = arguments[0].As<ObjectPtr>();
  if (sample == nullptr) return Nil();
  return (*sample)->Field("Value").value_or(Value(0.0));
}

Result<Value> StringValue(Caller&, Arguments arguments) {
  const ObjectPtr* const sample = arguments[0].As<ObjectPtr>();
  if (sample == nullptr) return Nil();
  return Value(LabelOf(**sample, "__value__"));
}

Result<Value> SortByLabel(Caller&, Arguments arguments) {
  const ListPtr* const list = arguments[1].As<ListPtr>();
  if (list == nullptr)
    return Value(std::make_shared<const List>(std::string(kQueryResultType), std::vector<Value>()));
  std::vector<std::pair<std::string, Value>> keyed;
  for (const Value& item : (*list)->items()) {
    const ObjectPtr* const sample = item.As<ObjectPtr>();
    keyed.emplace_back(sample == nullptr ? std::string() : LabelOf(**sample, Text(arguments[0])), item);
  }
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Value> sorted;
  for (auto& [key, item] : keyed) sorted.push_back(std::move(item));
  return Value(std::make_shared<const List>(std::string(kQueryResultType), std::move(sorted)));
}

// Numbers.

template <std::string (*kWrite)(double)>
Result<Value> Humanized(Caller&, Arguments arguments) {
  const Result<double> number = NumberOf(arguments[0]);
  if (!number) return tl::unexpected<Error>(number.error());
  return Value(kWrite(*number));
}

Result<Value> HumanizeTimestamp(Caller&, Arguments arguments) {
  const Result<double> seconds = NumberOf(arguments[0]);
  if (!seconds) return tl::unexpected<Error>(seconds.error());
  if (std::isnan(*seconds) || std::isinf(*seconds)) return Value(Humanize(*seconds));
  Result<std::string> text = TimeText(*seconds);
  if (!text) return tl::unexpected<Error>(std::move(text.error()));
  return Value(*std::move(text));
}

Result<Value> ToTime(Caller&, Arguments arguments) {
  const Result<double> seconds = NumberOf(arguments[0]);
  if (!seconds) return tl::unexpected<Error>(seconds.error());
  return TimeValue(*seconds);
}

Result<Value> ToDuration(Caller&, Arguments arguments) {
  const Result<double> seconds = NumberOf(arguments[0]);
  if (!seconds) return tl::unexpected<Error>(seconds.error());
  return DurationValue(*seconds);
}

Result<Value> Now(Caller& caller, Arguments) {
  return Value(static_cast<double>(HostOf(caller).data->time) / 1000.0);
}

Result<Value> ParseDurationFunction(Caller&, Arguments arguments) {
  const Result<int64_t> millis = promql::ParseDuration(Text(arguments[0]));
  if (!millis) return tl::unexpected<Error>(millis.error());
  return Value(static_cast<double>(*millis) / 1000.0);
}

// Texts.

template <std::string (*kChange)(std::string_view)>
Result<Value> Changed(Caller&, Arguments arguments) {
  return Value(kChange(Text(arguments[0])));
}

std::string SafeHtml(std::string_view text) {
  return std::string(text);
}

Result<Value> Match(Caller& caller, Arguments arguments) {
  const Result<bool> matches = HostOf(caller).regexes.Match(Text(arguments[0]), Text(arguments[1]));
  if (!matches) return tl::unexpected<Error>(matches.error());
  return Value(*matches);
}

Result<Value> ReplaceAll(Caller& caller, Arguments arguments) {
  Result<std::string> text = HostOf(caller).regexes.ReplaceAll(Text(arguments[0]), Text(arguments[1]),
                                                               Text(arguments[2]), caller.room());
  if (!text) return tl::unexpected<Error>(std::move(text.error()));
  return Value(*std::move(text));
}

// Others.

Result<Value> Args(Caller&, Arguments arguments) {
  PlainMap::Entries entries;
  for (size_t i = 0; i < arguments.size(); ++i) entries.emplace_back("arg" + std::to_string(i), arguments[i]);
  return Value(std::make_shared<const PlainMap>("map[string]interface {}", std::move(entries)));
}

Result<Value> Tmpl(Caller& caller, Arguments arguments) {
  Result<std::string> text = caller.ExecuteTemplate(Text(arguments[0]), arguments[1]);
  if (!text) return tl::unexpected<Error>(std::move(text.error()));
  return Value(*std::move(text));
}

Result<Value> ExternalUrl(Caller& caller, Arguments) {
  return Value(HostOf(caller).data->external_url);
}
Result<Value> PathPrefix(Caller& caller, Arguments) {
  return Value(PathOf(HostOf(caller).data->external_url));
}

}  // namespace

const text_template::FunctionTable& AlertFunctions() {
  using Kind = text_template::Parameter::Kind;
  constexpr text_template::Parameter kAny;
  constexpr text_template::Parameter kText{Kind::kString};
  constexpr text_template::Parameter kResult{Kind::kNamed, kQueryResultType};
  constexpr text_template::Parameter kSample{Kind::kNamed, kSampleType};
  static const text_template::FunctionTable kTable = {
      {"args", {{kAny}, true, Args}},
      {"externalURL", {{}, false, ExternalUrl}},
      {"first", {{kResult}, false, First}},
      {"graphLink", {{kText}, false, Changed<GraphLink>}},
      {"humanize", {{kAny}, false, Humanized<Humanize>}},
      {"humanize1024", {{kAny}, false, Humanized<Humanize1024>}},
      {"humanizeDuration", {{kAny}, false, Humanized<HumanizeDuration>}},
      {"humanizePercentage", {{kAny}, false, Humanized<HumanizePercentage>}},
      {"humanizeTimestamp", {{kAny}, false, HumanizeTimestamp}},
      {"label", {{kText, kSample}, false, LabelFunction}},
      {"match", {{kText, kText}, false, Match}},
      {"now", {{}, false, Now}},
      {"parseDuration", {{kText}, false, ParseDurationFunction}},
      {"pathPrefix", {{}, false, PathPrefix}},
      {"query", {{kText}, false, Query}},
      {"reReplaceAll", {{kText, kText, kText}, false, ReplaceAll}},
      {"safeHtml", {{kText}, false, Changed<SafeHtml>}},
      {"sortByLabel", {{kText, kResult}, false, SortByLabel}},
      {"stripDomain", {{kText}, false, Changed<StripDomain>}},
      {"stripPort", {{kText}, false, Changed<StripPort>}},
      {"strvalue", {{kSample}, false, StringValue}},
      {"tableLink", {{kText}, false, Changed<TableLink>}},
      {"title", {{kText}, false, Changed<TitleCase>}},
      {"tmpl", {{kText, kAny}, false, Tmpl}},
      {"toDuration", {{kAny}, false, ToDuration}},
      {"toLower", {{kText}, false, Changed<ToLower>}},
      {"toTime", {{kAny}, false, ToTime}},
      {"toUpper", {{kText}, false, Changed<ToUpper>}},
      {"urlQueryEscape", {{kText}, false, Changed<QueryEscape>}},
      {"value", {{kSample}, false, ValueFunction}},
  };
  return kTable;
}

}  // namespace sidelight::rules
