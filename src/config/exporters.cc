#include "src/config/exporters.h"

#include <utility>

namespace sidelight::config {
namespace {

constexpr uint64_t kLeastQueue = uint64_t{8} << 20;
constexpr Duration kLeastAge = std::chrono::minutes(1);

void DecodeQueue(yaml::Mapping queue, ExportQueue* out) {
  const yaml::Node size = queue.Get("max_size");
  if (size && size.ReadBytes(&out->max_bytes) && out->max_bytes < kLeastQueue)
    size.Fail("it must be at least 8MiB");
  const yaml::Node age = queue.Get("max_age");
  if (age && age.Read(&out->max_age) && out->max_age < kLeastAge) age.Fail("it must be at least 1m");
  queue.Finish();
}

}  // namespace

Status ReadExportersEnvironment(const Environment& environment, bool otlp_is_named, Config* out) {
  if (!otlp_is_named) {
    Result<std::optional<otlp::Destination>> destination = otlp::FromEnvironment(environment);
    if (!destination) return tl::unexpected<Error>(std::move(destination.error()));
    if (*destination) out->exporters.otlp.push_back(**std::move(destination));
  }
  Result<otlp::Resource> resource = otlp::ResourceFrom(out->service, out->instance, environment);
  if (!resource) return tl::unexpected<Error>(std::move(resource.error()));
  out->exporters.resource = *std::move(resource);
  return {};
}

void DecodeExporters(yaml::Mapping& root, const std::string& folder, const Environment& environment,
                     Config* out) {
  bool otlp_is_named = false;
  if (const yaml::Node node = root.Get("exporters")) {
    yaml::Mapping exporters = node.AsMapping();
    if (const yaml::Node list = exporters.Get("otlp")) {
      otlp_is_named = true;
      otlp::Decode(list, &out->exporters.otlp);
    }
    if (const yaml::Node list = exporters.Get("remote_write")) {
      remote_write::Decode(list, &out->exporters.remote_write);
    }
    if (const yaml::Node queue = exporters.Get("queue"))
      DecodeQueue(queue.AsMapping(), &out->exporters.queue);
    exporters.Finish();
  }
  for (otlp::Destination& destination : out->exporters.otlp) destination.client.SetDirectory(folder);
  for (remote_write::Destination& destination : out->exporters.remote_write) {
    destination.client.SetDirectory(folder);
  }
  if (Status read = ReadExportersEnvironment(environment, otlp_is_named, out); !read) {
    root.Fail(std::move(read.error().message));
  }
}

}  // namespace sidelight::config
