#include "core/wire/exposition/exposition.h"

#include "core/wire/exposition/families.h"
#include "core/wire/exposition/protobuf.h"
#include "core/wire/exposition/text.h"

namespace sidelight::wire {

ExpositionLosses WriteExposition(const Snapshot& snapshot, const ExpositionOptions& options,
                                 std::string* out) {
  ExpositionOptions effective = options;
  const bool quotes_unknown =
      options.format == ExpositionFormat::kText004 || options.format == ExpositionFormat::kOpenMetrics001;
  if (quotes_unknown && options.escaping == EscapingScheme::kAllowUtf8) {
    effective.escaping = EscapingScheme::kUnderscores;
  }
  const ExposedFamilies exposed = ExposeFamilies(snapshot, effective);
  ExpositionLosses losses{exposed.dropped, 0};
  switch (effective.format) {
    case ExpositionFormat::kText004:
    case ExpositionFormat::kText100:
      losses.series = WriteText(exposed, effective.escaping, out);
      break;
    case ExpositionFormat::kOpenMetrics001:
    case ExpositionFormat::kOpenMetrics100:
      losses.series = WriteOpenMetrics(exposed, effective.escaping, out);
      break;
    case ExpositionFormat::kProtobuf:
      losses.series = WriteProtobuf(exposed, effective.escaping, out);
      break;
  }
  return losses;
}

}  // namespace sidelight::wire
