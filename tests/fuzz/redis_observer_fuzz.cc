// The observer of Redis: see observer_driver.h.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "collector/protocols/redis/observer.h"
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
    Number(e.blocking ? 1 : 0);
    Require(e.cache.size() <= 64, "more keyspaces than an exchange may have");
    for (const CacheLookup& lookup : e.cache) {
      Number(lookup.keyspace);
      Number(lookup.hits);
      Number(lookup.misses);
    }
    WriteEnd(e);
  }
  uint32_t Keyspace(std::string_view key) override {
    Require(key.size() <= 256, "a key that was not cut");
    return key.empty() ? 0 : static_cast<unsigned char>(key.back());
  }

 private:
  void Write(char what, const Exchange& e) {
    Require(e.error.size() <= 32, "an error that was not cut");
    ((text += what) += e.operation) += e.database;
    WriteStart(e);
  }
};

}  // namespace
}  // namespace sidelight

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sidelight::TwinDriver<sidelight::Recorder>(&sidelight::redis::MakeObserver).Run(data, size);
  return 0;
}
