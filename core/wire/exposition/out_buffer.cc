#include "core/wire/exposition/out_buffer.h"

namespace sidelight::wire {

void CopyLong(char* to, const char* from, size_t size) {
  std::memcpy(to, from, size);
}

}  // namespace sidelight::wire
