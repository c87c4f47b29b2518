// Conversations, and what the observer makes of them: the scripts are those of conversation.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "collector/protocols/http1/observer.h"
#include "collector/protocols/http1/parser.h"
#include "collector/protocols/http1/pending.h"
#include "tests/collector/protocols/conversation.h"

namespace sidelight::http1 {
namespace {

using namespace conversation;

// Writes down what it is told, a line each:
//     started GET /a
//     ended GET /a 1.1 200 answered, 0 in, 5 out, 1 2 3        (start, first byte or -, end)
//     ended GET /b 1.1 200 answered, 0 in, 5 out, 3 4 5, waited 2
//     opaque upgraded
class Recorder final : public RecordingSink {
 public:
  void Started(const Exchange& e) override {
    RecordingSink::Started(e);
    out() << "started " << e.operation << " " << e.target << "\n";
  }

  void Ended(const Exchange& e) override {
    RecordingSink::Ended(e);
    out() << "ended " << e.operation << " " << e.target << " " << e.protocol_version << " " << e.status << " "
          << NameOf(e.outcome) << ", " << e.request_bytes << " in, " << e.response_bytes << " out, ";
    WriteTimes(e);
    for (const CacheLookup& lookup : e.cache)
      out() << ", hits " << lookup.hits << " misses " << lookup.misses;
    if (e.trace) out() << ", trace " << TraceHex(*e.trace) << " " << SpanHex(*e.trace);
    out() << "\n";
  }
};

std::string Play(const Steps& steps, const Feed& feed) {
  Recorder recorder;
  static const KnownMethods kMethods;
  const auto observer = MakeObserver(recorder, kMethods);
  conversation::Play(steps, feed, *observer, recorder);
  return recorder.text();
}

void ExpectPlays(std::string_view name, const Steps& steps, const std::string& want) {
  conversation::ExpectPlays(name, steps, want, [&](const Feed& feed) { return Play(steps, feed); });
}

struct Case {
  const char* name;
  const char* script;
  const char* want;
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& c : cases) ExpectPlays(c.name, ParseScript(c.script), Unindent(c.want));
}

TEST(Http1Observer, WhatCachesTell) {
  ExpectAll({
      {"a miss, a hit, and nothing", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nX-Cache-Status: MISS\r\nContent-Length: 1\r\n\r\na
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\nx-cache-status: HIT\r\n\r\na
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 1 out, 1 2 2, hits 0 misses 1
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 1 out, 3 4 4, hits 1 misses 0
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 1 out, 5 6 6)"},
      {"the strongest header", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nCache-Status: e; hit\r\nX-Cache: MISS\r\nAge: 0\r\nContent-Length: 0\r\n\r\n
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nage: 9\r\ncf-cache-status: MISS\r\nX-Cache: HIT\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 0 out, 1 2 2, hits 1 misses 0
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 0 out, 3 4 4, hits 0 misses 1)"},
      {"a long value, a header without one, and names that only begin so", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nX-Cache:\r\nX-Cache-Statuses: MISS\r\nX-Cac: MISS\r\nAges: 0\r\n
        < Cache-Status: "a cache; of, \\" ours"; key="https://example.org/a?b=1,2;fwd=miss"; ttl=30; hit\r\n
        < Content-Length: 0\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 0 out, 1 2 4, hits 1 misses 0)"},
      {"what a request says is nothing", R"(
        > GET /a HTTP/1.1\r\nX-Cache: HIT\r\nAge: 5\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 0 out, 1 2 2)"},
      {"an interim answer tells nothing, an answer that breaks off does", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 103 Early Hints\r\nX-Cache: HIT\r\n\r\n
        < HTTP/1.1 200 OK\r\nX-Cache: MISS\r\nContent-Length: 5\r\n\r\nab
        <! reset)",
       R"(
        started GET /a
        ended GET /a 1.1 200 response_incomplete, 0 in, 2 out, 1 3 4, hits 0 misses 1)"},
      {"304 with an age", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 304 Not Modified\r\nAge: 0\r\n\r\n
        > GET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nAge: 0\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 304 answered, 0 in, 0 out, 1 2 2, hits 1 misses 0
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 3 4 4, hits 0 misses 1)"},
      {"a trailer tells nothing", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Cache: HIT\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 1 out, 1 2 2)"},
  });
}

