#!/usr/bin/python3
"""The live table: parsing, quantiles, rates, rendering, and the program against a /metrics of its own."""

import http.server
import io
import json
import math
import threading
import time
import unittest
import unittest.mock

import program

exposition = program.load_module("exposition")
watch = program.load_module("watch")
INF = math.inf
OTEL, PLAIN = watch.NAMINGS["otel"], watch.NAMINGS["plain"]
D = "http_server_request_duration_seconds"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def sample(name, value, **labels):
    return f"{name}{{{','.join(f'{key}={json.dumps(text)}' for key, text in labels.items())}}} {value}\n"


def histogram(name, buckets, **labels):
    """Text of {le: cumulative count}."""
    text = "".join(sample(f"{name}_bucket", n, **labels, le="+Inf" if le == INF else str(le))
                   for le, n in buckets.items())
    return text + sample(f"{name}_sum", buckets[INF] / 100, **labels) + sample(f"{name}_count", buckets[INF], **labels)


def requests(series):
    """Text of {(method, route, error_type): {le: cumulative count}}."""
    text = f"# HELP {D} How long.\n# TYPE {D} histogram\n"
    for (method, route, error_type), buckets in series.items():
        error = {"error_type": error_type} if error_type else {}
        text += histogram(D, buckets, http_request_method=method, http_route=route, tap="api", **error)
    return text


def table(*scrapes, naming=OTEL):
    """The lines of the table over scrapes of (when, text)."""
    return watch.render([exposition.Scrape(when, text) for when, text in scrapes], naming).split("\n")


class ParseTest(unittest.TestCase):
    def test_lines(self):
        lines = [
            ("x 1", [("x", {}, 1.0)]),
            ("# TYPE x counter", []),
            ("", []),
            ('x{a="b"} 2 1700000000000', [("x", {"a": "b"}, 2.0)]),
            ('x{a="b",le="+Inf",} 3e2 # {trace_id="ff"} 0.1', [("x", {"a": "b", "le": "+Inf"}, 300.0)]),
            (r'x{a="q\"\\n\n}{",b=""} NaN', [("x", {"a": 'q"\\n\n}{', "b": ""}, math.nan)]),
            ("x{} +Inf", [("x", {}, INF)]),
        ]
        for text, wanted in lines:
            got = list(exposition.parse_samples(text))
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
            got = exposition.bucket_quantile(q, buckets)
            self.assertTrue(math.isclose(got, wanted) or math.isnan(got) and math.isnan(wanted),
                            f"quantile {q} of {buckets}: got {got}, wanted {wanted}")


class HttpTest(unittest.TestCase):
    def test_rate_quantiles_and_errors(self):
        key, failed, refused = ("GET", "/a", ""), ("GET", "/a", "503"), ("GET", "/a", "connect_refused")
        gone = ("GET", "/a", "client_gone")
        lines = table((0, requests({key: {0.1: 100, INF: 100}})),
                      (10, requests({key: {0.1: 160, INF: 160}, failed: {0.1: 20, INF: 20},
                                     refused: {0.1: 10, INF: 10}, gone: {0.1: 10, INF: 10}})))
        self.assertEqual(lines[0].split(), ["HTTP", "req/s", "p50", "p95", "p99", "errors"])
        self.assertEqual(lines[1].split(), ["GET", "/a", "10.0", "50.0", "ms", "95.0", "ms", "99.0", "ms", "30.00%"])
        self.assertEqual(lines[2].split(), ["all", *lines[1].split()[2:], *"p95 < 200 ms: met".split()])
        self.assertEqual(len(lines), 3, lines)

    def test_routes_are_sorted_and_have_a_sum(self):
        lines = table((0, ""), (2, requests({("POST", "/b", ""): {INF: 2}, ("POST", "/a", ""): {INF: 4},
                                             ("GET", "/b", ""): {INF: 6}})))
        self.assertEqual([(line[:30].strip(), float(line[30:39])) for line in lines[1:]],
                         [("POST /a", 2), ("GET /b", 3), ("POST /b", 1), ("all", 6)])

    def test_a_target_that_is_missed(self):
        lines = table((0, ""), (1, requests({("GET", "/a", ""): {0.1: 0, 0.25: 10, 5: 10, INF: 10}})))
        self.assertRegex(lines[-1], r" 242.5 ms .*  p95 < 200 ms: missed$")

    def test_a_restart_counts_from_zero(self):
        key = ("GET", "/a", "")
        lines = table(*((when, requests({key: {INF: n}})) for when, n in ((0, 100), (1, 110), (2, 4))))
        self.assertEqual(lines[1].split()[2], "7.0")

    def test_no_traffic(self):
        still = requests({("GET", "/a", ""): {0.1: 5, INF: 5}})
        self.assertEqual(table((0, still), (1, still))[1].split(), ["GET", "/a", "0.0", "-", "-", "-", "-"])
        for scrapes in ([], [(0, still)], [(0, ""), (1, "")]):
            self.assertEqual(table(*scrapes), ["(no requests yet)"])

    def test_plain(self):
        def text(n):
            return (histogram("feature_api_duration_seconds", {0.1: n, INF: n}, method="GET", endpoint="/a")
                    + "".join(sample("feature_api_requests_total", n * share / 4, method="GET", endpoint="/a",
                                     status_code=code) for code, share in (("200", 2), ("499", 1), ("503", 1))))
        lines = table((0, text(0)), (2, text(8)), naming=PLAIN)
        self.assertEqual(lines[1].split(), ["GET", "/a", "4.0", "50.0", "ms", "95.0", "ms", "99.0", "ms", "25.00%"])


