// Conversations for the tests of observers: what each side sent, a sink that writes down what it is told, and
// a runner that feeds an observer the same bytes in every way that they may come.
//
// A script is one step a line, and step n happens at n seconds:
//
//     > bytes    from the client, with the escapes \r \n \t \0 \\ and \xHH
//     < bytes    from the upstream
//     >! end     the client's side is closed: end, reset, shutdown ...
//     <! reset   the upstream's side is closed
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/protocols/observer.h"
#include "tests/collector/protocols/checking_sink.h"

namespace sidelight::conversation {

inline TimePoint At(int64_t seconds) {
  return TimePoint(std::chrono::seconds(seconds));
}
inline int64_t SecondsOf(Duration d) {
  return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}
inline int64_t SecondsOf(TimePoint t) {
  return SecondsOf(t.time_since_epoch());
}

inline std::string_view NameOf(Outcome outcome) {
  constexpr std::string_view kNames[] = {
      "answered", "connect_refused", "connect_timeout", "dns",       "upstream_closed", "response_incomplete",
      "timeout",  "overloaded",      "client_gone",     "unobserved"};
  return kNames[static_cast<size_t>(outcome)];
}
inline std::string_view NameOf(OpaqueReason reason) {
  constexpr std::string_view kNames[] = {"not_protocol", "upgraded", "limit", "desynchronized"};
  return kNames[static_cast<size_t>(reason)];
}
inline std::string_view NameOf(SessionState state) {
  constexpr std::string_view kNames[] = {"closed", "idle", "active", "in transaction"};
  return kNames[static_cast<size_t>(state)];
}
inline CloseReason ReasonOf(std::string_view name) {
  constexpr std::string_view kNames[] = {"end", "reset",      "connect_refused", "connect_timeout",
                                         "dns", "overloaded", "timeout",         "shutdown"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<CloseReason>(i);
  }
  ADD_FAILURE() << "no such reason to close: " << name;
  return CloseReason::kEnd;
}

// Writes down what it is told, a line each. A test derives the one that writes what its protocol's exchanges
// are worth: Started and Ended call this class's and write a line to out().
class RecordingSink : public CheckingSink {
 public:
  void WentOpaque(OpaqueReason reason) override {
    CheckingSink::WentOpaque(reason);
    out_ << "opaque " << NameOf(reason) << "\n";
  }
  std::string text() const { return out_.str(); }
  void Forget() { out_.str(""); }

 protected:
  std::ostream& out() { return out_; }
  // Start, first byte or "-", end; and the wait of one that was pipelined.
  void WriteTimes(const Exchange& e) {
    out_ << SecondsOf(e.start) << " " << (e.has_first_byte ? std::to_string(SecondsOf(e.first_byte)) : "-")
         << " " << SecondsOf(e.end);
    if (e.pipelined) out_ << ", waited " << SecondsOf(e.pipeline_wait);
  }

 private:
  std::ostringstream out_;
};

struct Step {
  Direction direction = Direction::kRequest;
  std::string bytes;
  bool closes = false;
  CloseReason reason = CloseReason::kEnd;
};
using Steps = std::vector<Step>;

inline Step Client(std::string bytes) {
  return {Direction::kRequest, std::move(bytes)};
}
inline Step Server(std::string bytes) {
  return {Direction::kResponse, std::move(bytes)};
}
inline Step ClientClosed(CloseReason reason = CloseReason::kEnd) {
  return {Direction::kRequest, "", true, reason};
}
inline Step ServerClosed(CloseReason reason = CloseReason::kEnd) {
  return {Direction::kResponse, "", true, reason};
}

// Appends what the escape at text[i], its backslash, stands for; the position of its last character.
inline size_t AppendEscape(std::string_view text, size_t i, std::string& out) {
  switch (text[++i]) {
    case 'r':
      out += '\r';
      break;
    case 'n':
      out += '\n';
      break;
    case 't':
      out += '\t';
      break;
    case '0':
      out += '\0';
      break;
    case 'x':
      out += static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
      return i + 2;
    default:
      out += text[i];
  }
  return i;
}

inline std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      i = AppendEscape(text, i, out);
    } else {
      out += text[i];
    }
  }
  return out;
}

// The lines that are not blank, without the blanks before them.
inline std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find_first_not_of(' ');
    if (first != std::string::npos) lines.push_back(line.substr(first));
  }
  return lines;
}
// The same as one text, as a RecordingSink writes it.
inline std::string Unindent(std::string_view text) {
  std::string out;
  for (const std::string& line : Lines(text)) out += line + "\n";
  return out;
}

