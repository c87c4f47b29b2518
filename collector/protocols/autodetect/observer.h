// The observer of a connection whose protocol nobody named: it looks at the client's first bytes, makes the
// observer of the protocol that they are of, and is from then on only its mouthpiece.
//
// - What came before the decision, at most kMaxPrefix bytes, is kept with its times and shown to that
//   observer as it came; so everything is as if the protocol had been named.
// - That observer's sink is `sink.Detected(protocol)`. Only what could not be told goes to `sink` itself:
// such
//   a connection goes opaque (kNotProtocol). These are one whose bytes are no protocol's that we know, one
//   whose server speaks first, and one whose client ends before its bytes told anything.
// - A client that sends nothing at all is nothing to be told of.
#pragma once

#include <memory>

#include "collector/protocols/observer.h"

namespace sidelight::autodetect {

// `sink` must outlive the observer.
std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink);

}  // namespace sidelight::autodetect
