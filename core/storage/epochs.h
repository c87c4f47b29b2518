// Epochs: when something that readers may still look at can be freed.
//
// A reader holds a Pin as long as it follows pointers into the store. The writer first unlinks an object,
// then retires it; it is freed once every reader that could have seen it has let go of its Pin. Neither waits
// for the other: both hold a mutex for a few instructions only.
//
// Enter() and the end of a Pin: any thread. Retire() and Collect(): the writer, one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace sidelight::storage {

class Epochs {
 public:
  Epochs() = default;
  ~Epochs();  // no Pin may be left
  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;

  class Pin {
   public:
    Pin(Pin&& other) noexcept : epochs_(std::exchange(other.epochs_, nullptr)), epoch_(other.epoch_) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (epochs_ != nullptr) epochs_->Leave(epoch_);
    }

   private:
    friend class Epochs;
    Pin(Epochs* epochs, uint64_t epoch) : epochs_(epochs), epoch_(epoch) {}

    Epochs* epochs_;
    uint64_t epoch_;
  };

  Pin Enter();
  void Retire(void* object, void (*destroy)(void*)) { fresh_.push_back({object, destroy, 0}); }
  // Frees what nobody can see any more.
  void Collect();

 private:
  struct Retired {
    void* object;
    void (*destroy)(void*);
    uint64_t epoch;
  };

  void Leave(uint64_t epoch);

  std::mutex mutex_;
  uint64_t epoch_ = 1;            // guarded by mutex_
  std::vector<uint64_t> active_;  // of the pins; guarded by mutex_

  std::vector<Retired> fresh_;  // the writer's: since the last Collect()
  std::deque<Retired> limbo_;   // the writer's: waiting, ascending by epoch
};

}  // namespace sidelight::storage