// What a line of a script that shows bytes stands for.
using Encode = std::function<std::string(std::string_view line)>;

inline std::string EncodePlain(std::string_view line) {
  return Unescape(line.substr(2));
}

inline Steps ParseScript(std::string_view script, const Encode& encode = EncodePlain) {
  Steps steps;
  for (const std::string& line : Lines(script)) {
    EXPECT_TRUE((line[0] == '>' || line[0] == '<') && line.size() > 2) << "not a step: " << line;
    Step step;
    step.direction = line[0] == '>' ? Direction::kRequest : Direction::kResponse;
    step.closes = line[1] == '!';
    if (step.closes) {
      step.reason = ReasonOf(std::string_view(line).substr(3));
    } else {
      step.bytes = encode(line);
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

// Hands the observer the bytes of step `i`: shows a piece, or skips as much of a number of bytes as may be.
using Show = std::function<void(std::string_view)>;
using Skip = std::function<uint64_t(uint64_t)>;
using Feed = std::function<void(size_t i, const Step& step, const Show& show, const Skip& skip)>;

// Holds the observer's contract after each call.
inline void Play(const Steps& steps, const Feed& feed, Observer& observer, CheckingSink& sink) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const TimePoint t = At(static_cast<int64_t>(i) + 1);
    sink.SetNow(t);
    if (step.closes) {
      observer.OnClosed(step.direction, step.reason, t);
    } else {
      feed(
          i, step,
          [&](std::string_view bytes) {
            observer.OnBytes(step.direction, bytes, t);
            sink.Check(observer);
          },
          [&](uint64_t most) {
            const uint64_t n = std::min(most, observer.Skippable(step.direction));
            observer.OnSkipped(step.direction, n, t);
            sink.Check(observer);
            return n;
          });
    }
    sink.Check(observer);
  }
}

inline void FeedWhole(size_t, const Step& step, const Show& show, const Skip&) {
  show(step.bytes);
}

// Plays the steps on a connection of its own, and says what its sink was told.
using Player = std::function<std::string(const Feed& feed)>;

// Every conversation is played whole, byte by byte, cut in two at every place of every step, in three if it
// is short, and with as much as possible skipped; all must give `want`.
inline void ExpectPlays(std::string_view name, const Steps& steps, const std::string& want,
                        const Player& play) {
  size_t total = 0;
  for (const Step& step : steps) total += step.bytes.size();
  bool good = true;
  const auto expect = [&](const std::string& how, const Feed& feed) {
    if (!good) return;
    const std::string got = play(feed);
    good = got == want;
    EXPECT_EQ(got, want) << name << ", fed " << how;
  };
  expect("whole", FeedWhole);
  expect("byte by byte", [](size_t, const Step& step, const Show& show, const Skip&) {
    for (const char& c : step.bytes) show(std::string_view(&c, 1));
  });
  expect("with as much as possible skipped",
         [](size_t, const Step& step, const Show& show, const Skip& skip) {
           std::string_view rest = step.bytes;
           while (!rest.empty()) {
             rest.remove_prefix(skip(rest.size()));
             if (rest.empty()) break;
             show(rest.substr(0, 1));
             rest.remove_prefix(1);
           }
         });
  expect("with half of that skipped", [](size_t, const Step& step, const Show& show, const Skip& skip) {
    std::string_view rest = step.bytes;
    while (!rest.empty()) {
      show(rest.substr(0, 1));
      rest.remove_prefix(1);
      rest.remove_prefix(skip(std::min<size_t>(rest.size(), 2)));
    }
  });
  constexpr size_t kShort = 150;
  for (size_t cut = 0; cut < steps.size(); ++cut) {
    for (size_t at = 1; at < steps[cut].bytes.size(); ++at) {
      expect("with step " + std::to_string(cut + 1) + " cut at " + std::to_string(at),
             [&](size_t i, const Step& step, const Show& show, const Skip&) {
               const std::string_view bytes = step.bytes;
               if (i != cut) return show(bytes);
               show(bytes.substr(0, at));
               show(bytes.substr(at));
             });
      if (total > kShort) continue;
      for (size_t second = at + 1; second < steps[cut].bytes.size(); ++second) {
        expect("with step " + std::to_string(cut + 1) + " cut at " + std::to_string(at) + " and " +
                   std::to_string(second),
               [&](size_t i, const Step& step, const Show& show, const Skip&) {
                 const std::string_view bytes = step.bytes;
                 if (i != cut) return show(bytes);
                 show(bytes.substr(0, at));
                 show(bytes.substr(at, second - at));
                 show(bytes.substr(second));
               });
      }
    }
  }
}

}  // namespace sidelight::conversation
