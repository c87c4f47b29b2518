// The words of SQL that a summary depends on: the first words of statements, which become operations, and
// those that say where names of tables are.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidelight::postgres {

// In the order of the table in keywords.cc; up to kWith they are operations.
enum class Keyword : uint8_t {
  kNone,
  kAbort,
  kAlter,
  kAnalyze,
  kBegin,
  kCall,
  kCheckpoint,
  kClose,
  kCluster,
  kComment,
  kCommit,
  kCopy,
  kCreate,
  kDeallocate,
  kDeclare,
  kDelete,
  kDiscard,
  kDo,
  kDrop,
  kEnd,
  kExecute,
  kExplain,
  kFetch,
  kGrant,
  kImport,
  kInsert,
  kListen,
  kLoad,
  kLock,
  kMerge,
  kMove,
  kNotify,
  kPrepare,
  kReassign,
  kRefresh,
  kReindex,
  kRelease,
  kReset,
  kRevoke,
  kRollback,
  kSavepoint,
  kSecurity,
  kSelect,
  kSet,
  kShow,
  kStart,
  kTable,
  kTruncate,
  kUnlisten,
  kUpdate,
  kVacuum,
  kValues,
  kConnect,  // no SQL: the startup of a connection
  kWith,
  kAs,
  kCase,
  kConcurrently,
  kDistinct,
  kExcept,
  kExists,
  kFor,
  kFreeze,
  kFrom,
  kFull,
  kFunction,
  kGroup,
  kHaving,
  kIf,
  kIntersect,
  kInto,
  kJoin,
  kLateral,
  kLimit,
  kMaterialized,
  kNot,
  kOffset,
  kOn,
  kOnly,
  kOr,
  kOrder,
  kOrdinality,
  kPolicy,
  kProcedure,
  kRecursive,
  kReturning,
  kRule,
  kTemp,
  kTemporary,
  kTime,
  kTrigger,
  kUnion,
  kUnlogged,
  kUsing,
  kVerbose,
  kWhere,
  kWindow,
};

// `word` in lower case. kNone when it is none of them; "connect" is none.
Keyword FindKeyword(std::string_view word);
// An operation in upper case, "_OTHER" for what is none.
std::string_view OperationName(Keyword keyword);
// It cannot name a table unless it is quoted.
bool IsReserved(Keyword keyword);
// What tables a statement that begins with it reads or changes can be read off its text.
bool HasTables(Keyword first);

}  // namespace sidelight::postgres