TEST(Http1Observer, OneAfterTheOther) {
  ExpectAll({
      {"keep-alive", R"(
        > GET /a?q=1 HTTP/1.1\r\nHost: x\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello
        > GET /b HTTP/1.1\r\nHost: x\r\n\r\n
        < HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n
        >! end
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 5 out, 1 2 2
        started GET /b
        ended GET /b 1.1 404 answered, 0 in, 0 out, 3 4 4)"},
      {"a slow request and a slow answer", R"(
        > GE
        > T /a HTTP/1.1\r\n
        > Host: x\r\n\r\n
        < HTT
        < P/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe
        < llo)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 5 out, 1 4 6)"},
      {"a request with a body", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 7\r\n\r\nabc
        > defg
        < HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok)",
       R"(
        started POST /a
        ended POST /a 1.1 201 answered, 7 in, 2 out, 1 3 3)"},
      {"empty lines before messages do not count", R"(
        > \r\n
        > \r\n\nGET / HTTP/1.1\r\n\r\n
        < \r\n
        < HTTP/1.1 204 No Content\r\n\r\n
        < \r\n
        > GET / HTTP/1.1\r\n\r\n)",
       R"(
        started GET /
        ended GET / 1.1 204 answered, 0 in, 0 out, 2 4 4
        started GET /)"},
      {"chunked both ways, with extensions and trailers", R"(
        > POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n
        > 6;ext="v"\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n
        < 0\r\nTraceparent: x\r\nContent-Type: text/event-stream\r\n\r\n
        > GET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0\r\n\r\n)",
       R"(
        started POST /a
        ended POST /a 1.1 200 answered, 11 in, 3 out, 1 3 4
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 5 6 6)"},
      {"HEAD has no body, whatever it declares", R"(
        > HEAD /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n
        > HEAD /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n
        > HEAD /c HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\n\r\n)",
       R"(
        started HEAD /a
        ended HEAD /a 1.1 200 answered, 0 in, 0 out, 1 2 2
        started HEAD /b
        ended HEAD /b 1.1 200 answered, 0 in, 0 out, 3 4 4
        started HEAD /c
        ended HEAD /c 1.1 200 answered, 0 in, 0 out, 5 6 6)"},
      {"204 and 304 have no body, 205 has", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n
        > GET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n
        > GET /c HTTP/1.1\r\n\r\n
        < HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc)",
       R"(
        started GET /a
        ended GET /a 1.1 204 answered, 0 in, 0 out, 1 2 2
        started GET /b
        ended GET /b 1.1 304 answered, 0 in, 0 out, 3 4 4
        started GET /c
        ended GET /c 1.1 205 answered, 0 in, 3 out, 5 6 6)"},
      {"100 is not the answer, nor its first byte", R"(
        > PUT /a HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n
        < HTTP/1.1 100 Continue\r\n\r\n
        > abc
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started PUT /a
        ended PUT /a 1.1 200 answered, 3 in, 0 out, 1 4 4)"},
      {"several interim answers, 103 among them", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nContent-Length: 9\r\n\r\n
        < HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\nHTTP/1.1 20
        < 0 OK\r\nContent-Length: 1\r\n\r\nx)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 1 out, 1 3 4)"},
      {"answered before the request was whole", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc
        < HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno
        > defghiGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started POST /a
        ended POST /a 1.1 413 answered, 3 in, 2 out, 1 2 2
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 3 4 4)"},
      {"an answer that ends within its request's chunks", R"(
        > POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde
        < HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n
        > fgh\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started POST /a
        ended POST /a 1.1 400 answered, 5 in, 0 out, 1 2 2
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 3 4 4)"},
      {"the answer begins within the request's body and ends after it", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc
        < HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nno
        > def
        < no)",
       R"(
        started POST /a
        ended POST /a 1.1 200 answered, 6 in, 4 out, 1 2 4)"},
  });
}

TEST(Http1Observer, OldAndUnusualHttp) {
  ExpectAll({
      {"HTTP/1.0 until the close", R"(
        > GET /a HTTP/1.0\r\n\r\n
        < HTTP/1.0 200 OK\r\n\r\nabc
        < def
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.0 200 answered, 0 in, 6 out, 1 2 4)"},
      {"HTTP/1.1 until the close, the client having ended its side", R"(
        > GET /a HTTP/1.1\r\nConnection: close\r\n\r\n
        >! end
        < HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 3 out, 1 3 4)"},
      {"until the close, and that was a reset", R"(
        > GET /a HTTP/1.0\r\n\r\n
        < HTTP/1.0 200 OK\r\n\r\nabc
        <! reset)",
       R"(
        started GET /a
        ended GET /a 1.0 200 response_incomplete, 0 in, 3 out, 1 2 3)"},
      {"HTTP/1.0 with keep-alive", R"(
        > GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n
        < HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx
        > GET /b HTTP/1.0\r\n\r\n
        < HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx)",
       R"(
        started GET /a
        ended GET /a 1.0 200 answered, 0 in, 1 out, 1 2 2
        started GET /b
        ended GET /b 1.0 200 answered, 0 in, 1 out, 3 4 4)"},
      {"HTTP/1.2 is read as 1.1", R"(
        > GET /a HTTP/1.2\r\n\r\n
        < HTTP/1.1 505 No\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 505 answered, 0 in, 0 out, 1 2 2)"},
      {"LF alone", R"(
        > GET /a HTTP/1.1\nHost: x\n\n
        < HTTP/1.1 200 OK\nContent-Length: 2\n\nok
        > POST /b HTTP/1.1\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n
        < HTTP/1.1 200 OK\nContent-Length: 0\n\n)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 2 out, 1 2 2
        started POST /b
        ended POST /b 1.1 200 answered, 1 in, 0 out, 3 4 4)"},
      {"no reason phrase, folded and empty headers, bytes above 127", R"(
        > GET /\xc3\xa9 HTTP/1.1\r\nA:\r\nB: b\r\n c\r\n\td\r\nC : d\r\nE:\t \xff\x01 \r\n\r\n
        < HTTP/1.1 200\r\nA: b\r\n c\r\nContent-Length: 1\r\n\r\nx)",
       "started GET /\xc3\xa9\nended GET /\xc3\xa9 1.1 200 answered, 0 in, 1 out, 1 2 2"},
      {"a NUL within a header's value", R"(
        > GET / HTTP/1.1\r\nA: b\0c\r\n\r\n
        < HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /
        ended GET / 1.1 400 answered, 0 in, 0 out, 1 2 2)"},
      {"spaces before the target and the version", R"(
        > GET   /a   HTTP/1.1\r\n\r\n)",
       R"(
        started GET /a)"},
      {"methods that are not known", R"(
        > QUERY /q HTTP/1.1\r\nContent-Length: 1\r\n\r\nx
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
        > get /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n
        > PROPFIND /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 207 Multi-Status\r\nContent-Length: 2\r\n\r\nok
        > !#$%&'*+-.^_`|~9z /c HTTP/1.1\r\n\r\n
        < HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n
        > head /d HTTP/1.1\r\n\r\n
        < HTTP/1.1 501 No\r\nContent-Length: 2\r\n\r\nno
        > GETX /e HTTP/1.1\r\n\r\n
        < HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started QUERY /q
        ended QUERY /q 1.1 200 answered, 1 in, 0 out, 1 2 2
        started _OTHER /a
        ended _OTHER /a 1.1 501 answered, 0 in, 0 out, 3 4 4
        started _OTHER /b
        ended _OTHER /b 1.1 207 answered, 0 in, 2 out, 5 6 6
        started _OTHER /c
        ended _OTHER /c 1.1 400 answered, 0 in, 0 out, 7 8 8
        started _OTHER /d
        ended _OTHER /d 1.1 501 answered, 0 in, 2 out, 9 10 10
        started _OTHER /e
        ended _OTHER /e 1.1 501 answered, 0 in, 0 out, 11 12 12)"},
      {"the forms of a target", R"(
        > GET http://host/p/q?x HTTP/1.1\r\n\r\n
        > GET http://host HTTP/1.1\r\n\r\n
        > OPTIONS * HTTP/1.1\r\n\r\n
        > GET /?a=/b HTTP/1.1\r\n\r\n
        > GET //a HTTP/1.1\r\n\r\n)",
       R"(
        started GET /p/q
        started GET /
        started OPTIONS *
        started GET /
        started GET //a)"},
  });
}

