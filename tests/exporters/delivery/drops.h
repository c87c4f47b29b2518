// What the tests of exporters/delivery share: a backlog whose drops are remembered, and short words for both.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "exporters/delivery/backlog.h"
#include "tests/core/state/folder.h"
#include "tests/support/fake_clock.h"

namespace sidelight::delivery {

using state::Folder;

inline const Destination kOtlp{"otlp", "http://collector:4318/v1/metrics"};
inline const Destination kWrite{"remote_write", "http://prometheus:9090/api/v1/write"};

// Requests and points that were dropped.
class Drops {
 public:
  Backlog::Dropped Record() {
    return [this](const Destination& destination, DropReason reason, uint64_t entries, uint64_t points) {
      auto& [all, all_points] = drops_[{destination.exporter, std::string(Word(reason))}];
      all += entries;
      all_points += points;
    };
  }
  // "otlp overflow 2/200 remote_write expired 1/10", by exporter and reason.
  std::string Text() const {
    std::string text;
    for (const auto& [key, value] : drops_) {
      if (!text.empty()) text += ' ';
      text += key.first + " " + key.second + " " + std::to_string(value.first) + "/" +
              std::to_string(value.second);
    }
    return text;
  }
  uint64_t Requests() const {
    uint64_t all = 0;
    for (const auto& [key, value] : drops_) all += value.first;
    return all;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::pair<uint64_t, uint64_t>> drops_;
};

inline Request Of(std::string body, const Clock& clock, uint32_t lane = 0, uint64_t points = 100) {
  return {.body = std::move(body), .points = points, .time = clock.UnixNow(), .lane = lane};
}

// Delivers all that may go from the lane: the bodies, "a b c"; long ones by their size.
inline std::string Drain(Backlog& backlog, const Destination& destination, uint32_t lane = 0) {
  std::string text;
  while (const auto entry = backlog.Next(destination, lane)) {
    if (!text.empty()) text += ' ';
    const std::string& body = entry->request.body;
    text += body.size() > 20 ? body.substr(0, body.find('.')) + "+" + std::to_string(body.size()) : body;
    backlog.Done(entry->id);
  }
  return text;
}

// A body that says its number and is as long as wanted.
inline std::string Body(uint64_t number, size_t size) {
  std::string body = std::to_string(number) + ".";
  uint64_t state = number * 2654435761 + 1;
  while (body.size() < size) {
    state = state * 6364136223846793005 + 1442695040888963407;
    body += static_cast<char>(state >> 56);
  }
  return body;
}

}  // namespace sidelight::delivery
