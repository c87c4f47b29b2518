// Delivery: brings what is queued for one destination there, from threads of its own: one for each lane. What
// failed is tried again, with backoff, until it is delivered, refused, or dropped by the queue.
//
//   auto delivery = Delivery::Start({.destination = {"otlp", "http://collector:4318/v1/metrics"}}, *queue,
//                                   [](const Request& request) { return Post(request.body); }, self, clock);
//   delivery->Push({.body = ..., .points = 10'000, .time = now});
//
// A request is deleted after it was delivered. A process that is killed between the two, or a send that the
// deadline of Stop() cuts off, repeats that one request after the restart: harmless for cumulative values and
// remote write, a step too much for deltas. Nothing else is sent twice, unless a destination takes a request
// and says that it did not.
//
// Any thread. Only Stop() waits, and only until its deadline; a send that is under way then ends on its own,
// seen by nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/self.h"
#include "exporters/delivery/circuit.h"
#include "exporters/delivery/queue.h"
#include "exporters/delivery/request.h"

namespace sidelight::delivery {

// What a destination made of a request.
struct Outcome {
  enum class Result : uint8_t {
    kDelivered,
    kRetry,    // not now: it is away, overloaded, or too slow
    kRefused,  // never: the request is dropped
  };
  Result result = Result::kDelivered;
  std::optional<Duration> retry_after = std::nullopt;  // of kRetry: when the destination said so
  uint64_t rejected_points = 0;  // of kDelivered: what it did not take (OTLP's partial success)
  std::string problem = {};      // a sentence without secrets; of kDelivered a warning, or ""
  std::string answer = {};       // its status in a word: "204", "UNAVAILABLE"; "" when nobody answered
};

// Blocks until it has an answer or its own timeout; runs on delivery's threads, for several lanes at once.
// One that is cut off at the end may outlive the delivery and whoever made it: it owns what it uses.
using Send = std::function<Outcome(const Request&)>;

struct DeliveryOptions {
  Destination destination;
  uint32_t lanes = 1;  // 1 to 1024
  Circuit::Options circuit = {};
  bool held = false;  // nothing is sent before Begin()
};

// For the API and the status page.
struct DeliveryStatus {
  bool failing = false;      // the last request failed or was refused
  std::string problem = {};  // why; the first one since it fails
  UnixMillis since = 0;      // of failing
  Circuit::State circuit = Circuit::State::kClosed;
};

class Delivery {
 public:
  using Options = DeliveryOptions;
  // kInvalidArgument when the destination has a delivery already or `lanes` is out of range, kInternal when
  // there are no threads to be had. `queue`, `self` and `clock` outlive the delivery.
  static Result<std::unique_ptr<Delivery>> Start(Options options, Queue& queue, Send send,
                                                 metrics::Self& self, const Clock& clock);
  // Stops at once.
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Of one that was held: sends from now on.
  void Begin();

  // Queues it; a lane that there is not is taken modulo their number. Never waits for the network.
  Kept Push(Request request);

  // From the next request on they are sent with `send`, at once if the one before failed; a request that is
  // under way ends as it was begun.
  void Update(Circuit::Options circuit, Send send);

  // Tries until `deadline` to send what is queued, this request's last words included; entries on disk then
  // wait for the next start, what is in memory for the queue's end. For several deliveries at once: first
  // BeginStop() of all, which does not wait, then AwaitStop() of all.
  void Stop(TimePoint deadline);
  void BeginStop(TimePoint deadline);
  void AwaitStop(TimePoint deadline);

  DeliveryStatus status() const;
  // The clock has moved (tests).
  void Wake();

 private:
  struct Shared;
  explicit Delivery(std::shared_ptr<Shared> shared);
  const std::shared_ptr<Shared> shared_;  // with the threads, which may outlive the delivery
};

}  // namespace sidelight::delivery
