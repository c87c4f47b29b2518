// Secret: a text that nobody may see: it is neither printed nor logged by accident. Whoever sends it asks for
// it by Reveal(), at the place where it is sent.
#pragma once

#include <string>
#include <utility>

namespace sidelight {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  // Of two readings of a configuration: whether it has changed. Not for what a stranger sends.
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

}  // namespace sidelight
