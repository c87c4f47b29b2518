// Conversations, and what the observer makes of them. Step n of a conversation happens at n seconds; how each
// is played is in conversation.h.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/protocols/postgres/framer.h"
#include "collector/protocols/postgres/observer.h"
#include "collector/protocols/postgres/pending.h"
#include "collector/protocols/postgres/prepared.h"
#include "tests/collector/protocols/conversation.h"
#include "tests/collector/protocols/postgres_wire.h"

namespace sidelight::postgres {
namespace {

using namespace conversation;
using namespace wire;

// Writes down what it is told, a line each; of an exchange what is worth it:
//     started SELECT users
//     ended SELECT users, answered, 1 row, 1 2 2               (start, first byte or -, end)
//     ended SELECT, answered 42P01, 3 4 5, waited 2, blocking
//     idle -> active
//     opaque upgraded
class Recorder final : public RecordingSink {
 public:
  void Started(const Exchange& e) override {
    RecordingSink::Started(e);
    out() << "started " << Named(e) << "\n";
    EXPECT_NE(session_, SessionState::kInTransaction);
  }

  void Ended(const Exchange& e) override {
    RecordingSink::Ended(e);
    out() << "ended " << Named(e) << ", " << NameOf(e.outcome);
    if (!e.error.empty()) out() << " " << e.error;
    if (e.returned_rows >= 0) out() << ", " << e.returned_rows << (e.returned_rows == 1 ? " row" : " rows");
    out() << ", ";
    WriteTimes(e);
    if (e.blocking) out() << ", blocking";
    out() << "\n";
    database = e.database;
    EXPECT_EQ(e.status, 0);
    EXPECT_LE(e.summary.size(), kMaxSummary);
  }

  void WentOpaque(OpaqueReason reason) override {
    RecordingSink::WentOpaque(reason);
    EXPECT_EQ(session_, SessionState::kClosed);
  }

  void SessionChanged(SessionState from, SessionState to) override {
    EXPECT_EQ(from, session_);
    EXPECT_NE(from, to);
    session_ = to;
    out() << NameOf(from) << " -> " << NameOf(to) << "\n";
  }

  std::string database;

 private:
  // The summary begins with the operation, or there is none.
  static std::string Named(const Exchange& e) {
    if (e.summary.empty()) return std::string(e.operation);
    return std::string(e.summary.starts_with(e.operation) ? "" : e.operation).append(e.summary);
  }

