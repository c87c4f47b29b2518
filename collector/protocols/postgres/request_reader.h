// RequestReader: reads the contents of a client's messages as far as they matter: names of statements and
// portals, SQL as its summary, the database of a startup packet. Passwords, parameters and rows are not read.
//
// For each message: Begin, CheckLength, Read while wants(), Finish; then the accessors that fit its type,
// until the next Begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collector/protocols/postgres/summary.h"

namespace sidelight::postgres {

class RequestReader {
 public:
  static constexpr uint32_t kMaxStartup = 10000;  // as in the server
  // The server cuts the names of databases and users there, too.
  static constexpr size_t kMaxDatabase = 63;

  enum class Startup : uint8_t { kSession, kSsl, kGss, kCancel };

  // `wants_queries`: SQL is kept as its text without literals, too.
  explicit RequestReader(bool wants_queries) : wants_queries_(wants_queries) {}

  // False for what is no type of a client's message; '\0' is a startup packet.
  bool Begin(char type);
  // Whether a message of that type can have that many bytes of content.
  bool CheckLength(uint32_t length);
  bool wants() const { return wants_; }
  void Read(std::string_view piece);
  // False when the content was none of its type.
  bool Finish();

  // Gives back what was needed to read SQL; row() is gone.
  void Release();

  Startup startup() const { return startup_; }
  // The database of the session, which is named like its user if the client did not say.
  std::string TakeDatabase();
  std::string_view row() const { return row_; }    // of Query and Parse: statement.h
  std::string_view name() const { return name_; }  // of Parse, Bind (the portal), Execute and Close
  std::string_view second_name() const { return second_name_; }  // of Bind: the statement
  bool closes_portal() const { return target_ == 'P'; }

 private:
  enum class Stage : uint8_t { kCode, kKey, kValue, kTarget, kName, kSecondName, kSql, kDone };

  void ReadPiece(std::string_view& piece);
  void Advance(Stage stage);

  char type_ = '\0';
  char target_ = '\0';  // of Close: 'S' or 'P'
  bool wants_ = false;
  bool wants_queries_ = false;
  Stage stage_ = Stage::kDone;
  Startup startup_ = Startup::kSession;
  uint8_t code_bytes_ = 0;
  uint32_t code_ = 0;
  uint32_t length_ = 0;
  std::string name_;         // of a startup packet: the database
  std::string second_name_;  // ... the user
  std::string key_;
  std::string_view row_;
  std::unique_ptr<SummaryReader> sql_;  // while there is SQL to be read
};

}  // namespace sidelight::postgres