TEST(Http1Observer, Pipelining) {
  ExpectAll({
      {"three at once, answered at once", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n22HTTP/1.1 204 x\r\n\r\n)",
       R"(
        started GET /a
        started GET /b
        started GET /c
        ended GET /a 1.1 200 answered, 0 in, 1 out, 1 2 2
        ended GET /b 1.1 200 answered, 0 in, 2 out, 2 2 2, waited 1
        ended GET /c 1.1 204 answered, 0 in, 0 out, 2 2 2, waited 1)"},
      {"three at once, answered one by one", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n
        < 1
        < HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n22
        < HTTP/1.1 204 No Content\r\n\r\n)",
       R"(
        started GET /a
        started GET /b
        started GET /c
        ended GET /a 1.1 200 answered, 0 in, 1 out, 1 2 3
        ended GET /b 1.1 200 answered, 0 in, 2 out, 3 4 4, waited 2
        ended GET /c 1.1 204 answered, 0 in, 0 out, 4 5 5, waited 3)"},
      {"HEAD, then GET", R"(
        > HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc)",
       R"(
        started HEAD /a
        started GET /b
        ended HEAD /a 1.1 200 answered, 0 in, 0 out, 1 2 2
        ended GET /b 1.1 200 answered, 0 in, 3 out, 2 2 2, waited 1)"},
      {"bodies in a pipeline", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nabPOST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\ncd
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
        > ef
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started POST /a
        started POST /b
        ended POST /a 1.1 200 answered, 2 in, 0 out, 1 2 2
        ended POST /b 1.1 200 answered, 4 in, 0 out, 2 4 4, waited 1)"},
      {"the response before ends while the head comes in", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HT
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
        > TP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 0 out, 1 2 2
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 2 4 4, waited 1)"},
      {"sent within the answer", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na
        > GET /b HTTP/1.1\r\n\r\n
        < b
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 200 answered, 0 in, 2 out, 1 2 4
        ended GET /b 1.1 200 answered, 0 in, 0 out, 4 5 5, waited 1)"},
      {"the upstream goes with three outstanding", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab
        <! end)",
       R"(
        started GET /a
        started GET /b
        started GET /c
        ended GET /a 1.1 200 response_incomplete, 0 in, 2 out, 1 2 3
        ended GET /b 1.1 0 upstream_closed, 0 in, 0 out, 3 - 3, waited 2
        ended GET /c 1.1 0 upstream_closed, 0 in, 0 out, 3 - 3, waited 2)"},
      {"an answer until the close leaves those behind it unanswered", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\n\r\nab
        <! end)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 200 answered, 0 in, 2 out, 1 2 3
        ended GET /b 1.1 0 upstream_closed, 0 in, 0 out, 3 - 3, waited 2)"},
  });
}