  SessionState session_ = SessionState::kClosed;
};

std::string Startup() {
  return StartupMessage({"user", "bob", "database", "shop", "application_name", "psql"});
}
std::string LetIn() {
  return AuthenticationOk() + ParameterStatus("TimeZone", "UTC") + BackendKeyData() + ReadyForQuery('I');
}

enum class From : uint8_t {
  kNothing,  // the conversation begins with the connection
  kReady,    // a session of bob's on shop is idle
};

std::string Play(From from, const Steps& steps, const Feed& feed) {
  Recorder recorder;
  const auto observer = MakeObserver(recorder);
  if (from == From::kReady) {
    observer->OnBytes(Direction::kRequest, Startup(), At(0));
    observer->OnBytes(Direction::kResponse, LetIn(), At(0));
    recorder.Forget();
  }
  conversation::Play(steps, feed, *observer, recorder);
  return recorder.text();
}

void ExpectPlays(std::string_view name, From from, const Steps& steps, const std::string& want) {
  conversation::ExpectPlays(name, steps, want, [&](const Feed& feed) { return Play(from, steps, feed); });
}

struct Case {
  const char* name;
  Steps steps;
  const char* want;
};

void ExpectAll(From from, const std::vector<Case>& cases) {
  for (const Case& c : cases) ExpectPlays(c.name, from, c.steps, Unindent(c.want));
}

TEST(PostgresObserver, Startup) {
  ExpectAll(
      From::kNothing,
      {
          {"with a password",
           {Client(Startup()), Server(AuthenticationCleartextPassword()), Client(PasswordMessage("secret")),
            Server(LetIn()), Client(Terminate()), ClientClosed(), ServerClosed()},
           R"(started CONNECT
              ended CONNECT, answered, 1 2 4
              closed -> idle
              idle -> closed)"},
          {"a newer version, negotiated down",
           {Client(StartupMessage({"user", "bob", "_pq_.x", "y"}, kVersion32)),
            Server(NegotiateProtocolVersion() + LetIn())},
           R"(started CONNECT
              ended CONNECT, answered, 1 2 2
              closed -> idle)"},
          {"the user is refused",
           {Client(Startup()), Server(ErrorResponse("28P01", "FATAL")), ServerClosed()},
           R"(started CONNECT
              ended CONNECT, answered 28P01, 1 2 2)"},
          {"no encryption",
           {Client(GssEncRequest()), Server("N"), Client(SslRequest()), Server("N"), Client(Startup()),
            Server(LetIn())},
           R"(started CONNECT
              ended CONNECT, answered, 1 2 6
              closed -> idle)"},
          {"no encryption, without waiting for the answer",
           {Client(GssEncRequest() + SslRequest() + Startup()), Server("NN" + LetIn())},
           R"(started CONNECT
              ended CONNECT, answered, 1 2 2
              closed -> idle)"},
          {"SSL",
           {Client(SslRequest()), Server("S"), Client("\x16\x03\x01")},
           R"(started CONNECT
              ended CONNECT, unobserved, 1 2 2
              opaque upgraded)"},
          {"GSS",
           {Client(GssEncRequest()), Server("G")},
           R"(started CONNECT
              ended CONNECT, unobserved, 1 2 2
              opaque upgraded)"},
          {"what was not asked for",
           {Client(SslRequest()), Server("G")},
           R"(started CONNECT
              ended CONNECT, unobserved, 1 2 2
              opaque not_protocol)"},
          {"a server that does not know SSL",
           {Client(SslRequest()), Server(ErrorResponse("0A000", "FATAL")), ServerClosed()},
           R"(started CONNECT
              ended CONNECT, answered 0A000, 1 2 2)"},
          {"SSL asked for twice",
           {Client(SslRequest()), Server("N"), Client(SslRequest())},
           R"(started CONNECT
              ended CONNECT, unobserved, 1 2 3
              opaque not_protocol)"},
          {"a cancel request is no exchange",
           {Client(CancelRequest()), ServerClosed(CloseReason::kReset), ClientClosed()},
           ""},
          {"... with the longer key of protocol 3.2",
           {Client(Untyped(Int32(kCancelRequestCode) + Int32(4711) + std::string(32, 'k'))), ServerClosed()},
           ""},
          {"notices and settings while it connects",
           {Client(Startup()), Server(NoticeResponse() + ParameterStatus("a", "b")),
            Server(AuthenticationOk() + NoticeResponse() + BackendKeyData() + ReadyForQuery('I'))},
           R"(started CONNECT
              ended CONNECT, answered, 1 3 3
              closed -> idle)"},
          {"nor behind a refused SSL",
           {Client(SslRequest()), Server("N"), Client(CancelRequest()), ServerClosed()},
           R"(started CONNECT
              ended CONNECT, unobserved, 1 2 3)"},
          {"the server is away",
           {Client(SslRequest()), ServerClosed(CloseReason::kConnectRefused), ClientClosed()},
           R"(started CONNECT
              ended CONNECT, connect_refused, 1 - 2)"},
          {"the server is away before a byte came",
           {ServerClosed(CloseReason::kConnectTimeout), Client(Startup())},
           R"(started CONNECT
              ended CONNECT, connect_timeout, 2 - 2)"},
          {"the client leaves at the password",
           {Client(Startup()), Server(AuthenticationCleartextPassword()), ClientClosed(CloseReason::kReset)},
           R"(started CONNECT
              ended CONNECT, client_gone, 1 2 3)"},
          {"a statement without waiting to be let in",
           {Client(Startup() + Query("SELECT 1")), Server(LetIn()), Server(CommandComplete("SELECT 0")),
            Server(ReadyForQuery('I'))},
           R"(started CONNECT
              started SELECT
              ended CONNECT, answered, 1 2 2
              closed -> active
              ended SELECT, answered, 0 rows, 2 3 3, waited 1
              active -> idle)"},
          {"nothing at all", {ClientClosed(), ServerClosed()}, ""},
          {"half a startup", {Client(Startup().substr(0, 9)), ClientClosed(), ServerClosed()}, ""},
      });
}

TEST(PostgresObserver, KeepsTheDatabase) {
  const std::string long_name(100, 'd');
  const struct {
    std::string startup;
    std::string want;
  } rows[] = {
      {StartupMessage({"user", "bob", "database", "shop"}), "shop"},
      {StartupMessage({"database", "shop", "user", "bob"}), "shop"},
      {StartupMessage({"user", "bob"}), "bob"},
      {StartupMessage({"user", "bob", "database", ""}), "bob"},
      {StartupMessage({"options", "database", "user", "bob"}), "bob"},
      {StartupMessage({"database", "a", "database", "b"}), "b"},
      {StartupMessage({"database", long_name}), long_name.substr(0, 63)},
      {StartupMessage({long_name, "x", "database", "shop"}), "shop"},
      {StartupMessage({"database", "sh\xf6p"}), "sh_p"},
      {StartupMessage({}), ""},
  };
  for (const auto& row : rows) {
    for (const size_t piece : {row.startup.size(), size_t{1}}) {
      Recorder recorder;
      const auto observer = MakeObserver(recorder);
      for (size_t at = 0; at < row.startup.size(); at += piece) {
        observer->OnBytes(Direction::kRequest, std::string_view(row.startup).substr(at, piece), At(0));
      }
      observer->OnBytes(Direction::kResponse, LetIn(), At(0));
      EXPECT_EQ(recorder.database, row.want) << row.startup;
    }
  }
}

TEST(PostgresObserver, SimpleQueries) {
  ExpectAll(
      From::kReady,
      {
          {"rows",
           {Client(Query("SELECT * FROM users")), Server(RowDescription() + DataRow("1")),
            Server(DataRow("2")), Server(CommandComplete("SELECT 2")), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT users
              ended SELECT users, answered, 2 rows, 1 2 4
              active -> idle)"},
          {"slow on both sides",
           {Client(Query("SELECT 1").substr(0, 1)), Client(Query("SELECT 1").substr(1)),
            Server(CommandComplete("SELECT 0").substr(0, 1)),
            Server(CommandComplete("SELECT 0").substr(1) + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT
              ended SELECT, answered, 0 rows, 1 3 4
              active -> idle)"},
          {"a transaction",
           {Client(Query("BEGIN")), Server(CommandComplete("BEGIN") + ReadyForQuery('T')),
            Client(Query("INSERT INTO a VALUES ('secret') RETURNING id")),
            Server(RowDescription() + DataRow("1") + CommandComplete("INSERT 0 1") + ReadyForQuery('T')),
            Client(Query("UPDATE b SET x = 1")), Server(ErrorResponse("42P01") + ReadyForQuery('E')),
            Client(Query("ROLLBACK")), Server(CommandComplete("ROLLBACK") + ReadyForQuery('I'))},
           R"(idle -> active
              started BEGIN
              ended BEGIN, answered, 1 2 2
              active -> in transaction
              in transaction -> active
              started INSERT a
              ended INSERT a, answered, 1 row, 3 4 4
              active -> in transaction
              in transaction -> active
              started UPDATE b
              ended UPDATE b, answered 42P01, 5 6 6
              active -> in transaction
              in transaction -> active
              started ROLLBACK
              ended ROLLBACK, answered, 7 8 8
              active -> idle)"},
          {"several statements in one string",
           {Client(Query("BEGIN; UPDATE a SET x = 1; COMMIT")), Server(CommandComplete("BEGIN")),
            Server(CommandComplete("UPDATE 1")), Server(CommandComplete("COMMIT") + ReadyForQuery('I'))},
           R"(idle -> active
              started BEGIN
              ended BEGIN, answered, 1 2 2
              started UPDATE a
              ended UPDATE a, answered, 2 3 3, waited 1
              started COMMIT
              ended COMMIT, answered, 3 4 4, waited 2
              active -> idle)"},
          {"the second of three fails",
           {Client(Query("SELECT 1; SELECT * FROM a; SELECT 3")), Server(CommandComplete("SELECT 0")),
            Server(ErrorResponse("22012")), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT
              ended SELECT, answered, 0 rows, 1 2 2
              started SELECT a
              ended SELECT a, answered 22012, 2 3 3, waited 1
              active -> idle)"},
          {"the string does not parse",
           {Client(Query("SELECT 1; SELEC 2")), Server(ErrorResponse("42601") + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT
              ended SELECT, answered 42601, 1 2 2
              active -> idle)"},
          {"more statements than we read, and fewer",
           {Client(Query("SELECT 1")), Server(CommandComplete("SELECT 0")),
            Server(CommandComplete("UPDATE 3") + ReadyForQuery('I')), Client(Query("SELECT 1; SELECT 2")),
            Server(CommandComplete("SELECT 0")), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT
              ended SELECT, answered, 0 rows, 1 2 2
              started _OTHER
              ended _OTHER, answered, 2 3 3, waited 1
              active -> idle
              idle -> active
              started SELECT
              ended SELECT, answered, 0 rows, 4 5 5
              started SELECT
              ended SELECT, unobserved, 5 - 6, waited 1
              active -> idle)"},
          {"an empty string",
           {Client(Query("")), Server(EmptyQueryResponse() + ReadyForQuery('I'))},
           R"(idle -> active
              started _OTHER
              ended _OTHER, answered, 1 2 2
              active -> idle)"},
          {"notices, notifications and settings are no answer",
           {Server(NotificationResponse() + NoticeResponse() + ParameterStatus("a", "b")),
            Client(Query("SET a = 'secret'")), Server(NoticeResponse() + ParameterStatus("a", "b")),
            Server(CommandComplete("SET")), Server(NotificationResponse() + ReadyForQuery('I'))},
           R"(idle -> active
              started SET
              ended SET, answered, 2 4 4
              active -> idle)"},
          {"two at once",
           {Client(Query("SELECT * FROM a") + Query("SELECT * FROM b")),
            Server(CommandComplete("SELECT 0") + ReadyForQuery('I')),
            Server(CommandComplete("SELECT 0") + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT a
              started SELECT b
              ended SELECT a, answered, 0 rows, 1 2 2
              ended SELECT b, answered, 0 rows, 2 3 3, waited 1
              active -> idle)"},
          {"a row count that is none of rows",
           {Client(Query("CREATE TABLE t AS SELECT * FROM a")),
            Server(CommandComplete("INSERT 0 5") + ReadyForQuery('I'))},
           R"(idle -> active
              started CREATE t SELECT a
              ended CREATE t SELECT a, answered, 1 2 2
              active -> idle)"},
          {"a function call",
           {Client(FunctionCall()), Server(FunctionCallResponse()), Server(ReadyForQuery('I')),
            Client(FunctionCall()), Server(ErrorResponse("42501") + ReadyForQuery('I'))},
           R"(idle -> active
              started CALL
              ended CALL, answered, 1 2 2
              active -> idle
              idle -> active
              started CALL
              ended CALL, answered 42501, 4 5 5
              active -> idle)"},
          {"an error without state",
           {Client(Query("SELECT 1")), Server(Message('E', "M" + Text("secret") + '\0') + ReadyForQuery('I')),
            Client(Query("SELECT 1")), Server(ErrorResponse("secret") + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT
              ended SELECT, answered _OTHER, 1 2 2
              active -> idle
              idle -> active
              started SELECT
              ended SELECT, answered _OTHER, 3 4 4
              active -> idle)"},
      });
}

TEST(PostgresObserver, ExtendedQueries) {
  const std::string answer = ParseComplete() + BindComplete() + RowDescription() + DataRow("1");
  ExpectAll(
      From::kReady,
      {
          {"unnamed",
           {Client(Parse("", "SELECT * FROM users WHERE id = $1") + Bind("", "") + DescribePortal("") +
                   Execute("") + Sync()),
            Server(answer), Server(CommandComplete("SELECT 1")), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT users
              ended SELECT users, answered, 1 row, 1 2 3
              active -> idle)"},
          {"what is only prepared is no exchange",
           {Client(Parse("s1", "SELECT * FROM users") + DescribeStatement("s1") + Sync()),
            Server(ParseComplete() + ParameterDescription() + RowDescription() + ReadyForQuery('I')),
            Client(Bind("", "s1", "secret") + Execute("") + Sync()), Server(BindComplete() + DataRow("1")),
            Server(CommandComplete("SELECT 1") + ReadyForQuery('I')), Client(Sync()),
            Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT users
              ended SELECT users, answered, 1 row, 3 4 5
              active -> idle)"},
          {"statements and portals by name",
           {Client(Parse("a", "SELECT * FROM a") + Parse("b", "SELECT * FROM b") + Bind("p", "a") +
                   Bind("q", "b") + Execute("q") + Execute("p") + ClosePortal("p") + Execute("p") +
                   CloseStatement("a") + Bind("", "a") + Execute("") + Sync()),
            Server(ParseComplete() + ParseComplete() + BindComplete() + BindComplete() +
                   CommandComplete("SELECT 0") + CommandComplete("SELECT 0") + CloseComplete() +
                   CommandComplete("UPDATE 0") + CloseComplete() + BindComplete() +
                   CommandComplete("UPDATE 0") + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT b
              started SELECT a
              started _OTHER
              started _OTHER
              ended SELECT b, answered, 0 rows, 1 2 2
              ended SELECT a, answered, 0 rows, 2 2 2, waited 1
              ended _OTHER, answered, 2 2 2, waited 1
              ended _OTHER, answered, 2 2 2, waited 1
              active -> idle)"},
          {"a portal in pieces",
           {Client(Parse("", "SELECT * FROM a") + Bind("", "") + Execute("", 2) + Sync()),
            Server(ParseComplete() + BindComplete() + DataRow("1") + DataRow("2") + PortalSuspended() +
                   ReadyForQuery('T')),
            Client(Execute("", 2) + Sync()),
            Server(DataRow("3") + CommandComplete("SELECT 1") + ReadyForQuery('T'))},
           R"(idle -> active
              started SELECT a
              ended SELECT a, answered, 2 rows, 1 2 2
              active -> in transaction
              in transaction -> active
              started FETCH a
              ended FETCH a, answered, 1 row, 3 4 4
              active -> in transaction)"},
          {"... of which more is asked for at once",
           {Client(Parse("", "SELECT * FROM a") + Bind("p", "") + Execute("p", 1) + Execute("p", 1) + Sync()),
            Server(ParseComplete() + BindComplete() + DataRow("1") + PortalSuspended()),
            Server(DataRow("2") + PortalSuspended() + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT a
              started FETCH a
              ended SELECT a, answered, 1 row, 1 2 2
              ended FETCH a, answered, 1 row, 2 3 3, waited 1
              active -> idle)"},
          {"an error at the second of three",
           {Client(Parse("s", "INSERT INTO a VALUES ($1)") + Bind("", "s") + Execute("") + Bind("", "s") +
                   Execute("") + Bind("", "s") + Execute("") + Sync()),
            Server(ParseComplete() + BindComplete() + CommandComplete("INSERT 0 1") + BindComplete()),
            Server(ErrorResponse("23505") + ReadyForQuery('I'))},
           R"(idle -> active
              started INSERT a
              started INSERT a
              started INSERT a
              ended INSERT a, answered, 1 2 2
              ended INSERT a, answered 23505, 2 3 3, waited 1
              ended INSERT a, unobserved, 3 - 3, waited 2
              active -> idle)"},
          {"a pipeline, whose statements wait for one another",
           {Client(Parse("", "INSERT INTO a VALUES ($1)") + Bind("", "") + Execute("")),
            Client(Bind("", "") + Execute("") + Sync() + Query("COMMIT")),
            Server(ParseComplete() + BindComplete() + CommandComplete("INSERT 0 1")),
            Server(BindComplete() + CommandComplete("INSERT 0 1")), Server(ReadyForQuery('T')),
            Server(CommandComplete("COMMIT") + ReadyForQuery('I'))},
           R"(idle -> active
              started INSERT a
              started INSERT a
              started COMMIT
              ended INSERT a, answered, 1 3 3
              ended INSERT a, answered, 3 4 4, waited 1
              ended COMMIT, answered, 4 6 6, waited 2
              active -> idle)"},
          {"an error skips up to the Sync",
           {Client(Parse("", "SELECT * FROM a") + Bind("", "") + Execute("") + Parse("", "SELECT * FROM b") +
                   Bind("", "") + Execute("") + Sync() + Parse("", "SELECT * FROM c") + Bind("", "") +
                   Execute("") + Sync()),
            Server(ErrorResponse("42P01") + ReadyForQuery('I')),
            Server(ParseComplete() + BindComplete() + CommandComplete("SELECT 0") + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT a
              started SELECT b
              started SELECT c
              ended SELECT a, answered 42P01, 1 2 2
              ended SELECT b, unobserved, 2 - 2, waited 1
              ended SELECT c, answered, 0 rows, 2 3 3, waited 1
              active -> idle)"},
          {"... that comes later, behind statements that are never executed",
           {Client(Parse("", "SELECT * FROM a") + Bind("", "") + Execute("") + Flush()),
            Server(ErrorResponse("42P01")), Client(Bind("", "") + Execute("") + Query("SELECT 1")),
            Client(FunctionCall() + Sync()), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT a
              ended SELECT a, answered 42P01, 1 2 2
              active -> idle)"},
          {"what cannot be prepared is an exchange",
           {Client(Parse("s", "SELECT * FROM missing") + DescribeStatement("s") + Sync()),
            Server(ErrorResponse("42P01")), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT missing
              ended SELECT missing, answered 42P01, 1 2 2
              active -> idle)"},
          {"... with a Flush, too",
           {Client(Parse("s", "SELECT * FROM missing") + Flush()), Server(ErrorResponse("42P01")),
            Client(Sync()), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT missing
              ended SELECT missing, answered 42P01, 1 2 2
              active -> idle)"},
          {"... unless it was",
           {Client(Parse("s", "SELECT * FROM a") + Flush()), Server(ParseComplete()),
            Server(ErrorResponse("57P01", "FATAL")), ServerClosed()},
           R"(idle -> closed)"},
          {"an error at the Sync belongs to no statement",
           {Client(Parse("", "SELECT * FROM a") + Bind("", "") + Execute("") + Sync()),
            Server(ParseComplete() + BindComplete() + CommandComplete("SELECT 0")),
            Server(ErrorResponse("23503") + ReadyForQuery('I'))},
           R"(idle -> active
              started SELECT a
              ended SELECT a, answered, 0 rows, 1 2 2
              active -> idle)"},
          {"an empty statement",
           {Client(Parse("", "") + Bind("", "") + DescribePortal("") + Execute("") + Sync()),
            Server(ParseComplete() + BindComplete() + NoData() + EmptyQueryResponse() + ReadyForQuery('I'))},
           R"(idle -> active
              started _OTHER
              ended _OTHER, answered, 1 2 2
              active -> idle)"},
          {"the server forgets its statements",
           {Client(Parse("s", "SELECT * FROM a") + Sync()), Server(ParseComplete() + ReadyForQuery('I')),
            Client(Query("DISCARD ALL")), Server(CommandComplete("DISCARD ALL") + ReadyForQuery('I')),
            Client(Bind("", "s") + Execute("") + Sync()),
            Server(ErrorResponse("26000") + ReadyForQuery('I'))},
           R"(idle -> active
              started DISCARD
              ended DISCARD, answered, 3 4 4
              active -> idle
              idle -> active
              started _OTHER
              ended _OTHER, answered 26000, 5 6 6
              active -> idle)"},
          {"and its portals at the end of a transaction",
           {Client(Parse("", "SELECT * FROM a") + Bind("p", "") + Sync()),
            Server(ParseComplete() + BindComplete() + ReadyForQuery('T')), Client(Execute("p") + Sync()),
            Server(CommandComplete("SELECT 0") + ReadyForQuery('I')), Client(Execute("p") + Sync()),
            Server(ErrorResponse("34000") + ReadyForQuery('I'))},
           R"(idle -> in transaction
              in transaction -> active
              started SELECT a
              ended SELECT a, answered, 0 rows, 3 4 4
              active -> idle
              idle -> active
              started _OTHER
              ended _OTHER, answered 34000, 5 6 6
              active -> idle)"},
      });
}

TEST(PostgresObserver, Copies) {
  ExpectAll(
      From::kReady,
      {
          {"in",
           {Client(Query("COPY a FROM STDIN")), Server(CopyInResponse()), Client(CopyData("1\n2\n")),
            Client(CopyData("3\n") + CopyDone()), Server(CommandComplete("COPY 3") + ReadyForQuery('I'))},
           R"(idle -> active
              started COPY a
              ended COPY a, answered, 1 2 5
              active -> idle)"},
          {"in, given up by the client",
           {Client(Query("COPY a FROM STDIN")), Server(CopyInResponse()), Client(CopyFail("secret")),
            Server(ErrorResponse("57014") + ReadyForQuery('I'))},
           R"(idle -> active
              started COPY a
              ended COPY a, answered 57014, 1 2 4
              active -> idle)"},
          {"in, refused by the server while rows still come",
           {Client(Query("COPY a FROM STDIN")), Server(CopyInResponse()), Client(CopyData("x\n")),
            Server(ErrorResponse("22P02") + ReadyForQuery('I')), Client(CopyData("y\n") + CopyDone()),
            Client(Query("SELECT 1")), Server(CommandComplete("SELECT 0") + ReadyForQuery('I'))},
           R"(idle -> active
              started COPY a
              ended COPY a, answered 22P02, 1 2 4
              active -> idle
              idle -> active
              started SELECT
              ended SELECT, answered, 0 rows, 6 7 7
              active -> idle)"},
          {"in, extended: the Sync before the rows counts for nothing",
           {Client(Parse("", "COPY a FROM STDIN") + Bind("", "") + Execute("") + Sync()),
            Server(ParseComplete() + BindComplete() + CopyInResponse()), Client(CopyData("1\n") + Sync()),
            Client(CopyDone() + Sync()), Server(CommandComplete("COPY 1") + ReadyForQuery('I'))},
           R"(idle -> active
              started COPY a
              ended COPY a, answered, 1 2 5
              active -> idle)"},
          {"in, extended, with an error",
           {Client(Parse("", "COPY a FROM STDIN") + Bind("", "") + Execute("") + Sync()),
            Server(ParseComplete() + BindComplete() + CopyInResponse()), Client(CopyData("x\n")),
            Server(ErrorResponse("22P02")), Client(CopyDone() + Sync()), Server(ReadyForQuery('I'))},
           R"(idle -> active
              started COPY a
              ended COPY a, answered 22P02, 1 2 4
              active -> idle)"},
          {"in, without waiting for the server",
           {Client(Parse("", "COPY a FROM STDIN") + Bind("", "") + Execute("") + CopyData("1\n") +
                   CopyDone() + Sync()),
            Server(ParseComplete() + BindComplete() + CopyInResponse() + CommandComplete("COPY 1") +
                   ReadyForQuery('I'))},
           R"(idle -> active
              started COPY a
              ended COPY a, answered, 1 2 2
              active -> idle)"},
          {"out",
           {Client(Query("COPY a TO STDOUT; SELECT 1")), Server(CopyOutResponse() + CopyData("1\n")),
            Server(CopyData("2\n") + CopyDone() + CommandComplete("COPY 2")),
            Server(RowDescription() + DataRow("1") + CommandComplete("SELECT 1") + ReadyForQuery('I'))},
           R"(idle -> active
              started COPY a
              ended COPY a, answered, 2 rows, 1 2 3
              started SELECT
              ended SELECT, answered, 1 row, 3 4 4, waited 2
              active -> idle)"},
          {"both ways",
           {Client(Query("START_REPLICATION SLOT s LOGICAL 0/0")), Server(CopyBothResponse() + CopyData("w")),
            Client(CopyData("r")), Server(CopyData("w")), Client(CopyDone()),
            Server(CopyDone() + CommandComplete("COPY 0") + ReadyForQuery('I'))},
           R"(idle -> active
              started _OTHER
              ended _OTHER, answered, 1 2 6, blocking
              active -> idle)"},
      });
}

TEST(PostgresObserver, Ends) {
  const Step query = Client(Query("SELECT * FROM a") + Query("SELECT * FROM b"));
  ExpectAll(From::kReady,
            {
                {"in order", {Client(Terminate()), ClientClosed(), ServerClosed()}, "idle -> closed"},
                {"twice, as pg_basebackup does",
                 {Client(Terminate() + Terminate()), ClientClosed(), ServerClosed()},
                 "idle -> closed"},
                {"without a word", {ClientClosed(CloseReason::kReset), ServerClosed()}, "idle -> closed"},
                {"an administrator ends an idle session",
                 {Server(ErrorResponse("57P01", "FATAL")), ServerClosed()},
                 "idle -> closed"},
                {"... and a statement",
                 {Client(Query("SELECT 1")), Server(ErrorResponse("57P01", "FATAL")), ServerClosed()},
                 R"(idle -> active
              started SELECT
              ended SELECT, answered 57P01, 1 2 2
              active -> closed)"},
                {"the server leaves before the answer",
                 {query, ServerClosed()},
                 R"(idle -> active
              started SELECT a
              started SELECT b
              ended SELECT a, upstream_closed, 1 - 2
              ended SELECT b, upstream_closed, 2 - 2, waited 1
              active -> closed)"},
                {"... and within it",
                 {query, Server(RowDescription()), ServerClosed(CloseReason::kReset)},
                 R"(idle -> active
              started SELECT a
              started SELECT b
              ended SELECT a, response_incomplete, 1 2 3
              ended SELECT b, upstream_closed, 3 - 3, waited 2
              active -> closed)"},
                {"the client leaves",
                 {query, ClientClosed(CloseReason::kReset)},
                 R"(idle -> active
              started SELECT a
              started SELECT b
              ended SELECT a, client_gone, 1 - 2
              ended SELECT b, client_gone, 2 - 2, waited 1
              active -> closed)"},
                {"the client says so and leaves",
                 {Client(Query("SELECT 1") + Terminate()), ServerClosed()},
                 R"(idle -> active
              started SELECT
              ended SELECT, client_gone, 1 - 2
              active -> closed)"},
                {"the client closes its side and still gets its answer",
                 {Client(Query("SELECT 1")), ClientClosed(),
                  Server(CommandComplete("SELECT 0") + ReadyForQuery('I')), ServerClosed()},
                 R"(idle -> active
              started SELECT
              ended SELECT, answered, 0 rows, 1 3 3
              active -> idle
              idle -> closed)"},
                {"the server was silent for too long",
                 {Client(Query("SELECT 1")), ServerClosed(CloseReason::kTimeout)},
                 R"(idle -> active
              started SELECT
              ended SELECT, timeout, 1 - 2
              active -> closed)"},
                {"we end",
                 {Client(Query("SELECT 1")), ClientClosed(CloseReason::kShutdown)},
                 R"(idle -> active
              started SELECT
              ended SELECT, unobserved, 1 - 2
              active -> closed)"},
                {"a request after the server has left",
                 {ServerClosed(), Client(Query("SELECT 1") + Sync())},
                 R"(idle -> closed
              started SELECT
              ended SELECT, upstream_closed, 2 - 2)"},
            });
}

TEST(PostgresObserver, BadInput) {
  ExpectAll(From::kNothing,
            {
                {"HTTP", {Client("GET / HTTP/1.1\r\n\r\n")}, "opaque not_protocol"},
                {"TLS at once",
                 {Client(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11))},
                 "opaque not_protocol"},
                {"a startup that is too short", {Client(Int32(7) + "xxx")}, "opaque not_protocol"},
                {"... too long", {Client(Int32(10001))}, "opaque not_protocol"},
                {"... of another version", {Client(StartupMessage({}, 2 << 16))}, "opaque not_protocol"},
                {"an SSLRequest with more in it",
                 {Client(Untyped(Int32(kSslRequestCode) + "x"))},
                 "opaque not_protocol"},
                {"the server speaks first", {Server(ReadyForQuery('I'))}, "opaque desynchronized"},
                {"... and says what nobody knows", {Server("+OK ready")}, "opaque not_protocol"},
                {"another banner", {Server("SSH-2.0-x\r\n")}, "opaque desynchronized"},
            });
  ExpectAll(
      From::kReady,
      {
          {"a type that no client has", {Client("Z")}, "idle -> closed\nopaque not_protocol"},
          {"a type that no server has", {Server("Q")}, "idle -> closed\nopaque not_protocol"},
          {"a length of 3", {Client("Q" + Int32(3))}, "idle -> closed\nopaque not_protocol"},
          {"a length of 0", {Client("Q" + Int32(0))}, "idle -> closed\nopaque not_protocol"},
          {"a length of 0, of the server", {Server("N" + Int32(0))}, "idle -> closed\nopaque not_protocol"},
          {"a length of -1", {Client("B" + Int32(~0u))}, "idle -> closed\nopaque not_protocol"},
          {"a length of 2^31 - 1", {Client("P" + Int32(~0u >> 1))}, "idle -> closed\nopaque not_protocol"},
          {"a length of 2^31 - 1, of the server",
           {Client(Query("SELECT 1")), Server("D" + Int32(~0u >> 1))},
           R"(idle -> active
                    started SELECT
                    ended SELECT, unobserved, 1 2 2
                    active -> closed
                    opaque not_protocol)"},
          {"a negotiation that comes too late",
           {Server(NegotiateProtocolVersion())},
           "idle -> closed\nopaque desynchronized"},
          {"a length of -2", {Server("S" + Int32(~1u))}, "idle -> closed\nopaque not_protocol"},
          {"a length of 2^30 + 1",
           {Client("Q" + Int32((1u << 30) + 1))},
           "idle -> closed\nopaque not_protocol"},
          {"a Sync with content", {Client(Message('S', "x"))}, "idle -> closed\nopaque not_protocol"},
          {"a password in the middle", {Client(PasswordMessage("x"))}, "idle -> closed\nopaque not_protocol"},
          {"a Parse without an end",
           {Client(Message('P', Text("s") + "SELECT 1"))},
           "idle -> closed\nopaque not_protocol"},
          {"more after the end", {Client(Terminate() + Sync())}, "idle -> closed\nopaque not_protocol"},
          {"a row to nothing", {Server(DataRow("1"))}, "idle -> closed\nopaque desynchronized"},
          {"an end of nothing",
           {Server(CommandComplete("SELECT 1"))},
           "idle -> closed\nopaque desynchronized"},
          {"ready to nothing", {Server(ReadyForQuery('I'))}, "idle -> closed\nopaque desynchronized"},
          {"ready in the middle",
           {Client(Parse("", "SELECT 1") + Bind("", "") + Execute("")), Server(ReadyForQuery('I'))},
           R"(idle -> active
                    started SELECT
                    ended SELECT, unobserved, 1 - 2
                    active -> closed
                    opaque desynchronized)"},
          {"ready for what there is not",
           {Client(Sync()), Server(ReadyForQuery('X'))},
           "idle -> closed\nopaque not_protocol"},
          {"an answer after the failure",
           {Client(Query("SELECT 1; SELECT 2")), Server(ErrorResponse("22012") + DataRow("1"))},
           R"(idle -> active
                    started SELECT
                    ended SELECT, answered 22012, 1 2 2
                    active -> closed
                    opaque desynchronized)"},
      });
}

TEST(PostgresObserver, ATransactionIsNotOver) {
  const struct {
    const char* name;
    Steps steps;
    bool want;
  } rows[] = {
      {"nothing was asked", {}, false},
      {"a statement", {Client(Query("SELECT 1"))}, true},
      {"its answer",
       {Client(Query("SELECT 1")), Server(CommandComplete("SELECT 1") + ReadyForQuery('I'))},
       false},
      {"a block", {Client(Query("BEGIN")), Server(CommandComplete("BEGIN") + ReadyForQuery('T'))}, true},
      {"a failed block",
       {Client(Query("BEGIN; SELECT")),
        Server(CommandComplete("BEGIN") + ErrorResponse("42601") + ReadyForQuery('E'))},
       true},
      {"the end of one",
       {Client(Query("BEGIN")), Server(CommandComplete("BEGIN") + ReadyForQuery('T')),
        Client(Query("COMMIT")), Server(CommandComplete("COMMIT") + ReadyForQuery('I'))},
       false},
      {"what is prepared", {Client(Parse("s", "SELECT 1") + Sync())}, true},
      {"... and ready",
       {Client(Parse("s", "SELECT 1") + Sync()), Server(ParseComplete() + ReadyForQuery('I'))},
       false},
      {"a portal without its Sync",
       {Client(Parse("", "SELECT 1") + Bind("", "") + Execute("", 1) + Flush()),
        Server(ParseComplete() + BindComplete() + DataRow("1") + PortalSuspended())},
       true},
      {"the client has said that it goes",
       {Client(Query("BEGIN")), Server(CommandComplete("BEGIN") + ReadyForQuery('T')), Client(Terminate())},
       false},
      {"the server has gone",
       {Client(Query("BEGIN")), Server(CommandComplete("BEGIN") + ReadyForQuery('T')), ServerClosed()},
       false},
      {"what we cannot read",
       {Client(Query("BEGIN")), Server(CommandComplete("BEGIN") + ReadyForQuery('T')), Client("?")},
       false},
  };
  for (const auto& row : rows) {
    Recorder recorder;
    const auto observer = MakeObserver(recorder);
    observer->OnBytes(Direction::kRequest, Startup(), At(0));
    EXPECT_FALSE(row.steps.empty() && !observer->InTransaction()) << "while it connects";
    observer->OnBytes(Direction::kResponse, LetIn(), At(0));
    for (const Step& step : row.steps) {
      if (step.closes) {
        observer->OnClosed(step.direction, step.reason, At(0));
      } else {
        observer->OnBytes(step.direction, step.bytes, At(0));
      }
    }
    EXPECT_EQ(observer->InTransaction(), row.want) << row.name;
  }
}

// What an exchange is said to be when it starts, and when it ends: the text of its statement.
class QueryRecorder final : public CheckingSink {
 public:
  explicit QueryRecorder(bool wants) : wants_(wants) {}
  void Started(const Exchange& e) override {
    CheckingSink::Started(e);
    (text += "started ").append(e.query) += "\n";
  }
  void Ended(const Exchange& e) override {
    CheckingSink::Ended(e);
    (text += "ended ").append(e.query) += "\n";
  }
  bool WantsQueries() const override { return wants_; }
  std::string text;

 private:
  const bool wants_;
};

TEST(PostgresObserver, KeepsTheTextsThatAreWanted) {
  const struct {
    const char* name;
    Steps steps;
    std::string want;
  } rows[] = {
      {"a string of several",
       {Client(Query("SELECT 'secret' FROM a; UPDATE b SET c = 7")), Server(CommandComplete("SELECT 0")),
        Server(CommandComplete("UPDATE 0") + CommandComplete("UPDATE 0") + ReadyForQuery('I'))},
       "started SELECT ? FROM a\nended SELECT ? FROM a\nstarted UPDATE b SET c = ?\nended UPDATE b SET c = "
       "?\n"
       "started \nended \n"},
      {"a prepared statement, a portal in pieces",
       {Client(Parse("s", "SELECT 'secret' FROM a WHERE b = $1") + Bind("p", "s") + Execute("p", 1) +
               Execute("p", 1) + Sync()),
        Server(ParseComplete() + BindComplete() + PortalSuspended() + CommandComplete("SELECT 0") +
               ReadyForQuery('I'))},
       "started SELECT ? FROM a WHERE b = $1\nstarted SELECT ? FROM a WHERE b = $1\n"
       "ended SELECT ? FROM a WHERE b = $1\nended SELECT ? FROM a WHERE b = $1\n"},
      {"one that cannot be prepared",
       {Client(Parse("", "SELECT 'secret' FROM missing") + Sync()),
        Server(ErrorResponse("42P01") + ReadyForQuery('I'))},
       "started SELECT ? FROM missing\nended SELECT ? FROM missing\n"},
      {"what is no SQL",
       {Client(FunctionCall()), Server(FunctionCallResponse() + ReadyForQuery('I'))},
       "started \nended \n"},
  };
  for (const auto& row : rows) {
    for (const bool wants : {true, false}) {
      QueryRecorder recorder(wants);
      const auto observer = MakeObserver(recorder);
      observer->OnBytes(Direction::kRequest, Startup(), At(0));
      observer->OnBytes(Direction::kResponse, LetIn(), At(0));
      EXPECT_EQ(recorder.text, "started \nended \n");
      recorder.text.clear();
      for (const Step& step : row.steps) observer->OnBytes(step.direction, step.bytes, At(0));
      if (wants) {
        EXPECT_EQ(recorder.text, row.want) << row.name;
      } else {
        EXPECT_EQ(recorder.text.find("FROM"), std::string::npos) << recorder.text;
      }
    }
  }
}

TEST(PostgresObserver, TheMemoryForTextsIsBounded) {
  std::string sql = "SELECT column_0";
  while (sql.size() < kMaxQuery - 32) sql += ", column_0";
  const std::string started = "started " + sql + "\n";
  QueryRecorder recorder(true);
  const auto observer = MakeObserver(recorder);
  observer->OnBytes(Direction::kRequest, Startup(), At(0));
  observer->OnBytes(Direction::kResponse, LetIn(), At(0));
  const auto told = [&](const std::string& bytes) {
    recorder.text.clear();
    observer->OnBytes(Direction::kRequest, bytes, At(0));
    return recorder.text;
  };
  // Of prepared statements: those beyond are kept without.
  constexpr size_t kMost = Prepared::kMaxQueryBytes / kMaxQuery;
  for (size_t i = 0; i < 2 * kMost; ++i) told(Parse("s" + std::to_string(i), sql));
  EXPECT_EQ(told(Bind("", "s0") + Execute("")), started);
  EXPECT_EQ(told(Bind("", "s" + std::to_string(2 * kMost - 1)) + Execute("")), "started \n");
  // One that goes makes room.
  EXPECT_EQ(told(CloseStatement("s0") + Parse("t", sql) + Bind("", "t") + Execute("")), started);
  // Of what waits for its answer, too; the connection goes on being read.
  size_t with = 0;
  for (size_t i = 0; i < 1000; ++i) with += told(Bind("", "t") + Execute("")) == started ? 1 : 0;
  EXPECT_GT(with, 100u);
  EXPECT_LT(with, 200u);
  EXPECT_NE(observer->Skippable(Direction::kRequest), Observer::kEverything);
}

class PostgresLimits : public testing::Test {
 protected:
  void SetUp() override {
    observer_->OnBytes(Direction::kRequest, Startup(), At(0));
    observer_->OnBytes(Direction::kResponse, LetIn(), At(0));
    recorder_.Forget();
  }
  void Send(const std::string& bytes) { observer_->OnBytes(Direction::kRequest, bytes, At(0)); }
  void Answer(const std::string& bytes) { observer_->OnBytes(Direction::kResponse, bytes, At(0)); }
  std::string Take() {
    std::string text = recorder_.text();
    recorder_.Forget();
    return text;
  }

  Recorder recorder_;
  std::unique_ptr<Observer> observer_ = MakeObserver(recorder_);
};

TEST_F(PostgresLimits, OfPipelining) {
  for (size_t i = 0; i < PendingQueue::kMaxPending; ++i) Send(Sync());
  EXPECT_EQ(Take(), "");
  Send(Sync());
  EXPECT_EQ(Take(), "idle -> closed\nopaque limit\n");
  EXPECT_EQ(observer_->Skippable(Direction::kRequest), Observer::kEverything);
}

TEST_F(PostgresLimits, OfPipelinedText) {
  std::string sql = "SELECT * FROM t_0";
  for (int i = 1; i < 30; ++i) sql += ", t_" + std::to_string(i);
  Send(Parse("", sql) + Bind("", ""));
  size_t sent = 0;
  while (observer_->Skippable(Direction::kRequest) == 0 && sent < PendingQueue::kMaxPending) {
    Send(Bind("", "") + Execute(""));
    ++sent;
  }
  EXPECT_LT(sent, PendingQueue::kMaxPending);
  EXPECT_GT(sent, PendingQueue::kMaxTextBytes / (2 + kMaxSummary));
  EXPECT_TRUE(Take().ends_with("opaque limit\n"));
}

TEST_F(PostgresLimits, OfPreparedStatements) {
  for (size_t i = 0; i <= Prepared::kMaxNames; ++i) Send(Parse("s" + std::to_string(i), "SELECT * FROM a"));
  const auto summary = [&](const std::string& name) {
    Send(Bind("", name) + Execute(""));
    return Take();
  };
  EXPECT_EQ(summary("s0"), "idle -> active\nstarted SELECT a\n");
  EXPECT_EQ(summary("s" + std::to_string(Prepared::kMaxNames)), "started _OTHER\n");
  Send(Parse("s1", "SELECT * FROM b"));
  EXPECT_EQ(summary("s1"), "started SELECT b\n");

  // A name that is too long is not taken for another one.
  const std::string name(Prepared::kMaxName, 'n');
  Send(CloseStatement("s1") + Parse(name, "SELECT * FROM c"));
  EXPECT_EQ(summary(name), "started SELECT c\n");
  EXPECT_EQ(summary(name + "n"), "started _OTHER\n");
}

TEST_F(PostgresLimits, OfRowsThatNeedNotBeSeen) {
  Send(Query("SELECT * FROM a"));
  constexpr uint32_t kGiB = Framer::kMaxLength;
  Answer("D" + Int32(kGiB));
  EXPECT_EQ(observer_->Skippable(Direction::kResponse), kGiB - 4);
  observer_->OnSkipped(Direction::kResponse, kGiB - 5, At(0));
  EXPECT_EQ(observer_->Skippable(Direction::kResponse), 1u);
  Answer("x" + CommandComplete("SELECT 1") + ReadyForQuery('I'));
  EXPECT_EQ(Take(),
            "idle -> active\nstarted SELECT a\nended SELECT a, answered, 1 row, 0 0 0\nactive -> idle\n");

  // Parameters need not either, once the names are known.
  Send("B" + Int32(1000000) + Text("") + Text("s"));
  EXPECT_GT(observer_->Skippable(Direction::kRequest), 900000u);
  EXPECT_FALSE(observer_->InRequestHead());
}

}  // namespace
}  // namespace sidelight::postgres
