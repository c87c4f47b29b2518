// The part of SummaryReader that knows SQL's words: what each of them says of the tables to come.
#include "collector/protocols/postgres/summary.h"

namespace sidelight::postgres {

void SummaryReader::FirstWord(Keyword keyword) {
  first_ = keyword;
  ignored_ = !HasTables(keyword);
  switch (keyword) {
    case Keyword::kWith:
      return LaterWord(keyword);
    case Keyword::kSelect:
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kMerge:
    case Keyword::kValues:
      return BeginQuery(keyword);
    default:
      break;
  }
  // An unknown word is reported as _OTHER, and may be anything: it is not shown.
  operation_ = keyword < Keyword::kWith ? keyword : Keyword::kNone;
  if (operation_ == Keyword::kNone) {
    ignored_ = true;
    return;
  }
  text_.AddOperation(OperationName(keyword), InWithQuery());
  switch (keyword) {
    case Keyword::kAnalyze:
    case Keyword::kLock:
    case Keyword::kTruncate:
    case Keyword::kVacuum:
      return ExpectName(Expect::kTarget, true);
    case Keyword::kCluster:
    case Keyword::kCopy:
    case Keyword::kTable:
      return ExpectName(Expect::kTarget, false);
    default:
      return;
  }
}

void SummaryReader::LaterWord(Keyword keyword) {
  if (routine_) {
    // As psql does it, to find the end of the statement.
    if (keyword == Keyword::kBegin) ++blocks_;
    if (keyword == Keyword::kCase && blocks_ > 0) ++blocks_;
    if (keyword == Keyword::kEnd && blocks_ > 0) --blocks_;
    return;
  }
  switch (keyword) {
    case Keyword::kSelect:
    case Keyword::kValues:
      return BeginQuery(keyword);
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kMerge: {
      // Elsewhere they are no queries: FOR UPDATE, DO UPDATE, ON DELETE, WHEN MATCHED THEN UPDATE.
      const bool main = depth_ == 0 && first_ == Keyword::kWith && operation_ == Keyword::kNone;
      const bool explained = first_ == Keyword::kExplain && query_ == Keyword::kNone;
      const bool prepared = first_ == Keyword::kPrepare && query_ == Keyword::kNone;
      if (main || explained || prepared || after_as_) BeginQuery(keyword);
      return;
    }
    case Keyword::kWith:
      in_with_ |= Bit();
      expect_ = Expect::kWithName;
      return;
    case Keyword::kFrom:
      if ((in_query_ & Bit()) != 0 && previous_ != Keyword::kDistinct) ExpectName(Expect::kSource, true);
      return;
    case Keyword::kJoin:
      return ExpectName(Expect::kSource, true);
    case Keyword::kUsing:
      if (query_ == Keyword::kDelete || query_ == Keyword::kMerge) ExpectName(Expect::kSource, true);
      return;
    case Keyword::kInto:
      return ExpectName(Expect::kTarget, false);
    case Keyword::kTable:
      switch (first_) {
        case Keyword::kDrop:
          return ExpectName(Expect::kTarget, true);
        case Keyword::kAlter:
        case Keyword::kComment:
        case Keyword::kCreate:
        case Keyword::kReindex:
          if (text_.table_count() == 0) ExpectName(Expect::kTarget, false);
          return;
        default:
          return;
      }
    case Keyword::kFunction:
    case Keyword::kProcedure:
      if (first_ == Keyword::kCreate && text_.table_count() == 0) routine_ = ignored_ = true;
      return;
    case Keyword::kPolicy:
    case Keyword::kRule:
    case Keyword::kTrigger:
      if (first_ == Keyword::kCreate && text_.table_count() == 0) ignored_ = true;
      return;
    case Keyword::kExcept:
    case Keyword::kFetch:
    case Keyword::kFor:
    case Keyword::kGroup:
    case Keyword::kHaving:
    case Keyword::kIntersect:
    case Keyword::kLimit:
    case Keyword::kOffset:
    case Keyword::kOrder:
    case Keyword::kReturning:
    case Keyword::kSet:
    case Keyword::kUnion:
    case Keyword::kWhere:
    case Keyword::kWindow:
      in_list_ &= ~Bit();
      return;
    default:
      return;
  }
}

void SummaryReader::BeginQuery(Keyword keyword) {
  const bool first = first_ == keyword && operation_ == Keyword::kNone;
  const bool main = depth_ == 0 && first_ == Keyword::kWith && operation_ == Keyword::kNone;
  if (first || main) operation_ = keyword;
  in_with_ &= ~Bit();
  in_list_ &= ~Bit();
  // The rows of an INSERT are no query of their own.
  if (keyword == Keyword::kValues && !first && !main) return;
  in_query_ |= Bit();
  query_ = keyword;
  text_.ForgetTables();
  text_.AddOperation(OperationName(keyword), InWithQuery());
  if (keyword == Keyword::kUpdate) ExpectName(Expect::kTarget, false);
}

void SummaryReader::ExpectName(Expect what, bool list) {
  expect_ = what;
  is_source_ = what == Expect::kSource;
  if (list) {
    in_list_ |= Bit();
  } else {
    in_list_ &= ~Bit();
  }
}

}  // namespace sidelight::postgres
