#include "rules/template/print.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "core/base/utf8.h"
#include "rules/template/format_spec.h"

namespace sidelight::text_template {
namespace {

constexpr int kLargestWidth = 1'000'000;

// Reads the part of a format behind '%', and takes the values that it asks for.
class FormatReader {
 public:
  FormatReader(std::string_view format, std::span<const Value> values, Printer* out)
      : format_(format), values_(values), out_(out) {}

  void Run() {
    while (at_ < format_.size() && !out_->full()) {
      const size_t percent = std::min(format_.find('%', at_), format_.size());
      out_->Text(format_.substr(at_, percent - at_));
      at_ = percent;
      if (at_ < format_.size()) Verb();
    }
    if (!reordered_ && next_ < values_.size()) Extra();
  }

 private:
  void Verb() {
    ++at_;
    after_index_ = false;
    good_index_ = true;
    FormatSpec spec;
    Flags(&spec);
    Index();
    Width(&spec);
    if (at_ + 1 <= format_.size() && Peek() == '.') Precision(&spec);
    if (!after_index_) Index();
    if (at_ >= format_.size()) return out_->Text("%!(NOVERB)");
    const auto [verb, length] = DecodeCharacter(format_.substr(at_));
    at_ += length;
    spec.verb = verb;
    if (verb == '%') return out_->Text("%");
    if (!good_index_) return out_->Text("%!" + EncodeCharacter(verb) + "(BADINDEX)");
    if (next_ >= values_.size()) return out_->Text("%!" + EncodeCharacter(verb) + "(MISSING)");
    WriteValue(spec, values_[next_++], out_);
  }

  char Peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  void Flags(FormatSpec* spec) {
    for (;; ++at_) {
      switch (Peek()) {
        case '#':
          spec->sharp = true;
          break;
        case '0':
          spec->zero = true;
          break;
        case '+':
          spec->plus = true;
          break;
        case '-':
          spec->minus = true;
          break;
        case ' ':
          spec->space = true;
          break;
        default:
          return;
      }
    }
  }

  // "[3]": the value to take next, counted from 1.
  void Index() {
    if (Peek() != '[') return;
    reordered_ = true;
    const size_t close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      good_index_ = false;
      ++at_;
      return;
    }
    const size_t end = close;
    ++at_;
    const std::optional<int> number = Number();
    const bool good = number && at_ == end && *number >= 1 && static_cast<size_t>(*number) <= values_.size();
    at_ = close + 1;
    if (good) {
      next_ = static_cast<size_t>(*number) - 1;
      after_index_ = true;
    } else {
      good_index_ = false;
    }
  }

  std::optional<int> Number() {
    if (Peek() < '0' || Peek() > '9') return std::nullopt;
    int number = 0;
    for (; Peek() >= '0' && Peek() <= '9'; ++at_) {
      if (number > kLargestWidth) {
        at_ = format_.size();  // as Go does with a number that makes no sense
        return std::nullopt;
      }
      number = number * 10 + (Peek() - '0');
    }
    return number;
  }

  // The value that a '*' stands for.
  std::optional<int> Star() {
    ++at_;
    const int64_t* number = next_ < values_.size() ? values_[next_].As<int64_t>() : nullptr;
    if (next_ < values_.size()) ++next_;
    after_index_ = false;
    if (number == nullptr || *number < -kLargestWidth || *number > kLargestWidth) return std::nullopt;
    return static_cast<int>(*number);
  }

  void Width(FormatSpec* spec) {
    if (Peek() == '*') {
      const std::optional<int> width = Star();
      if (!width) return out_->Text("%!(BADWIDTH)");
      spec->minus = spec->minus || *width < 0;
      spec->width = *width < 0 ? -*width : *width;
      return;
    }
    if (const std::optional<int> width = Number()) {
      spec->width = *width;
      if (after_index_) good_index_ = false;  // "%[3]2d"
    }
  }

