#include "rules/promql/binary.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "rules/promql/grouping.h"
#include "rules/promql/operation.h"

namespace sidelight::promql {
namespace {

using Cardinality = VectorMatching::Cardinality;

// Arithmetic makes another quantity of it; comparisons without bool and trims only choose.
bool ChangesMeaning(const Binary& binary) {
  return binary.return_bool ||
         (!IsComparison(binary.op) && binary.op != BinaryOp::kTrimUpper && binary.op != BinaryOp::kTrimLower);
}

// What `bool` makes of a comparison.
Cell Truth(const Operation::Outcome& outcome) {
  if (!outcome.meant) return {};
  return {.value = outcome.held ? 1.0 : 0.0};
}

Result<Grid> Finish(Evaluation& evaluation, Grid grid) {
  if (Status distinct = evaluation.CheckDistinct(&grid); !distinct) return tl::unexpected(distinct.error());
  return grid;
}

Result<Grid> BothScalar(Evaluation& evaluation, const Binary& binary) {
  Result<Grid> left = evaluation.Eval(*binary.left);
  if (!left) return left;
  const Result<Grid> right = evaluation.Eval(*binary.right);
  if (!right) return right;
  for (size_t i = 0; i < left->steps(); ++i) {
    left->SetFloat(0, i, FloatOperation(binary.op, left->floats(0)[i], right->floats(0)[i]));
  }
  return left;
}

Result<Grid> VectorAndScalar(Evaluation& evaluation, const Binary& binary) {
  const bool vector_left = binary.left->type == ValueType::kVector;
  Result<Grid> vector = evaluation.Eval(vector_left ? *binary.left : *binary.right);
  if (!vector) return vector;
  const Result<std::vector<double>> scalar =
      evaluation.EvalScalar(vector_left ? *binary.right : *binary.left);
  if (!scalar) return tl::unexpected(scalar.error());

  const Operation operation(binary.op, binary.position, &evaluation.annotations());
  const bool changes = ChangesMeaning(binary);
  std::vector<bool> keep(vector->size());
  for (size_t row = 0; row < vector->size(); ++row) {
    for (size_t i = 0; i < vector->steps(); ++i) {
      if (!vector->Has(row, i)) continue;
      const Cell element = vector->cell(row, i);
      const Cell number{.value = (*scalar)[i]};
      const Operation::Outcome outcome =
          vector_left ? operation.Apply(element, number) : operation.Apply(number, element);
      Cell result = binary.return_bool ? Truth(outcome) : outcome.cell;
      // A comparison chooses among the vector's elements, on whichever side they are.
      if (IsComparison(binary.op) && !binary.return_bool && !result.empty()) result = element;
      keep[row] = keep[row] || !result.empty();
      vector->Set(row, i, std::move(result));
    }
    if (changes) evaluation.DropName(vector->row(row));
  }
  vector->Keep(keep);
  return Finish(evaluation, *std::move(vector));
}

// Which group each row of a grid belongs to.
std::vector<size_t> GroupsOf(const Grid& grid, GroupIndex* index) {
  std::vector<size_t> groups(grid.size());
  for (size_t row = 0; row < grid.size(); ++row) groups[row] = index->Add(grid.row(row).labels);
  return groups;
}

Result<Grid> SetOperation(Evaluation& evaluation, const Binary& binary, Grid left, Grid right) {
  const Grouping grouping(binary.matching->labels, binary.matching->on);
  GroupIndex index(grouping);
  const std::vector<size_t> left_groups = GroupsOf(left, &index);
  const std::vector<size_t> right_groups = GroupsOf(right, &index);
  const bool is_or = binary.op == BinaryOp::kOr;
  const Grid& others = is_or ? left : right;
  const std::vector<size_t>& other_groups = is_or ? left_groups : right_groups;
  Grid& chosen = is_or ? right : left;
  const std::vector<size_t>& chosen_groups = is_or ? right_groups : left_groups;
  // `and` keeps what the other side has too; `unless`, and `or` of its right side, what it has not.
  const bool wanted = binary.op == BinaryOp::kAnd;
  std::vector<char> present(index.size());
  std::vector<bool> keep(chosen.size());
  for (size_t i = 0; i < chosen.steps(); ++i) {
    std::fill(present.begin(), present.end(), 0);
    for (size_t row = 0; row < others.size(); ++row) {
      if (others.Has(row, i)) present[other_groups[row]] = 1;
    }
    for (size_t row = 0; row < chosen.size(); ++row) {
      if (!chosen.Has(row, i)) continue;
      if ((present[chosen_groups[row]] != 0) == wanted) {
        keep[row] = true;
      } else {
        chosen.Clear(row, i);
      }
    }
  }
  chosen.Keep(keep);
  if (!is_or) return left;
  left.Reserve(left.size() + right.size());
  for (size_t row = 0; row < right.size(); ++row) {
    const size_t added = left.Add(right.row(row).labels, right.row(row).drop_name);
    for (size_t i = 0; i < right.steps(); ++i) {
      if (right.Has(row, i)) left.Set(added, i, right.cell(row, i));
    }
  }
  return Finish(evaluation, std::move(left));
}

// At which steps a grid has anything at all.
std::vector<bool> StepsOf(const Grid& grid) {
  std::vector<bool> steps(grid.steps());
  for (size_t row = 0; row < grid.size(); ++row) {
    for (size_t i = 0; i < steps.size(); ++i) steps[i] = steps[i] || grid.Has(row, i);
  }
  return steps;
}

// Arithmetic and comparisons between two vectors. "Many" and "one" are sides: of one-to-one matching the left
// is the many.
class Match {
 public:
  Match(Evaluation& evaluation, const Binary& binary, Grid left, Grid right)
      : evaluation_(evaluation),
        binary_(binary),
        matching_(*binary.matching),
        swapped_(matching_.cardinality == Cardinality::kOneToMany),
        many_(swapped_ ? std::move(right) : std::move(left)),
        one_(swapped_ ? std::move(left) : std::move(right)),
        grouping_(matching_.labels, matching_.on),
        index_(grouping_),
        operation_(binary.op, binary.position, &evaluation.annotations()),
        result_(many_.steps()) {}

