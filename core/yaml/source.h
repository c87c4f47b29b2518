// Source: the text of one file as its lines, and how an error in it is shown: "file:line:column: message",
// the line itself, and a caret below the place.
//
// A byte order mark is dropped and CRLF becomes LF, so that a place means the same whatever wrote the file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sidelight::yaml {

// From 0; the column counts bytes. Shown from 1, the column in characters.
struct Place {
  int line = 0;
  int column = 0;

  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Problem {
  Place place;
  std::string message;
};

// From `begin` to before `end`, which is where the next value begins.
struct Extent {
  Place begin;
  Place end;
};

class Source {
 public:
  // `begin`: where in what it is called after the text begins, when it is a part of that.
  Source(std::string name, std::string text, Place begin = {});

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  // The nearest place that the text has.
  Place Clamp(int line, int column) const;
  std::string_view Line(int line) const;  // without its line break; "" beyond the end
  int LineNumber(int line) const { return begin_.line + line + 1; }  // as shown
  // The byte at that place, or 0 beyond the end of its line.
  char At(Place place) const;
  // Where in the file the byte at `offset` of a scalar stands that begins at `begin` and reads as `value`. Of
  // a blank, and of the end, the place behind what comes before it; nothing where escapes hide it.
  std::optional<Place> Within(Place begin, std::string_view value, size_t offset) const;
  // Whether the quotes, single or double, that open at that place are closed again before the text ends.
  bool QuotesClose(Place place) const;

  // The first byte that no YAML text holds: invalid UTF-8, NUL and other control characters.
  std::optional<Problem> FindForeignByte() const;

  // The message is brought onto one line; two lines follow it, unless there is nothing to point at. Of the
  // file's line `***` stands in place of a secret and all behind it.
  std::string Render(const Problem& problem, std::span<const Extent> secrets = {}) const;
  // Without those two lines.
  std::string RenderLine(const Problem& problem) const;

 private:
  Place PlaceOf(size_t offset) const;
  // The next byte that is no blank, or that place when none comes.
  Place BehindBlanks(Place place) const;

  std::string name_;
  std::string text_;
  Place begin_;
  std::vector<size_t> line_starts_;
};

// In double quotes, on one line, cut when long: how messages show text from outside.
std::string Quoted(std::string_view text);

}  // namespace sidelight::yaml
