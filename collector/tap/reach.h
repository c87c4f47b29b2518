// Reach: whether a tap's upstream was there when it was last connected to. All workers of the tap write it,
// anybody reads it.
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

namespace sidelight::tap {

class Reach {
 public:
  void Reached() { Note(kReached); }
  // `why` is a sentence that lives as long as the process: "the connection was refused".
  void Missed(const char* why) { Note(why); }

  // "" when it was reached, else why not; nothing when nobody has tried.
  std::optional<std::string_view> Last() const {
    const char* const last = last_.load(std::memory_order_acquire);
    if (last == nullptr) return std::nullopt;
    return last;
  }

 private:
  static constexpr char kReached[] = "";

  // Nearly always it is what it was: then no other worker's cache has to hear of it.
  void Note(const char* last) {
    if (last_.load(std::memory_order_relaxed) != last) last_.store(last, std::memory_order_release);
  }

  std::atomic<const char*> last_ = nullptr;
};

}  // namespace sidelight::tap
