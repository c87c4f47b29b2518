#include "rules/packs/packs.h"

namespace sidelight::rules {

const Pack* FindPack(std::string_view name) {
  for (const Pack& pack : Packs()) {
    if (pack.name == name) return &pack;
  }
  return nullptr;
}

}  // namespace sidelight::rules
