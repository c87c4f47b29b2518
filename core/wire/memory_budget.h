// MemoryBudget: what a decoder may spend on what it read. Bytes from outside can say much with little, so
// decoders charge for each struct before they make it. Refused is thrown within a decoder only, beside the
// exceptions of the parser that it uses, and is an Error to the caller.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace sidelight::wire {

struct Refused {
  Error error;
};

class MemoryBudget {
 public:
  explicit MemoryBudget(size_t bytes) : limit_(bytes), left_(bytes) {}

  void Charge(size_t bytes) {
    if (bytes > left_) {
      throw Refused{{ErrorCode::kLimit, "the message would take more than " + std::to_string(limit_) +
                                            " bytes of memory: send smaller batches"}};
    }
    left_ -= bytes;
  }

  template <class T>
  T& Append(std::vector<T>& list) {
    Charge(2 * sizeof(T));  // a vector's spare room
    return list.emplace_back();
  }

 private:
  const size_t limit_;
  size_t left_;
};

}  // namespace sidelight::wire
