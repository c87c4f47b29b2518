#include "core/http/accept.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>

namespace sidelight::http {
namespace {

// A header's clauses again, as "what;name=value@weight".
std::string Clauses(std::string_view header) {
  std::string text;
  for (const AcceptClause& clause : ParseAccept(header)) {
    if (!text.empty()) text += ' ';
    text += clause.what;
    for (const auto& [name, value] : clause.parameters) text += ";" + name + "=" + value;
    text += "@" + std::to_string(clause.weight).substr(0, 4);
  }
  return text;
}

TEST(ParseAccept, Table) {
  const struct {
    const char* header;
    const char* wanted;
  } cases[] = {
      {"", ""},
      {",, ,", ""},
      {"text/plain", "text/plain@1.00"},
      {" Text/Plain ; Version = 1.0.0 ; q = 0.5 ,gzip", "text/plain;version=1.0.0@0.50 gzip@1.00"},
      {"a;b=\"c,d;e\";f=g, h", "a;b=c,d;e;f=g@1.00 h@1.00"},
      {"a;q=0", "a@0.00"},
      {"a;q=2, b;q=x, c;q=-1, d;q=nan, e;q=1e-1, f", "f@1.00"},
      {"a;=b;c", "a;c=@1.00"},
      {";q=1, a", "a@1.00"},
  };
  for (const auto& c : cases) EXPECT_EQ(Clauses(c.header), c.wanted) << c.header;
}

TEST(ParseAccept, SurvivesAnything) {
  const std::string pieces[] = {"gzip", "*",    "identity",          ";", ",", "=", "q=", "q=0.5", "\"", " ",
                                "\\",   "\xff", std::string(1, '\0')};
  std::mt19937 random(11);
  for (int i = 0; i < 100'000; ++i) {
    std::string header;
    for (unsigned n = random() % 20; n > 0; --n) header += pieces[random() % std::size(pieces)];
    for (const AcceptClause& clause : ParseAccept(header)) {
      EXPECT_FALSE(clause.what.empty()) << header;
      EXPECT_TRUE(clause.weight >= 0 && clause.weight <= 1) << header;
    }
  }
}

TEST(AcceptsGzip, Table) {
  const struct {
    const char* header;
    bool gzip;
  } cases[] = {
      {"", false},
      {"gzip", true},
      {"GZIP", true},
      {"x-gzip", true},
      {"identity", false},
      {"gzip;q=0", false},
      {"gzip;q=0.000", false},
      {"gzip;q=0.001", true},
      {"deflate, gzip;q=0.5, br", true},
      {"deflate, br, zstd", false},
      {"*", true},
      {"*;q=0", false},
      {"gzip;q=0, *", false},
      {"identity, gzip;q=0.5", false},
      {"identity;q=0.5, gzip", true},
      {"identity;q=0, gzip;q=0.1", true},
      {"gzip;q=x", false},
      {"gzipped", false},
  };
  for (const auto& c : cases) EXPECT_EQ(AcceptsGzip(c.header), c.gzip) << c.header;
}

}  // namespace
}  // namespace sidelight::http
