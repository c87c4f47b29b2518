#include "tests/exporters/prometheus/fake_receiver.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace sidelight::remote_write {

std::string Received::Header(const std::string& name) const {
  for (size_t begin = head.find("\r\n"); begin != std::string::npos; begin = head.find("\r\n", begin + 2)) {
    const std::string line = head.substr(begin + 2, head.find("\r\n", begin + 2) - begin - 2);
    const size_t colon = line.find(':');
    if (colon == std::string::npos || !http::EqualsIgnoringCase(line.substr(0, colon), name)) continue;
    return line.substr(line.find_first_not_of(' ', colon + 1));
  }
  return "";
}

FakeReceiver::FakeReceiver() {
  Set(Answer{});
  auto listener = net::Listener::Open(net::Address::Tcp("127.0.0.1", 0));
  EXPECT_TRUE(listener);
  listener_ = *std::move(listener);
  thread_ = std::thread([this] { Run(); });
}

FakeReceiver::~FakeReceiver() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  thread_.join();
}

std::string FakeReceiver::url() const {
  return fmt::format("http://{}/api/v1/write", listener_->bound().ToString());
}

void FakeReceiver::Set(Answer answer) {
  Set([answer](const Received&, size_t) { return answer; });
}

void FakeReceiver::Set(std::function<Answer(const Received&, size_t)> answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
}

std::vector<Received> FakeReceiver::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

bool FakeReceiver::Await(size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return requests_.size() >= count; });
}

void FakeReceiver::Run() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    pollfd entry{.fd = listener_->fd(), .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 20) <= 0) continue;
    const int fd = ::accept(listener_->fd(), nullptr, nullptr);
    if (fd < 0) continue;
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Serve(fd);
    ::close(fd);
  }
}

void FakeReceiver::Serve(int fd) {
  std::string bytes;
  size_t head = std::string::npos;
  size_t length = 0;
  Received request;
  while (head == std::string::npos || bytes.size() < head + length) {
    char buffer[16 * 1024];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return;
    bytes.append(buffer, static_cast<size_t>(n));
    if (head != std::string::npos || bytes.find("\r\n\r\n") == std::string::npos) continue;
    head = bytes.find("\r\n\r\n") + 4;
    request.head = bytes.substr(0, head);
    length = std::strtoul(request.Header("Content-Length").c_str(), nullptr, 10);
  }
  request.body = bytes.substr(head);
  std::function<Answer(const Received&, size_t)> decide;
  size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = requests_.size();
    requests_.push_back(request);
    decide = answer_;
  }
  const Answer answer = decide(request, number);
  if (!answer.hang_up) {
    std::string text = fmt::format("HTTP/1.1 {} Some Reason\r\nConnection: close\r\n", answer.status);
    for (const auto& [name, value] : answer.headers) text += fmt::format("{}: {}\r\n", name, value);
    if (answer.status != 204) text += fmt::format("Content-Length: {}\r\n", answer.body.size());
    text += "\r\n" + answer.body;
    (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }
  changed_.notify_all();
}

}  // namespace sidelight::remote_write
