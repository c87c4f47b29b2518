#include "collector/tap/options.h"

#include <fmt/format.h>

namespace sidelight::tap {
namespace {

// Reads a string with `parse`; what it has to say against it is an error at that place.
template <class Parse, class T>
void ReadParsed(const yaml::Node& node, Parse parse, T* out) {
  std::string text;
  if (!node || !node.Read(&text)) return;
  Result<net::Address> address = parse(text);
  if (address) {
    *out = *std::move(address);
  } else {
    node.Fail(address.error().message);
  }
}

bool IsV6(const net::Address& ip) {
  return ip.host().find(':') != std::string::npos;
}

// A source from which no connection to that upstream can come: every one of them would fail. What a name
// resolves to is not known here.
void CheckSource(const yaml::Node& node, const net::Address& source, const net::Address& upstream) {
  if (upstream.is_unix()) {
    node.Fail("a source address needs an upstream over TCP; remove it, or give the upstream as host:port");
  } else if (upstream.is_numeric() && IsV6(source) != IsV6(upstream)) {
    node.Fail(
        fmt::format("no connection goes from \"{}\" to the upstream \"{}\": one is IPv4 and the other IPv6; "
                    "choose both of the same kind",
                    source.ToString(), upstream.ToString()));
  }
}

}  // namespace

Result<net::Address> ParseUpstream(std::string_view text) {
  if (text.starts_with("tls://")) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("\"{}\": tls:// is reserved and not available yet; write the backend's plain address, "
                    "as 127.0.0.1:8081",
                    text));
  }
  Result<net::Address> address = net::Address::Parse(text);
  if (address && !address->is_unix() && address->port() == 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\": an upstream needs a port from 1 to 65535", text));
  }
  return address;
}

void Decode(yaml::Mapping& mapping, Options* out) {
  yaml::Node name = mapping.RequiredNode("name");
  if (name && name.Read(&out->name) && out->name.empty()) name.Fail("a tap needs a name that is not empty");
  ReadParsed(mapping.RequiredNode("listen"), net::Address::Parse, &out->listen);
  ReadParsed(mapping.RequiredNode("upstream"), ParseUpstream, &out->upstream);
  yaml::Node source = mapping.Get("source");
  ReadParsed(source, net::Address::ParseIp, &out->source);
  if (source && out->source) CheckSource(source, *out->source, out->upstream);
  if (const auto word = mapping.OneOf("proxy_protocol", {"off", "on", "v2"}))
    out->proxy_protocol = *word != 0;
  yaml::Node connect_timeout = mapping.Get("connect_timeout");
  if (connect_timeout && connect_timeout.Read(&out->connect_timeout) && out->connect_timeout <= Duration{}) {
    connect_timeout.Fail("the connect timeout must be longer than 0, as 5s");
  }
  mapping.Optional("timeout", &out->timeout);
}

}  // namespace sidelight::tap
