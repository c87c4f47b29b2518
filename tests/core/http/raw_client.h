// A client that sends exactly the bytes it is told to, when it is told to, and reads with a deadline.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/net/address.h"

namespace sidelight {

struct RawResponse {
  int status = 0;
  std::string head;  // with the empty line
  std::string body;

  // The value of a header, in any case; "" when it is not there.
  std::string Header(std::string_view name) const;
};

class RawClient {
 public:
  // Connects at once; a failure fails the test and leaves connected() false.
  explicit RawClient(const net::Address& address);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return fd_ >= 0; }
  // False when the server has gone.
  bool Send(std::string_view bytes);
  // Sends byte by byte with a pause before each, until everything is out, or a byte or the end comes back.
  void SendSlowly(std::string_view bytes, Duration pause);
  // The next response; nothing when the connection ended, or nothing whole came within ten seconds. The
  // answer to HEAD has no body: say so.
  std::optional<RawResponse> Receive(bool to_head = false);
  // Whether the server ends the connection within ten seconds; what it still sends is dropped.
  bool WaitForEnd();
  void Close();

 private:
  bool More(TimePoint deadline);

  int fd_ = -1;
  std::string unread_;
};

}  // namespace sidelight