class CacheTest(unittest.TestCase):
    LINES = [["Redis", "lookups/s", "hits/s", "misses/s", "hit", "ratio"],
             ["cart:*", "1.0", "0.5", "0.5", "50.0%"],
             ["user:{id}", "10.0", "9.5", "0.5", "95.0%"],
             ["all", "11.0", "10.0", "1.0", "90.9%", "hits", ">", "80%:", "met"]]

    def text(self, factor, name, keyspace, result, **labels):
        return "".join(sample(name, n * factor, **labels, **{keyspace: group, result: outcome})
                       for group, outcome, n in (("user:{id}", "hit", 19), ("user:{id}", "miss", 1),
                                                 ("cart:*", "hit", 1), ("cart:*", "miss", 1)))

    def test_hit_ratios(self):
        for naming, labels in ((OTEL, ("cache_requests_total", "cache_keyspace", "cache_result")),
                               (PLAIN, ("feature_cache_requests_total", "keyspace", "result"))):
            lines = table((0, self.text(5, *labels)), (2, self.text(6, *labels)), naming=naming)
            self.assertEqual([line.split() for line in lines[2:]], self.LINES)

    def test_operations_of_one_keyspace_are_one_row(self):
        labels = ("cache_requests_total", "cache_keyspace", "cache_result")
        lines = table((0, ""), (4, self.text(1, *labels, cache_operation="GET")
                                + self.text(1, *labels, cache_operation="MGET")))
        self.assertEqual([line.split() for line in lines[2:]], self.LINES)

    def test_a_target_that_is_missed(self):
        lines = table((0, ""), (1, sample("cache_requests_total", 3, cache_result="miss")))
        self.assertEqual(lines[3].split()[:2], ["(none)", "3.0"])
        self.assertTrue(lines[-1].endswith("  hits > 80%: missed"), lines[-1])

    def test_no_lookups(self):
        still = sample("cache_requests_total", 3, cache_result="miss", cache_keyspace="a")
        self.assertEqual(table((0, still), (1, still))[-1].split(), ["all", "0.0", "0.0", "0.0", "-"])


