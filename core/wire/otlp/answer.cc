#include "core/wire/otlp/answer.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "core/wire/exposition/utf8.h"
#include "core/wire/memory_budget.h"
#include "core/wire/otlp/json_reader.h"

namespace sidelight::otlp {
namespace {

using nlohmann::json;
using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

namespace answer_field {
enum : protozero::pbf_tag_type { kPartialSuccess = 1 };
}
namespace partial_field {
enum : protozero::pbf_tag_type { kRejectedDataPoints = 1, kErrorMessage = 2 };
}
namespace status_field {
enum : protozero::pbf_tag_type { kCode = 1, kMessage = 2, kDetails = 3 };
}
namespace any_field {
enum : protozero::pbf_tag_type { kTypeUrl = 1, kValue = 2 };
}
namespace retry_info_field {
enum : protozero::pbf_tag_type { kRetryDelay = 1 };
}
namespace duration_field {
enum : protozero::pbf_tag_type { kSeconds = 1, kNanos = 2 };
}

constexpr std::string_view kRetryInfo = "/google.rpc.RetryInfo";
// Whoever asks for more than this means "never"; a Duration holds 292 years.
constexpr int64_t kMostSeconds = 1'000'000'000;

constexpr uint32_t Text(protozero::pbf_tag_type tag) {
  return tag_and_type(tag, pbf_wire_type::length_delimited);
}
constexpr uint32_t Varint(protozero::pbf_tag_type tag) {
  return tag_and_type(tag, pbf_wire_type::varint);
}

std::string Shortened(std::string_view text) {
  std::string out = wire::ToValidUtf8(text.substr(0, kMaxMessageBytes));
  if (text.size() > kMaxMessageBytes) out += "...";
  return out;
}

Duration DelayOf(int64_t seconds, int64_t nanos) {
  if (seconds < 0 || nanos < 0) return Duration::zero();
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  return std::chrono::seconds(std::min(seconds, kMostSeconds)) +
         std::chrono::nanoseconds(std::min(nanos, kNanosPerSecond));
}

void ReadAnswer(pbf_reader message, Answer* out) {
  while (message.next()) {
    if (message.tag_and_type() != Text(answer_field::kPartialSuccess)) {
      message.skip();
      continue;
    }
    pbf_reader partial = message.get_message();
    while (partial.next()) {
      switch (partial.tag_and_type()) {
        case Varint(partial_field::kRejectedDataPoints):
          out->rejected_data_points = partial.get_int64();
          break;
        case Text(partial_field::kErrorMessage): {
          const protozero::data_view text = partial.get_view();
          out->error_message = Shortened({text.data(), text.size()});
          break;
        }
        default:
          partial.skip();
      }
    }
  }
}

Duration ReadDuration(pbf_reader message) {
  int64_t seconds = 0;
  int64_t nanos = 0;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Varint(duration_field::kSeconds):
        seconds = message.get_int64();
        break;
      case Varint(duration_field::kNanos):
        nanos = message.get_int32();
        break;
      default:
        message.skip();
    }
  }
  return DelayOf(seconds, nanos);
}

void ReadDetail(pbf_reader any, StatusMessage* out) {
  std::string_view type;
  pbf_reader value;
  while (any.next()) {
    switch (any.tag_and_type()) {
      case Text(any_field::kTypeUrl): {
        const protozero::data_view text = any.get_view();
        type = {text.data(), text.size()};
        break;
      }
      case Text(any_field::kValue):
        value = any.get_message();
        break;
      default:
        any.skip();
    }
  }
  if (!type.ends_with(kRetryInfo)) return;
  out->retry_delay = Duration::zero();
  while (value.next()) {
    if (value.tag_and_type() == Text(retry_info_field::kRetryDelay)) {
      out->retry_delay = ReadDuration(value.get_message());
    } else {
      value.skip();
    }
  }
}

