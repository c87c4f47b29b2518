// Delivery: one Alertmanager's queue, and the thread that sends from it, batch after batch, on one
// connection. A batch that fails is dropped: what still holds is told again within the resend delay.
//
// Any thread may call; nothing here waits for the Alertmanager but Stop(), and that only until its deadline.
// A request that is under way then ends on its own, seen by nobody.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "exporters/alertmanager/counts.h"
#include "exporters/alertmanager/payload.h"
#include "exporters/alertmanager/settings.h"

namespace sidelight::alertmanager {

class Delivery {
 public:
  struct Options {
    Destination destination;
    size_t queue_capacity = 0;
    size_t max_batch = 0;
    Duration idle_limit{};  // a connection on which nothing was sent for so long is closed
  };
  // kInternal when there is no thread to be had. What `counts` refers to outlives the delivery.
  static Result<std::unique_ptr<Delivery>> Start(Options options, Counts counts);
  // Stops at once.
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  void Push(std::span<const SharedAlert> alerts);
  // The same Alertmanager, spoken to in another way, on another connection, from the next batch on.
  void Update(Options options);

  // Sends nothing that is pushed from now on, and tries until `deadline` to send what is queued. Does not
  // wait.
  void BeginStop(TimePoint deadline);
  // Waits until that is done, at most until `deadline`; what is left is dropped.
  void AwaitStop(TimePoint deadline);

 private:
  struct Shared;
  explicit Delivery(std::shared_ptr<Shared> shared);
  const std::shared_ptr<Shared> shared_;  // with the thread, which may outlive the delivery
};

}  // namespace sidelight::alertmanager
