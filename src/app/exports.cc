#include "src/app/exports.h"

#include <algorithm>
#include <string>
#include <utility>

#include "exporters/delivery/counts.h"
#include "src/app/version.h"

namespace sidelight::app {
namespace {

// The one of that name, taken out of `all`; null when there is none.
template <class Exporter>
std::unique_ptr<Exporter> Take(std::vector<std::unique_ptr<Exporter>>* all, const std::string& name) {
  const auto found =
      std::find_if(all->begin(), all->end(), [&](const auto& exporter) { return exporter->name() == name; });
  if (found == all->end()) return nullptr;
  std::unique_ptr<Exporter> taken = std::move(*found);
  all->erase(found);
  return taken;
}

std::vector<otlp::Exporter::Options> OtlpOptions(const config::Config& config) {
  std::vector<otlp::Exporter::Options> all;
  for (const otlp::Destination& destination : config.exporters.otlp) {
    all.push_back({.destination = destination,
                   .resource = config.exporters.resource,
                   .scope = {.name = "sidelight", .version = std::string(Version())}});
  }
  return all;
}

std::vector<remote_write::RemoteWriter::Options> RemoteWriteOptions(const config::Config& config) {
  std::vector<remote_write::RemoteWriter::Options> all;
  for (const remote_write::Destination& destination : config.exporters.remote_write) {
    all.push_back({.destination = destination,
                   .external_labels = config.external_labels,
                   .user_agent = "sidelight/" + std::string(Version())});
  }
  return all;
}

const std::string& NameOf(const remote_write::RemoteWriter::Options& options) {
  return options.destination.name;
}

std::string NameOf(const otlp::Exporter::Options& options) {
  return options.destination.Name();
}

// Those that there are are updated, new ones started, others ended.
template <class Exporter, class Options, class Start>
Status Renew(std::vector<std::unique_ptr<Exporter>>* exporters, std::vector<Options> wanted,
             const Start& start) {
  Status status;
  std::vector<std::unique_ptr<Exporter>> next;
  for (Options& options : wanted) {
    if (std::unique_ptr<Exporter> there = Take(exporters, NameOf(options))) {
      there->Update(std::move(options));
      next.push_back(std::move(there));
      continue;
    }
    Result<std::unique_ptr<Exporter>> started = start(std::move(options));
    if (started) {
      next.push_back(*std::move(started));
    } else {
      status = tl::unexpected<Error>(std::move(started.error()));
    }
  }
  *exporters = std::move(next);
  return status;
}

}  // namespace

Result<std::unique_ptr<Exports>> Exports::Start(const config::Config& config, metrics::Registry& registry,
                                                storage::Store& store, metrics::Self& self,
                                                const Clock& clock) {
  std::unique_ptr<Exports> exports(new Exports(registry, store, self, clock));
  const config::ExportQueue& queue = config.exporters.queue;
  exports->queue_ = delivery::Queue::Open({.folder = config.storage.path,
                                           .max_bytes = queue.max_bytes,
                                           .max_age = queue.max_age,
                                           .clock = &clock},
                                          self);
  if (Status taken = exports->TakeOver(config); !taken)
    return tl::unexpected<Error>(std::move(taken.error()));
  // Only now, as there is no way to take it out again.
  registry.AddSource(std::make_shared<delivery::QueueSource>(*exports->queue_, clock));
  return exports;
}

Exports::Exports(metrics::Registry& registry, storage::Store& store, metrics::Self& self, const Clock& clock)
    : registry_(registry), store_(store), self_(self), clock_(clock) {}

Exports::~Exports() = default;

Status Exports::TakeOver(const config::Config& config) {
  const auto collect = [this] { return registry_.Collect(); };
  const Status otlp = Renew(&otlp_, OtlpOptions(config), [&](otlp::Exporter::Options options) {
    return otlp::Exporter::Start(std::move(options), collect, *queue_, self_, clock_);
  });
  const Status remote_write =
      Renew(&remote_write_, RemoteWriteOptions(config), [&](remote_write::RemoteWriter::Options options) {
        return remote_write::RemoteWriter::Start(std::move(options), store_, collect, *queue_, self_, clock_);
      });
  return otlp ? remote_write : otlp;
}

void Exports::Stop(TimePoint deadline) {
  for (const auto& exporter : otlp_) exporter->BeginStop(deadline);
  for (const auto& writer : remote_write_) writer->BeginStop(deadline);
  for (const auto& exporter : otlp_) exporter->AwaitStop(deadline);
  for (const auto& writer : remote_write_) writer->AwaitStop(deadline);
}

}  // namespace sidelight::app
