// The observer that tells protocols by itself: see observer_driver.h. Whatever it tells, it must tell the
// same when the bytes come one by one.
#include <cstddef>
#include <cstdint>
#include <string>

#include "collector/protocols/autodetect/observer.h"
#include "collector/protocols/protocol.h"
#include "tests/fuzz/observer_driver.h"

namespace sidelight {
namespace {

class Recorder final : public StorySink {
 public:
  void Started(const Exchange& e) override {
    StorySink::Started(e);
    Require(detected_, "an exchange of no protocol");
    Write('s', e);
  }
  void Ended(const Exchange& e) override {
    StorySink::Ended(e);
    Write('e', e);
    text += e.error;
    Number(e.status);
    Number(e.returned_rows);
    for (const CacheLookup& lookup : e.cache) {
      Number(lookup.keyspace);
      Number(lookup.hits);
      Number(lookup.misses);
    }
    WriteEnd(e);
  }
  void WentOpaque(OpaqueReason reason) override {
    StorySink::WentOpaque(reason);
    Require(detected_ || reason == OpaqueReason::kNotProtocol, "another reason when nothing was told");
  }
  void SessionChanged(SessionState from, SessionState to) override {
    text += "session ";
    Number(static_cast<int64_t>(from));
    Number(static_cast<int64_t>(to));
  }
  uint32_t Keyspace(std::string_view key) override {
    return key.empty() ? 0 : static_cast<unsigned char>(key.back());
  }
  ExchangeSink& Detected(const Protocol& protocol) override {
    Require(!detected_, "a connection that was told twice");
    Require(protocol.likeness != nullptr, "a protocol that nobody looks for");
    detected_ = true;
    text += protocol.name;
    return *this;
  }

 private:
  void Write(char what, const Exchange& e) {
    ((((text += what) += e.operation) += e.target) += e.summary) += e.database;
    WriteStart(e);
  }

  bool detected_ = false;
};

}  // namespace
}  // namespace sidelight

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sidelight::TwinDriver<sidelight::Recorder>(&sidelight::autodetect::MakeObserver).Run(data, size);
  return 0;
}
