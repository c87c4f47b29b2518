#include "src/app/data_plane.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "collector/meter/make_meter.h"
#include "collector/protocols/protocol.h"
#include "src/app/cpu_quota.h"

namespace sidelight::app {
namespace {

meter::Identity IdentityOf(const tap::Options& options) {
  return {.tap = options.name,
          .server_address = options.upstream.is_unix() ? options.upstream.path() : options.upstream.host(),
          .server_port = options.upstream.port()};
}

}  // namespace

DataPlane::DataPlane(size_t connections) : limit_(connections) {}

Result<std::unique_ptr<DataPlane>> DataPlane::Open(const config::Config& config, metrics::Registry& registry,
                                                   const Clock& clock) {
  std::unique_ptr<DataPlane> plane(new DataPlane(config.limits.connections));
  plane->expiry_period_ =
      std::clamp<Duration>(config.limits.idle_series / 10, std::chrono::seconds(1), std::chrono::minutes(1));
  for (const config::Tap& tap : config.taps) {
    Result<std::unique_ptr<tap::Tap>> opened = tap::Tap::Open(tap.tap);
    if (!opened) return tl::unexpected(opened.error());
    const Protocol* const protocol = FindProtocol(tap.protocol);
    plane->taps_.push_back({.protocol = protocol,
                            .tap = *std::move(opened),
                            .meter = meter::MakeMeter(*protocol, registry, clock, IdentityOf(tap.tap),
                                                      tap.meter, tap.database, config.limits.idle_series)});
  }
  const tap::Families families(registry);
  const size_t count = config.workers == 0 ? UsableCpus() : config.workers;
  for (size_t i = 0; i < count; ++i) {
    Result<std::unique_ptr<tap::Worker>> worker =
        tap::Worker::Open(plane->resolver_, plane->limit_, {}, clock);
    if (!worker) return tl::unexpected(worker.error());
    metrics::Shard* const shard = registry.AddShard();
    auto& sinks = plane->sinks_.emplace_back();
    for (const MeasuredTap& tap : plane->taps_) {
      sinks.push_back(tap.meter->MakeSink(shard));
      const tap::Counters counters(families, *shard, tap.tap->options().name);
      if (Status added = (*worker)->Add(*tap.tap, *tap.protocol, *sinks.back(), counters); !added) {
        return tl::unexpected(added.error());
      }
    }
    plane->workers_.push_back(*std::move(worker));
    plane->ScheduleExpiry(i);
  }
  return plane;
}

DataPlane::~DataPlane() {
  Stop();
}

void DataPlane::Start() {
  for (const auto& worker : workers_) worker->Start();
}

void DataPlane::Drain(Duration deadline, std::function<void()> done) {
  auto left = std::make_shared<std::atomic<size_t>>(workers_.size());
  for (const auto& worker : workers_) {
    worker->Drain(deadline, [left, done] {
      if (left->fetch_sub(1) == 1) done();
    });
  }
}

void DataPlane::Stop() {
  resolver_.Stop();
  for (const auto& worker : workers_) worker->Stop();
}

std::vector<DataPlane::BoundTap> DataPlane::taps() const {
  std::vector<BoundTap> out;
  for (const MeasuredTap& tap : taps_) {
    const tap::Options& options = tap.tap->options();
    out.push_back({options.name, std::string(tap.protocol->name), tap.tap->bound(), options.upstream,
                   tap.tap->reach().Last()});
  }
  return out;
}

TimePoint DataPlane::LastTurn() const {
  TimePoint slowest = TimePoint::max();
  for (const auto& worker : workers_) slowest = std::min(slowest, worker->loop().LastTurn());
  return slowest;
}

void DataPlane::ScheduleExpiry(size_t worker) {
  net::EventLoop& loop = workers_[worker]->loop();
  loop.RunAfter(expiry_period_, [this, worker, &loop] {
    for (const auto& sink : sinks_[worker]) sink->Expire(loop.Now());
    ScheduleExpiry(worker);
  });
}

}  // namespace sidelight::app