  Result<Grid> Run() {
    many_groups_ = GroupsOf(many_, &index_);
    one_groups_ = GroupsOf(one_, &index_);
    std::vector<size_t> one_of(index_.size());  // the row of the one side that a group has at this step
    std::vector<char> matched(index_.size());   // whether a result came of it
    // As in Prometheus, under group_right too the left fill is that of the many side.
    const std::optional<double>& fill_many = matching_.fill_left;
    const std::optional<double>& fill_one = matching_.fill_right;
    const std::vector<bool> any_many = StepsOf(many_);
    const std::vector<bool> any_one = StepsOf(one_);
    for (size_t i = 0; i < many_.steps(); ++i) {
      // Where one side has nothing there is nothing to match, and so no duplicate to complain about.
      if (!fill_many && !fill_one && !(any_many[i] && any_one[i])) continue;
      std::fill(one_of.begin(), one_of.end(), kNone);
      std::fill(matched.begin(), matched.end(), 0);
      int64_t results = 0;
      for (size_t row = 0; row < one_.size(); ++row) {
        if (!one_.Has(row, i)) continue;
        size_t& mine = one_of[one_groups_[row]];
        if (mine != kNone) return Duplicate(one_groups_[row], row, mine);
        mine = row;
      }
      std::vector<char> has_many(fill_many ? index_.size() : 0);
      for (size_t row = 0; row < many_.size(); ++row) {
        if (!many_.Has(row, i)) continue;
        const size_t group = many_groups_[row];
        if (fill_many) has_many[group] = 1;
        const size_t partner = one_of[group];
        if (partner == kNone && !fill_one) continue;
        const Cell other = partner == kNone ? Cell{.value = *fill_one} : one_.cell(partner, i);
        if (Status put = Put(i, group, row, partner, many_.cell(row, i), other, &matched, &results); !put) {
          return tl::unexpected(put.error());
        }
      }
      for (size_t group = 0; fill_many && group < one_of.size(); ++group) {
        if (one_of[group] == kNone || has_many[group] != 0) continue;
        if (Status put = Put(i, group, kNone, one_of[group], {.value = *fill_many},
                             one_.cell(one_of[group], i), &matched, &results);
            !put) {
          return tl::unexpected(put.error());
        }
      }
      if (Status held = evaluation_.Charge(results); !held) {
        return tl::unexpected(held.error());
      }
    }
    // Rows of comparisons that never held.
    std::vector<bool> keep(result_.size());
    for (size_t row = 0; row < keep.size(); ++row) keep[row] = !result_.RowIsEmpty(row);
    result_.Keep(keep);
    return Finish(evaluation_, std::move(result_));
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  Status Put(size_t step, size_t group, size_t many_row, size_t one_row, const Cell& many, const Cell& one,
             std::vector<char>* matched, int64_t* results) {
    const Operation::Outcome outcome = swapped_ ? operation_.Apply(one, many) : operation_.Apply(many, one);
    if (!outcome.meant) return {};
    // Whether the comparison holds or not: a query must not fail at some times alone.
    const bool to_one = matching_.cardinality == Cardinality::kOneToOne;
    if (to_one && std::exchange((*matched)[group], 1) != 0) {
      return Fail(
          ErrorCode::kInvalidArgument,
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
    }
    Cell cell = binary_.return_bool ? Truth(outcome) : outcome.cell;
    if (to_one && cell.empty()) return {};
    const Result<size_t> place = RowOf(group, many_row, one_row);
    if (!place) return tl::unexpected(place.error());
    const size_t row = *place;
    // Of the same group: the grouping labels do not tell the pairs apart.
    const Taken taken{step, group};
    if (taken_[row] == taken) {
      return Fail(ErrorCode::kInvalidArgument,
                  "multiple matches for labels: grouping labels must ensure unique matches");
    }
    taken_[row] = taken;
    if (cell.empty()) return {};
    // Of another group: what is left of the labels is the same.
    if (result_.Has(row, step)) {
      return Fail(ErrorCode::kInvalidArgument, "vector cannot contain metrics with the same labelset");
    }
    *results += Evaluation::Weight(cell.histogram.get());
    result_.Set(row, step, std::move(cell));
    return {};
  }

  // The row of the result that a pair goes to; a row that is filled in counts as the group's own labels.
  Result<size_t> RowOf(size_t group, size_t many_row, size_t one_row) {
    const auto [pair, unknown_pair] = pairs_.try_emplace(PairKey{many_row, one_row, group}, 0);
    if (!unknown_pair) return pair->second;
    bool drop_name = ChangesMeaning(binary_);
    Labels labels;
    if (many_row == kNone) {
      labels = grouping_.Of(one_.row(one_row).labels);
    } else {
      labels = many_.row(many_row).labels;
      drop_name = drop_name || many_.row(many_row).drop_name;
    }
    const bool delayed = evaluation_.query().options.delayed_name_removal;
    if (ChangesMeaning(binary_) && !delayed) labels = WithoutName(labels);
    if (matching_.cardinality == Cardinality::kOneToOne) {
      labels = matching_.on ? grouping_.Of(labels) : Without(labels);
    }
    for (const std::string& name : matching_.include) {
      const std::string_view value =
          one_row == kNone ? std::string_view() : one_.row(one_row).labels.Get(name);
      labels = WithLabel(labels, name, value);
      if (name == "__name__") drop_name = false;
    }
    const auto [found, added] = rows_.try_emplace(labels, result_.size());
    if (added) {
      if (Status held = evaluation_.ChargeRow(); !held) return tl::unexpected(held.error());
      result_.Add(labels, delayed && drop_name);
      taken_.emplace_back();
    }
    pair.value() = found->second;
    return found->second;
  }
  // Of ignoring(...): the name stays, as the grouping's own labels would not have it.
  Labels Without(const Labels& labels) const {
    std::vector<Label> kept;
    for (const Label label : labels) {
      if (std::find(matching_.labels.begin(), matching_.labels.end(), label.name) == matching_.labels.end()) {
        kept.push_back(label);
      }
    }
    return Labels(kept);
  }

  tl::unexpected<Error> Duplicate(size_t group, size_t row, size_t other) const {
    const Labels& a = one_.row(row).labels;
    const Labels& b = one_.row(other).labels;
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("found duplicate series for the match group {} on the {} hand-side of the operation: "
                    "[{}, {}];many-to-many matching not allowed: matching labels must be unique on one "
                    "side",
                    grouping_.Of(index_.member(group)).ToString(), swapped_ ? "left" : "right",
                    (a < b ? a : b).ToString(), (a < b ? b : a).ToString()));
  }

  struct PairKey {
    size_t many;
    size_t one;
    size_t group;
    bool operator==(const PairKey&) const = default;
  };
  struct PairHash {
    size_t operator()(const PairKey& key) const {
      return (key.many * 0x9e3779b97f4a7c15 ^ key.one) * 0x9e3779b97f4a7c15 ^ key.group;
    }
  };

  // A pair that a row of the result stands for: at which step and of which group.
  struct Taken {
    size_t step = kNone;
    size_t group = kNone;
    bool operator==(const Taken&) const = default;
  };

  Evaluation& evaluation_;
  const Binary& binary_;
  const VectorMatching& matching_;
  const bool swapped_;
  const Grid many_;
  const Grid one_;
  const Grouping grouping_;
  GroupIndex index_;
  const Operation operation_;
  Grid result_;
  std::vector<size_t> many_groups_;
  std::vector<size_t> one_groups_;
  std::vector<Taken> taken_;  // of each row of the result: by whom it was last
  tsl::robin_map<PairKey, size_t, PairHash> pairs_;
  tsl::robin_map<Labels, size_t, LabelsHash> rows_;
};

}  // namespace

Result<Grid> EvalBinary(Evaluation& evaluation, const Binary& binary) {
  const bool vector_left = binary.left->type == ValueType::kVector;
  const bool vector_right = binary.right->type == ValueType::kVector;
  if (!vector_left && !vector_right) return BothScalar(evaluation, binary);
  if (!vector_left || !vector_right) return VectorAndScalar(evaluation, binary);
  Result<Grid> left = evaluation.Eval(*binary.left);
  if (!left) return left;
  Result<Grid> right = evaluation.Eval(*binary.right);
  if (!right) return right;
  if (IsSetOperator(binary.op)) return SetOperation(evaluation, binary, *std::move(left), *std::move(right));
  return Match(evaluation, binary, *std::move(left), *std::move(right)).Run();
}

}  // namespace sidelight::promql
