// The observer of memcached: see observer_driver.h.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "collector/protocols/memcached/observer.h"
#include "tests/fuzz/observer_driver.h"

namespace sidelight {
namespace {

class Recorder final : public StorySink {
 public:
  void Started(const Exchange& e) override {
    StorySink::Started(e);
    Write('s', e);
  }
  void Ended(const Exchange& e) override {
    StorySink::Ended(e);
    Write('e', e);
    text += e.error;
    WriteEnd(e);
    uint64_t keys = 0;
    for (size_t i = 0; i < e.cache.size(); ++i) {
      for (size_t j = 0; j < i; ++j) Require(e.cache[i].keyspace != e.cache[j].keyspace, "a keyspace twice");
      Number(e.cache[i].keyspace);
      Number(e.cache[i].hits);
      Number(e.cache[i].misses);
      keys += e.cache[i].hits + e.cache[i].misses;
    }
    Require(e.cache.empty() || keys > 0, "a lookup of nothing");
    Require(e.cache.empty() || (e.outcome == Outcome::kAnswered && e.error.empty()),
            "hits and misses without an answer");
  }
  uint32_t Keyspace(std::string_view key) override {
    return key.empty() ? 0 : static_cast<unsigned char>(key[0]) % 4;
  }

 private:
  void Write(char what, const Exchange& e) {
    (text += what) += e.operation;
    WriteStart(e);
  }
};

}  // namespace
}  // namespace sidelight

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sidelight::TwinDriver<sidelight::Recorder>(&sidelight::memcached::MakeObserver).Run(data, size);
  return 0;
}