TEST(Http1Observer, Upgrades) {
  ExpectAll({
      {"a WebSocket", R"(
        > GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n
        < HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello
        > \x81\x85abcdefghi
        <! end
        >! reset)",
       R"(
        started GET /ws
        ended GET /ws 1.1 101 answered, 0 in, 0 out, 1 2 2
        opaque upgraded)"},
      {"an upgrade that is refused", R"(
        > GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n
        < HTTP/1.1 400 Bad Request\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nno
        > GET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started GET /ws
        ended GET /ws 1.1 400 answered, 0 in, 2 out, 1 2 2
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 3 4 4)"},
      {"an upgrade with a chunked body that is ignored", R"(
        > POST /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
        > GET /b HTTP/1.1\r\n\r\n)",
       R"(
        started POST /ws
        ended POST /ws 1.1 200 answered, 1 in, 0 out, 1 2 2
        started GET /b)"},
      {"a 101 that nobody asked for", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 101 Switching Protocols\r\n\r\n)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 101 answered, 0 in, 0 out, 1 2 2
        ended GET /b 1.1 0 unobserved, 0 in, 0 out, 2 - 2, waited 1
        opaque upgraded)"},
      {"CONNECT", R"(
        > CONNECT host:443 HTTP/1.1\r\nHost: host:443\r\n\r\n
        < HTTP/1.1 200 Connection established\r\n\r\n
        > \x16\x03\x01
        < \x16\x03\x03)",
       R"(
        started CONNECT 
        ended CONNECT  1.1 200 answered, 0 in, 0 out, 1 2 2
        opaque upgraded)"},
      {"CONNECT, without waiting for the answer", R"(
        > CONNECT host:443 HTTP/1.1\r\n\r\n\x16\x03
        > \x01
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n)",
       R"(
        started CONNECT 
        ended CONNECT  1.1 200 answered, 0 in, 0 out, 1 3 3
        opaque upgraded)"},
      {"CONNECT refused", R"(
        > CONNECT host:443 HTTP/1.1\r\n\r\n
        < HTTP/1.1 405 No\r\nContent-Length: 2\r\n\r\n
        > GET /b HTTP/1.1\r\n
        < no
        > \r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started CONNECT 
        ended CONNECT  1.1 405 answered, 0 in, 2 out, 1 2 4
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 4 6 6, waited 1)"},
      {"CONNECT refused, when the client had not waited", R"(
        > CONNECT host:443 HTTP/1.1\r\n\r\n\x16\x03
        < HTTP/1.1 405 No\r\nContent-Length: 2\r\n\r\nno
        > GET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started CONNECT 
        ended CONNECT  1.1 405 answered, 0 in, 2 out, 1 2 2
        opaque desynchronized)"},
      {"connect in lower case is a method like any other", R"(
        > connect /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok
        > GET /b HTTP/1.1\r\n\r\n)",
       R"(
        started _OTHER /a
        ended _OTHER /a 1.1 200 answered, 0 in, 2 out, 1 2 2
        started GET /b)"},
  });
}

TEST(Http1Observer, EventStreams) {
  ExpectAll({
      {"measured to the head", R"(
        > GET /events HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n
        < data: 1\n\n
        < data: 2\n\n
        <! reset)",
       R"(
        started GET /events
        ended GET /events 1.1 200 answered, 0 in, 0 out, 1 2 2)"},
      {"in chunks, then the next request", R"(
        > GET /events HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ncONTENT-tYPE:  Text/Event-Stream ; charset=utf-8\r\n\r\n3\r\nabc\r\n
        < 3\r\nabc\r\n0\r\n\r\n
        > GET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx)",
       R"(
        started GET /events
        ended GET /events 1.1 200 answered, 0 in, 0 out, 1 2 2
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 1 out, 4 5 5)"},
      {"what is sent meanwhile waits for its end", R"(
        > GET /events HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/event-stream\r\n\r\nabc
        > GET /c HTTP/1.1\r\n\r\n
        < def
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx)",
       R"(
        started GET /events
        started GET /b
        ended GET /events 1.1 200 answered, 0 in, 0 out, 1 2 2
        started GET /c
        ended GET /b 1.1 200 answered, 0 in, 1 out, 4 5 5, waited 3
        ended GET /c 1.1 200 answered, 0 in, 1 out, 5 6 6, waited 2)"},
      {"its end comes while the next head comes in", R"(
        > GET /events HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/event-stream\r\n\r\na
        > GET /b HT
        < bc
        > TP/1.1\r\n\r\n
        < HTTP/1.1 204 No Content\r\n\r\n)",
       R"(
        started GET /events
        ended GET /events 1.1 200 answered, 0 in, 0 out, 1 2 2
        started GET /b
        ended GET /b 1.1 204 answered, 0 in, 0 out, 4 6 6, waited 1)"},
      {"cut off, with a request behind it", R"(
        > GET /events HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/event-stream\r\n\r\nabc
        > GET /b HTTP/1.1\r\n\r\n
        <! end
        > GET /c HTTP/1.1\r\n\r\n)",
       R"(
        started GET /events
        ended GET /events 1.1 200 answered, 0 in, 0 out, 1 2 2
        started GET /b
        ended GET /b 1.1 0 upstream_closed, 0 in, 0 out, 4 - 4, waited 1
        started GET /c
        ended GET /c 1.1 0 upstream_closed, 0 in, 0 out, 5 - 5)"},
      {"other types are not", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\nX-Content-Type: text/event-stream\r\nContent-Length: 3\r\n\r\nabc)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 3 out, 1 2 2)"},
      {"a HEAD of one", R"(
        > HEAD /events HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n
        > GET /b HTTP/1.1\r\n\r\n)",
       R"(
        started HEAD /events
        ended HEAD /events 1.1 200 answered, 0 in, 0 out, 1 2 2
        started GET /b)"},
  });
}

