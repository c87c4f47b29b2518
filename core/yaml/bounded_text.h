// BoundedText: a text as a stream that ends early when too much of it is asked for at once. yaml-cpp's
// scanner reads ahead of its parser, keeping some hundred bytes per token, for as long as what it reads may
// still turn out to be a key: a file of nothing but `[` would be read to its end before the first event.
#pragma once

#include <algorithm>
#include <cstddef>
#include <streambuf>
#include <string_view>

namespace sidelight::yaml {

inline constexpr size_t kLookahead = 256 << 10;  // bytes in which one value, or one flow collection, must end

class BoundedText : public std::streambuf {
 public:
  explicit BoundedText(std::string_view text) : text_(text) {}

  void AllowMore() { allowed_until_ = given_ + kLookahead; }
  bool exhausted() const { return exhausted_; }

 protected:
  int_type underflow() override {
    if (given_ == text_.size()) return traits_type::eof();
    if (given_ >= allowed_until_) {
      exhausted_ = true;
      return traits_type::eof();
    }
    const size_t n = std::min<size_t>(kChunk, text_.size() - given_);
    char* chunk = const_cast<char*>(text_.data()) + given_;  // only read: pbackfail is not overridden
    setg(chunk, chunk, chunk + n);
    given_ += n;
    return traits_type::to_int_type(*chunk);
  }

 private:
  static constexpr size_t kChunk = 4096;
  std::string_view text_;
  size_t given_ = 0;
  size_t allowed_until_ = kLookahead;
  bool exhausted_ = false;
};

}  // namespace sidelight::yaml
