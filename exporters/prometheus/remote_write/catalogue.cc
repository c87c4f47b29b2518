#include "exporters/prometheus/remote_write/catalogue.h"

#include <algorithm>

namespace sidelight::remote_write {

Catalogue::Catalogue(const Snapshot& snapshot) {
  families_.reserve(snapshot.families.size());
  for (const MetricFamily& family : snapshot.families) {
    families_.push_back({family.name, std::make_shared<const Metadata>(
                                          Metadata{MetadataTypeOf(family.type), family.help, family.unit})});
  }
}

const Catalogue::Family* Catalogue::FindFamily(std::string_view name) const {
  const auto found =
      std::lower_bound(families_.begin(), families_.end(), name,
                       [](const Family& family, std::string_view wanted) { return family.name < wanted; });
  return found == families_.end() || found->name != name ? nullptr : &*found;
}

std::shared_ptr<const Metadata> Catalogue::Find(std::string_view metric_name) const {
  if (const Family* const family = FindFamily(metric_name)) return family->metadata;
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!metric_name.ends_with(suffix)) continue;
    const Family* const family = FindFamily(metric_name.substr(0, metric_name.size() - suffix.size()));
    if (family == nullptr) continue;
    const MetadataType type = family->metadata->type;
    if (type == MetadataType::kHistogram || (type == MetadataType::kSummary && suffix != "_bucket")) {
      return family->metadata;
    }
  }
  return nullptr;
}

std::vector<FamilyMetadata> Catalogue::Families() const {
  std::vector<FamilyMetadata> families;
  families.reserve(families_.size());
  for (const Family& family : families_) families.push_back({family.name, *family.metadata});
  return families;
}

}  // namespace sidelight::remote_write
