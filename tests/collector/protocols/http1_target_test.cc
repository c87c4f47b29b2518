#include <gtest/gtest.h>

#include <string>

#include "collector/protocols/http1/target.h"

namespace sidelight::http1 {
namespace {

std::string Read(std::string_view target, bool authority_form, size_t piece) {
  TargetReader reader;
  std::string out = "before ";
  reader.Begin(authority_form);
  for (size_t i = 0; i < target.size(); i += piece) reader.Append(target.substr(i, piece), out);
  reader.End(out);
  EXPECT_EQ(reader.length(), out.size() - 7);
  return out.substr(7);
}

TEST(Target, IsThePathAlone) {
  const std::string long_path = "/" + std::string(2 * TargetReader::kMaxPath, 'x');
  const struct {
    std::string target;
    bool authority_form;
    std::string want;
  } rows[] = {
      {"/", false, "/"},
      {"/a/b", false, "/a/b"},
      {"/a?b=/c", false, "/a"},
      {"/a#b", false, "/a"},
      {"/?", false, "/"},
      {"//a//b", false, "//a//b"},
      {"*", false, "*"},
      {"http://host/a/b?c", false, "/a/b"},
      {"http://host:80/", false, "/"},
      {"http://host", false, "/"},
      {"http://host?a/b", false, "/"},
      {"http://host#a/b", false, "/"},
      {"http://user@[::1]:80/a", false, "/a"},
      {"http://host" + long_path, false, long_path.substr(0, TargetReader::kMaxPath)},
      {long_path, false, long_path.substr(0, TargetReader::kMaxPath)},
      {"host:443", true, ""},
      {"/%2e%2E/\xff", false, "/%2e%2E/\xff"},
  };
  for (const auto& row : rows) {
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, row.target.size()}) {
      EXPECT_EQ(Read(row.target, row.authority_form, piece), row.want)
          << "target " << row.target.substr(0, 60) << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace sidelight::http1
