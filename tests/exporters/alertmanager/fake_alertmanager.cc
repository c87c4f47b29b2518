#include "tests/exporters/alertmanager/fake_alertmanager.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

namespace sidelight::alertmanager {
namespace {

http::Url UrlOf(const net::Address& address) {
  const Result<http::Url> url = http::Url::Parse("http://" + address.ToString());
  EXPECT_TRUE(url);
  return *url;
}

std::unique_ptr<net::Listener> Listen() {
  auto listener = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
  EXPECT_TRUE(listener);
  return *std::move(listener);
}

nlohmann::json AlertsIn(const http::Request& request) {
  return nlohmann::json::parse(request.body);
}

}  // namespace

bool Eventually(const std::function<bool()>& condition, double seconds) {
  const TimePoint deadline =
      SystemClock().Now() + std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  while (!condition()) {
    if (SystemClock().Now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

FakeAlertmanager::FakeAlertmanager() {
  auto server =
      http::Server::Start({.listen = net::Address::Tcp("127.0.0.1", 0),
                           .error_page =
                               [](const http::Request&, const http::Failure& failure) {
                                 return http::Response{.status = failure.status, .body = failure.message};
                               }},
                          [this](const http::Request& request) { return Take(request); });
  EXPECT_TRUE(server);
  server_ = *std::move(server);
}

http::Url FakeAlertmanager::url() const {
  return UrlOf(server_->address());
}

std::string FakeAlertmanager::endpoint() const {
  return "http://" + server_->address().ToString() + "/api/v2/alerts";
}

void FakeAlertmanager::Answer(int status, std::string body) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  body_ = std::move(body);
}

void FakeAlertmanager::Hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void FakeAlertmanager::Release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  changed_.notify_all();
}

http::Response FakeAlertmanager::Take(const http::Request& request) {
  std::unique_lock lock(mutex_);
  requests_.push_back(request);
  requests_.back().client = nullptr;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !held_; });
  return {.status = status_, .content_type = "application/json", .body = body_};
}

std::vector<http::Request> FakeAlertmanager::Requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::vector<std::string>> FakeAlertmanager::Batches() const {
  std::vector<std::vector<std::string>> batches;
  for (const http::Request& request : Requests()) {
    auto& batch = batches.emplace_back();
    for (const auto& alert : AlertsIn(request)) batch.push_back(alert["labels"]["alertname"]);
  }
  return batches;
}

std::vector<std::string> FakeAlertmanager::Names() const {
  std::vector<std::string> names;
  for (const auto& batch : Batches()) names.insert(names.end(), batch.begin(), batch.end());
  return names;
}

std::vector<std::string> FakeAlertmanager::LabelTexts() const {
  std::vector<std::string> texts;
  for (const http::Request& request : Requests()) {
    for (const auto& alert : AlertsIn(request)) {
      const auto map = alert["labels"].get<std::map<std::string, std::string>>();
      std::vector<Label> labels;
      for (const auto& [name, value] : map) labels.push_back({name, value});
      texts.push_back(Labels(labels).ToString());
    }
  }
  return texts;
}

bool FakeAlertmanager::AwaitAlerts(size_t n) const {
  return Eventually([&] { return Names().size() >= n; });
}

bool FakeAlertmanager::AwaitRequests(size_t n) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return requests_.size() >= n; });
}

RudeServer::RudeServer(std::string answer) : answer_(std::move(answer)), listener_(Listen()) {
  thread_ = std::thread([this] {
    while (!stop_) {
      pollfd entry{.fd = listener_->fd(), .events = POLLIN, .revents = 0};
      if (::poll(&entry, 1, 20) <= 0) continue;
      const int fd = ::accept(listener_->fd(), nullptr, nullptr);
      if (fd < 0) continue;
      ++connections_;
      const timeval patience{.tv_sec = 1, .tv_usec = 0};
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      (void)!::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      ::close(fd);
    }
  });
}

RudeServer::~RudeServer() {
  stop_ = true;
  thread_.join();
}

http::Url RudeServer::url() const {
  return UrlOf(listener_->bound());
}

SilentServer::SilentServer() : listener_(Listen()) {}

http::Url SilentServer::url() const {
  return UrlOf(listener_->bound());
}

}  // namespace sidelight::alertmanager
