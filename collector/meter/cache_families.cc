#include "collector/meter/cache_families.h"

#include <array>

namespace sidelight::meter {
namespace {

// At most five labels, of which empty ones are left out.
class Builder {
 public:
  void Add(std::string_view name, std::string_view value) {
    if (!value.empty()) labels_[size_++] = {name, value};
  }
  Labels Build() const { return Labels(std::span<const Label>(labels_.data(), size_)); }

 private:
  std::array<Label, 5> labels_;
  size_t size_ = 0;
};

std::string_view ResultWord(bool hit) {
  return hit ? "hit" : "miss";
}

}  // namespace

CacheFamilies::CacheFamilies(metrics::Registry& registry, std::string_view tap, std::string_view system,
                             const Naming& naming, std::string_view unnamed)
    : requests(registry.AddFamily(
          {.name = naming.style == NamingStyle::kPlain ? naming.prefix + "_cache_requests_total"
                                                       : "cache_requests_total",
           .help = "What was looked up in a cache, by what its reply told: hit or miss.",
           .unit = "",
           .type = MetricType::kCounter,
           .histogram = {}})),
      tap_(tap),
      system_(system),
      plain_(naming.style == NamingStyle::kPlain),
      prefix_(naming.prefix),
      unnamed_(unnamed) {}

Labels CacheFamilies::RequestLabels(std::string_view operation, std::string_view keyspace, bool hit) const {
  Builder labels;
  if (plain_) {
    labels.Add("operation", operation);
    labels.Add("keyspace", keyspace.empty() ? unnamed_ : keyspace);
    labels.Add("result", ResultWord(hit));
    return labels.Build();
  }
  labels.Add("tap", tap_);
  labels.Add("cache_system", system_);
  labels.Add("cache_operation", operation);
  labels.Add("cache_keyspace", keyspace);
  labels.Add("cache_result", ResultWord(hit));
  return labels.Build();
}

Labels CacheFamilies::OverflowLabels(bool hit) const {
  Builder labels;
  labels.Add("otel_metric_overflow", "true");
  if (!plain_) labels.Add("tap", tap_);
  labels.Add(plain_ ? "result" : "cache_result", ResultWord(hit));
  return labels.Build();
}

CacheRatio::Naming CacheFamilies::RatioNaming() const {
  const std::string help = "Hits as a share of all that was looked up, over the tap's cache_window.";
  if (plain_) return {.name = prefix_ + "_cache_hit_ratio", .help = help};
  return {.name = "cache_hit_ratio",
          .help = help,
          .labels = {{"cache_system", system_}, {"tap", tap_}},
          .keyspace_label = "cache_keyspace"};
}

}  // namespace sidelight::meter
