#include "core/http/response.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <string_view>

namespace sidelight::http {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";  // The phrase may be empty; only people read it.
  }
}

void AppendHeader(std::string* head, std::string_view name, std::string_view value) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  if (name.find_first_of(kBreaks) != name.npos || value.find_first_of(kBreaks) != value.npos) return;
  fmt::format_to(std::back_inserter(*head), "{}: {}\r\n", name, value);
}

}  // namespace

std::string ResponseHead(const Response& response, Afterwards afterwards, UnixMillis now) {
  const auto time = std::chrono::system_clock::from_time_t(static_cast<std::time_t>(now / 1000));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", response.status,
                                 Reason(response.status), fmt::gmtime(time));
  if (!response.content_type.empty()) AppendHeader(&head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) AppendHeader(&head, name, value);
  if (response.status != 204) {
    AppendHeader(&head, "Content-Length", fmt::format_int(response.body.size()).c_str());
  }
  if (afterwards == Afterwards::kClose) AppendHeader(&head, "Connection", "close");
  if (afterwards == Afterwards::kKeepAliveSaid) AppendHeader(&head, "Connection", "keep-alive");
  return head + "\r\n";
}

}  // namespace sidelight::http
