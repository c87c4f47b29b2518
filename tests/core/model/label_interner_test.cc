#include "core/model/label_interner.h"

#include <gtest/gtest.h>

namespace sidelight {
namespace {

TEST(LabelInterner, GivesEqualLabelsTheSameBytes) {
  LabelInterner interner;
  const Labels first = interner.Intern(Labels{{"a", "1"}});
  const Labels second = interner.Intern(Labels{{"a", "1"}});
  EXPECT_EQ(first[0].name.data(), second[0].name.data());
  EXPECT_EQ(first.use_count(), 3u) << "two of ours and the interner's";
  const Labels other = interner.Intern(Labels{{"a", "2"}});
  EXPECT_NE(first, other);
  EXPECT_EQ(interner.size(), 2u);
  EXPECT_TRUE(interner.Intern({}).empty());
}

TEST(LabelInterner, PurgeForgetsExactlyWhatNobodyHolds) {
  LabelInterner interner;
  std::vector<Labels> held;
  for (int i = 0; i < 1000; ++i) {
    Labels labels = interner.Intern(Labels{{"n", std::to_string(i)}});
    if (i % 3 == 0) held.push_back(std::move(labels));
  }
  ASSERT_EQ(interner.size(), 1000u);
  interner.Purge();
  EXPECT_EQ(interner.size(), held.size());
  for (const Labels& labels : held) {
    EXPECT_EQ(interner.Intern(Labels{{"n", labels.Get("n")}})[0].name.data(), labels[0].name.data())
        << labels.ToString();
  }
  EXPECT_EQ(interner.size(), held.size());
  held.clear();
  interner.Purge();
  EXPECT_EQ(interner.size(), 0u);
}

}  // namespace
}  // namespace sidelight
