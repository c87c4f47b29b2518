#!/usr/bin/python3
"""Stopping and reloading: nobody's request is cut off, and the second signal does not wait."""

import os
import signal
import time

import harness


class StopTest(harness.IntegrationTest):
    def start_slow_request(self, sidelight, path):
        connection = harness.Connection(sidelight.port)
        self.addCleanup(connection.close)
        connection.send(b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n" % path.encode())
        harness.eventually(lambda: sidelight.scrape().sum("http_server_active_requests") == 1,
                           "the request is on its way")
        return connection

    def test_sigterm_lets_the_request_in_flight_end(self):
        backend = self.backend()
        sidelight = self.sidelight({"upstream": backend.upstream}, limits={"drain": "1h"})
        connection = self.start_slow_request(sidelight, "/held")
        sidelight.send(signal.SIGTERM)
        harness.eventually(lambda: sidelight.probe("/-/ready") == 503, "not ready while it drains")
        self.assertEqual(sidelight.probe("/-/healthy"), 200, "still healthy while it drains")
        backend.release.set()
        status, _, body = connection.response("GET")
        self.assertEqual((status, body), (200, b"ok"))
        self.assertEqual(sidelight.wait(60), 0, "ends with the last exchange and not at the deadline")
        self.assertFalse(harness.listening(sidelight.port))

    def test_sigterm_accepts_during_drain_delay(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, limits={"drain_delay": "1h"})
        sidelight.send(signal.SIGTERM)
        harness.eventually(lambda: sidelight.probe("/-/ready") == 503, "not ready")
        with harness.Connection(sidelight.port) as connection:
            self.assertEqual(connection.get("/ok"), 200, "a new connection during drain_delay")
        sidelight.send(signal.SIGTERM)
        sidelight.wait(60)

    def test_sigterm_ends_it_after_drain_delay(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, limits={"drain_delay": "2s"})
        start = time.monotonic()
        sidelight.send(signal.SIGTERM)
        self.assertEqual(sidelight.wait(60), 0)
        self.assertGreaterEqual(time.monotonic() - start, 1.9)

    def test_the_deadline_cuts_off_who_never_ends(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, limits={"drain": "1s"})
        connection = self.start_slow_request(sidelight, "/silent")
        start = time.monotonic()
        sidelight.send(signal.SIGTERM)
        self.assertEqual(sidelight.wait(60), 0)
        self.assertGreaterEqual(time.monotonic() - start, 0.9)
        with self.assertRaises((OSError, EOFError)):
            connection.response("GET")

    def test_second_sigterm_ends_at_once(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, limits={"drain": "1h"})
        self.start_slow_request(sidelight, "/silent")
        sidelight.send(signal.SIGTERM)
        harness.eventually(lambda: sidelight.probe("/-/ready") == 503, "it drains")
        sidelight.send(signal.SIGTERM)
        self.assertIn(sidelight.wait(60), (0, 1, 128 + signal.SIGTERM, -signal.SIGTERM))

    def test_idle_connections_do_not_hold_it_up(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, limits={"drain": "1h"})
        with harness.Connection(sidelight.port) as connection:
            self.assertEqual(connection.get("/ok"), 200)
            sidelight.send(signal.SIGTERM)
            self.assertEqual(sidelight.wait(60), 0)

    def test_sighup_keeps_connections(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream})
        with harness.Connection(sidelight.port) as connection:
            self.assertEqual(connection.get("/before"), 200)
            log_before = len(sidelight.log())
            os.kill(sidelight.pid, signal.SIGHUP)
            harness.eventually(lambda: "reload" in sidelight.log()[log_before:].lower(),
                               "the log says that it reloaded")
            self.assertEqual(connection.get("/after"), 200, "the connection from before the reload")
        self.assertEqual(sidelight.probe("/-/ready"), 200)
        harness.eventually(lambda: sidelight.scrape().sum(harness.REQUESTS) == 2, "both requests are counted")

    def test_sighup_with_a_broken_file_changes_nothing(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream})
        sidelight.config.write_text("taps: [\n")
        log_before = len(sidelight.log())
        os.kill(sidelight.pid, signal.SIGHUP)
        harness.eventually(lambda: sidelight.config.name in sidelight.log()[log_before:],
                           "the log names the broken file")
        with harness.Connection(sidelight.port) as connection:
            self.assertEqual(connection.get("/after"), 200)
        self.assertEqual(sidelight.probe("/-/ready"), 200)


if __name__ == "__main__":
    harness.main()
