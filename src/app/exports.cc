#include "src/app/exports.h"

#include <string>
#include <utility>

#include "exporters/delivery/counts.h"
#include "src/app/version.h"

namespace sidelight::app {

Result<std::unique_ptr<Exports>> Exports::Start(const config::Config& config, metrics::Registry& registry,
                                                storage::Store& store, metrics::Self& self,
                                                const Clock& clock) {
  std::unique_ptr<Exports> exports(new Exports());
  const config::Exporters& settings = config.exporters;
  exports->queue_ = delivery::Queue::Open({.folder = config.storage.path,
                                           .max_bytes = settings.queue.max_bytes,
                                           .max_age = settings.queue.max_age,
                                           .clock = &clock},
                                          self);
  registry.AddSource(std::make_shared<delivery::QueueSource>(*exports->queue_, clock));
  const auto collect = [&registry] { return registry.Collect(); };
  for (const otlp::Destination& destination : settings.otlp) {
    Result<std::unique_ptr<otlp::Exporter>> exporter =
        otlp::Exporter::Start({.destination = destination,
                               .resource = settings.resource,
                               .scope = {.name = "sidelight", .version = std::string(Version())}},
                              collect, *exports->queue_, self, clock);
    if (!exporter) return tl::unexpected<Error>(std::move(exporter.error()));
    exports->otlp_.push_back(*std::move(exporter));
  }
  for (const remote_write::Destination& destination : settings.remote_write) {
    Result<std::unique_ptr<remote_write::RemoteWriter>> writer =
        remote_write::RemoteWriter::Start({.destination = destination,
                                           .external_labels = config.external_labels,
                                           .user_agent = "sidelight/" + std::string(Version())},
                                          store, collect, *exports->queue_, self, clock);
    if (!writer) return tl::unexpected<Error>(std::move(writer.error()));
    exports->remote_write_.push_back(*std::move(writer));
  }
  return exports;
}

Exports::~Exports() = default;

void Exports::Stop(TimePoint deadline) {
  for (const auto& exporter : otlp_) exporter->BeginStop(deadline);
  for (const auto& writer : remote_write_) writer->BeginStop(deadline);
  for (const auto& exporter : otlp_) exporter->AwaitStop(deadline);
  for (const auto& writer : remote_write_) writer->AwaitStop(deadline);
}

}  // namespace sidelight::app
