#!/usr/bin/python3
"""The live table: parsing, quantiles, rates, rendering, and the program against a /metrics of its own."""

import http.server
import io
import math
import threading
import unittest

import program

watch = program.load_module("watch")
INF = math.inf
D = "http_server_request_duration_seconds"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def exposition(series):
    """Text of {(method, route, error_type): {le: cumulative count}}."""
    lines = [f"# HELP {D} How long.", f"# TYPE {D} histogram"]
    for (method, route, error_type), buckets in series.items():
        labels = f'http_request_method="{method}",http_route="{route}",tap="api"'
        labels += f',error_type="{error_type}"' if error_type else ""
        lines += [f'{D}_bucket{{{labels},le="{"+Inf" if le == INF else le}"}} {n}' for le, n in buckets.items()]
        lines += [f"{D}_sum{{{labels}}} 1.5", f"{D}_count{{{labels}}} {buckets[INF]}"]
    return "\n".join(lines) + "\n"


class ParseTest(unittest.TestCase):
    def test_lines(self):
        table = [
            ("x 1", [("x", {}, 1.0)]),
            ("# TYPE x counter", []),
            ("", []),
            ('x{a="b"} 2 1700000000000', [("x", {"a": "b"}, 2.0)]),
            ('x{a="b",le="+Inf",} 3e2 # {trace_id="ff"} 0.1', [("x", {"a": "b", "le": "+Inf"}, 300.0)]),
            (r'x{a="q\"\\n\n}{",b=""} NaN', [("x", {"a": 'q"\\n\n}{', "b": ""}, math.nan)]),
            ("x{} +Inf", [("x", {}, INF)]),
        ]
        for text, wanted in table:
            got = list(watch.parse_samples(text))
            self.assertEqual(str(got), str(wanted), f"line: {text}")


class QuantileTest(unittest.TestCase):
    def test_as_histogram_quantile(self):
        table = [
            (0.5, {0.1: 0, 0.2: 10, INF: 10}, 0.15),
            (0.5, {0.1: 10, 0.2: 10, INF: 10}, 0.05),
            (0.9, {0.1: 50, 0.2: 90, INF: 100}, 0.2),
            (0.95, {0.1: 50, 0.2: 90, INF: 100}, 0.2),  # In the last bucket: the highest finite bound.
            (0.25, {0.1: 50, 0.2: 90, INF: 100}, 0.05),
            (0.5, {0.1: 0, INF: 0}, math.nan),
            (0.5, {}, math.nan),
            (0.5, {0.1: 3}, math.nan),
            (0.5, {INF: 3}, math.nan),
        ]
        for q, buckets, wanted in table:
            got = watch.bucket_quantile(q, buckets)
            self.assertTrue(math.isclose(got, wanted) or math.isnan(got) and math.isnan(wanted),
                            f"quantile {q} of {buckets}: got {got}, wanted {wanted}")


class TableTest(unittest.TestCase):
    def rows(self, *scrapes):
        return watch.rows([watch.Scrape(when, exposition(series)) for when, series in scrapes])

    def test_rate_quantiles_and_errors(self):
        key, failed, refused = ("GET", "/a", ""), ("GET", "/a", "503"), ("GET", "/a", "connect_refused")
        rows = self.rows((0, {key: {0.1: 100, INF: 100}}),
                         (10, {key: {0.1: 170, INF: 170}, failed: {0.1: 20, INF: 20}, refused: {0.1: 10, INF: 10}}))
        self.assertEqual(len(rows), 1, rows)
        name, rate, quantiles, errors = rows[0]
        self.assertEqual((name, rate, errors), ("GET /a", 10.0, 0.3))
        self.assertAlmostEqual(quantiles[0.95], 0.095)

    def test_two_routes_have_a_sum(self):
        rows = self.rows((0, {}), (2, {("POST", "/a", ""): {INF: 4}, ("GET", "/a", ""): {INF: 6}}))
        self.assertEqual([(name, rate) for name, rate, _, _ in rows], [("GET /a", 3), ("POST /a", 2), ("all", 5)])

    def test_a_restart_counts_from_zero(self):
        key = ("GET", "/a", "")
        rows = self.rows((0, {key: {INF: 100}}), (1, {key: {INF: 110}}), (2, {key: {INF: 4}}))
        self.assertEqual(rows[0][1], 7.0)

    def test_no_traffic(self):
        key = ("GET", "/a", "")
        rows = self.rows((0, {key: {0.1: 5, INF: 5}}), (1, {key: {0.1: 5, INF: 5}}))
        self.assertEqual(watch.render(rows).split("\n")[1].split(), ["GET", "/a", "0.0", "-", "-", "-", "-"])
        self.assertIn("no requests yet", watch.render(self.rows((0, {}))))

    def test_rendered(self):
        text = watch.render([("GET /a", 12.34, {0.5: 0.0052, 0.95: 0.1, 0.99: 2.5}, 0.0123)])
        self.assertEqual(text.split("\n")[0].split(), ["route", "req/s", "p50", "p95", "p99", "errors"])
        self.assertEqual(text.split("\n")[1].split(),
                         ["GET", "/a", "12.3", "5.2", "ms", "100.0", "ms", "2.50", "s", "1.23%"])

    def test_a_terminal_is_redrawn_and_a_pipe_is_not(self):
        for out, redrawn in ((Terminal(), True), (io.StringIO(), False)):
            screen = watch.Screen(out)
            screen.show("one\ntwo")
            screen.show("three")
            self.assertEqual("\x1b[2A\x1b[J" in out.getvalue(), redrawn, repr(out.getvalue()))


class FakeMetrics(http.server.BaseHTTPRequestHandler):
    scrapes = 0

    def do_GET(self):
        FakeMetrics.scrapes += 1
        n = 10 * FakeMetrics.scrapes
        text = exposition({("GET", "/a", ""): {0.1: n, INF: n}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class ProgramTest(unittest.TestCase):
    def test_against_a_server(self):
        with http.server.HTTPServer(("127.0.0.1", 0), FakeMetrics) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            url = f"http://127.0.0.1:{server.server_address[1]}/metrics"
            ended = program.run("watch", "--url", url, "--seconds", "3")
            server.shutdown()
            thread.join()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        last = ended.stdout.strip().split("\n")[-1].split()
        self.assertEqual(last[:2], ["GET", "/a"], ended.stdout)
        self.assertAlmostEqual(float(last[2]), 10, delta=2, msg=ended.stdout)

    def test_nobody_there(self):
        ended = program.run("watch", "--url", "http://127.0.0.1:1/metrics", "--seconds", "1")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("cannot be read", ended.stdout)


if __name__ == "__main__":
    unittest.main()
