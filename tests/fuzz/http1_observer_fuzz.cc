// The observer of HTTP/1: see observer_driver.h.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "collector/protocols/http1/observer.h"
#include "core/model/exemplar.h"
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
    Number(e.status);
    for (const CacheLookup& lookup : e.cache) {
      Require(lookup.hits + lookup.misses == 1, "an answer that is not one lookup");
      Number(lookup.hits);
    }
    WriteEnd(e);
  }

 private:
  void Write(char what, const Exchange& e) {
    Require(e.target.size() <= 1024, "a target that was not cut");
    ((text += what) += e.operation) += e.target;
    text += e.protocol_version;
    if (e.trace) text += TraceHex(*e.trace) + SpanHex(*e.trace);
    WriteStart(e);
  }
};

}  // namespace
}  // namespace sidelight

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sidelight::TwinDriver<sidelight::Recorder>(&sidelight::http1::MakeObserver).Run(data, size);
  return 0;
}
