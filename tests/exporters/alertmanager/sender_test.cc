// The sender against Alertmanagers that behave, and those that do not.
#include "exporters/alertmanager/sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/exporters/alertmanager/alerts.h"
#include "tests/exporters/alertmanager/fake_alertmanager.h"

namespace sidelight::alertmanager {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using Names = std::vector<std::string>;

class SenderTest : public testing::Test {
 protected:
  void Start(Settings settings) {
    auto started = Sender::Start(std::move(settings), self_);
    ASSERT_TRUE(started) << started.error().message;
    sender_ = *std::move(started);
  }

  void Renew(Settings settings) {
    const auto take = sender_->Prepare(std::move(settings));
    ASSERT_TRUE(take) << take.error().message;
    (*take)();
  }

  // The value of one of our metrics; the sum over the labels that are not given.
  double Metric(const std::string& name, const Labels& labels = {}) {
    double sum = 0;
    for (const MetricFamily& family : self_.Collect()) {
      for (const auto& metric : family.metrics) {
        if (family.name != "sidelight_notifications_" + name) continue;
        bool matches = true;
        for (const Label label : labels) matches = matches && metric.labels.Get(label.name) == label.value;
        if (matches) sum += metric.value;
      }
    }
    return sum;
  }
  double Dropped(std::string_view reason) { return Metric("dropped_total", {{"reason", reason}}); }
  bool AwaitMetric(const std::string& name, double value, const Labels& labels = {}) {
    return Eventually([&] { return Metric(name, labels) >= value; });
  }

