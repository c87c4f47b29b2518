// ClientHeader: keeps a PROXY header that the client sends first (a load balancer in front of us does) away
// from the observer. The bytes themselves are passed on as they are; this only decides which of them are
// shown.
#pragma once

#include <string>
#include <string_view>

#include "collector/protocols/observer.h"
#include "core/base/clock.h"

namespace sidelight::tap {

class ClientHeader {
 public:
  // Shows the observer what is not part of a header. Bytes that may yet become one are held back, and shown
  // later with the time at which they came. True once it is decided: from then on bytes go to the observer
  // directly.
  bool Feed(std::string_view bytes, TimePoint t, Observer& observer);
  // There will be no more bytes: what is held back was no header.
  void Finish(Observer& observer);

 private:
  std::string held_;
  TimePoint since_{};   // when the first held byte came
  size_t to_skip_ = 0;  // bytes of the header that are still to come
};

}  // namespace sidelight::tap