TEST(Http1Observer, Closing) {
  ExpectAll({
      {"before the answer", R"(
        > GET /a HTTP/1.1\r\n\r\n
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 0 upstream_closed, 0 in, 0 out, 1 - 2)"},
      {"before the answer, by reset", R"(
        > GET /a HTTP/1.1\r\n\r\n
        <! reset
        >! reset)",
       R"(
        started GET /a
        ended GET /a 1.1 0 upstream_closed, 0 in, 0 out, 1 - 2)"},
      {"after an interim answer only", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 100 Continue\r\n\r\n
        <! reset)",
       R"(
        started GET /a
        ended GET /a 1.1 0 upstream_closed, 0 in, 0 out, 1 - 3)"},
      {"within the head of the answer", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Le
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 0 response_incomplete, 0 in, 0 out, 1 2 3)"},
      {"within the head of the second answer", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 2
        <! end)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 200 answered, 0 in, 1 out, 1 2 2
        ended GET /b 1.1 0 response_incomplete, 0 in, 0 out, 2 2 3, waited 1)"},
      {"within its body", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab
        <! end
        >! end)",
       R"(
        started GET /a
        ended GET /a 1.1 200 response_incomplete, 0 in, 2 out, 1 2 3)"},
      {"within its chunks", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n
        <! reset)",
       R"(
        started GET /a
        ended GET /a 1.1 200 response_incomplete, 0 in, 2 out, 1 2 3)"},
      {"within the request's body", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab
        <! reset
        > cde)",
       R"(
        started POST /a
        ended POST /a 1.1 0 upstream_closed, 2 in, 0 out, 1 - 2)"},
      {"the client leaves before the answer", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        >! reset
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab
        <! end)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 0 client_gone, 0 in, 0 out, 1 - 2
        ended GET /b 1.1 0 client_gone, 0 in, 0 out, 2 - 2, waited 1)"},
      {"the client leaves within the answer", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab
        >! reset
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 200 client_gone, 0 in, 2 out, 1 2 3)"},
      {"a half-closed client is still answered", R"(
        > GET /a HTTP/1.1\r\n\r\n
        >! end
        < HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 2 out, 1 3 3)"},
      {"a half-closed client, and the upstream closes instead", R"(
        > GET /a HTTP/1.1\r\n\r\n
        >! end
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 0 client_gone, 0 in, 0 out, 1 - 3)"},
      {"a half-closed client, and the upstream closes within the answer", R"(
        > GET /a HTTP/1.1\r\n\r\n
        >! end
        < HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na
        <! reset)",
       R"(
        started GET /a
        ended GET /a 1.1 200 client_gone, 0 in, 1 out, 1 3 4)"},
      {"half-closed within the request's body, and answered", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab
        >! end
        < HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n
        <! end)",
       R"(
        started POST /a
        ended POST /a 1.1 400 answered, 2 in, 0 out, 1 3 3)"},
      {"refused", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        <! connect_refused
        >! reset)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 0 connect_refused, 0 in, 0 out, 1 - 2
        ended GET /b 1.1 0 connect_refused, 0 in, 0 out, 2 - 2, waited 1)"},
      {"refused before the request's head was whole", R"(
        > GET /a HTTP/1.1\r\n
        <! connect_refused
        > \r\n
        >! end)",
       R"(
        started GET /a
        ended GET /a 1.1 0 connect_refused, 0 in, 0 out, 1 - 3)"},
      {"refused, and the head never became whole", R"(
        > GET /a HTTP/1.1\r\n
        <! connect_refused
        >! end)",
       ""},
      {"connect timed out", R"(
        > GET /a HTTP/1.1\r\n\r\n
        <! connect_timeout)",
       R"(
        started GET /a
        ended GET /a 1.1 0 connect_timeout, 0 in, 0 out, 1 - 2)"},
      {"no such name", R"(
        > GET /a HTTP/1.1\r\n\r\n
        <! dns)",
       R"(
        started GET /a
        ended GET /a 1.1 0 dns, 0 in, 0 out, 1 - 2)"},
      {"over the limit", R"(
        > GET /a HTTP/1.1\r\n\r\n
        <! overloaded)",
       R"(
        started GET /a
        ended GET /a 1.1 0 overloaded, 0 in, 0 out, 1 - 2)"},
      {"silent for too long", R"(
        > GET /a HTTP/1.1\r\n\r\n
        <! timeout)",
       R"(
        started GET /a
        ended GET /a 1.1 0 timeout, 0 in, 0 out, 1 - 2)"},
      {"silent within the answer", R"(
        > GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab
        <! timeout)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 200 timeout, 0 in, 2 out, 1 2 3
        ended GET /b 1.1 0 timeout, 0 in, 0 out, 3 - 3, waited 2)"},
      {"shut down by us", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\n\r\nab
        <! shutdown)",
       R"(
        started GET /a
        ended GET /a 1.1 200 unobserved, 0 in, 2 out, 1 2 3)"},
      {"a keep-alive connection that the upstream closes as a request comes", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 204 No Content\r\n\r\n
        <! end
        > GET /b HTTP/1.1\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 204 answered, 0 in, 0 out, 1 2 2
        started GET /b
        ended GET /b 1.1 0 upstream_closed, 0 in, 0 out, 4 - 4)"},
      {"a head that never becomes whole", R"(
        > GET /a HTTP/1.1\r\nHost:
        >! end
        <! end)",
       ""},
      {"nothing at all", R"(
        >! end
        <! end)",
       ""},
  });
}

