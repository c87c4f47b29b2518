#include "rules/evaluation/alert_time.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/float_text.h"
#include "rules/evaluation/go_time.h"

namespace sidelight::rules {
namespace {

using text_template::ObjectPtr;
using text_template::Value;
using Arguments = std::span<const Value>;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

// Of a number beyond all that fit: what Go's conversion gives on the machines that it mostly runs on.
int64_t ToInteger(double number) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  return number >= -kTwoTo63 && number < kTwoTo63 ? static_cast<int64_t>(number) : kMin;
}

int64_t Clamped(__int128 number) {
  if (number > kMax) return kMax;
  if (number < kMin) return kMin;
  return static_cast<int64_t>(number);
}

tl::unexpected<Error> WrongCount(std::string_view method, size_t wanted, size_t got) {
  return Fail(ErrorCode::kInvalidArgument, "wrong number of args for " + std::string(method) + ": want " +
                                               std::to_string(wanted) + " got " + std::to_string(got));
}

tl::unexpected<Error> WrongType(std::string_view wanted, const Value& got) {
  return Fail(ErrorCode::kInvalidArgument,
              "wrong type for value; expected " + std::string(wanted) + "; got " + got.TypeName());
}

// A number with names: a month, a day of the week.
class Named final : public text_template::Object {
 public:
  Named(std::string_view type, int number, std::string_view text)
      : type_(type), number_(number), text_(text) {}
  std::string TypeName() const override { return std::string(type_); }
  std::optional<Value> Field(std::string_view) const override { return std::nullopt; }
  std::optional<Result<Value>> Method(std::string_view name, Arguments arguments) const override {
    if (name != "String") return std::nullopt;
    if (!arguments.empty()) return WrongCount(name, 0, arguments.size());
    return Value(text_);
  }
  std::string Text() const override { return std::string(text_); }
  std::optional<int64_t> Number() const override { return number_; }

 private:
  std::string_view type_;
  int number_;
  std::string_view text_;
};

class DurationObject final : public text_template::Object {
 public:
  DurationObject(int64_t nanoseconds, bool pointer) : nanoseconds_(nanoseconds), pointer_(pointer) {}
  std::string TypeName() const override { return pointer_ ? "*time.Duration" : "time.Duration"; }
  std::optional<Value> Field(std::string_view) const override { return std::nullopt; }
  std::optional<Result<Value>> Method(std::string_view name, Arguments arguments) const override;
  std::string Text() const override { return DurationText(nanoseconds_); }
  std::optional<int64_t> Number() const override {
    return pointer_ ? std::nullopt : std::optional(nanoseconds_);
  }
  int64_t nanoseconds() const { return nanoseconds_; }
  bool pointer() const { return pointer_; }

 private:
  int64_t nanoseconds_;
  bool pointer_;
};

Value Span(int64_t nanoseconds) {
  return Value(ObjectPtr(std::make_shared<const DurationObject>(nanoseconds, false)));
}

const DurationObject* AsDuration(const Value& value) {
  const ObjectPtr* const object = value.As<ObjectPtr>();
  return object == nullptr ? nullptr : dynamic_cast<const DurationObject*>(object->get());
}

// A duration, or a literal number of nanoseconds.
Result<int64_t> Nanoseconds(const Value& value) {
  if (const DurationObject* duration = AsDuration(value)) return duration->nanoseconds();
  if (const int64_t* number = value.As<int64_t>()) return *number;
  return WrongType("time.Duration", value);
}

// To a multiple of `unit`, towards zero.
int64_t Truncated(int64_t number, int64_t unit) {
  return unit <= 0 ? number : number - number % unit;
}

int64_t Rounded(int64_t number, int64_t unit) {
  if (unit <= 0) return number;
  const int64_t rest = number % unit;
  const __int128 down = static_cast<__int128>(number) - rest;
  const __int128 twice = static_cast<__int128>(rest < 0 ? -static_cast<__int128>(rest) : rest) * 2;
  if (twice < unit) return static_cast<int64_t>(down);
  return Clamped(number < 0 ? down - unit : down + unit);
}

std::optional<Result<Value>> DurationObject::Method(std::string_view name, Arguments arguments) const {
  if (name == "Round" || name == "Truncate") {
    if (arguments.size() != 1) return WrongCount(name, 1, arguments.size());
    const Result<int64_t> unit = Nanoseconds(arguments[0]);
    if (!unit) return tl::unexpected<Error>(unit.error());
    return Span(name == "Round" ? Rounded(nanoseconds_, *unit) : Truncated(nanoseconds_, *unit));
  }
  const auto counted = [&](int64_t unit) {
    return static_cast<double>(nanoseconds_ / unit) +
           static_cast<double>(nanoseconds_ % unit) / static_cast<double>(unit);
  };
  std::optional<Value> result;
  if (name == "Hours") result = Value(counted(3600 * kNanosInSecond));
  if (name == "Minutes") result = Value(counted(60 * kNanosInSecond));
  if (name == "Seconds") result = Value(counted(kNanosInSecond));
  if (name == "Milliseconds") result = Value(nanoseconds_ / 1'000'000);
  if (name == "Microseconds") result = Value(nanoseconds_ / 1000);
  if (name == "Nanoseconds") result = Value(nanoseconds_);
  if (name == "Abs") result = Span(nanoseconds_ == kMin ? kMax : std::abs(nanoseconds_));
  if (name == "String") result = Value(Text());
  if (!result) return std::nullopt;
  if (!arguments.empty()) return WrongCount(name, 0, arguments.size());
  return *std::move(result);
}

class TimeObject final : public text_template::Object {
 public:
  TimeObject(int64_t seconds, int nanosecond, bool pointer)
      : seconds_(seconds), nanosecond_(nanosecond), pointer_(pointer) {}
  std::string TypeName() const override { return pointer_ ? "*time.Time" : "time.Time"; }
  std::optional<Value> Field(std::string_view) const override { return std::nullopt; }
  std::optional<Result<Value>> Method(std::string_view name, Arguments arguments) const override {
    for (const auto& [method, call] : kMethods) {
      if (method != name) continue;
      const size_t wanted = method == "AddDate" ? 3 : 1;
      if (arguments.size() != wanted) return WrongCount(name, wanted, arguments.size());
      return (this->*call)(arguments);
    }
    const std::optional<Value> part = Part(name);
    if (!part) return std::nullopt;
    if (!arguments.empty()) return WrongCount(name, 0, arguments.size());
    return *part;
  }
  std::string Text() const override { return FormatTime(Civil(), "2006-01-02 15:04:05.999999999 -0700 MST"); }