  metrics::Self self_;
  std::unique_ptr<Sender> sender_;
};

TEST_F(SenderTest, EveryAlertmanagerGetsEverything) {
  FakeAlertmanager a, b;
  Start({.alertmanagers = {{.url = a.url()}, {.url = b.url()}}});
  EXPECT_EQ(sender_->Urls(), (Names{a.endpoint(), b.endpoint()}));
  sender_->Send(AlertsNamed({"1", "2"}));
  sender_->Send(AlertsNamed({"3"}));
  for (const FakeAlertmanager* one : {&a, &b}) {
    ASSERT_TRUE(one->AwaitAlerts(3));
    EXPECT_EQ(one->Names(), (Names{"1", "2", "3"}));
    EXPECT_TRUE(AwaitMetric("sent_total", 3, {{"alertmanager", one->endpoint()}}));
    EXPECT_EQ(Metric("errors_total", {{"alertmanager", one->endpoint()}}), 0);
    EXPECT_GT(Metric("latency_seconds_total", {{"alertmanager", one->endpoint()}}), 0);
  }
  const http::Request request = a.Requests().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/api/v2/alerts");
  EXPECT_EQ(request.Header("Content-Type"), "application/json");
  EXPECT_EQ(request.Header("User-Agent"), "sidelight");
  EXPECT_EQ(Metric("queue_capacity"), 10'000);
  EXPECT_EQ(Metric("alertmanagers_discovered"), 2);
  EXPECT_EQ(Metric("dropped_total"), 0);
}

TEST_F(SenderTest, NoneAtAll) {
  Start({});
  sender_->Send(AlertsNamed({"1"}));
  EXPECT_TRUE(sender_->Urls().empty());
  EXPECT_EQ(Metric("alertmanagers_discovered"), 0);
  sender_.reset();
  EXPECT_EQ(Metric("dropped_total"), 0);
}

TEST_F(SenderTest, SendsInBatches) {
  FakeAlertmanager a;
  a.Hold();
  Start({.alertmanagers = {{.url = a.url()}}, .max_batch = 4});
  sender_->Send(AlertsNamed({"first"}));
  ASSERT_TRUE(a.AwaitRequests(1));
  sender_->Send(AlertsNamed(Numbers(0, 10)));
  EXPECT_EQ(Metric("queue_length"), 10);
  a.Release();
  ASSERT_TRUE(a.AwaitAlerts(11));
  EXPECT_THAT(a.Batches(), ElementsAre(Names{"first"}, Numbers(0, 4), Numbers(4, 8), Numbers(8, 10)));
  EXPECT_TRUE(AwaitMetric("batches_total", 4));
  EXPECT_EQ(Metric("queue_length"), 0);
}

TEST_F(SenderTest, BatchesAreOf256) {
  FakeAlertmanager a;
  Start({.alertmanagers = {{.url = a.url()}}});
  sender_->Send(AlertsNamed(Numbers(0, 1000)));
  ASSERT_TRUE(a.AwaitAlerts(1000));
  EXPECT_THAT(a.Batches(),
              ElementsAre(Numbers(0, 256), Numbers(256, 512), Numbers(512, 768), Numbers(768, 1000)));
}

TEST_F(SenderTest, AFullQueueDropsTheOldest) {
  FakeAlertmanager a;
  a.Hold();
  Start({.alertmanagers = {{.url = a.url()}}, .queue_capacity = 5});
  sender_->Send(AlertsNamed({"under way"}));
  ASSERT_TRUE(a.AwaitRequests(1));
  sender_->Send(AlertsNamed(Numbers(0, 4)));
  sender_->Send(AlertsNamed(Numbers(4, 8)));
  EXPECT_EQ(Dropped("overflow"), 3);
  EXPECT_EQ(Metric("queue_length"), 5);
  a.Release();
  ASSERT_TRUE(a.AwaitAlerts(6));
  EXPECT_THAT(a.Batches(), ElementsAre(Names{"under way"}, Numbers(3, 8)));
}

TEST_F(SenderTest, ExternalLabelsThenAllThenOwnRules) {
  FakeAlertmanager a, b;
  const auto own = RulesFrom(R"(
- {action: keep, source_labels: [where], regex: pod-0/shop}
- {action: labeldrop, regex: where}
)");
  const auto of_all = RulesFrom(R"(
- {source_labels: [pod, service], separator: /, target_label: where}
- {action: drop, source_labels: [severity], regex: none}
)");
  Start({.alertmanagers = {{.url = a.url()}, {.url = b.url(), .alert_relabel_configs = own}},
         .alert_relabel_configs = of_all,
         .external_labels = {{"pod", "pod-0"}, {"service", "shop"}}});
  sender_->Send(
      {AlertNamed("1"), AlertNamed("2", {{"pod", "own"}}), AlertNamed("3", {{"severity", "none"}})});
  ASSERT_TRUE(a.AwaitAlerts(2));
  ASSERT_TRUE(b.AwaitAlerts(1));
  EXPECT_THAT(a.LabelTexts(),
              ElementsAre(R"({alertname="1", pod="pod-0", service="shop", where="pod-0/shop"})",
                          R"({alertname="2", pod="own", service="shop", where="own/shop"})"));
  EXPECT_THAT(b.LabelTexts(), ElementsAre(R"({alertname="1", pod="pod-0", service="shop"})"));
  EXPECT_TRUE(AwaitMetric("dropped_total", 2, {{"reason", "relabelled"}}));
  EXPECT_EQ(Metric("sent_total", {{"alertmanager", b.endpoint()}}), 1);

  // A batch of which nothing is left is no request.
  sender_->Send({AlertNamed("4", {{"pod", "own"}})});
  ASSERT_TRUE(a.AwaitAlerts(3));
  EXPECT_TRUE(AwaitMetric("dropped_total", 3, {{"reason", "relabelled"}}));
  EXPECT_EQ(b.Requests().size(), 1u);
}

TEST_F(SenderTest, AFailedBatchIsDroppedAndTheNextOneSent) {
  FakeAlertmanager a;
  a.Answer(500, "no");
  Start({.alertmanagers = {{.url = a.url()}}});
  testing::internal::CaptureStderr();
  sender_->Send(AlertsNamed({"1", "2"}));
  ASSERT_TRUE(AwaitMetric("errors_total", 2));
  sender_->Send(AlertsNamed({"3"}));
  ASSERT_TRUE(AwaitMetric("errors_total", 3));
  a.Answer(202);
  sender_->Send(AlertsNamed({"4"}));
  ASSERT_TRUE(AwaitMetric("sent_total", 4));
  sender_->Send(AlertsNamed({"5"}));
  ASSERT_TRUE(AwaitMetric("sent_total", 5));
  EXPECT_EQ(Metric("errors_total"), 3);
  EXPECT_EQ(Dropped("failed"), 3);
  EXPECT_EQ(a.Names(), (Names{"1", "2", "3", "4", "5"}));
  sender_.reset();
  const std::string log = testing::internal::GetCapturedStderr();
  const std::string where = "\"alertmanager\":\"" + a.endpoint() + "\"";
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_THAT(log, testing::ContainsRegex("the Alertmanager does not take alerts.*it answered 500.*\n"
                                          ".*the Alertmanager takes alerts again"));
  EXPECT_THAT(log, testing::HasSubstr(where));
}

struct Trouble {
  const char* name;
  std::string answer;
};
void PrintTo(const Trouble& trouble, std::ostream* out) {
  *out << trouble.name;
}

class TroubleTest : public SenderTest, public testing::WithParamInterface<Trouble> {};

TEST_P(TroubleTest, CostsOnlyItsOwnAlerts) {
  RudeServer rude(GetParam().answer);
  FakeAlertmanager good;
  Start({.alertmanagers = {{.url = rude.url()}, {.url = good.url()}}});
  sender_->Send(AlertsNamed({"1"}));
  EXPECT_TRUE(good.AwaitAlerts(1));
  EXPECT_TRUE(AwaitMetric("errors_total", 1));
  sender_->Send(AlertsNamed({"2"}));
  EXPECT_TRUE(good.AwaitAlerts(2));
  EXPECT_TRUE(AwaitMetric("errors_total", 2));
  EXPECT_EQ(Dropped("failed"), 2);
  EXPECT_EQ(Metric("errors_total", {{"alertmanager", good.endpoint()}}), 0);
}

INSTANTIATE_TEST_SUITE_P(
    , TroubleTest,
    testing::Values(Trouble{"ClosesAtOnce", ""}, Trouble{"Garbage", std::string(1000, '\xfe')},
                    Trouble{"HalfAHead", "HTTP/1.1 200 OK\r\nContent-Le"},
                    Trouble{"HalfABody", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
                    Trouble{"AHugeBody", "HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, 'x')},
                    Trouble{"AHugeHead", "HTTP/1.1 200 OK\r\nA: " + std::string(1 << 20, 'x')},
                    Trouble{"ARedirect", "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"}),
    [](const auto& trouble) { return trouble.param.name; });

TEST_F(SenderTest, OneThatHangsHoldsUpNobody) {
  SilentServer silent;
  SilentServer short_of_time;
  FakeAlertmanager good;
  Start({.alertmanagers = {{.url = silent.url(), .timeout = std::chrono::hours(1)},
                           {.url = short_of_time.url(), .timeout = milliseconds(300)},
                           {.url = good.url()}}});
  for (int i = 0; i < 100; ++i) sender_->Send(AlertsNamed({std::to_string(i)}));
  EXPECT_TRUE(good.AwaitAlerts(100));
  EXPECT_EQ(good.Names(), Numbers(0, 100));
  EXPECT_TRUE(AwaitMetric("errors_total", 1)) << "its timeout ends a request";
}

TEST_F(SenderTest, NobodyListens) {
  auto gone = std::make_unique<SilentServer>();
  const http::Url url = gone->url();
  gone.reset();
  Start({.alertmanagers = {{.url = url}}});
  sender_->Send(AlertsNamed({"1"}));
  EXPECT_TRUE(AwaitMetric("errors_total", 1));
}

TEST_F(SenderTest, TheEndSendsWhatIsQueued) {
  FakeAlertmanager a;
  a.Hold();
  Start({.alertmanagers = {{.url = a.url()}}});
  sender_->Send(AlertsNamed({"1"}));
  ASSERT_TRUE(a.AwaitRequests(1));
  sender_->Send(AlertsNamed({"2", "3"}));
  a.Release();
  sender_.reset();
  EXPECT_EQ(a.Names(), (Names{"1", "2", "3"}));
  EXPECT_EQ(Metric("dropped_total"), 0);
}

TEST_F(SenderTest, TheEndDoesNotWaitForOneThatHangs) {
  SilentServer silent;
  Start({.alertmanagers = {{.url = silent.url(), .timeout = std::chrono::hours(1)}}});
  sender_->Send(AlertsNamed({"1", "2"}));
  ASSERT_TRUE(Eventually([&] { return Metric("queue_length") == 0; }));
  sender_->Send(AlertsNamed({"3"}));
  const TimePoint start = SystemClock().Now();
  sender_.reset();
  EXPECT_LT(SystemClock().Now() - start, std::chrono::minutes(1));
  EXPECT_EQ(Dropped("stopped"), 3);
  EXPECT_EQ(Metric("queue_length"), 0);
}

TEST_F(SenderTest, NewSettingsKeepTheQueuesOfThoseThatStay) {
  FakeAlertmanager stays, goes, comes;
  stays.Hold();
  goes.Hold();
  Start({.alertmanagers = {{.url = stays.url()}, {.url = goes.url()}}});
  sender_->Send(AlertsNamed({"1"}));
  ASSERT_TRUE(stays.AwaitRequests(1));
  ASSERT_TRUE(goes.AwaitRequests(1));
  sender_->Send(AlertsNamed({"2", "3", "4"}));

  Renew({.alertmanagers = {{.url = stays.url()}, {.url = comes.url()}}, .max_batch = 2});
  EXPECT_EQ(sender_->Urls(), (Names{stays.endpoint(), comes.endpoint()}));
  EXPECT_EQ(Metric("alertmanagers_discovered"), 2);
  EXPECT_EQ(Dropped("stopped"), 4) << "of the one that goes";
  sender_->Send(AlertsNamed({"5"}));
  stays.Release();
  goes.Release();
  ASSERT_TRUE(stays.AwaitAlerts(5));
  ASSERT_TRUE(comes.AwaitAlerts(1));
  EXPECT_THAT(stays.Batches(), ElementsAre(Names{"1"}, Names{"2", "3"}, Names{"4", "5"}));
  EXPECT_EQ(comes.Names(), (Names{"5"}));
  EXPECT_EQ(goes.Names(), (Names{"1"}));
}

TEST_F(SenderTest, AConnectionThatIsNotUsedIsClosed) {
  FakeAlertmanager a;
  Start({.alertmanagers = {{.url = a.url()}}, .idle_limit = milliseconds(50)});
  for (size_t i = 1; i <= 2; ++i) {
    sender_->Send(AlertsNamed({std::to_string(i)}));
    ASSERT_TRUE(a.AwaitAlerts(i));
    EXPECT_TRUE(Eventually([&] { return a.connections() == 0; }));
  }
  EXPECT_EQ(Metric("errors_total"), 0);
}

TEST_F(SenderTest, NewSettingsAreANewConnection) {
  FakeAlertmanager a;
  const auto settings = [&](std::string token) {
    return Settings{
        .alertmanagers = {
            {.url = a.url(),
             .client = {.authorization = {{.credentials = {.value = Secret(std::move(token))}}}}}}};
  };
  Start(settings("old"));
  sender_->Send(AlertsNamed({"1"}));
  ASSERT_TRUE(a.AwaitAlerts(1));
  Renew(settings("new"));
  sender_->Send(AlertsNamed({"2"}));
  ASSERT_TRUE(a.AwaitAlerts(2));
  EXPECT_EQ(a.Requests()[0].Header("Authorization"), "Bearer old");
  EXPECT_EQ(a.Requests()[1].Header("Authorization"), "Bearer new");
}

TEST_F(SenderTest, NewSettingsThatAreNotTakenChangeNothing) {
  FakeAlertmanager stays, comes;
  Start({.alertmanagers = {{.url = stays.url()}}});
  {
    const auto take = sender_->Prepare({.alertmanagers = {{.url = comes.url()}}, .queue_capacity = 1});
    ASSERT_TRUE(take) << take.error().message;
    EXPECT_EQ(sender_->Urls(), (Names{stays.endpoint()}));
  }
  EXPECT_EQ(sender_->Urls(), (Names{stays.endpoint()}));
  sender_->Send(AlertsNamed({"1", "2"}));
  ASSERT_TRUE(stays.AwaitAlerts(2));
  EXPECT_EQ(comes.Names(), Names());
  EXPECT_EQ(Dropped("overflow"), 0);
}

TEST_F(SenderTest, ManyThreadsAtOnce) {
  FakeAlertmanager a, b;
  Start({.alertmanagers = {{.url = a.url()}, {.url = b.url()}}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) sender_->Send(AlertsNamed({"x", "y"}));
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 50; ++i) {
      Renew({.alertmanagers = {{.url = a.url()}, {.url = b.url()}}, .max_batch = 7});
      EXPECT_EQ(sender_->Urls().size(), 2u);
      Metric("queue_length");
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(a.AwaitAlerts(300));
  EXPECT_TRUE(b.AwaitAlerts(300));
  sender_.reset();
  EXPECT_EQ(Metric("dropped_total"), 0);
}

}  // namespace
}  // namespace sidelight::alertmanager
