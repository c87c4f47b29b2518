// The observer of Redis: RESP2 and RESP3. Each direction has a reader with a parser, and between them are the
// exchanges: the queue of commands that wait for their replies. docs/protocols/redis.md says what is counted,
// and each command's rule for hits and misses.
//
// What is an exchange, beyond a command and its reply:
// - It has started when the command's name was read; its keys and values may still be coming. CLIENT starts
//   when it is whole: only then it is known whether it will be answered.
// - A command within MULTI is one only if EXEC runs it, or if it is refused. Then it is Started and Ended at
//   once, with its element of EXEC's reply, and its clock is EXEC's.
// - SUBSCRIBE and its like end with the confirmation of their last channel. Messages are no replies.
// - Commands that CLIENT REPLY OFF or SKIP leaves without a reply are exchanges that start with their first
//   byte and end with their last, kAnswered without a first byte of an answer.
// - An error that comes before the first command, as from a server that refuses the connection, is the answer
//   to that command; if none comes, the connection is opaque in the end (kDesynchronized).
// - MONITOR, SYNC and PSYNC, once granted, make the connection opaque (kUpgraded).
// - Any other reply when no command waits makes it opaque (kDesynchronized); so does what is more than
//   PendingQueue holds, nesting above ReplyParser::kMaxDepth, an inline command above
//   RequestParser::kMaxInline, and a subscription or CLIENT REPLY within MULTI, whose replies cannot be told
//   apart (kLimit), and whatever else we cannot read (kNotProtocol). Commands that wait then end as
//   kUnobserved.
//
// Of arguments nothing is kept but what is named here: the index of SELECT, the version of HELLO, the
// keyspaces of the keys of lookups, as numbers. AUTH's are not looked at.
#pragma once

#include <memory>

#include "collector/protocols/observer.h"

namespace sidelight::redis {

// `sink` must outlive the observer.
std::unique_ptr<Observer> MakeObserver(ExchangeSink& sink);

}  // namespace sidelight::redis
