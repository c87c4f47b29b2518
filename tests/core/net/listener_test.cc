#include "core/net/listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "tests/core/net/test_socket.h"

namespace sidelight::net {
namespace {

using std::chrono::milliseconds;

Address Loopback() {
  return Address::Tcp("127.0.0.1", 0);
}

// A folder of its own for unix sockets.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sidelight-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Address Socket() const { return Address::Unix((path_ / "tap.sock").string()); }

 private:
  std::filesystem::path path_;
};

struct Accepted final : Acceptor::Handler {
  void OnAccept(int fd) override { sockets.emplace_back(fd); }
  void OnNoDescriptor() override { ++refused; }
  std::vector<TestSocket> sockets;
  int refused = 0;
};

bool RunUntil(EventLoop& loop, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop.RunOnce(milliseconds(50));
  }
  return true;
}

TEST(Listener, AcceptsOverEveryFamily) {
  const Folder folder;
  auto loop = *EventLoop::Open();
  std::vector<Address> addresses = {Loopback(), folder.Socket(), Address::Tcp("localhost", 0)};
  if (HasIpv6()) addresses.push_back(Address::Tcp("::1", 0));
  for (const Address& address : addresses) {
    auto listener = Listener::Open(address);
    ASSERT_TRUE(listener) << listener.error().message;
    Accepted accepted;
    Acceptor acceptor(**listener, *loop, accepted);
    ASSERT_TRUE(acceptor.Start());
    TestSocket client = TestSocket::Connect((*listener)->bound());
    ASSERT_GE(client.fd(), 0) << address.ToString();
    EXPECT_TRUE(RunUntil(*loop, [&] { return accepted.sockets.size() == 1; })) << address.ToString();
  }
}

TEST(Listener, EveryAddressOfIpv6IncludesIpv4) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  auto listener = Listener::Open(*Address::Parse("[::]:0"));
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_GE(TestSocket::Connect(Address::Tcp("127.0.0.1", (*listener)->bound().port())).fd(), 0);
  EXPECT_GE(TestSocket::Connect(Address::Tcp("::1", (*listener)->bound().port())).fd(), 0);
}

TEST(Listener, APortInUseIsAnErrorThatSaysWhatToDo) {
  auto first = *Listener::Open(Loopback());
  const auto second = Listener::Open(first->bound());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on " + first->bound().ToString() +
                                        ": the address is already in use; stop the process that holds it, or "
                                        "choose another one");
}

TEST(Listener, SaysWhyItCannotListen) {
  const std::pair<std::string, std::string_view> kCases[] = {
      {"192.0.2.1:0", "no interface of this machine has that address"},
      {"no-such-name.invalid:80", "the name did not resolve"},
      {"unix:/no/such/folder/tap.sock", "the folder of the socket does not exist"},
  };
  for (const auto& [text, wanted] : kCases) {
    const auto got = Listener::Open(*Address::Parse(text));
    ASSERT_FALSE(got) << text;
    EXPECT_NE(got.error().message.find(wanted), std::string::npos) << text << "\ngot " << got.error().message;
    EXPECT_NE(got.error().message.find(text), std::string::npos) << got.error().message;
  }
}

TEST(Listener, ReplacesAStaleUnixSocketOnly) {
  const Folder folder;
  const Address address = folder.Socket();
  { TestSocket stale = TestSocket::Listen(address); }  // closed, and its file left behind
  ASSERT_TRUE(std::filesystem::exists(address.path()));
  {
    auto listener = Listener::Open(address);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(std::filesystem::status(address.path()).permissions(), std::filesystem::perms(0666));
    const auto second = Listener::Open(address);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("already in use"), std::string::npos) << second.error().message;
    EXPECT_GE(TestSocket::Connect(address).fd(), 0);
  }
  EXPECT_FALSE(std::filesystem::exists(address.path()));
  // A file that is no socket is somebody's file.
  fclose(fopen(address.path().c_str(), "w"));
  const auto refused = Listener::Open(address);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("it is no socket; remove it"), std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(std::filesystem::exists(address.path()));
}

TEST(Acceptor, WithoutDescriptorsItResetsAndGoesOn) {
  auto loop = *EventLoop::Open();
  auto listener = *Listener::Open(Loopback());
  Accepted accepted;
  Acceptor acceptor(*listener, *loop, accepted);
  ASSERT_TRUE(acceptor.Start());
  TestSocket first = TestSocket::Connect(listener->bound());
  TestSocket second = TestSocket::Connect(listener->bound());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;  // what is open stays open
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  loop->RunOnce(milliseconds(1000));
  EXPECT_TRUE(accepted.sockets.empty());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  // After the pause it accepts again.
  EXPECT_TRUE(RunUntil(*loop, [&] { return !accepted.sockets.empty(); }));
}

TEST(Acceptor, TheReserveDescriptorResetsWhoCannotBeServed) {
  auto loop = *EventLoop::Open();
  auto listener = *Listener::Open(Loopback());
  Accepted accepted;
  Acceptor acceptor(*listener, *loop, accepted);
  ASSERT_TRUE(acceptor.Start());
  TestSocket client = TestSocket::Connect(listener->bound());
  // Every descriptor below the limit is in use, the reserve among them.
  std::vector<TestSocket> fillers;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(client.fd()) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int fd; (fd = dup(client.fd())) >= 0;) fillers.emplace_back(fd);
  loop->RunOnce(milliseconds(1000));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  fillers.clear();
  EXPECT_EQ(accepted.refused, 1);
  EXPECT_EQ(client.End(), "reset");
  TestSocket next = TestSocket::Connect(listener->bound());
  EXPECT_TRUE(RunUntil(*loop, [&] { return accepted.sockets.size() == 1; }));
}

TEST(RaiseFileLimit, ReachesTheHardLimit) {
  const uint64_t limit = RaiseFileLimit();
  rlimit now{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(limit, now.rlim_max);
  EXPECT_EQ(now.rlim_cur, now.rlim_max);
}

}  // namespace
}  // namespace sidelight::net
