// The bytes of SQL by what they are to a lexer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sidelight::postgres {

enum Class : uint8_t {
  kOther,
  kBlank,
  kLetter,  // begins a word
  kDigit,
};

inline constexpr std::array<Class, 256> kClasses = [] {
  std::array<Class, 256> classes{};
  for (const char c : {' ', '\t', '\n', '\r', '\f', '\v', '\0'}) classes[static_cast<size_t>(c)] = kBlank;
  for (size_t c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kLetter;
  for (size_t c = 0x80; c <= 0xff; ++c) classes[c] = kLetter;
  classes['_'] = kLetter;
  for (size_t c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  return classes;
}();

inline Class ClassOf(char c) {
  return kClasses[static_cast<unsigned char>(c)];
}

// What a byte within a word becomes there: letters in lower case; '\0' for what ends a word.
inline constexpr std::array<char, 256> kInWord = [] {
  std::array<char, 256> bytes{};
  for (size_t c = 0; c < bytes.size(); ++c) {
    if (kClasses[c] >= kLetter || c == '$') bytes[c] = static_cast<char>(c);
  }
  for (size_t c = 'A'; c <= 'Z'; ++c) bytes[c] = static_cast<char>(c - 'A' + 'a');
  return bytes;
}();

inline char InWord(char c) {
  return kInWord[static_cast<unsigned char>(c)];
}

}  // namespace sidelight::postgres
