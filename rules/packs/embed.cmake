# Writes OUTPUT, a C++ source with the rule files NAMES (comma between them) of the folder FOLDER in it:
#   cmake -DFOLDER=rules/packs -DNAMES=cache,http -DOUTPUT=embedded.cc -P embed.cmake
string(REPLACE "," ";" names "${NAMES}")
set(entries "")
foreach(name IN LISTS names)
  file(READ "${FOLDER}/${name}.yaml" yaml)
  string(APPEND entries "    {\"${name}\", R\"yaml(${yaml})yaml\"},\n")
endforeach()
file(WRITE "${OUTPUT}"
"// Made from rules/packs/*.yaml by rules/packs/embed.cmake.
#include \"rules/packs/packs.h\"

namespace sidelight::rules {
namespace {

constexpr Pack kPacks[] = {
${entries}};

}  // namespace

std::span<const Pack> Packs() {
  return kPacks;
}

}  // namespace sidelight::rules
")
