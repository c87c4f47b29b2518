// The messages of PostgreSQL's protocol 3.0 as they go over the wire ("Message Formats" in PostgreSQL's
// documentation), under the names that it gives them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace sidelight::postgres::wire {

inline std::string Int16(uint16_t n) {
  return {static_cast<char>(n >> 8), static_cast<char>(n)};
}
inline std::string Int32(uint32_t n) {
  return Int16(static_cast<uint16_t>(n >> 16)) + Int16(static_cast<uint16_t>(n));
}
inline std::string Text(std::string_view text) {
  return std::string(text) + '\0';
}
inline std::string Untyped(const std::string& content) {
  return Int32(static_cast<uint32_t>(content.size()) + 4) + content;
}
inline std::string Message(char type, const std::string& content = "") {
  return type + Untyped(content);
}

inline constexpr uint32_t kVersion30 = 3 << 16;
inline constexpr uint32_t kVersion32 = 3 << 16 | 2;
inline constexpr uint32_t kCancelRequestCode = 80877102;
inline constexpr uint32_t kSslRequestCode = 80877103;
inline constexpr uint32_t kGssEncRequestCode = 80877104;

// From the client.
inline std::string StartupMessage(std::initializer_list<std::string_view> names_and_values,
                                  uint32_t version = kVersion30) {
  std::string content = Int32(version);
  for (const std::string_view text : names_and_values) content += Text(text);
  return Untyped(content + '\0');
}
inline std::string SslRequest() {
  return Untyped(Int32(kSslRequestCode));
}
inline std::string GssEncRequest() {
  return Untyped(Int32(kGssEncRequestCode));
}
inline std::string CancelRequest() {
  return Untyped(Int32(kCancelRequestCode) + Int32(4711) + Int32(815));
}
inline std::string PasswordMessage(std::string_view password) {
  return Message('p', Text(password));
}
inline std::string Query(std::string_view sql) {
  return Message('Q', Text(sql));
}
inline std::string Parse(std::string_view statement, std::string_view sql) {
  return Message('P', Text(statement) + Text(sql) + Int16(0));
}
inline std::string Bind(std::string_view portal, std::string_view statement,
                        std::string_view parameter = "7") {
  return Message('B', Text(portal) + Text(statement) + Int16(0) + Int16(1) +
                          Int32(static_cast<uint32_t>(parameter.size())) + std::string(parameter) + Int16(0));
}
inline std::string DescribeStatement(std::string_view name) {
  return Message('D', "S" + Text(name));
}
inline std::string DescribePortal(std::string_view name) {
  return Message('D', "P" + Text(name));
}
inline std::string Execute(std::string_view portal, uint32_t rows = 0) {
  return Message('E', Text(portal) + Int32(rows));
}
inline std::string CloseStatement(std::string_view name) {
  return Message('C', "S" + Text(name));
}
inline std::string ClosePortal(std::string_view name) {
  return Message('C', "P" + Text(name));
}
inline std::string Flush() {
  return Message('H');
}
inline std::string Sync() {
  return Message('S');
}
inline std::string FunctionCall() {
  return Message('F', Int32(953) + Int16(0) + Int16(0) + Int16(1));
}
inline std::string CopyFail(std::string_view why) {
  return Message('f', Text(why));
}
inline std::string Terminate() {
  return Message('X');
}

// From either.
inline std::string CopyData(std::string_view rows) {
  return Message('d', std::string(rows));
}
inline std::string CopyDone() {
  return Message('c');
}

// From the server.
inline std::string AuthenticationOk() {
  return Message('R', Int32(0));
}
inline std::string AuthenticationCleartextPassword() {
  return Message('R', Int32(3));
}
inline std::string BackendKeyData() {
  return Message('K', Int32(4711) + Int32(815));
}
inline std::string ParameterStatus(std::string_view name, std::string_view value) {
  return Message('S', Text(name) + Text(value));
}
inline std::string NegotiateProtocolVersion() {
  return Message('v', Int32(0) + Int32(0));
}
inline std::string ReadyForQuery(char status) {
  return Message('Z', std::string(1, status));
}
inline std::string RowDescription() {
  return Message('T',
                 Int16(1) + Text("n") + Int32(0) + Int16(0) + Int32(23) + Int16(4) + Int32(~0u) + Int16(0));
}
inline std::string ParameterDescription() {
  return Message('t', Int16(1) + Int32(23));
}
inline std::string NoData() {
  return Message('n');
}
inline std::string DataRow(std::string_view value) {
  return Message('D', Int16(1) + Int32(static_cast<uint32_t>(value.size())) + std::string(value));
}
inline std::string CommandComplete(std::string_view tag) {
  return Message('C', Text(tag));
}
inline std::string EmptyQueryResponse() {
  return Message('I');
}
inline std::string PortalSuspended() {
  return Message('s');
}
inline std::string ParseComplete() {
  return Message('1');
}
inline std::string BindComplete() {
  return Message('2');
}
inline std::string CloseComplete() {
  return Message('3');
}
inline std::string CopyInResponse() {
  return Message('G', std::string(1, '\0') + Int16(1) + Int16(0));
}
inline std::string CopyOutResponse() {
  return Message('H', std::string(1, '\0') + Int16(1) + Int16(0));
}
inline std::string CopyBothResponse() {
  return Message('W', std::string(1, '\0') + Int16(0));
}
inline std::string FunctionCallResponse() {
  return Message('V', Int32(4) + Int32(7));
}
inline std::string ErrorResponse(std::string_view sqlstate, std::string_view severity = "ERROR") {
  return Message('E', "S" + Text(severity) + "V" + Text(severity) + "C" + Text(sqlstate) + "M" +
                          Text("relation \"secret\" does not exist") + '\0');
}
inline std::string NoticeResponse() {
  return Message('N', "S" + Text("NOTICE") + "C" + Text("00000") + '\0');
}
inline std::string NotificationResponse() {
  return Message('A', Int32(4711) + Text("jobs") + Text("secret"));
}

}  // namespace sidelight::postgres::wire
