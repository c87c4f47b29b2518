// The observer of PostgreSQL: see observer_driver.h. Its list of operations knows two more, 6 and 7: these
// have a byte of type instead of the length's first and send, to the server or the client, a message of that
// type with a right length and so many bytes of content, so that the fuzzer need not learn to count. To the
// server, a type of 1 or 2 is a Query or a Parse whose SQL is made of kPieces, one for each byte of content:
// however these meet, no literal of theirs may be told.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/observer.h"
#include "core/base/utf8.h"
#include "tests/fuzz/observer_driver.h"

namespace sidelight {
namespace {

// What a literal or a comment holds in every piece that has one.
constexpr std::string_view kSecret = "s3cret";

// Words end with a space, since behind a letter a '$' begins no string, and the comment begins with one,
// since behind a '*' it would end another. A quote without its end is the last piece's, if it is cut.
constexpr std::string_view kPieces[] = {
    "SELECT ",
    "INSERT INTO a ",
    "UPDATE a SET b = ",
    "WITH a AS (",
    "VALUES ",
    "FROM a ",
    "x IN ",
    "ARRAY ",
    "null ",
    "e ",
    "u ",
    "CREATE FUNCTION f() ",
    "BEGIN ATOMIC ",
    "END ",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ".",
    "-",
    "+",
    "/",
    "*",
    "&",
    "=",
    ":",
    "?",
    "\\",
    "\n",
    " ",
    "$1",
    "$23 ",
    "7",
    "1e",
    "0x1F",
    ".5",
    "-5",
    "\x95",
    "\xc3\xa4 ",
    "\"n \"\"m\"",
    "'s3cret'",
    "'it''s s3cret'",
    "''",
    "'s3cret\\'",
    "'x\\' s3cret '",
    "'\\\\s3cret\\\\'",
    "E's3cret'",
    "E'it\\'s s3cret'",
    "E'\x95\\', ' s3cret '",
    "e'\\\\'",
    "B's3cret'",
    "U&'s3cret'",
    "N's3cret'",
    " $$s3cret$$",
    " $t$ $$ s3cret ' $u$ $t$",
    " $t1$s3cret $t$ $t1$",
    " $ s3cret$",
    "-- s3cret ' /*\n",
    " /* s3cret /* ' */ -- s3cret */",
};

// The first byte says how much of the end is cut off.
std::string SqlOf(std::string_view content) {
  std::string sql;
  if (content.empty()) return sql;
  for (const char c : content.substr(1)) sql += kPieces[static_cast<unsigned char>(c) % std::size(kPieces)];
  sql.resize(sql.size() - sql.size() * static_cast<unsigned char>(content[0]) / 256);
  return sql;
}

class Recorder final : public StorySink {
 public:
  bool WantsQueries() const override { return true; }
  void Started(const Exchange& e) override {
    StorySink::Started(e);
    Write('s', e);
  }
  void Ended(const Exchange& e) override {
    StorySink::Ended(e);
    Write('e', e);
    text += e.error;
    Require(e.error.size() <= 6, "an error that is no SQLSTATE");
    Require(e.error.empty() || e.outcome == Outcome::kAnswered, "an error without answer");
    Number(e.returned_rows);
    Number(e.blocking ? 1 : 0);
    WriteEnd(e);
  }
  void WentOpaque(OpaqueReason reason) override {
    StorySink::WentOpaque(reason);
    Require(session == SessionState::kClosed, "opaque, and a session");
  }
  void SessionChanged(SessionState from, SessionState to) override {
    Require(from == session && from != to, "a session that jumps");
    session = to;
    text += "session ";
    Number(static_cast<int64_t>(to));
  }

  SessionState session = SessionState::kClosed;
  bool only_pieces = true;  // all SQL that came is made of kPieces

 private:
  void Write(char what, const Exchange& e) {
    Require(e.summary.size() <= 255, "a summary that was not cut");
    Require(e.database.size() <= 63, "a database that was not cut");
    Require(e.query.size() <= 2048, "a text that was not cut");
    Require(IsValidUtf8(e.query), "a text that is none");
    Require(!only_pieces || e.query.find(kSecret) == std::string_view::npos, "a literal that was told");
    (((((text += what) += e.operation) += e.summary) += e.query) += e.database) += ' ';
    WriteStart(e);
  }
};

class Conversation {
 public:
  void Run(const uint8_t* data, size_t size) {
    while (size >= 3) {
      const uint8_t op = data[0] % 8;
      const uint64_t n = data[1] | data[2] << 8;
      const char type = static_cast<char>(data[1]);
      const size_t most = op < 2 ? n : op < 6 ? 0 : data[2];
      data += 3;
      size -= 3;
      const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(most, size));
      data += bytes.size();
      size -= bytes.size();
      const Direction direction = op % 2 == 0 ? Direction::kRequest : Direction::kResponse;
      if (twins_.closed(direction)) continue;
      if (op == 0 || (op == 6 && (type == 'Q' || type == 'P'))) {
        twins_.whole_sink().only_pieces = twins_.single_sink().only_pieces = false;
      }
      if (op < 2) {
        twins_.Show(direction, bytes);
      } else if (op < 4) {
        twins_.Skip(direction, n);
      } else if (op < 6) {
        twins_.Close(direction, static_cast<CloseReason>(n % 8));
      } else if (op == 6 && (type == '\1' || type == '\2')) {
        const std::string sql = SqlOf(bytes) + std::string(type == '\1' ? 1 : 3, '\0');
        twins_.Show(direction, type == '\1' ? Message('Q', sql) : Message('P', '\0' + sql));
      } else {
        twins_.Show(direction, Message(type, bytes));
      }
    }
    twins_.Finish();
    for (const Recorder* sink : {&twins_.whole_sink(), &twins_.single_sink()}) {
      Require(sink->session == SessionState::kClosed, "a session on a closed connection");
    }
  }

 private:
  // Type '\0' is a startup packet.
  static std::string Message(char type, std::string_view content) {
    std::string message;
    if (type != '\0') message += type;
    message +=
        {'\0', '\0', static_cast<char>((content.size() + 4) >> 8), static_cast<char>(content.size() + 4)};
    return message.append(content);
  }

  TwinDriver<Recorder> twins_{&postgres::MakeObserver};
};

}  // namespace
}  // namespace sidelight

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sidelight::Conversation().Run(data, size);
  return 0;
}
