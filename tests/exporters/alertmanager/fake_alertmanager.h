// Alertmanagers that behave, and those that do not, in the test's own process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/http/server.h"
#include "core/http/url.h"
#include "core/model/labels.h"
#include "core/net/listener.h"

namespace sidelight::alertmanager {

// Waits until `condition` holds, for at most `seconds`; whether it does.
bool Eventually(const std::function<bool()>& condition, double seconds = 60);

// Keeps what it is posted, and answers `status`.
class FakeAlertmanager {
 public:
  FakeAlertmanager();

  http::Url url() const;
  std::string endpoint() const;
  size_t connections() const { return server_->connections(); }  // that are open
  void Answer(int status, std::string body = "");
  // Requests are answered only after Release().
  void Hold();
  void Release();

  // Batch by batch, the alertname of each alert.
  std::vector<std::vector<std::string>> Batches() const;
  // The same without the borders of batches.
  std::vector<std::string> Names() const;
  // Labels of all alerts, {a="1", b="2"}.
  std::vector<std::string> LabelTexts() const;
  std::vector<http::Request> Requests() const;
  bool AwaitAlerts(size_t n) const;
  // Until a request is being answered or held.
  bool AwaitRequests(size_t n) const;

 private:
  http::Response Take(const http::Request& request);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<http::Request> requests_;
  int status_ = 200;
  std::string body_;
  bool held_ = false;
  std::unique_ptr<http::Server> server_;  // its threads use what is above
};

// Accepts connections and gives them these bytes, or just closes them.
class RudeServer {
 public:
  explicit RudeServer(std::string answer);
  ~RudeServer();

  http::Url url() const;
  int connections() const { return connections_; }

 private:
  const std::string answer_;
  std::unique_ptr<net::Listener> listener_;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

// Connections are made, by the kernel, and nobody reads them.
class SilentServer {
 public:
  SilentServer();
  http::Url url() const;

 private:
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace sidelight::alertmanager
