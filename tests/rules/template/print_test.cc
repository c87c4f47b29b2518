// printf and its like. Every expectation is what Go's package fmt writes.
#include "rules/template/print.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sidelight::text_template {
namespace {

std::string Formatted(std::string_view format, const std::vector<Value>& values) {
  Printer printer(1 << 20);
  printer.Format(format, values);
  return std::move(printer).Take();
}

TEST(Printer, WritesVerbs) {
  const double inf = std::numeric_limits<double>::infinity();
  struct {
    const char* format;
    std::vector<Value> values;
    const char* wanted;
  } const cases[] = {
      {"%d|%5d|%-5d|%05d|%+d|% d",
       {Value(42), Value(42), Value(42), Value(42), Value(42), Value(42)},
       "42|   42|42   |00042|+42| 42"},
      {"%x|%X|%#x|%o|%O|%b|%c|%q|%U",
       {Value(42), Value(42), Value(42), Value(8), Value(8), Value(5), Value(65), Value(65), Value(64)},
       "2a|2A|0x2a|10|0o10|101|A|'A'|U+0040"},
      {"%v|%g|%e|%f|%.2f|%8.3f|%-8.2f|%+.1f|%08.2f",
       {Value(2.5), Value(1e6), Value(2.5), Value(2.5), Value(2.555), Value(2.5), Value(2.5), Value(2.5),
        Value(-2.5)},
       "2.5|1e+06|2.500000e+00|2.500000|2.56|   2.500|2.50    |+2.5|-0002.50"},
      {"%v %v %v %+v %5.1f %G",
       {Value(inf), Value(-inf), Value(std::nan("")), Value(inf), Value(inf), Value(1e-7)},
       "+Inf -Inf NaN +Inf  +Inf 1E-07"},
      {"%v|%v|%v|%v",
       {Value(1e20), Value(1e21), Value(123456789.0), Value(0.00001)},
       "1e+20|1e+21|1.23456789e+08|1e-05"},
      {"%s|%5s|%-5s|%.2s|%q|%x|% X|%v",
       {Value("abc"), Value("abc"), Value("abc"), Value("abc"), Value("a\"\n"), Value("abc"), Value("abc"),
        Value("abc")},
       "abc|  abc|abc  |ab|\"a\\\"\\n\"|616263|61 62 63|abc"},
      {"%5s|%.1s|%+q|%#q", {Value("é"), Value("éa"), Value("é"), Value("é")}, "    é|é|\"\\u00e9\"|`é`"},
      {"%t %v %T %T %T %T",
       {Value(true), Value(false), Value(1), Value(1.5), Value("a"), Value(true)},
       "true false int float64 string bool"},
      {"%%|%5.1f%%", {Value(99.5)}, "%| 99.5%"},
      {"%[2]d %[1]d", {Value(1), Value(2)}, "2 1"},
      {"%*d|%-*d|%.*f", {Value(4), Value(1), Value(4), Value(1), Value(2), Value(1.0)}, "   1|1   |1.00"},
      {"%d %d", {Value(1)}, "1 %!d(MISSING)"},
      {"%d", {Value(1), Value("x"), Value()}, "1%!(EXTRA string=x, <nil>)"},
      {"%d|%5d|%s|%.1f",
       {Value(2.5), Value(2.5), Value(1), Value("a")},
       "%!d(float64=2.5)|%!d(float64=  2.5)|%!s(int=1)|%!f(string=a)"},
      {"%z %!", {Value(1)}, "%!z(int=1) %!!(MISSING)"},
      {"%", {}, "%!(NOVERB)"},
      {"%[5]d %[x]d", {Value(1)}, "%!d(BADINDEX) %!d(BADINDEX)"},
      {"%v %s", {Value(), Value()}, "<nil> %!s(<nil>)"},
      {"%#v %#v", {Value("a"), Value(1)}, "\"a\" 1"},
  };
  for (const auto& c : cases) EXPECT_EQ(Formatted(c.format, c.values), c.wanted) << c.format;
}

TEST(Printer, NeverGoesBeyondItsLimit) {
  Printer printer(10);
  printer.Text("0123456");
  printer.Operand(Value("789abc"));
  EXPECT_TRUE(printer.full());
  EXPECT_EQ(printer.text(), "0123456789");
}

}  // namespace
}  // namespace sidelight::text_template
