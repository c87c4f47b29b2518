#!/usr/bin/python3
"""Queries over HTTP and with `sidelight query`: traffic goes through a tap, and PromQL gives the numbers that /metrics
shows; what was sampled survives a restart; bad queries and slow ones end as Prometheus' API ends them."""

import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import harness

COUNT = "http_server_request_duration_seconds_count"


def call(port, path, parameters, post=False):
    """(status, the answer) of a query."""
    form = urllib.parse.urlencode(parameters)
    url = f"http://127.0.0.1:{port}/api/v1/{path}"
    request = urllib.request.Request(url, data=form.encode()) if post else urllib.request.Request(f"{url}?{form}")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def value(port, expression, **parameters):
    """The value of the only series, or None when there is none."""
    status, answer = call(port, "query", {"query": expression, **parameters})
    if status != 200:
        raise AssertionError(f"{expression}: {answer}")
    result = answer["data"]["result"]
    if len(result) > 1:
        raise AssertionError(f"{expression}: {len(result)} series")
    return float(result[0]["value"][1]) if result else None


def command(*words):
    """(exit code, standard output, standard error) of `sidelight query`."""
    done = subprocess.run([os.environ["SIDELIGHT"], "query", *map(str, words)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class QueryTest(harness.IntegrationTest):
    def send(self, sidelight, count):
        with harness.Connection(sidelight.port) as connection:
            for _ in range(count):
                connection.send(b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(connection.response("GET")[0], 200)

    def traffic(self, sidelight, count):
        self.send(sidelight, count)
        harness.eventually(lambda: value(sidelight.metrics_port, f"sum({COUNT})") == count, "the sampling saw the requests")

    def test_queries_give_the_numbers_of_metrics(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="1s")
        port = sidelight.metrics_port
        self.assertEqual(value(port, "vector(1+1)"), 2)
        status, health = call(port, "query", {"query": "1+1"}, post=True)  # how Grafana asks whether a source works
        self.assertEqual((status, health["data"]["resultType"], health["data"]["result"][1]), (200, "scalar", "2"))

        # Sampling has begun; then everything comes in one burst, which only the first zero can show as a rate.
        harness.eventually(lambda: value(port, "sidelight_samplings_total"), "the first sample")
        self.traffic(sidelight, 7)
        shown = sidelight.scrape()
        self.assertEqual(shown.sum(COUNT), 7)
        for expression in (f"sum({COUNT})", f'{COUNT}{{http_route="/ok",job="test"}}',
                           "histogram_count(http_server_request_duration_seconds)",
                           'http_server_request_duration_seconds_bucket{le="+Inf"}'):
            self.assertEqual(value(port, expression), 7, expression)
        self.assertEqual(value(port, "http_server_request_duration_seconds_sum"),
                         shown.sum("http_server_request_duration_seconds_sum"))
        increase = value(port, f"sum(increase({COUNT}[1m]))")
        self.assertGreaterEqual(increase, 6.9, "the first burst is missing from the rate")
        self.assertGreater(value(port, f"sum(rate({COUNT}[1m]))"), 0)
        quantile = value(port, "histogram_quantile(0.5, http_server_request_duration_seconds)")
        self.assertTrue(0 < quantile < 5, quantile)

        now = time.time()
        for post in (False, True):
            status, answer = call(port, "query_range", {"query": f"sum({COUNT})", "start": now - 5, "end": now, "step": "1s"}, post)
            self.assertEqual((status, answer["data"]["resultType"]), (200, "matrix"), answer)
            points = answer["data"]["result"][0]["values"]
            self.assertEqual(points[-1][1], "7")
            self.assertLessEqual(len(points), 6)

        # The times of samples lie on the multiples of the interval, but for those that came late.
        def times():
            _, answer = call(port, "query", {"query": "sidelight_samplings_total[1m]"})
            return [point[0] for point in answer["data"]["result"][0]["values"]]
        harness.eventually(lambda: any(seconds == int(seconds) for seconds in times()), "one is not late")

    def test_the_command_prints_what_the_api_answers(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="1s")
        url = f"http://127.0.0.1:{sidelight.metrics_port}"
        self.traffic(sidelight, 3)
        self.assertEqual(command("--url", url, f"sum({COUNT})"), (0, "SERIES  VALUE\n{}      3\n", ""))
        code, output, _ = command("--url", url, "--format", "json", "1+1")
        self.assertEqual((code, json.loads(output)["data"]["result"][1]), (0, "2"))
        code, output, _ = command("--url", url, "--start", time.time() - 2, "--step", "1", f"sum({COUNT})")
        self.assertEqual((code, output.splitlines()[0]), (0, "{}"), output)
        self.assertTrue(output.splitlines()[-1].endswith("Z  3"), output)
        code, output, _ = command("--url", url, "nothing")
        self.assertEqual((code, output[:9]), (0, "no series"))
        port = sidelight.metrics_port
        harness.eventually(lambda: value(port, "rate(process_open_fds[1m])") is not None, "a rate needs two samples")
        code, output, errors = command("--url", url, "rate(process_open_fds[1m])")
        self.assertEqual(code, 0, errors)
        self.assertIn('info: PromQL info: metric might not be a counter', output)
        self.assertEqual(command("--url", url, "sum("),
                         (1, "", 'sidelight query: invalid parameter "query": 1:5: parse error: unclosed left parenthesis\n'))
        self.assertEqual(command("--url", f"http://127.0.0.1:{harness.free_port()}", "1")[0], 1)
        self.assertEqual(command("--url", "nonsense", "1")[0], 2)
        self.assertEqual(command()[0], 2)

    def test_errors_have_prometheus_form(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="1s",
                                   promql={"timeout": "1m", "max_samples": 20000, "max_result_size": "10KiB"})
        port = sidelight.metrics_port
        harness.eventually(lambda: value(port, "sidelight_samplings_total"), "the first sample")
        rows = [
            ("query", {"query": "sum by (a"}, 400, "bad_data", "1:10: parse error: "),
            ("query", {}, 400, "bad_data", 'invalid parameter "query"'),
            ("query", {"query": "1", "time": "yesterday"}, 400, "bad_data", 'invalid parameter "time"'),
            ("query_range", {"query": "1", "start": 0, "end": 99999, "step": 1}, 400, "bad_data", "exceeded maximum resolution of 11,000 points"),
            ("query_range", {"query": "1", "start": 9, "end": 1, "step": 1}, 400, "bad_data", "end timestamp must not be before start time"),
            ("query", {"query": "limitk(1, up)"}, 400, "bad_data", "parse error"),
            ("query", {"query": "1", "timeout": "0"}, 503, "timeout", "query timed out"),
            ("query", {"query": "sidelight_build_info + on() process_open_fds * on() {job='test'}"}, 422, "execution", "many-to-many"),
        ]
        for path, parameters, status, kind, text in rows:
            got, answer = call(port, path, parameters)
            self.assertEqual((got, answer.get("errorType")), (status, kind), answer)
            self.assertEqual(answer["status"], "error")
            self.assertIn(text, answer["error"])
        # The subquery alone has more samples than may be held.
        status, answer = call(port, "query", {"query": "max_over_time(vector(1)[2h:1ms])"})
        self.assertEqual((status, answer.get("errorType")), (422, "execution"), answer)
        self.assertIn("too many samples", answer["error"])
        self.assertEqual(value(port, "vector(1)"), 1, "it answers on")

    def test_a_slow_query_times_out_and_one_whose_client_left_ends(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="1s", promql={"timeout": "1h"})
        port = sidelight.metrics_port
        slow = {"query": "max_over_time(sum_over_time(vector(1)[5m:10ms])[10h:1s])"}
        status, answer = call(port, "query", {**slow, "timeout": "100ms"})
        self.assertEqual((status, answer.get("errorType")), (503, "timeout"), answer)
        self.assertIn("query timed out in", answer["error"])

        with socket.create_connection(("127.0.0.1", port), 60) as client:
            client.sendall(f"GET /api/v1/query?{urllib.parse.urlencode(slow)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            harness.eventually(lambda: sidelight.scrape().sum("sidelight_queries_running") == 1, "the query runs")
        harness.eventually(lambda: sidelight.scrape().sum("sidelight_queries_running") == 0, "the query ends with its client")
        self.assertEqual(sidelight.scrape().sum("sidelight_queries_total", result="canceled"), 1)

        # Nor does one that runs hold up the end of the process.
        with socket.create_connection(("127.0.0.1", port), 60) as client:
            client.sendall(f"GET /api/v1/query?{urllib.parse.urlencode(slow)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            harness.eventually(lambda: sidelight.scrape().sum("sidelight_queries_running") == 1, "the query runs")
            self.assertEqual(sidelight.stop(), 0)

    def test_answers_survive_a_restart(self):
        folder = pathlib.Path(self.directory) / "storage"
        backend = self.backend()
        settings = {"interval": "1s", "storage": {"path": str(folder)}}
        first = self.sidelight({"upstream": backend.upstream}, **settings)
        self.traffic(first, 5)
        _, seen = call(first.metrics_port, "query", {"query": f"{COUNT}[5m]", "time": time.time()})
        # Up to the newest sample, as the end brings another one.
        newest = max(time for series in seen["data"]["result"] for time, _ in series["values"])
        asked = {"query": f"{COUNT}[5m]", "time": newest}
        _, before = call(first.metrics_port, "query", asked)
        self.assertTrue(before["data"]["result"])
        self.assertEqual(first.stop(), 0)
        second = self.sidelight({"upstream": backend.upstream}, **settings)
        self.assertEqual(call(second.metrics_port, "query", asked)[1], before)
        self.assertGreater(second.scrape().sum("sidelight_storage_replayed_samples"), 0)
        self.assertEqual(second.scrape().sum("sidelight_storage_log_state", state="writing"), 1)

    def test_a_path_that_cannot_be_written_costs_only_the_log(self):
        blocker = pathlib.Path(self.directory) / "a-file"
        blocker.write_text("")
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="1s",
                                   storage={"path": str(blocker / "storage")})
        self.traffic(sidelight, 2)
        self.assertEqual(sidelight.scrape().sum("sidelight_storage_log_state", state="failing"), 1)
        self.assertIn(str(blocker), sidelight.log())


if __name__ == "__main__":
    harness.main()