void ReadStatus(pbf_reader message, StatusMessage* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Varint(status_field::kCode):
        out->code = message.get_int32();
        break;
      case Text(status_field::kMessage): {
        const protozero::data_view text = message.get_view();
        out->message = Shortened({text.data(), text.size()});
        break;
      }
      case Text(status_field::kDetails):
        ReadDetail(message.get_message(), out);
        break;
      default:
        message.skip();
    }
  }
}

void ReadAnswer(const json& document, Answer* out) {
  JsonPath path;
  path.ForEachEntry(document, [&](std::string_view name, const json& partial) {
    if (name != "partialSuccess") return;
    path.ForEachEntry(partial, [&](std::string_view inner, const json& value) {
      if (inner == "rejectedDataPoints") {
        out->rejected_data_points = path.Int64(value);
      } else if (inner == "errorMessage") {
        out->error_message = Shortened(path.Text(value));
      }
    });
  });
}

// "1.5s".
Duration ParseDelay(const JsonPath& path, std::string_view text) {
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (error != std::errc() ||
      std::string_view(end, static_cast<size_t>(text.data() + text.size() - end)) != "s") {
    path.Refuse("is no duration such as \"1.5s\"");
  }
  if (!(seconds > 0)) return Duration::zero();
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::min(seconds, static_cast<double>(kMostSeconds))));
}

void ReadStatus(const json& document, StatusMessage* out) {
  JsonPath path;
  path.ForEachEntry(document, [&](std::string_view name, const json& value) {
    if (name == "code") {
      out->code = path.Int32(value);
    } else if (name == "message") {
      out->message = Shortened(path.Text(value));
    } else if (name == "details") {
      path.ForEachElement(value, [&](const json& detail) {
        std::string type;
        Duration delay = Duration::zero();
        path.ForEachEntry(detail, [&](std::string_view inner, const json& entry) {
          if (inner == "@type") type = path.Text(entry);
          if (inner == "retryDelay") delay = ParseDelay(path, path.Text(entry));
        });
        if (type.ends_with(kRetryInfo)) out->retry_delay = delay;
      });
    }
  });
}

template <class Message, class FromProtobuf, class FromJson>
Result<Message> Decode(std::string_view what, std::string_view bytes, Encoding encoding, size_t max_bytes,
                       const FromProtobuf& from_protobuf, const FromJson& from_json) {
  constexpr size_t kMemoryPerByte = 16;
  constexpr int kMaxDepth = 16;
  const std::string prefix = std::string(what) + ": ";
  if (bytes.size() > max_bytes) {
    return Fail(ErrorCode::kLimit, prefix + std::to_string(bytes.size()) + " bytes, more than the " +
                                       std::to_string(max_bytes) + " that are read");
  }
  Message out;
  try {
    if (encoding == Encoding::kProtobuf) {
      from_protobuf(pbf_reader(bytes.data(), bytes.size()), &out);
    } else if (!bytes.empty()) {
      from_json(ParseJson(bytes, {.max_memory = kMemoryPerByte * max_bytes, .max_depth = kMaxDepth}), &out);
    }
  } catch (const wire::Refused& refused) {
    return Fail(refused.error.code, prefix + refused.error.message);
  } catch (const protozero::exception& broken) {
    return Fail(ErrorCode::kInvalidArgument, prefix + "not a protobuf message: " + broken.what());
  }
  return out;
}

}  // namespace

Result<Answer> DecodeAnswer(std::string_view bytes, Encoding encoding, size_t max_bytes) {
  return Decode<Answer>(
      "the answer", bytes, encoding, max_bytes,
      [](pbf_reader message, Answer* out) { ReadAnswer(message, out); },
      [](const json& document, Answer* out) { ReadAnswer(document, out); });
}

Result<StatusMessage> DecodeStatus(std::string_view bytes, Encoding encoding, size_t max_bytes) {
  return Decode<StatusMessage>(
      "the status", bytes, encoding, max_bytes,
      [](pbf_reader message, StatusMessage* out) { ReadStatus(message, out); },
      [](const json& document, StatusMessage* out) { ReadStatus(document, out); });
}

}  // namespace sidelight::otlp