TEST(Http1Observer, Traces) {
  ExpectAll({
      {"sampled, not sampled, malformed, twice, and by another name", R"(
        > GET /a HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n
        > GET /b HTTP/1.1\r\nTraceParent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00 \r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n
        > GET /c HTTP/1.1\r\nTraceParent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 \t \r\nA: b\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n
        > GET /d HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n
        > GET /e HTTP/1.1\r\nxtraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n
        > GET /f HTTP/1.1\r\ntraceparents: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n
        > GET /g HTTP/1.1\r\nTRACEPARENT: cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-and so on and so on\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 204 answered, 0 in, 0 out, 1 2 2, trace 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331
        started GET /b
        ended GET /b 1.1 204 answered, 0 in, 0 out, 3 4 4
        started GET /c
        ended GET /c 1.1 204 answered, 0 in, 0 out, 5 6 6, trace 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331
        started GET /d
        ended GET /d 1.1 204 answered, 0 in, 0 out, 7 8 8
        started GET /e
        ended GET /e 1.1 204 answered, 0 in, 0 out, 9 10 10
        started GET /f
        ended GET /f 1.1 204 answered, 0 in, 0 out, 11 12 12
        started GET /g
        ended GET /g 1.1 204 answered, 0 in, 0 out, 13 14 14, trace 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331)"},
      {"two are none", R"(
        > GET /a HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntraceparent: 00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 204 answered, 0 in, 0 out, 1 2 2)"},
      {"each in a pipeline has its own", R"(
        > GET /a HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\nGET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 204 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n)",
       R"(
        started GET /a
        started GET /b
        ended GET /a 1.1 204 answered, 0 in, 0 out, 1 2 2, trace 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331
        ended GET /b 1.1 204 answered, 0 in, 0 out, 2 2 2, waited 1)"},
  });
}

TEST(Http1Observer, WhatCannotBeReadIsOpaque) {
  const struct {
    const char* name;
    const char* request;
  } requests[] = {
      {"a TLS ClientHello", R"(\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03)"},
      {"the preface of HTTP/2", R"(PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n)"},
      {"HTTP/0.9", R"(GET /\r\n)"},
      {"HTTP/0.9 in one word", R"(GET\r\n)"},
      {"HTTP/2.0 in text", R"(GET / HTTP/2.0\r\n\r\n)"},
      {"HTTP/0.1", R"(GET / HTTP/0.1\r\n\r\n)"},
      {"no method", R"( / HTTP/1.1\r\n\r\n)"},
      {"a method with a colon", R"(GE:T / HTTP/1.1\r\n\r\n)"},
      {"a method without end", R"(AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA)"},
      {"a NUL", R"(\0)"},
      {"a NUL in the target", R"(GET /\0 HTTP/1.1\r\n\r\n)"},
      {"a space in the target", R"(GET /a b HTTP/1.1\r\n\r\n)"},
      {"a target that is none", R"(GET a HTTP/1.1\r\n\r\n)"},
      {"a version with two digits", R"(GET / HTTP/1.10\r\n\r\n)"},
      {"another protocol", R"(GET / GOPHER/1.0\r\n\r\n)"},
      {"a header without colon", R"(GET / HTTP/1.1\r\nfoo\r\n\r\n)"},
      {"a header's name with a parenthesis", R"(GET / HTTP/1.1\r\na(b: c\r\n\r\n)"},
      {"CR alone within a value", R"(GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n)"},
      {"CR alone at the end of the head", R"(GET / HTTP/1.1\r\nA: b\r\n\rX)"},
      {"a negative length", R"(GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n)"},
      {"a signed length", R"(GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n)"},
      {"an empty length", R"(GET / HTTP/1.1\r\nContent-Length:\r\n\r\n)"},
      {"a length in hex", R"(GET / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n)"},
      {"a length in two parts", R"(GET / HTTP/1.1\r\nContent-Length: 5 5\r\n\r\n)"},
      {"a list of lengths", R"(GET / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n)"},
      {"two lengths", R"(GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n)"},
      {"three lengths",
       R"(GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\nContent-Length: 6\r\n\r\n)"},
      {"a length beyond 64 bits", R"(GET / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n)"},
      {"redis", R"(*1\r\n$4\r\nPING\r\n)"},
  };
  for (const auto& row : requests) {
    ExpectPlays(row.name, ParseScript(std::string("> ") + row.request + "\n<! end\n>! end"),
                "opaque not_protocol\n");
  }
  const struct {
    const char* name;
    const char* response;
  } responses[] = {
      {"not HTTP", R"(<html>)"},
      {"lower case", R"(http/1.1 200 OK\r\n\r\n)"},
      {"HTTP/2", R"(HTTP/2 200\r\n\r\n)"},
      {"HTTP/0.9", R"(HTTP/0.9 200 OK\r\n\r\n)"},
      {"a status of two digits", R"(HTTP/1.1 20 OK\r\n\r\n)"},
      {"a status of four digits", R"(HTTP/1.1 2000 OK\r\n\r\n)"},
      {"a status below 100", R"(HTTP/1.1 099 OK\r\n\r\n)"},
      {"no status", R"(HTTP/1.1\r\n\r\n)"},
      {"two lengths", R"(HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n)"},
  };
  for (const auto& row : responses) {
    ExpectPlays(
        row.name,
        ParseScript(std::string("> GET / HTTP/1.1\\r\\n\\r\\n\n< ") + row.response + "\n<! end\n>! end"),
        "started GET /\nended GET / 1.1 0 unobserved, 0 in, 0 out, 1 2 2\nopaque not_protocol\n");
  }
  ExpectAll({
      {"an answer before any request", R"(
        < HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n
        > GET / HTTP/1.1\r\n\r\n
        <! end)",
       "opaque desynchronized"},
      {"an answer before the request's head is whole", R"(
        > GET / HTTP/1.1\r\n
        < HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n)",
       "opaque desynchronized"},
      {"an answer too many", R"(
        > GET / HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy)",
       R"(
        started GET /
        ended GET / 1.1 200 answered, 0 in, 1 out, 1 2 2
        opaque desynchronized)"},
      {"garbage behind a request, with two outstanding", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nxGET /b HTTP/1.1\r\n\r\n
        > \x01\x02
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started POST /a
        started GET /b
        ended POST /a 1.1 0 unobserved, 1 in, 0 out, 1 - 2
        ended GET /b 1.1 0 unobserved, 0 in, 0 out, 2 - 2, waited 1
        opaque not_protocol)"},
      {"a chunk's size that is none, in a request", R"(
        > POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz)",
       R"(
        started POST /a
        ended POST /a 1.1 0 unobserved, 0 in, 0 out, 1 - 1
        opaque not_protocol)"},
      {"a chunk's size beyond 63 bits, in an answer", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n
        < ffffffffffffffff\r\n)",
       R"(
        started GET /a
        ended GET /a 1.1 200 unobserved, 0 in, 0 out, 1 2 3
        opaque not_protocol)"},
  });
}