 private:
  using Call = Result<Value> (TimeObject::*)(Arguments) const;
  static const std::array<std::pair<std::string_view, Call>, 9> kMethods;

  CivilTime Civil() const { return ToCivil(seconds_, nanosecond_); }
  __int128 Nanos() const { return static_cast<__int128>(seconds_) * kNanosInSecond + nanosecond_; }
  // Of a moment that no count of int64_t nanoseconds around 1970 need reach.
  static Value At(__int128 nanos) {
    __int128 seconds = nanos / kNanosInSecond;
    auto rest = static_cast<int64_t>(nanos % kNanosInSecond);
    if (rest < 0) {
      rest += kNanosInSecond;
      --seconds;
    }
    return Value(ObjectPtr(
        std::make_shared<const TimeObject>(static_cast<int64_t>(seconds), static_cast<int>(rest), false)));
  }

  // What takes nothing.
  std::optional<Value> Part(std::string_view name) const;

  Result<Value> Format(Arguments arguments) const {
    const std::string* const layout = arguments[0].As<std::string>();
    if (layout == nullptr) return WrongType("string", arguments[0]);
    return Value(FormatTime(Civil(), *layout));
  }
  Result<Value> Add(Arguments arguments) const {
    return WithSpan(arguments, [&](int64_t span) { return InRange(Nanos() + span); });
  }
  Result<Value> AddDate(Arguments arguments) const {
    constexpr int64_t kFar = 100'000'000;
    int64_t numbers[3] = {};
    for (size_t i = 0; i < 3; ++i) {
      const int64_t* const number = arguments[i].As<int64_t>();
      if (number == nullptr) return WrongType("int", arguments[i]);
      if (*number > kFar || *number < -kFar) return TooFar();
      numbers[i] = *number;
    }
    const CivilTime civil = Civil();
    const int64_t day = UnixOfDay(civil.year + numbers[0], civil.month + numbers[1], civil.day + numbers[2]);
    const int64_t second_of_day = civil.hour * 3600 + civil.minute * 60 + civil.second;
    return InRange(static_cast<__int128>(day + second_of_day) * kNanosInSecond + nanosecond_);
  }
  Result<Value> Sub(Arguments arguments) const {
    return WithTime(arguments,
                    [&](const TimeObject& other) { return Span(Clamped(Nanos() - other.Nanos())); });
  }
  Result<Value> After(Arguments arguments) const {
    return WithTime(arguments, [&](const TimeObject& other) { return Value(Nanos() > other.Nanos()); });
  }
  Result<Value> Before(Arguments arguments) const {
    return WithTime(arguments, [&](const TimeObject& other) { return Value(Nanos() < other.Nanos()); });
  }
  Result<Value> Equal(Arguments arguments) const {
    return WithTime(arguments, [&](const TimeObject& other) { return Value(Nanos() == other.Nanos()); });
  }
  // Both count from the year 1, as Go does.
  Result<Value> Truncate(Arguments arguments) const {
    return WithSpan(arguments, [&](int64_t unit) { return At(Nanos() - Beyond(unit)); });
  }
  Result<Value> Round(Arguments arguments) const {
    return WithSpan(arguments, [&](int64_t unit) {
      const __int128 rest = Beyond(unit);
      return At(Nanos() - rest + (unit > 0 && rest * 2 >= unit ? unit : 0));
    });
  }
  __int128 Beyond(int64_t unit) const {
    constexpr __int128 kYearOneTo1970 = 62135596800;
    if (unit <= 0) return 0;
    const __int128 rest = (Nanos() + kYearOneTo1970 * kNanosInSecond) % unit;
    return rest < 0 ? rest + unit : rest;
  }

