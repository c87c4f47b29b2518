#include "collector/protocols/memcached/commands.h"

#include <array>

#include "collector/protocols/memcached/packed.h"

namespace sidelight::memcached {
namespace {

constexpr std::array<CommandName, 6> kLongNames = {{
    {"verbosity", Command::kLine},
    {"flush_all", Command::kLine},
    {"lru_crawler", Command::kCrawler},
    {"cache_memlimit", Command::kLine},
    {"refresh_certs", Command::kLine},
    {"debugtime", Command::kLine},
}};

constexpr CommandName kUnknown{kOtherCommand, Command::kLine};

constexpr std::array<Opcode, 256> kOpcodes = [] {
  std::array<Opcode, 256> table{};
  for (unsigned i = 0; i < table.size(); ++i)
    table[i] = Opcode{kOtherCommand, Command::kLine, false, static_cast<uint8_t>(i)};
  const auto loud = [&table](uint8_t code, std::string_view name, Command command) {
    table[code] = Opcode{name, command, false, code};
  };
  loud(0x00, "get", Command::kRetrieve);
  loud(0x01, "set", Command::kStore);
  loud(0x02, "add", Command::kStore);
  loud(0x03, "replace", Command::kStore);
  loud(0x04, "delete", Command::kDelete);
  loud(0x05, "incr", Command::kArithmetic);
  loud(0x06, "decr", Command::kArithmetic);
  loud(0x07, "quit", Command::kLine);  // it is answered, then the connection is closed
  loud(0x08, "flush_all", Command::kLine);
  loud(0x0a, "noop", Command::kLine);
  loud(0x0b, "version", Command::kLine);
  loud(0x0c, "get", Command::kRetrieve);  // GetK: the answer repeats the key
  loud(0x0e, "append", Command::kStore);
  loud(0x0f, "prepend", Command::kStore);
  loud(0x10, "stats", Command::kStats);
  loud(0x1b, "verbosity", Command::kLine);
  loud(0x1c, "touch", Command::kTouch);
  loud(0x1d, "gat", Command::kTouchRetrieve);
  loud(0x20, "sasl_list_mechs", Command::kLine);
  loud(0x21, "sasl_auth", Command::kLine);
  loud(0x22, "sasl_step", Command::kLine);
  loud(0x23, "gat", Command::kTouchRetrieve);  // GATK
  const auto quiet = [&table](uint8_t code, uint8_t of) {
    table[code] = table[of];
    table[code].quiet = true;
  };
  quiet(0x09, 0x00);
  quiet(0x0d, 0x0c);
  quiet(0x11, 0x01);
  quiet(0x12, 0x02);
  quiet(0x13, 0x03);
  quiet(0x14, 0x04);
  quiet(0x15, 0x05);
  quiet(0x16, 0x06);
  quiet(0x18, 0x08);
  quiet(0x19, 0x0e);
  quiet(0x1a, 0x0f);
  quiet(0x1e, 0x1d);
  quiet(0x24, 0x23);
  table[0x17] = Opcode{"quit", Command::kQuit, false, 0x17};  // QuitQ: no answer
  return table;
}();

}  // namespace

const CommandName& TextCommand(std::string_view token) {
  switch (Packed(token)) {
#define SIDELIGHT_COMMAND(name, command)                         \
  case Packed(name): {                                           \
    static constexpr CommandName kNamed{name, Command::command}; \
    return kNamed;                                               \
  }
    SIDELIGHT_COMMAND("get", kRetrieve)
    SIDELIGHT_COMMAND("gets", kRetrieve)
    SIDELIGHT_COMMAND("gat", kTouchRetrieve)
    SIDELIGHT_COMMAND("gats", kTouchRetrieve)
    SIDELIGHT_COMMAND("set", kStore)
    SIDELIGHT_COMMAND("add", kStore)
    SIDELIGHT_COMMAND("replace", kStore)
    SIDELIGHT_COMMAND("append", kStore)
    SIDELIGHT_COMMAND("prepend", kStore)
    SIDELIGHT_COMMAND("cas", kCompareStore)
    SIDELIGHT_COMMAND("delete", kDelete)
    SIDELIGHT_COMMAND("incr", kArithmetic)
    SIDELIGHT_COMMAND("decr", kArithmetic)
    SIDELIGHT_COMMAND("touch", kTouch)
    SIDELIGHT_COMMAND("mg", kMetaGet)
    SIDELIGHT_COMMAND("ms", kMetaSet)
    SIDELIGHT_COMMAND("md", kMetaDelete)
    SIDELIGHT_COMMAND("ma", kMetaArithmetic)
    SIDELIGHT_COMMAND("mn", kMetaNoop)
    SIDELIGHT_COMMAND("me", kMetaDebug)
    SIDELIGHT_COMMAND("stats", kStats)
    SIDELIGHT_COMMAND("watch", kWatch)
    SIDELIGHT_COMMAND("quit", kQuit)
    SIDELIGHT_COMMAND("version", kLine)
    SIDELIGHT_COMMAND("shutdown", kLine)
    SIDELIGHT_COMMAND("slabs", kLine)
    SIDELIGHT_COMMAND("lru", kLine)
#undef SIDELIGHT_COMMAND
    default:
      break;
  }
  for (const CommandName& one : kLongNames) {
    if (one.name == token) return one;
  }
  return kUnknown;
}

const Opcode& BinaryOpcode(uint8_t opcode) {
  return kOpcodes[opcode];
}

std::string_view BinaryError(uint16_t status) {
  switch (status) {
    case 0x00:  // success
    case 0x01:  // KEY_ENOENT
    case 0x02:  // KEY_EEXISTS
    case 0x05:  // NOT_STORED
    case 0x21:  // AUTH_CONTINUE
      return "";
    case 0x03:
      return "E2BIG";
    case 0x04:
      return "EINVAL";
    case 0x06:
      return "DELTA_BADVAL";
    case 0x07:
      return "NOT_MY_VBUCKET";
    case 0x20:
      return "AUTH_ERROR";
    case 0x81:
      return "UNKNOWN_COMMAND";
    case 0x82:
      return "ENOMEM";
    case 0x83:
      return "NOT_SUPPORTED";
    case 0x84:
      return "EINTERNAL";
    case 0x85:
      return "EBUSY";
    case 0x86:
      return "ETMPFAIL";
    default:
      return kOtherCommand;
  }
}

}  // namespace sidelight::memcached
