#include "collector/protocols/postgres/request_reader.h"

#include <algorithm>
#include <utility>

#include "collector/protocols/postgres/startup.h"
#include "core/base/utf8.h"

namespace sidelight::postgres {
namespace {

// Longer than any name that is kept, so that one which was cut is not taken for another.
constexpr size_t kMaxField = 256;

// A reader is large, and needed by a connection only while it sends SQL. One for each thread is kept, so that
// it is neither allocated for each statement nor held by each idle connection.
thread_local std::unique_ptr<SummaryReader> spare_sql;

// Appends to `to` what stands before the next NUL, up to `limit` bytes in all. True when the NUL came.
bool TakeField(std::string_view& piece, size_t limit, std::string& to) {
  const size_t end = piece.find('\0');
  const std::string_view text = piece.substr(0, end);
  to.append(text.substr(0, limit - to.size()));
  piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
  return end != std::string_view::npos;
}

}  // namespace

bool RequestReader::Begin(char type) {
  type_ = type;
  name_.clear();
  second_name_.clear();
  row_ = {};
  switch (type) {
    case '\0':
      key_.clear();
      code_ = 0;
      code_bytes_ = 0;
      Advance(Stage::kCode);
      return true;
    case 'Q':
    case 'P':
      sql_ = spare_sql == nullptr ? std::make_unique<SummaryReader>() : std::move(spare_sql);
      sql_->Begin(wants_queries_);
      Advance(type == 'Q' ? Stage::kSql : Stage::kName);
      return true;
    case 'B':
    case 'E':
      Advance(Stage::kName);
      return true;
    case 'C':
      Advance(Stage::kTarget);
      return true;
    case 'D':
    case 'F':
    case 'H':
    case 'S':
    case 'X':
    case 'c':
    case 'd':
    case 'f':
    case 'p':
      Advance(Stage::kDone);
      return true;
    default:
      return false;
  }
}

bool RequestReader::CheckLength(uint32_t length) {
  length_ = length;
  switch (type_) {
    case '\0':
      return length >= kCodeBytes && length + 4 <= kMaxStartup;
    case 'H':
    case 'S':
    case 'X':
    case 'c':
      return length == 0;
    default:
      return true;
  }
}

void RequestReader::Advance(Stage stage) {
  stage_ = stage;
  wants_ = stage != Stage::kDone;
}

void RequestReader::Read(std::string_view piece) {
  while (!piece.empty() && wants_) ReadPiece(piece);
}

void RequestReader::ReadPiece(std::string_view& piece) {
  switch (stage_) {
    case Stage::kCode:
      code_ = code_ << 8 | static_cast<uint8_t>(piece.front());
      piece.remove_prefix(1);
      if (++code_bytes_ == kCodeBytes) Advance(code_ >> 16 == kMajorVersion ? Stage::kKey : Stage::kDone);
      return;
    case Stage::kKey:
      if (!TakeField(piece, kMaxField, key_)) return;
      if (key_ == "database") name_.clear();
      if (key_ == "user") second_name_.clear();
      return Advance(key_.empty() ? Stage::kDone : Stage::kValue);
    case Stage::kValue: {
      bool whole = false;
      if (key_ == "database") {
        whole = TakeField(piece, kMaxDatabase, name_);
      } else if (key_ == "user") {
        whole = TakeField(piece, kMaxDatabase, second_name_);
      } else {
        const size_t end = piece.find('\0');
        whole = end != std::string_view::npos;
        piece.remove_prefix(whole ? end + 1 : piece.size());
      }
      if (!whole) return;
      key_.clear();
      return Advance(Stage::kKey);
    }
    case Stage::kTarget:
      target_ = piece.front();
      piece.remove_prefix(1);
      return Advance(Stage::kName);
    case Stage::kName:
      if (!TakeField(piece, kMaxField, name_)) return;
      if (type_ == 'P') return Advance(Stage::kSql);
      return Advance(type_ == 'B' ? Stage::kSecondName : Stage::kDone);
    case Stage::kSecondName:
      if (TakeField(piece, kMaxField, second_name_)) Advance(Stage::kDone);
      return;
    case Stage::kSql: {
      const size_t end = piece.find('\0');
      sql_->Read(piece.substr(0, end));
      piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
      if (end != std::string_view::npos) Advance(Stage::kDone);
      return;
    }
    case Stage::kDone:
      return;
  }
}

bool RequestReader::Finish() {
  if (type_ == '\0') {
    if (code_ >> 16 == kMajorVersion) {
      startup_ = Startup::kSession;
      return true;
    }
    startup_ = code_ == kSslRequest      ? Startup::kSsl
               : code_ == kGssEncRequest ? Startup::kGss
                                         : Startup::kCancel;
    return startup_ == Startup::kCancel ? code_ == kCancelRequest : length_ == kCodeBytes;
  }
  if (stage_ != Stage::kDone) return false;
  if (type_ != 'Q' && type_ != 'P') return true;
  sql_->Finish();
  row_ = sql_->row();
  if (type_ == 'P' && !row_.empty()) {
    std::string_view rest = row_;
    TakeStatement(rest);
    row_.remove_suffix(rest.size());
  }
  return true;
}

void RequestReader::Release() {
  row_ = {};
  if (sql_ != nullptr) spare_sql = std::move(sql_);
}

std::string RequestReader::TakeDatabase() {
  std::string database = std::move(name_.empty() ? second_name_ : name_);
  if (!IsValidUtf8(database)) {
    for (char& c : database) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '_';
    }
  }
  return database;
}

}  // namespace sidelight::postgres
