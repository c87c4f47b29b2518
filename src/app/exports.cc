#include "src/app/exports.h"

#include <algorithm>
#include <utility>

#include "exporters/delivery/counts.h"
#include "src/app/version.h"

namespace sidelight::app {
namespace {

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

// Null when there is none.
template <class All>
auto FindNamed(All& all, const std::string& name) -> decltype(all.data()) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return NameOf(one.options) == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Exports::Exports(const config::Config& config, metrics::Registry& registry, storage::Store& store,
                 metrics::Self& self, const Clock& clock)
    : registry_(registry),
      store_(store),
      self_(self),
      clock_(clock),
      queue_(delivery::Queue::Open({.folder = config.storage.path,
                                    .max_bytes = config.exporters.queue.max_bytes,
                                    .max_age = config.exporters.queue.max_age,
                                    .clock = &clock},
                                   self)) {}

Exports::~Exports() = default;

// What is wanted, with an exporter that waits for its Begin() where there is none of that name.
template <class Exporter, class Make>
Result<Exports::AllRunning<Exporter>> Exports::PrepareNew(const AllRunning<Exporter>& running,
                                                          std::vector<typename Exporter::Options> wanted,
                                                          const Make& make) {
  AllRunning<Exporter> next;
  for (typename Exporter::Options& options : wanted) {
    std::unique_ptr<Exporter> exporter;
    if (FindNamed(running, NameOf(options)) == nullptr) {
      Result<std::unique_ptr<Exporter>> prepared = make(options);
      if (!prepared) return tl::unexpected<Error>(std::move(prepared.error()));
      exporter = *std::move(prepared);
    }
    std::string files = options.destination.client.FilesDigest();
    next.push_back({std::move(options), std::move(files), std::move(exporter)});
  }
  return next;
}

template <class Exporter>
void Exports::TakeOver(AllRunning<Exporter> next, AllRunning<Exporter>* running) {
  for (Running<Exporter>& one : next) {
    if (one.exporter != nullptr) {
      one.exporter->Begin();
      continue;
    }
    Running<Exporter>* const there = FindNamed(*running, NameOf(one.options));
    one.exporter = std::move(there->exporter);
    if (one.options != there->options || one.files != there->files) one.exporter->Update(one.options);
  }
  *running = std::move(next);
}

Result<Commit> Exports::Prepare(const config::Config& config) {
  struct Next {
    AllRunning<otlp::Exporter> otlp;
    AllRunning<remote_write::RemoteWriter> remote_write;
  };
  const auto collect = [this] { return registry_.Collect(); };
  auto otlp = PrepareNew(otlp_, OtlpOptions(config), [&](const otlp::Exporter::Options& options) {
    return otlp::Exporter::Prepare(options, collect, *queue_, self_, clock_);
  });
  if (!otlp) return tl::unexpected<Error>(std::move(otlp.error()));
  auto remote_write = PrepareNew(
      remote_write_, RemoteWriteOptions(config), [&](const remote_write::RemoteWriter::Options& options) {
        return remote_write::RemoteWriter::Prepare(options, store_, collect, *queue_, self_, clock_);
      });
  if (!remote_write) return tl::unexpected<Error>(std::move(remote_write.error()));
  const auto next = std::make_shared<Next>(Next{*std::move(otlp), *std::move(remote_write)});
  return [this, next] {
    TakeOver(std::move(next->otlp), &otlp_);
    TakeOver(std::move(next->remote_write), &remote_write_);
  };
}

std::shared_ptr<metrics::Source> Exports::QueueMetrics() const {
  return std::make_shared<delivery::QueueSource>(*queue_, clock_);
}

void Exports::Stop(TimePoint deadline) {
  for (const auto& one : otlp_) one.exporter->BeginStop(deadline);
  for (const auto& one : remote_write_) one.exporter->BeginStop(deadline);
  for (const auto& one : otlp_) one.exporter->AwaitStop(deadline);
  for (const auto& one : remote_write_) one.exporter->AwaitStop(deadline);
}

}  // namespace sidelight::app
