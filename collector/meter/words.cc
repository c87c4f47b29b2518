#include "collector/meter/words.h"

#include "core/base/utf8.h"

namespace sidelight::meter {
namespace {

constexpr std::string_view kOther = "_OTHER";

}  // namespace

std::string_view Words::Admit(std::string_view word) {
  if (word.empty()) return word;
  const std::lock_guard guard(mutex_);
  if (words_.contains(word)) return word;
  if (words_.size() >= limit_ || !IsValidUtf8(word)) return kOther;
  words_.insert(std::string(word));
  return word;
}

}  // namespace sidelight::meter
