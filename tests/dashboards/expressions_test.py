#!/usr/bin/python3
"""What panels show in situations in which a dashboard is often wrong: no errors, no traffic, no series at all, and
histograms that are classic, native or both. The dashboards' own expressions over given samples, through `sidelight test
rules` and, but for native histograms, which those of Debian 12 cannot read there, through promtool."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

GRAFANA = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "grafana"
SIDELIGHT = os.environ["SIDELIGHT"]
VALUES = {"job": "shop|other", "instance": ".*", "tap": ".*", "method": ".*", "route": ".*", "system": ".*",
          "keyspace": ".*", "database": ".*", "query": ".*", "availability": "0.999", "fast": "0.99", "bound": "0.5",
          "period": "1h", "__rate_interval": "1m", "http_prefix": "api", "cache_prefix": "cache",
          "database_prefix": "db"}

POD = 'job="shop",instance="pod-1"'
HTTP = "http_server_request_duration_seconds"
OK = f'{POD},tap="api",http_request_method="GET",http_route="/a",http_response_status_code="200"'
FAILED = f'{POD},tap="api",http_request_method="GET",http_route="/a",http_response_status_code="503",error_type="503"'
LOOKUPS = f'cache_requests_total{{{POD},tap="cache",cache_system="redis",cache_keyspace="k",cache_operation="GET"'
QUERIES = (f'db_client_operation_duration_seconds_count{{{POD},tap="db",db_system_name="postgresql",'
           'db_query_summary="SELECT a"')

ONE_A_SECOND, SILENT = "0+15x10", "7x10"
PLAIN = f'{POD},method="GET",endpoint="/a"'


def classic(labels, counts):
    """A histogram of the buckets 0.25, 0.5 and +Inf with as many observations an interval in each, cumulative."""
    bounds = zip(("0.25", "0.5", "+Inf"), counts)
    return {f'{HTTP}_bucket{{{labels},le="{bound}"}}': f"0+{count}x10" for bound, count in bounds} | {
        f"{HTTP}_count{{{labels}}}": f"0+{counts[-1]}x10", f"{HTTP}_sum{{{labels}}}": f"0+{counts[-1] * 0.25}x10"}


def native(labels, count):
    """Of schema 0, all observations between 0.125 and 0.25."""
    histogram = f"schema:0 count:{count} sum:{count * 0.2} offset:-2 buckets:[{count}]"
    return {f"{HTTP}{{{labels}}}": "{{schema:0 count:0 sum:0}}+{{" + histogram + "}}x10"}


def silent(series):
    return {name: SILENT for name in series}


WELL = classic(OK, (15, 15, 15)) | {
    LOOKUPS + ',cache_result="hit"}': ONE_A_SECOND, QUERIES + "}": ONE_A_SECOND}
PLAIN_WELL = {f'api_requests_total{{{PLAIN},status_code="200"}}': ONE_A_SECOND,
              f'cache_cache_requests_total{{{POD},keyspace="k",operation="GET",result="hit"}}': ONE_A_SECOND,
              f'db_database_query_duration_seconds_count{{{POD},query="SELECT a",status="ok"}}': ONE_A_SECOND}
NOTHING = {}
NO_TRAFFIC = silent(WELL) | silent(classic(FAILED, (15, 15, 15)))
BAD = classic(OK, (6, 12, 12)) | classic(FAILED, (0, 3, 3))

# situation, samples, dashboard, panel, query of it, {labels: value}
TABLE = [
    ("well", WELL, "sidelight-overview", "Requests", 0, {"{}": 1}),
    ("well", WELL, "sidelight-overview", "Error rate", 0, {"{}": 0}),
    ("well", WELL, "sidelight-overview", "Cache hit ratio", 0, {"{}": 1}),
    ("well", WELL, "sidelight-overview", "Database, errors", 0, {"{}": 0}),
    ("well", WELL, "sidelight-overview", "Alerts firing", 1, {"{}": 0}),
    ("well", WELL, "sidelight-http", "Errors by type", 0, {'{error_type="none"}': 0}),
    ("well", WELL, "sidelight-http", "Clients that left", 0, {"{}": 0}),
    ("well", WELL, "sidelight-caches", "Misses", 0, {"{}": 0}),
    ("well", WELL, "sidelight-slo", "Budget left", 0, {"{}": 1}),
    ("well", WELL, "sidelight-slo", "Burn rate, 5m", 0, {"{}": 0}),
    ("well", PLAIN_WELL, "sidelight-plain-overview", "Error rate", 0, {"{}": 0}),
    ("well", PLAIN_WELL, "sidelight-plain-overview", "Cache hit ratio", 0, {"{}": 1}),
    ("well", PLAIN_WELL, "sidelight-plain-overview", "Database, errors", 0, {"{}": 0}),
    ("well", PLAIN_WELL, "sidelight-plain-http", "Errors by type", 0, {'{status_code="none"}': 0}),
    ("no traffic", NO_TRAFFIC, "sidelight-overview", "Requests", 0, {"{}": 0}),
    ("no traffic", NO_TRAFFIC, "sidelight-overview", "Error rate", 0, {}),
    ("no traffic", NO_TRAFFIC, "sidelight-overview", "Latency, P95", 0, {}),
    ("no traffic", NO_TRAFFIC, "sidelight-overview", "Cache hit ratio", 0, {}),
    ("no traffic", NO_TRAFFIC, "sidelight-slo", "Burn rate, 5m", 0, {}),
    ("no traffic", silent(PLAIN_WELL), "sidelight-plain-overview", "Error rate", 0, {}),
    ("nothing", NOTHING, "sidelight-overview", "Requests", 0, {"{}": 0}),
    ("nothing", NOTHING, "sidelight-overview", "Error rate", 0, {}),
    ("nothing", NOTHING, "sidelight-overview", "Alerts firing", 0, {"{}": 0}),
    ("nothing", NOTHING, "sidelight-http", "Errors by type", 0, {}),
    ("failures", BAD, "sidelight-overview", "Error rate", 0, {"{}": 0.2}),
    ("failures", BAD, "sidelight-http", "Errors by type", 0, {'{error_type="503"}': 0.2}),
    ("failures", BAD, "sidelight-slo", "Burn rate, 5m", 0, {"{}": 200}),
    ("failures", BAD, "sidelight-overview", "Errors", 0, {'{http_route="/a"}': 0.2}),
    ("failures", BAD, "sidelight-overview", "Latency, P95", 0, {"{}": 0.4792}),
]
# The same for histograms in three shapes: 15 requests an interval, all of them between 0.125 and 0.25 s. A heatmap is
# counted: the series that it has.
CLASSIC, NATIVE = classic(OK, (15, 15, 15)), native(OK, 15)
SHAPES = [
    ("classic", CLASSIC, 0.2375, 3),
    ("native", NATIVE, 0.2415, 1),
    ("both", CLASSIC | NATIVE, 0.2415, 1),
]


def expression(uid, title, index):
    (path,) = GRAFANA.glob(f"*/{uid}.json")
    board = json.loads(path.read_text("utf-8"))
    panel = next(panel for panel in board["panels"] if panel["title"] == title)
    text = panel["targets"][index]["expr"]
    for name in sorted(VALUES, key=len, reverse=True):
        text = text.replace("${" + name + "}", VALUES[name]).replace("$" + name, VALUES[name])
    return text


def situation(name, series, text, samples):
    """A test as `promtool test rules` has them. Rounded, as the last bit differs from one engine to the other."""
    return {"name": name, "interval": "15s",
            "input_series": [{"series": series_name, "values": values} for series_name, values in series.items()],
            "promql_expr_test": [{"expr": f"round({text}, 0.0001)", "eval_time": "2m", "exp_samples": [
                {"labels": labels, "value": value} for labels, value in samples.items()]}]}


def situations():
    """(whether promtool can read it, the test)."""
    for name, series, uid, title, index, samples in TABLE:
        yield True, situation(f"{name}: {uid}: {title}", series, expression(uid, title, index), samples)
    for name, series, p95, rows in SHAPES:
        readable = name == "classic"
        for title, value in (("Requests", 1), ("Error rate", 0), ("P95", p95)):
            yield readable, situation(f"{name}: {title}", series, expression("sidelight-http", title, 0), {"{}": value})
        yield readable, situation(f"{name}: heatmap", series,
                                  f"count({expression('sidelight-http', 'Durations', 0)})", {"{}": rows})
        yield readable, situation(f"{name}: too slow", series, expression("sidelight-slo", "Too slow", 0),
                                  {'{http_route="/a"}': 0})


class ExpressionsTest(unittest.TestCase):
    def judge(self, tests, *command):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        path = pathlib.Path(folder, "dashboards_test.yaml")
        path.write_text(json.dumps({"evaluation_interval": "15s", "tests": tests}, indent=1), "utf-8")
        return subprocess.run([*command, "test", "rules", path], capture_output=True, text=True, timeout=300)

    def test_our_own_promql(self):
        tests = [test for _, test in situations()]
        judged = self.judge(tests, SIDELIGHT)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        # Were it passed whatever it says, it would pass this as well.
        tests[0]["promql_expr_test"][0]["exp_samples"][0]["value"] = 2
        self.assertEqual(self.judge(tests, SIDELIGHT).returncode, 1)

    def test_promtool(self):
        tests = [test for readable, test in situations() if readable]
        for test in tests:
            del test["name"]
        judged = self.judge(tests, "promtool")
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)


if __name__ == "__main__":
    unittest.main()
