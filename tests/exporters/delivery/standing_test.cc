#include "exporters/delivery/standing.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"

namespace sidelight::delivery {
namespace {

using namespace std::chrono_literals;
using Event = Standing::Event;

const char* Word(std::optional<Standing::Line> line) {
  if (!line) return "";
  switch (*line) {
    case Standing::Line::kFailing:
      return "failing";
    case Standing::Line::kRefusing:
      return "refusing";
    case Standing::Line::kPartly:
      return "partly";
    case Standing::Line::kDelivering:
      return "delivering";
  }
  return "?";
}

TEST(StandingTest, OneLinePerChange) {
  struct Step {
    Duration after;
    Event event;
    std::string line;
    bool failing;
  };
  const std::vector<Step> steps = {
      {0s, Event::kDelivered, "", false},
      {5s, Event::kFailed, "failing", true},
      {5s, Event::kFailed, "", true},
      {1h, Event::kRefused, "", true},
      {5s, Event::kDelivered, "delivering", false},
      {5s, Event::kDelivered, "", false},
      {5s, Event::kRefused, "refusing", true},
      {5s, Event::kDelivered, "delivering", false},
      // It comes and goes: a pair of lines a minute.
      {5s, Event::kFailed, "", true},
      {5s, Event::kDelivered, "", false},
      {5s, Event::kFailed, "", true},
      {5s, Event::kDelivered, "", false},
      {20s, Event::kFailed, "", true},
      {40s, Event::kFailed, "failing", true},
      {1s, Event::kPartly, "delivering", false},
      {1s, Event::kPartly, "partly", false},
      {9min, Event::kPartly, "", false},
      {1min, Event::kPartly, "partly", false},
      {1min, Event::kDelivered, "", false},
  };
  FakeClock clock;
  Standing standing;
  for (size_t i = 0; i < steps.size(); ++i) {
    clock.Advance(steps[i].after);
    const auto line =
        standing.Told(steps[i].event, "problem " + std::to_string(i), clock.Now(), clock.UnixNow());
    EXPECT_EQ(Word(line), steps[i].line) << "step " << i;
    EXPECT_EQ(standing.failing(), steps[i].failing) << "step " << i;
    if (i == 3) {
      EXPECT_EQ(standing.problem(), "problem 1") << "the first one";
      EXPECT_EQ(standing.since(), 1'700'000'006'000);
    }
    if (i == 4) {
      EXPECT_EQ(standing.lasted(), 1h + 10s);
      EXPECT_EQ(standing.problem(), "");
    }
  }
}

}  // namespace
}  // namespace sidelight::delivery
