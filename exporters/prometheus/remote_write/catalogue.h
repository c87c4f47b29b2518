// Catalogue: what is known of metrics by their names, for the metadata of remote write. Immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/snapshot.h"
#include "core/wire/remote_write/series.h"

namespace sidelight::remote_write {

class Catalogue {
 public:
  Catalogue() = default;
  explicit Catalogue(const Snapshot& snapshot);

  // Of the family that a series of that name belongs to: "x_bucket", "x_sum" and "x_count" are those of the
  // histogram or summary x. Null when it is not known.
  std::shared_ptr<const Metadata> Find(std::string_view metric_name) const;
  // By name.
  std::vector<FamilyMetadata> Families() const;

 private:
  struct Family {
    std::string name;
    std::shared_ptr<const Metadata> metadata;  // never null; a family's series share it
  };
  const Family* FindFamily(std::string_view name) const;

  std::vector<Family> families_;  // sorted by name
};

}  // namespace sidelight::remote_write
