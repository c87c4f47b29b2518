#!/usr/bin/python3
"""A tap with protocol auto gives the numbers that a tap of the named protocol gives, before a real nginx, Redis and
memcached; what it cannot tell passes through unread, and is counted."""

import socket

import harness
from resp import Resp, encode

ROUNDS = 200
NAMES = ("http_server_", "db_client_", "cache_", "sidelight_tap_exchanges", "sidelight_tap_opaque")
# What differs from one run to the next: times, and when a series began.
VARYING = ("_sum", "_bucket", "_created")
TLS_HELLO = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + bytes(range(36))


def converse(port, exchanges):
    """Sends each request in two pieces and waits until its answer, which ends so, is there."""
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request, end in exchanges:
            client.sendall(request[:3])
            client.sendall(request[3:])
            answer = b""
            while not answer.endswith(end):
                piece = client.recv(65536)
                if not piece:
                    raise AssertionError(f"closed instead of answering {request!r}; got {answer!r}")
                answer += piece


def talk_http(port):
    get = b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(ROUNDS):
        converse(port, [(get, b"content")] * 3 + [(b"GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", b"gone")])


def talk_redis(port):
    for round_number in range(ROUNDS):
        with Resp(port) as client:
            if round_number % 2:
                client.send(b"PING\r\n")  # As a probe would.
                client.reply()
            client.send(encode("SET", f"user:{round_number}", "x") + encode("GET", f"user:{round_number}") +
                        encode("MGET", "user:a", f"cart:{round_number}") + encode("NOSUCH"))
            for _ in range(4):
                client.reply()


def talk_memcached(port):
    binary_get = bytes([0x80, 0, 0, 1]) + bytes(7) + b"\x01" + bytes(12) + b"a"
    for round_number in range(ROUNDS):
        converse(port, [(b"set user:%d 0 0 2\r\nxy\r\n" % round_number, b"STORED\r\n"),
                        (b"get user:%d user:none\r\n" % round_number, b"END\r\n"),
                        (b"mg user:none v\r\n", b"EN\r\n")])
        converse(port, [(binary_get, b"Not found")])


class AutoTest(harness.IntegrationTest):
    def numbers(self, metrics, tap):
        """What a scrape says of that tap, without its name and without times."""
        return {(sample.name, frozenset((key, value) for key, value in sample.labels.items() if key != "tap")): sample.value
                for sample in metrics.samples
                if sample.labels.get("tap") == tap and sample.name.startswith(NAMES) and not sample.name.endswith(VARYING)}

    def start_nginx(self):
        port = harness.free_port()
        self.nginx(f"""server {{ listen 127.0.0.1:{port};
                          location = /file {{ return 200 "content"; }} location / {{ return 404 "gone"; }} }}""")
        harness.eventually(lambda: harness.listening(port), "nginx listens")
        return port

    def compare(self, protocol, backend, talk, exchanges, **keys):
        both = [{"name": name, "protocol": name, "upstream": f"127.0.0.1:{backend}", **keys} for name in ("auto", protocol)]
        sidelight = self.sidelight(*both)
        for tap in both:
            talk(int(tap["listen"].rsplit(":", 1)[1]))
        metrics = sidelight.scrape_when_idle()
        self.assertEqual(self.numbers(metrics, "auto"), self.numbers(metrics, protocol))
        # And these are not just equally nothing.
        self.assertEqual(metrics.sum("sidelight_tap_exchanges_total", tap="auto"), exchanges)
        return metrics

    def test_http(self):
        self.compare("http", self.start_nginx(), talk_http, 4 * ROUNDS, routes=["/file"])

    def test_redis(self):
        metrics = self.compare("redis", self.redis(), talk_redis, 4 * ROUNDS + ROUNDS // 2, keyspaces=["user:*"])
        self.assertEqual(metrics.sum("cache_requests_total", tap="auto", cache_result="hit"), ROUNDS)
        # No other protocol leaves a trace.
        self.assertEqual(metrics.series("db_client_connection_count", tap="auto"), [])

    def test_memcached(self):
        metrics = self.compare("memcached", self.memcached(), talk_memcached, 4 * ROUNDS, keyspaces=["user:*"])
        self.assertEqual(metrics.sum("cache_requests_total", tap="auto", cache_result="miss"), 3 * ROUNDS)

    def test_what_cannot_be_told_passes_and_is_counted(self):
        backend = self.start_nginx()
        tap = {"name": "auto", "protocol": "auto", "upstream": f"127.0.0.1:{backend}"}
        sidelight = self.sidelight(tap)
        answers = []
        for port in (backend, sidelight.port):
            with socket.create_connection(("127.0.0.1", port), 60) as client:
                client.sendall(TLS_HELLO)
                answer = b""
                while piece := client.recv(65536):
                    answer += piece
                # Its Date may differ.
                answers.append(answer.split(b"\r\n")[0] + answer[-100:])
        self.assertEqual(answers[1], answers[0])
        self.assertIn(b"400", answers[1])
        # A connection that says nothing is nothing.
        socket.create_connection(("127.0.0.1", sidelight.port), 60).close()
        harness.eventually(lambda: sidelight.scrape().sum("sidelight_tap_connections_total", tap="auto") == 2, "both came")
        metrics = sidelight.scrape_when_idle()
        self.assertEqual(metrics.sum_by("sidelight_tap_opaque_total", "reason"), {("not_protocol",): 1})
        self.assertEqual(metrics.sum("sidelight_tap_exchanges_total"), 0)
        self.assertEqual(metrics.series("http_server_request_duration_seconds_count"), [])


if __name__ == "__main__":
    harness.main()
