// A tap in a test: everything in one process, on free ports, with a resolver by hand and an observer that
// writes down what it is told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collector/tap/worker.h"
#include "core/metrics/registry.h"
#include "tests/core/net/test_socket.h"

namespace sidelight::tap {

using net::Address;
using net::TestSocket;

// What the observers of a test were told, as one line for each call: "> bytes", "< bytes", "> end", "<
// timeout". Thread-safe.
class Story {
 public:
  void Add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  bool WaitFor(const std::string& line) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60),
                             [&] { return std::find(lines_.begin(), lines_.end(), line) != lines_.end(); });
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// Requests and answers are lines. Reads as an HTTP observer would, as far as the tap can tell.
class LineObserver final : public Observer {
 public:
  explicit LineObserver(Story& story) : story_(story) {}
  void OnBytes(Direction direction, std::string_view bytes, TimePoint) override {
    Say(direction, std::string(bytes.substr(0, bytes.find('\n'))));
    for (const char c : bytes) {
      if (direction == Direction::kRequest) {
        in_head_ = c != '\n';
        if (c == '\n') ++awaited_;
      } else if (c == '\n' && awaited_ > 0) {
        --awaited_;
      }
    }
  }
  void OnSkipped(Direction direction, uint64_t, TimePoint) override { Say(direction, "skipped"); }
  void OnClosed(Direction direction, CloseReason reason, TimePoint) override {
    static constexpr const char* kNames[] = {"end", "reset",      "refused", "connect timeout",
                                             "dns", "overloaded", "timeout", "shutdown"};
    Say(direction, kNames[static_cast<size_t>(reason)]);
  }
  uint64_t Skippable(Direction) const override { return 0; }
  bool AwaitingResponse() const override { return awaited_ > 0; }
  bool InRequestHead() const override { return in_head_; }

 private:
  void Say(Direction direction, const std::string& what) {
    story_.Add((direction == Direction::kRequest ? "> " : "< ") + what);
  }
  Story& story_;
  int awaited_ = 0;
  bool in_head_ = false;
};

// Never wants to see a byte.
class BlindObserver final : public Observer {
 public:
  void OnBytes(Direction, std::string_view, TimePoint) override {}
  void OnSkipped(Direction, uint64_t, TimePoint) override {}
  void OnClosed(Direction, CloseReason, TimePoint) override {}
  uint64_t Skippable(Direction) const override { return kEverything; }
  bool AwaitingResponse() const override { return false; }
  bool InRequestHead() const override { return false; }
};

class StorySink final : public ExchangeSink {
 public:
  void Started(const Exchange&) override {}
  void Ended(const Exchange&) override {}
  void WentOpaque(OpaqueReason) override {}
  Story story;
};

inline constexpr Protocol kLines{"lines", [](ExchangeSink& sink) -> std::unique_ptr<Observer> {
                                   return std::make_unique<LineObserver>(static_cast<StorySink&>(sink).story);
                                 }};
inline constexpr Protocol kBlind{
    "blind", [](ExchangeSink&) -> std::unique_ptr<Observer> { return std::make_unique<BlindObserver>(); }};
inline constexpr Protocol kTcp{"tcp", nullptr};

// Answers what the test says.
class FakeResolver final : public net::Resolver {
 public:
  net::Addresses Cached(const std::string&) override { return cached; }
  void Resolve(const std::string&, net::EventLoop& loop, std::function<void(net::Addresses)> done) override {
    loop.Post([this, done = std::move(done)] { done(answer); });
  }
  void Refresh(const std::string&) override { ++refreshes; }

  net::Addresses cached;
  net::Addresses answer;
  std::atomic<int> refreshes = 0;
};

// One worker; taps are added, then Start() is called.
class Harness {
 public:
  explicit Harness(Tuning tuning = {}, size_t most = 10000)
      : limit(most), worker(*Worker::Open(resolver, limit, tuning)) {}
  ~Harness() { worker->Stop(); }

  static Options To(const Address& upstream) {
    Options options;
    options.name = "api";
    options.listen = Address::Tcp("127.0.0.1", 0);
    options.upstream = upstream;
    return options;
  }
  Tap& Add(const Options& options, const Protocol& protocol = kLines) {
    auto tap = Tap::Open(options);
    EXPECT_TRUE(tap) << tap.error().message;
    taps.push_back(*std::move(tap));
    EXPECT_TRUE(worker->Add(*taps.back(), protocol, sink, Counters(families, shard, options.name)));
    return *taps.back();
  }
  void Start() { worker->Start(); }
  // The sum of a family's series whose labels contain `label`, when it has become `wanted`; else what it is.
  double Wait(const std::string& family, const std::string& label, double wanted) {
    double got = 0;
    for (int i = 0; i < 6000; ++i) {
      got = Value(family, label);
      if (got == wanted) break;
      poll(nullptr, 0, 10);
    }
    return got;
  }
  double Value(const std::string& family, const std::string& label) const {
    double sum = 0;
    const auto snapshot = registry.Collect();
    for (const auto& f : snapshot->families) {
      if (f.name != family) continue;
      for (const auto& metric : f.metrics) {
        if (metric.labels.ToString().find(label) != std::string::npos) sum += metric.value;
      }
    }
    return sum;
  }

  FakeResolver resolver;
  ConnectionLimit limit;
  StorySink sink;
  metrics::Registry registry{SystemClock(), {}};
  Families families{registry};
  metrics::Shard& shard = *registry.AddShard();
  std::vector<std::unique_ptr<Tap>> taps;
  std::unique_ptr<Worker> worker;
};

}  // namespace sidelight::tap
