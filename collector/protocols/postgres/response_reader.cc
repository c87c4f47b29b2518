#include "collector/protocols/postgres/response_reader.h"

#include <algorithm>
#include <cstring>

namespace sidelight::postgres {
namespace {

constexpr std::string_view kTypes = "123ACDEGHIKNRSTVWZcdnstv";
constexpr size_t kSqlStateBytes = 5;

}  // namespace

bool ResponseReader::Begin(char type) {
  type_ = type;
  ended_ = false;
  field_ = Field::kType;
  size_ = 0;
  return kTypes.find(type) != std::string_view::npos;
}

bool ResponseReader::CheckLength(uint32_t length) const {
  switch (type_) {
    case 'Z':
      return length == 1;
    case '1':
    case '2':
    case '3':
    case 'I':
    case 'c':
    case 'n':
    case 's':
      return length == 0;
    default:
      return true;
  }
}

void ResponseReader::Append(std::string_view text) {
  const size_t n = std::min(text.size(), text_.size() - size_);
  std::memcpy(text_.data() + size_, text.data(), n);
  size_ += n;
}

void ResponseReader::Read(std::string_view piece) {
  if (type_ == 'E') {
    while (!piece.empty() && !ended_) ReadField(piece);
    return;
  }
  if (ended_) return;
  const size_t end = piece.find('\0');
  Append(piece.substr(0, end));
  ended_ = end != std::string_view::npos;
}

void ResponseReader::ReadField(std::string_view& piece) {
  if (field_ == Field::kType) {
    const char type = piece.front();
    piece.remove_prefix(1);
    ended_ = type == '\0';
    field_ = type == 'C' ? Field::kSqlState : Field::kOther;
    return;
  }
  const size_t end = piece.find('\0');
  if (field_ == Field::kSqlState) Append(piece.substr(0, end));
  piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
  if (end != std::string_view::npos) field_ = Field::kType;
}

bool ResponseReader::ForgetsStatements() const {
  return tag() == "DISCARD ALL" || tag() == "DEALLOCATE ALL";
}

std::string_view ResponseReader::sqlstate() const {
  const std::string_view state = tag();
  const bool good = state.size() == kSqlStateBytes && std::all_of(state.begin(), state.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                    });
  return good ? state : "_OTHER";
}

}  // namespace sidelight::postgres
