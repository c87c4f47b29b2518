// The field numbers of remote write's messages, 1.0 and 2.0. Sample, Exemplar, Histogram and BucketSpan have
// the same in both, as far as 1.0 has them. Source: prometheus/prometheus, prompb/{remote,types}.proto and
// prompb/io/prometheus/write/v2/types.proto .
#pragma once

#include <protozero/types.hpp>

namespace sidelight::remote_write {

using FieldTag = protozero::pbf_tag_type;

namespace write_request_field {  // 1.0
enum : FieldTag { kTimeSeries = 1, kMetadata = 3 };
}
namespace series1_field {
enum : FieldTag { kLabels = 1, kSamples = 2, kExemplars = 3, kHistograms = 4 };
}
namespace label_field {
enum : FieldTag { kName = 1, kValue = 2 };
}
namespace metadata1_field {
enum : FieldTag { kType = 1, kFamily = 2, kHelp = 4, kUnit = 5 };
}
namespace request_field {  // 2.0
enum : FieldTag { kSymbols = 4, kTimeSeries = 5 };
}
namespace series2_field {
enum : FieldTag { kLabelsRefs = 1, kSamples = 2, kHistograms = 3, kExemplars = 4, kMetadata = 5 };
}
namespace metadata2_field {
enum : FieldTag { kType = 1, kHelpRef = 3, kUnitRef = 4 };
}
namespace sample_field {
enum : FieldTag { kValue = 1, kTimestamp = 2, kStartTimestamp = 3 };
}
namespace exemplar_field {  // kLabels: labels in 1.0, references in 2.0
enum : FieldTag { kLabels = 1, kValue = 2, kTimestamp = 3 };
}
namespace histogram_field {
enum : FieldTag {
  kCountInt = 1,
  kCountFloat = 2,
  kSum = 3,
  kSchema = 4,
  kZeroThreshold = 5,
  kZeroCountInt = 6,
  kZeroCountFloat = 7,
  kNegativeSpans = 8,
  kNegativeDeltas = 9,
  kNegativeCounts = 10,
  kPositiveSpans = 11,
  kPositiveDeltas = 12,
  kPositiveCounts = 13,
  kResetHint = 14,
  kTimestamp = 15,
  kCustomValues = 16,
  kStartTimestamp = 17
};
}
namespace span_field {
enum : FieldTag { kOffset = 1, kLength = 2 };
}

}  // namespace sidelight::remote_write