class DatabaseTest(unittest.TestCase):
    CONNECTIONS = "".join(sample("db_client_connection_count", n, db_client_connection_state=state)
                          for n, state in ((1, "active"), (4, "idle"), (0, "in_transaction")))

    def queries(self, *summaries, **labels):
        return self.CONNECTIONS + "".join(
            histogram("db_client_operation_duration_seconds", {0.01: n, INF: n}, db_system_name="postgresql",
                      db_query_summary=summary, **labels) for summary, n in summaries)

    def test_queries_and_connections(self):
        redis = histogram("db_client_operation_duration_seconds", {0.01: 9, INF: 9}, db_system_name="redis",
                          db_operation_name="GET")
        failed = self.queries(("SELECT orders", 5), error_type="42P01")
        lines = table((0, self.CONNECTIONS), (1, redis + failed + self.queries(("SELECT orders", 5))))
        self.assertEqual([line.split() for line in lines[2:]], [
            ["PostgreSQL", "queries/s", "p50", "p95", "p99", "errors"],
            ["SELECT", "orders", "10.0", "5.0", "ms", "9.5", "ms", "9.9", "ms", "50.00%"],
            ["all", "10.0", "5.0", "ms", "9.5", "ms", "9.9", "ms", "50.00%", "p95", "<", "50", "ms:", "met"],
            ["connections", "now", "1", "active,", "4", "idle,", "0", "in", "transaction"]])

    def test_only_those_that_took_most_of_the_time(self):
        still = ("SELECT quiet", 100)
        lines = table((0, self.queries(still)),
                      (1, self.queries(still, *((f"SELECT t{i}", 10 + i) for i in range(watch.MAX_QUERIES + 2)))))
        self.assertEqual([line[:30].strip() for line in lines[3:]],
                         [*(f"SELECT t{i + 2}" for i in range(watch.MAX_QUERIES)), "all, with 2 more",
                          "connections now"])
        self.assertEqual(float(lines[-2].split()[4]), sum(10 + i for i in range(watch.MAX_QUERIES + 2)))

    def test_plain(self):
        def text(n):
            return sample("feature_database_connections", 5) + "".join(
                histogram("feature_database_query_duration_seconds", {0.01: n, INF: n}, query="SELECT a", status=status)
                for status in ("ok", "42P01", "client_gone", "ok_too"))
        lines = table((0, text(0)), (1, text(5)), naming=PLAIN)
        self.assertEqual(lines[3].split(), ["SELECT", "a", "20.0", "5.0", "ms", "9.5", "ms", "9.9", "ms", "50.00%"])
        self.assertEqual(lines[-1].split(), ["connections", "now", "5", "open"])


class ScreenTest(unittest.TestCase):
    def test_lines_fit_into_a_hundred_columns(self):
        slow = requests({("GET", "/a/very/long/route/{of}/many/{segments}", ""): {0.1: 0, 1000: 10**6, INF: 10**6}})
        text = slow + DatabaseTest().queries(("SELECT " + "t" * 200, 10**6)) + sample("cache_requests_total", 10**6,
                                                                                      cache_result="miss")
        for line in table((0, DatabaseTest.CONNECTIONS), (1, text)):
            self.assertLessEqual(len(line), 100, line)

    def test_a_terminal_is_redrawn_and_a_pipe_is_not(self):
        for out, redrawn in ((Terminal(), True), (io.StringIO(), False)):
            screen = watch.Screen(out)
            screen.show("one\ntwo")
            screen.show("three")
            self.assertEqual("\x1b[2A\x1b[J" in out.getvalue(), redrawn, repr(out.getvalue()))

    def test_a_terminal_has_colours_and_its_size(self):
        with unittest.mock.patch.dict("os.environ", {"COLUMNS": "20", "LINES": "4"}):
            out = Terminal()
            watch.Screen(out).show("HTTP  x\nall  9 ms: met\nall  missed\nfour\nfive")
            self.assertEqual(out.getvalue(), "\x1b[1mHTTP  x\x1b[0m\nall  9 ms: \x1b[32mmet\x1b[0m\n"
                                             "all  \x1b[1;31mmissed\x1b[0m\n")
            out = Terminal()
            watch.Screen(out).show("x" * 30)
            self.assertEqual(out.getvalue(), "x" * 20 + "\n")


class FakeMetrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        n = 1000 * time.monotonic()
        text = requests({("GET", "/a", ""): {0.1: n, INF: n}}).encode()
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
        last = ended.stdout.strip().split("\n")[-2].split()
        self.assertEqual(last[:2], ["GET", "/a"], ended.stdout)
        # Exactly so many, but for what an answer takes now more and now less.
        self.assertAlmostEqual(float(last[2]), 1000, delta=500, msg=ended.stdout)

    def test_nobody_there(self):
        ended = program.run("watch", "--url", "http://127.0.0.1:1/metrics", "--seconds", "1")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("cannot be read", ended.stdout)


if __name__ == "__main__":
    unittest.main()