TEST(Http1Observer, LengthsThatDisagree) {
  ExpectAll({
      {"chunked overrides a length", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n
        > GET /b HTTP/1.1\r\n\r\n)",
       R"(
        started POST /a
        ended POST /a 1.1 200 answered, 1 in, 1 out, 1 2 2
        started GET /b)"},
      {"the same length again", R"(
        > POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length-Of: 7\r\ncontent-length: 01\r\n\r\nx
        < HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\nContent-Length: 2\r\nAge: 1\r\n\r\nok
        > GET /b HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started POST /a
        ended POST /a 1.1 200 answered, 1 in, 2 out, 1 2 2, hits 1 misses 0
        started GET /b
        ended GET /b 1.1 200 answered, 0 in, 0 out, 3 4 4)"},
      {"a request in an unknown coding has no end that we know", R"(
        > POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabcGET / HTTP/1.1\r\n\r\n
        < HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n
        < HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n)",
       R"(
        started POST /a
        ended POST /a 1.1 501 answered, 21 in, 0 out, 1 2 2
        opaque desynchronized)"},
      {"an answer whose last coding is not chunked ends with the connection", R"(
        > GET /a HTTP/1.1\r\n\r\n
        < HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\nContent-Length: 1\r\n\r\nabc
        <! end)",
       R"(
        started GET /a
        ended GET /a 1.1 200 answered, 0 in, 3 out, 1 2 3)"},
      {"the largest length there is", R"(
        > PUT /a HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nabc
        >! reset)",
       R"(
        started PUT /a
        ended PUT /a 1.1 0 client_gone, 3 in, 0 out, 1 - 2)"},
  });
}

// Feeds one direction in pieces of 4 KiB and returns what was written down.
std::string PlayLarge(const std::string& request, const std::string& response) {
  Steps steps(2);
  steps[0].bytes = request;
  steps[1].direction = Direction::kResponse;
  steps[1].bytes = response;
  std::string whole = Play(steps, FeedWhole);
  const std::string pieces = Play(steps, [](size_t, const Step& step, const auto& show, const auto&) {
    for (size_t i = 0; i < step.bytes.size(); i += 4096) show(std::string_view(step.bytes).substr(i, 4096));
  });
  EXPECT_EQ(whole, pieces);
  return whole;
}

std::string HeadOfSize(std::string start, size_t size) {
  start += "A: ";
  return start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n";
}

