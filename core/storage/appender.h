// Appender: the door through which samples enter the store. One at a time belongs to one thread; what it
// takes is seen by readers at Commit(), whole.
//
//   std::unique_ptr<Appender> appender = store.MakeAppender();
//   (Append | AppendHistogram | AppendExemplar)* Commit | Rollback
//
// In order: a sample must be newer than the last of its series. One of the same time and value is taken for a
// repetition and accepted without effect. What is refused is counted by the store, and the rest of the batch
// goes on.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/exemplar.h"
#include "core/model/float_histogram.h"
#include "core/model/labels.h"

namespace sidelight::storage {

// A series by number, for whoever appends to it again and again; 0: not known. A number that is no longer
// good is looked up again by the labels.
using SeriesRef = uint64_t;

class Appender {
 public:
  virtual ~Appender() = default;

  // Labels carry the name as __name__. `start` is when a counter began to count, 0 where that is unknown.
  // Errors: kInvalidArgument for "out of order sample", "duplicate sample for timestamp" and labels without a
  // single value; kLimit when the store can hold no more series.
  virtual Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, UnixMillis time, double value,
                                   UnixMillis start = 0) = 0;
  // The same for a native histogram; kInvalidArgument also for one that Validate() refuses.
  virtual Result<SeriesRef> AppendHistogram(SeriesRef ref, const Labels& labels, UnixMillis time,
                                            FloatHistogramPtr histogram, UnixMillis start = 0) = 0;
  virtual Status AppendExemplar(SeriesRef ref, const Exemplar& exemplar) = 0;

  virtual Status Commit() = 0;
  virtual void Rollback() = 0;
};

}  // namespace sidelight::storage
