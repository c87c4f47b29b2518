#!/usr/bin/python3
"""The table of what may happen to a request: each row through the whole program, in both naming styles."""

import socket

import harness


class ErrorTableTest(harness.IntegrationTest):
    def row(self, upstream, act, error_type, plain_status, tap=None, **settings):
        """Lets `act(sidelight)` make one request of /x/... happen, and looks at what was measured of it."""
        for naming in ({"style": "otel"}, {"style": "plain", "prefix": "row"}):
            with self.subTest(naming["style"]):
                sidelight = self.sidelight({"name": "api", "upstream": upstream, "routes": ["/x/{what}"],
                                            "naming": naming, **(tap or {})}, **settings)
                act(sidelight)
                if naming["style"] == "plain":
                    self.check_plain(sidelight, plain_status)
                else:
                    self.check_otel(sidelight, error_type)
                sidelight.stop()

    def check_otel(self, sidelight, error_type):
        def errors():
            counts = sidelight.scrape().sum_by(harness.REQUESTS, "error_type", "http_request_method", "http_route")
            return {key: value for key, value in counts.items() if key[0]}
        got = harness.eventually(errors, f"an error_type {error_type}", 60)
        self.assertEqual(got, {(error_type, "GET", "/x/{what}"): 1})
        measured = sidelight.scrape()
        (sample,) = measured.series(harness.REQUESTS, error_type=error_type)
        if error_type.isdigit():
            self.assertEqual(sample.labels.get("http_response_status_code"), error_type)
        elif error_type != "response_incomplete":
            self.assertNotIn("http_response_status_code", sample.labels, "there was no answer")

    def check_plain(self, sidelight, status):
        def failed():
            counts = sidelight.scrape().sum_by("row_requests_total", "status_code", "method", "endpoint")
            return {key: value for key, value in counts.items() if key[0] != "200"}
        got = harness.eventually(failed, f"a status_code {status}", 60)
        self.assertEqual(got, {(status, "GET", "/x/{what}"): 1})

    def scrape_when(self, sidelight, name):
        measured = sidelight.scrape()
        return measured if measured.sum(name) else None

    def asking(self, what, wanted):
        """A client that sends one GET and sees this status; 0 is a connection that ends without an answer."""
        def act(sidelight):
            with harness.Connection(sidelight.port, timeout=60) as connection:
                self.assertEqual(connection.get(f"/x/{what}"), wanted)
        return act

    def test_answer_5xx(self):
        self.row(self.backend().upstream, self.asking("status-503", 503), "503", "503")

    def test_answer_4xx_is_no_error(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream, "routes": ["/x/{what}"]})
        self.asking("status-404", 404)(sidelight)
        measured = harness.eventually(lambda: self.scrape_when(sidelight, harness.REQUESTS), "the request is measured")
        (sample,) = measured.series(harness.REQUESTS)
        self.assertEqual((sample.labels["http_response_status_code"], sample.labels.get("error_type")), ("404", None))

    def test_connect_refused(self):
        self.row(f"127.0.0.1:{harness.free_port()}", self.asking("a", 0), "connect_refused", "502")

    def test_connect_timeout(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            address = full.getsockname()
            waiting = [socket.socket() for _ in range(4)]
            for connection in waiting:
                self.addCleanup(connection.close)
                connection.setblocking(False)
                connection.connect_ex(address)
            with socket.socket() as probe:
                probe.settimeout(0.5)
                with self.assertRaises(TimeoutError, msg="the backlog is full"):
                    probe.connect(address)
            self.row(f"127.0.0.1:{address[1]}", self.asking("a", 0), "connect_timeout", "504",
                     tap={"connect_timeout": "300ms"})

    def test_dns(self):
        # A resolver that cannot reach its servers may need long to say no.
        self.row("no-such-host.invalid:1", self.asking("a", 0), "dns", "502", tap={"connect_timeout": "50s"})

    def test_upstream_closed_before_the_answer(self):
        for what in ("close-before", "reset-before"):
            with self.subTest(what):
                self.row(self.backend().upstream, self.asking(what, 0), "upstream_closed", "502")

    def test_upstream_closed_within_the_answer(self):
        for what in ("close-within", "reset-within"):
            with self.subTest(what):
                self.row(self.backend().upstream, self.asking(what, 0), "response_incomplete", "502")

    def test_timeout(self):
        self.row(self.backend().upstream, self.asking("silent", 0), "timeout", "504", tap={"timeout": "300ms"})

    def test_overloaded(self):
        def act(sidelight):
            with harness.Connection(sidelight.port) as first:
                self.assertEqual(first.get("/x/ok"), 200)
                self.asking("ok", 0)(sidelight)
        self.row(self.backend().upstream, act, "overloaded", "503", limits={"connections": 1})

    def test_client_gone(self):
        backend = self.backend()

        def act(sidelight):
            so_far = len(backend.unanswered)
            connection = harness.Connection(sidelight.port)
            connection.send(b"GET /x/silent HTTP/1.1\r\nHost: test\r\n\r\n")
            harness.eventually(lambda: len(backend.unanswered) > so_far, "the request is at the backend")
            connection.reset()
        self.row(backend.upstream, act, "client_gone", "499")


if __name__ == "__main__":
    harness.main()