TEST(Http1Observer, LimitsOnHeads) {
  const std::string get = "GET /a HTTP/1.1\r\n";
  const std::string ok = "HTTP/1.1 204 No Content\r\n";
  const std::string answered = "started GET /a\nended GET /a 1.1 204 answered, 0 in, 0 out, 1 2 2\n";
  EXPECT_EQ(PlayLarge(HeadOfSize(get, Parser::kMaxHead), HeadOfSize(ok, Parser::kMaxHead)), answered);
  EXPECT_EQ(PlayLarge(HeadOfSize(get, Parser::kMaxHead + 1), ""), "opaque limit\n");
  EXPECT_EQ(PlayLarge(HeadOfSize(get, Parser::kMaxHead * 11 / 10), ""), "opaque limit\n");
  EXPECT_EQ(PlayLarge("GET /" + std::string(Parser::kMaxHead * 11 / 10, 'a'), ""), "opaque limit\n");
  EXPECT_EQ(PlayLarge(get + "\r\n", HeadOfSize(ok, Parser::kMaxHead + 1)),
            "started GET /a\nended GET /a 1.1 0 unobserved, 0 in, 0 out, 1 2 2\nopaque limit\n");

  std::string many = get;
  for (int i = 0; i < 10'000; ++i) many += "X-" + std::to_string(i) + ": traceparent\r\n";
  EXPECT_EQ(PlayLarge(many + "\r\n", ok + "\r\n"), answered);
}

TEST(Http1Observer, LimitsOnThePipeline) {
  std::string requests;
  std::string started;
  for (size_t i = 0; i < PendingQueue::kMaxRequests; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
    started += "started GET /" + std::to_string(i) + "\n";
  }
  std::string responses;
  std::string ended;
  for (size_t i = 0; i < PendingQueue::kMaxRequests; ++i) {
    responses += "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    ended += "ended GET /" + std::to_string(i) + " 1.1 200 answered, 0 in, 1 out, " + (i == 0 ? "1" : "2") +
             " 2 2" + (i == 0 ? "" : ", waited 1") + "\n";
  }
  EXPECT_EQ(PlayLarge(requests, responses), started + ended);

  const std::string over = PlayLarge(requests + "GET /x HTTP/1.1\r\n\r\n", "");
  EXPECT_TRUE(over.starts_with(started + "ended GET /0 1.1 0 unobserved")) << over.substr(0, 200);
  EXPECT_TRUE(over.ends_with("opaque limit\n")) << over.substr(over.size() - 200);

  // Long targets reach the limit of their memory first.
  std::string long_targets;
  const size_t fitting = PendingQueue::kMaxTargetBytes / TargetReader::kMaxPath;
  for (size_t i = 0; i <= fitting; ++i)
    long_targets += "GET /" + std::string(2000, 'x') + " HTTP/1.1\r\n\r\n";
  const std::string text = PlayLarge(long_targets, "");
  EXPECT_TRUE(text.ends_with("opaque limit\n")) << text.substr(text.size() - 100);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<long>(2 * fitting + 1));
}

// A queue that never drains must not keep what it popped.
TEST(PendingQueue, KeepsOnlyWhatIsPending) {
  PendingQueue queue;
  const auto path = [](int i) { return std::string("/").append(std::to_string(i)); };
  const auto push = [&](int i) {
    const std::string target = path(i);
    queue.next_target() += target;
    Pending request;
    request.target_length = static_cast<uint16_t>(target.size());
    queue.Push(request);
    EXPECT_EQ(queue.back_target(), target);
  };
  for (int i = 0; i < 20; ++i) push(i);
  for (int i = 20; i < 5000; ++i) {
    push(i);
    EXPECT_EQ(queue.front_target(), path(i - 20));
    queue.Pop();
    ASSERT_EQ(queue.size(), 20u);
    ASSERT_LT(queue.next_target().size(), 2000u);
  }
  // A target that is being read stays when the queue drains.
  queue.next_target() += "/par";
  while (!queue.empty()) queue.Pop();
  EXPECT_EQ(queue.next_target(), "/par");
  queue.next_target() += "tial";
  Pending request;
  request.target_length = 8;
  queue.Push(request);
  EXPECT_EQ(queue.front_target(), "/partial");
  queue.Pop();
  EXPECT_EQ(queue.next_target(), "");

  queue.next_target() += std::string(100'000, 'x');
  request.target_length = 50'000;
  queue.Push(request);
  queue.Push(request);
  queue.Pop();
  queue.Pop();
  EXPECT_LT(queue.next_target().capacity(), 512u);
  queue.Clear();
  EXPECT_TRUE(queue.empty());
}

TEST(Http1Observer, SaysWhatMayBeSkipped) {
  constexpr uint64_t kAll = Observer::kEverything;
  CheckingSink sink;
  const auto observer = MakeObserver(sink);
  const auto skippable = [&](Direction direction) { return observer->Skippable(direction); };
  const auto show = [&](Direction direction, std::string_view bytes) {
    observer->OnBytes(direction, bytes, At(0));
  };
  const auto request = Direction::kRequest;
  const auto response = Direction::kResponse;
  EXPECT_EQ(skippable(request), 0u);
  EXPECT_EQ(skippable(response), 0u);
  show(request, "PUT /a HTTP/1.1\r\nContent-Length: 1000000\r\n\r");
  EXPECT_EQ(skippable(request), 0u);
  EXPECT_TRUE(observer->InRequestHead());
  show(request, "\nabc");
  EXPECT_FALSE(observer->InRequestHead());
  EXPECT_TRUE(observer->AwaitingResponse());
  EXPECT_EQ(skippable(request), 999'997u);
  observer->OnSkipped(request, 999'997, At(0));
  EXPECT_EQ(skippable(request), 0u);
  show(response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(skippable(response), 0u);
  show(response, "ff\r\nab");
  EXPECT_EQ(skippable(response), 253u);
  observer->OnSkipped(response, 253, At(0));
  EXPECT_EQ(skippable(response), 0u);
  show(response, "\r\n0\r\n\r\n");
  EXPECT_FALSE(observer->AwaitingResponse());
  show(request, "CONNECT a:1 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(skippable(request), kAll - 1) << "perhaps a tunnel, and not opaque";
  show(response, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
  show(request, "GET /b HTTP/1.1\r\n\r\n");
  show(response, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(skippable(request), 0u);
  EXPECT_EQ(skippable(response), kAll - 1) << "read until its end, and not opaque";
  observer->OnSkipped(response, uint64_t{1} << 40, At(0));
  observer->OnClosed(response, CloseReason::kEnd, At(0));
  EXPECT_FALSE(observer->AwaitingResponse());
  observer->OnClosed(request, CloseReason::kReset, At(0));
  EXPECT_EQ(skippable(request), kAll);
  EXPECT_EQ(skippable(response), kAll);
}

}  // namespace
}  // namespace sidelight::http1
