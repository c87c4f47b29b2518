#include "collector/protocols/http1/target.h"

#include <algorithm>

namespace sidelight::http1 {

void TargetReader::Begin(bool authority_form) {
  state_ = authority_form ? State::kDone : State::kStart;
  slashes_ = 0;
  length_ = 0;
}

void TargetReader::Append(std::string_view piece, std::string& out) {
  while (!piece.empty()) {
    switch (state_) {
      case State::kStart:
        state_ = piece[0] == '/' || piece[0] == '*' ? State::kPath : State::kScheme;
        break;
      case State::kScheme:
        if (piece[0] == '/' && ++slashes_ == 2) state_ = State::kAuthority;
        piece.remove_prefix(1);
        break;
      case State::kAuthority: {
        const size_t end = piece.find_first_of("/?#");
        if (end == std::string_view::npos) return;
        piece.remove_prefix(end);
        if (piece[0] != '/') Take("/", out);
        state_ = State::kPath;
        break;
      }
      case State::kPath: {
        size_t end = 0;
        while (end < piece.size() && piece[end] != '?' && piece[end] != '#') ++end;
        Take(piece.substr(0, end), out);
        if (end < piece.size()) state_ = State::kDone;
        piece.remove_prefix(end);
        break;
      }
      case State::kDone:
        return;
    }
  }
}

void TargetReader::End(std::string& out) {
  if (state_ == State::kAuthority) Take("/", out);
  state_ = State::kDone;
}

void TargetReader::Take(std::string_view path, std::string& out) {
  const size_t taken = std::min(path.size(), kMaxPath - length_);
  out.append(path.substr(0, taken));
  length_ = static_cast<uint16_t>(length_ + taken);
}

}  // namespace sidelight::http1