  template <class F>
  static Result<Value> WithSpan(Arguments arguments, F then) {
    const Result<int64_t> span = Nanoseconds(arguments[0]);
    if (!span) return tl::unexpected<Error>(span.error());
    return then(*span);
  }
  template <class F>
  static Result<Value> WithTime(Arguments arguments, F then) {
    const ObjectPtr* const object = arguments[0].As<ObjectPtr>();
    const auto* const other = object == nullptr ? nullptr : dynamic_cast<const TimeObject*>(object->get());
    if (other == nullptr) return WrongType("time.Time", arguments[0]);
    return then(*other);
  }
  static tl::unexpected<Error> TooFar() {
    return Fail(ErrorCode::kInvalidArgument, "error calling AddDate: the time would be too far from now");
  }
  static Result<Value> InRange(__int128 nanos) {
    constexpr __int128 kFar = static_cast<__int128>(1) << 62;  // seconds, which a calendar still can count
    if (nanos / kNanosInSecond > kFar || nanos / kNanosInSecond < -kFar) return TooFar();
    return At(nanos);
  }

  int64_t seconds_;
  int nanosecond_;
  bool pointer_;
};

const std::array<std::pair<std::string_view, TimeObject::Call>, 9> TimeObject::kMethods = {{
    {"Format", &TimeObject::Format},
    {"Add", &TimeObject::Add},
    {"AddDate", &TimeObject::AddDate},
    {"Sub", &TimeObject::Sub},
    {"After", &TimeObject::After},
    {"Before", &TimeObject::Before},
    {"Equal", &TimeObject::Equal},
    {"Truncate", &TimeObject::Truncate},
    {"Round", &TimeObject::Round},
}};

std::optional<Value> TimeObject::Part(std::string_view name) const {
  const CivilTime civil = Civil();
  if (name == "String") return Value(Text());
  if (name == "UTC")
    return Value(ObjectPtr(std::make_shared<const TimeObject>(seconds_, nanosecond_, false)));
  if (name == "Unix") return Value(seconds_);
  if (name == "UnixMilli") return Value(Clamped(Nanos() / 1'000'000));
  if (name == "UnixMicro") return Value(Clamped(Nanos() / 1000));
  if (name == "UnixNano") return Value(Clamped(Nanos()));
  if (name == "Year") return Value(civil.year);
  if (name == "Month") {
    return Value(ObjectPtr(std::make_shared<const Named>("time.Month", civil.month, MonthName(civil.month))));
  }
  if (name == "Weekday") {
    return Value(
        ObjectPtr(std::make_shared<const Named>("time.Weekday", civil.weekday, WeekdayName(civil.weekday))));
  }
  if (name == "Day") return Value(civil.day);
  if (name == "YearDay") return Value(civil.year_day);
  if (name == "Hour") return Value(civil.hour);
  if (name == "Minute") return Value(civil.minute);
  if (name == "Second") return Value(civil.second);
  if (name == "Nanosecond") return Value(civil.nanosecond);
  if (name == "IsZero")
    return Value(civil.year == 1 && civil.year_day == 1 && Nanos() % kNanosInSecond == 0 && civil.hour == 0 &&
                 civil.minute == 0 && civil.second == 0);
  return std::nullopt;
}

Result<std::pair<int64_t, int>> Moment(double seconds) {
  const double nanos = seconds * 1e9;
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (std::isnan(seconds) || std::isinf(seconds)) {
    return Fail(ErrorCode::kInvalidArgument, "value is NaN or Inf");
  }
  if (nanos > kTwoTo63 || nanos < -kTwoTo63) {
    return Fail(
        ErrorCode::kInvalidArgument,
        FloatText(seconds) + " cannot be represented as a nanoseconds timestamp since it overflows int64");
  }
  const int64_t millis = ToInteger(nanos) / 1'000'000;
  const int64_t rest = (millis % 1000 + 1000) % 1000;
  return std::pair((millis - rest) / 1000, static_cast<int>(rest) * 1'000'000);
}

}  // namespace

Result<Value> TimeValue(double seconds) {
  const Result<std::pair<int64_t, int>> moment = Moment(seconds);
  if (!moment) return tl::unexpected<Error>(moment.error());
  return Value(ObjectPtr(std::make_shared<const TimeObject>(moment->first, moment->second, true)));
}

Result<std::string> TimeText(double seconds) {
  const Result<std::pair<int64_t, int>> moment = Moment(seconds);
  if (!moment) return tl::unexpected<Error>(moment.error());
  return TimeObject(moment->first, moment->second, true).Text();
}

Value DurationValue(double seconds) {
  return Value(ObjectPtr(std::make_shared<const DurationObject>(ToInteger(seconds * 1e9), true)));
}

std::optional<int64_t> PlainDuration(const Value& value) {
  const DurationObject* const duration = AsDuration(value);
  if (duration == nullptr || duration->pointer()) return std::nullopt;
  return duration->nanoseconds();
}

}  // namespace sidelight::rules