  void Precision(FormatSpec* spec) {
    ++at_;
    if (after_index_) good_index_ = false;  // "%[3].2d"
    Index();
    if (Peek() == '*') {
      const std::optional<int> precision = Star();
      if (!precision || *precision < 0) {
        if (!precision) out_->Text("%!(BADPREC)");
        return;
      }
      spec->precision = *precision;
      return;
    }
    spec->precision = Number().value_or(0);
  }

  void Extra() {
    out_->Text("%!(EXTRA ");
    for (size_t i = next_; i < values_.size() && !out_->full(); ++i) {
      if (i > next_) out_->Text(", ");
      if (values_[i].none()) {
        out_->Text("<nil>");
        continue;
      }
      out_->Text(values_[i].TypeName() + "=");
      out_->Operand(values_[i]);
    }
    out_->Text(")");
  }

  std::string_view format_;
  std::span<const Value> values_;
  Printer* out_;
  size_t at_ = 0;
  size_t next_ = 0;
  bool reordered_ = false;
  bool after_index_ = false;
  bool good_index_ = true;
};

std::string Hex(const char* format, unsigned number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

}  // namespace

void Printer::Text(std::string_view text) {
  if (text.size() > limit_ - text_.size()) {
    full_ = true;
    text = text.substr(0, limit_ - text_.size());
  }
  text_ += text;
}

void Printer::Operand(const Value& value) {
  WriteValue(FormatSpec{}, value, this);
}

void Printer::Print(std::span<const Value> values) {
  bool previous_is_text = true;
  for (size_t i = 0; i < values.size() && !full_; ++i) {
    const bool is_text = values[i].As<std::string>() != nullptr;
    if (i > 0 && !is_text && !previous_is_text) Text(" ");
    Operand(values[i]);
    previous_is_text = is_text;
  }
}

void Printer::PrintLine(std::span<const Value> values) {
  for (size_t i = 0; i < values.size() && !full_; ++i) {
    if (i > 0) Text(" ");
    Operand(values[i]);
  }
  Text("\n");
}

void Printer::Format(std::string_view format, std::span<const Value> values) {
  FormatReader(format, values, this).Run();
}

bool IsPrintable(uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad) return false;
  if ((c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f))
    return false;
  if (c == 0x3000 || c == 0xfeff || (c >= 0xe000 && c <= 0xf8ff) || (c >= 0xfff0 && c <= 0xfffb))
    return false;
  return (c & 0xfffe) != 0xfffe && c < 0xe0000;
}

std::string EncodeCharacter(uint32_t c) {
  if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) c = 0xfffd;
  std::string text;
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xc0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xe0 | (c >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | (c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
  return text;
}

std::pair<uint32_t, size_t> DecodeCharacter(std::string_view text) {
  const size_t length = Utf8Length(text);
  if (length == 0) return {0xfffd, 1};
  if (length == 1) return {static_cast<unsigned char>(text[0]), 1};
  uint32_t character = static_cast<unsigned char>(text[0]) & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i)
    character = (character << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  return {character, length};
}

std::string CharacterName(uint32_t character) {
  std::string name = Hex("U+%04X", character);
  if (IsPrintable(character)) name += " '" + EncodeCharacter(character) + "'";
  return name;
}

std::string QuoteText(std::string_view text, bool ascii) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const bool valid = Utf8Length(text) > 0;
    const auto [character, length] = DecodeCharacter(text);
    constexpr std::string_view kLetters = "abfnrtv";
    constexpr std::string_view kControls = "\a\b\f\n\r\t\v";
    if (!valid) {
      quoted += Hex("\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (character == '"' || character == '\\') {
      quoted += '\\';
      quoted += text[0];
    } else if (character < 0x80 && kControls.find(text[0]) != std::string_view::npos) {
      quoted += '\\';
      quoted += kLetters[kControls.find(text[0])];
    } else if (IsPrintable(character) && (!ascii || character < 0x80)) {
      quoted += text.substr(0, length);
    } else {
      quoted += character < 0x80 ? Hex("\\x%02x", character)
                                 : Hex(character < 0x10000 ? "\\u%04x" : "\\U%08x", character);
    }
    text.remove_prefix(length);
  }
  return quoted + '"';
}

}  // namespace sidelight::text_template
