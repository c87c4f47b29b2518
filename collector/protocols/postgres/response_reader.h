// ResponseReader: reads the contents of a server's messages as far as they matter: the tag of
// CommandComplete, the SQLSTATE of ErrorResponse, the state of ReadyForQuery. Rows are not read.
//
// For each message: Begin, CheckLength, Read if it wants(); after its end the accessor that fits its type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sidelight::postgres {

class ResponseReader {
 public:
  // False for what is no type of a server's message.
  bool Begin(char type);
  // Whether a message of that type can have that many bytes of content.
  bool CheckLength(uint32_t length) const;
  bool wants() const { return type_ == 'C' || type_ == 'E' || type_ == 'Z'; }
  void Read(std::string_view piece);

  // Of CommandComplete: "SELECT 3"; cut, if it is longer than any.
  std::string_view tag() const { return {text_.data(), size_}; }
  // The tag says that every prepared statement is gone.
  bool ForgetsStatements() const;
  // Of ErrorResponse: five characters, "_OTHER" if there are none.
  std::string_view sqlstate() const;
  // Of ReadyForQuery: 'I' idle, 'T' in a transaction, 'E' in a failed one.
  char status() const { return text_[0]; }

 private:
  enum class Field : uint8_t { kType, kSqlState, kOther };

  void ReadField(std::string_view& piece);
  void Append(std::string_view text);

  char type_ = '\0';
  bool ended_ = false;  // all that matters was read
  Field field_ = Field::kType;
  size_t size_ = 0;
  std::array<char, 40> text_{};
};

}  // namespace sidelight::postgres
