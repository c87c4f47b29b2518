// RemoteWriter: follows what storage appends and writes it to one receiver: batches by shard, the durable
// queue, retries, in order for each series.
//
//   auto writer = RemoteWriter::Start({.destination = ..., .external_labels = ...}, store,
//                                     [&] { return registry.Collect(); }, *queue, self, clock);
//
// A thread of its own turns samples into requests, so that appending never waits for that; delivery's
// threads, one for each shard, send. What storage has appended and no request has been made of yet, at most
// batch_send_deadline's worth, ends with a process that is killed. Where a disk that hangs keeps requests
// from being queued at most 200,000 samples wait for that; more are counted as lost. Any thread may call.
#pragma once

#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/metrics/self.h"
#include "core/model/labels.h"
#include "core/storage/store.h"
#include "exporters/delivery/delivery.h"
#include "exporters/delivery/queue.h"
#include "exporters/prometheus/remote_write/batches.h"
#include "exporters/prometheus/remote_write/settings.h"

namespace sidelight::remote_write {

class RemoteWriter {
 public:
  struct Options {
    Destination destination;
    Labels external_labels;
    std::string user_agent;
    friend bool operator==(const Options&, const Options&) = default;
  };
  // kInvalidArgument when the queue has that destination already, kInternal when there are no threads to be
  // had. All that is passed by reference outlives the writer.
  static Result<std::unique_ptr<RemoteWriter>> Start(Options options, storage::Store& store,
                                                     Batches::Collect collect, delivery::Queue& queue,
                                                     metrics::Self& self, const Clock& clock);
  // The same, but nothing is followed and nothing sent before Begin(), which cannot fail; of one that ends
  // before that nobody has seen anything.
  static Result<std::unique_ptr<RemoteWriter>> Prepare(Options options, storage::Store& store,
                                                       Batches::Collect collect, delivery::Queue& queue,
                                                       metrics::Self& self, const Clock& clock);
  void Begin();
  // Stops at once.
  ~RemoteWriter();
  RemoteWriter(const RemoteWriter&) = delete;
  RemoteWriter& operator=(const RemoteWriter&) = delete;

  // Other settings from now on, of a destination with the same name; `shards` stays what it was. What was
  // appended before goes out as the old ones say, and nothing is left out between the two.
  void Update(Options options);
  const std::string& name() const;

  // Follows no further; what there is is queued, and sent if that is done by the deadline. Of several: first
  // BeginStop() of all, which does not wait for the network, then AwaitStop() of all.
  void BeginStop(TimePoint deadline);
  void AwaitStop(TimePoint deadline);

 private:
  class State;
  explicit RemoteWriter(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace sidelight::remote_write
