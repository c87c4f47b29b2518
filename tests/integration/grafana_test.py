#!/usr/bin/python3
"""What Grafana's data source of type Prometheus sends, replayed in its order against the running program: the health
check, the detection of what kind of server this is, the query builder, Explore, the probe for exemplars and the list of
alerts. Of each answer is asserted what Grafana reads of it."""

import pathlib
import time

import harness
from prometheus_api import ask

COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"
ROUTE = "/orders/{id}"
LIMIT = "40000"  # Grafana's own
RULES = f"""
groups:
  - name: traffic
    interval: 1s
    rules:
      - {{record: "job:requests:sum", expr: "sum by (job) ({COUNT})"}}
      - alert: Busy
        expr: sum by (http_route) ({COUNT}) > 0
        for: 0s
        labels: {{severity: page}}
        annotations: {{summary: "{{{{ $labels.http_route }}}} is busy"}}
      - alert: Calm
        expr: sum({COUNT}) < 0
  - name: more
    interval: 1s
    rules:
      - {{record: "requests:max", expr: "max({COUNT})"}}
"""


class GrafanaTest(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(RULES)
        tap = {"name": "shop", "upstream": self.backend().upstream, "routes": [ROUTE]}
        sidelight = self.sidelight(tap, interval="1s", rule_files=[str(rules)])
        self.port = sidelight.metrics_port
        self.begun = time.time()
        self.traffic(sidelight, 5)
        harness.eventually(lambda: self.data("GET", "alerts")["alerts"], "an alert fires")

    def traffic(self, sidelight, count):
        harness.eventually(lambda: self.instant("sidelight_samplings_total"), "the first sample")
        with harness.Connection(sidelight.port) as connection:
            for number in range(1, count + 1):
                trace = f"traceparent: 00-{number:032x}-{number:016x}-01"
                connection.send(f"GET /orders/{number} HTTP/1.1\r\nHost: a\r\n{trace}\r\n\r\n".encode())
                self.assertEqual(connection.response("GET")[0], 200)
        harness.eventually(lambda: self.instant(f"sum({COUNT})") == str(count), "the sampling saw the requests")

    def instant(self, expression):
        result = self.data("POST", "query", {"query": expression})["result"]
        return result[0]["value"][1] if result else None

    def data(self, method, path, parameters=()):
        """The data of an answer that must be a success."""
        status, answer = ask(self.port, f"/api/v1/{path}", parameters, method)
        self.assertEqual((status, answer.get("status")), (200, "success"), f"{method} {path} {parameters}: {answer}")
        return answer["data"]

    def span(self):
        """The last minutes as the browser sends them: whole seconds, the end rounded up."""
        return {"start": str(int(self.begun) - 300), "end": str(int(time.time()) + 1)}

    def test_save_and_test(self):
        health = self.data("POST", "query", {"query": "1+1", "time": f"{time.time():.3f}"})
        self.assertEqual((health["resultType"], health["result"][1]), ("scalar", "2"))
        self.assertIsInstance(health["result"][0], (int, float))

        build = self.data("GET", "status/buildinfo")
        # A list of features is Mimir's mark: Grafana would look for its ruler.
        self.assertNotIn("features", build)
        version = build["version"].split(".")
        self.assertEqual([part.isdigit() for part in version], [True] * 3, f"no semantic version: {build}")
        # From 2.24 on it asks labels with matchers; before, for all series of a metric.
        self.assertGreaterEqual(tuple(map(int, version)), (2, 24, 0))
        self.assertIn("sidelight", build["revision"])

    def test_query_builder(self):
        names = self.data("GET", "label/__name__/values", {**self.span(), "limit": LIMIT})
        self.assertIn(COUNT, names)
        self.assertEqual(names, sorted(names))
        metadata = self.data("GET", "metadata", {"limit": LIMIT})
        described = metadata["http_server_request_duration_seconds"]
        self.assertEqual(described[0]["type"], "histogram")
        self.assertEqual(sorted(described[0]), ["help", "type", "unit"])
        one = self.data("GET", "metadata", {"metric": "sidelight_build_info", "limit_per_metric": "1"})
        self.assertEqual(list(one), ["sidelight_build_info"])

        labels = self.data("POST", "labels", {**self.span(), "limit": LIMIT})
        self.assertIn("http_route", labels)
        of_metric = self.data("POST", "labels", {**self.span(), "limit": LIMIT, "match[]": f'{{__name__="{COUNT}"}}'})
        self.assertLess(len(of_metric), len(labels))
        self.assertLessEqual({"__name__", "http_route", "instance", "job"}, set(of_metric))
        self.assertNotIn("le", of_metric)
        values = self.data("GET", "label/http_route/values",
                           {**self.span(), "limit": LIMIT, "match[]": f'{{__name__="{COUNT}",job="test"}}'})
        self.assertEqual(values, [ROUTE])
        # A name with more in it than letters, digits and underscores goes in escaped.
        self.assertEqual(self.data("GET", "label/U__http_2e_route/values", self.span()), [])
        self.assertEqual(self.data("GET", "label/U__http__route/values", self.span()), [ROUTE])

        for method in ("GET", "POST"):
            series = self.data(method, "series", {**self.span(), "limit": LIMIT, "match[]": COUNT})
            self.assertEqual({one["http_route"] for one in series}, {ROUTE}, method)
            self.assertEqual({one["__name__"] for one in series}, {COUNT}, method)
        before = self.data("POST", "labels", {"start": "1000", "end": "2000", "match[]": COUNT})
        self.assertEqual(before, [], "labels of a time before all samples")

    def test_explore(self):
        def graph():
            end = time.time()
            frame = self.data("POST", "query_range", {"query": f"sum by (http_route) (rate({COUNT}[30s]))",
                                                      "step": "0.5", "start": f"{end - 60:.3f}", "end": f"{end:.3f}"})
            self.assertEqual(frame["resultType"], "matrix")
            return frame["result"] if frame["result"] and len(frame["result"][0]["values"]) > 3 else None

        series = harness.eventually(graph, "there is a rate over some time")
        self.assertEqual([one["metric"] for one in series], [{"http_route": ROUTE}])
        times = [moment for moment, _ in series[0]["values"]]
        self.assertEqual({round(later - earlier, 3) for earlier, later in zip(times, times[1:])}, {0.5})
        end = time.time()
        table = self.data("POST", "query", {"query": COUNT, "time": f"{end:.3f}"})
        self.assertEqual((table["resultType"], table["result"][0]["value"][1]), ("vector", "5"))
        heat = self.data("POST", "query_range", {"query": f"sum by (le) (increase({BUCKET}[1m]))", "step": "15",
                                                 "start": f"{end - 30:.3f}", "end": f"{end:.3f}"})
        self.assertIn("+Inf", {series["metric"]["le"] for series in heat["result"]})
        status, answer = ask(self.port, "/api/v1/query_range",
                             {"query": "sum(", "start": "1", "end": "2", "step": "1"}, "POST")
        self.assertEqual((status, answer["status"], answer["errorType"]), (400, "error", "bad_data"))
        self.assertIn("parse error", answer["error"])

    def test_exemplars(self):
        now = int(time.time() * 1000)
        # The probe of a new data source: in milliseconds, where the API has seconds. A failure turns exemplars off.
        self.data("GET", "query_exemplars",
                  {"query": "test_exemplar_metric_total", "start": str(now - 3600_000), "end": str(now)})
        end = time.time()
        found = self.data("POST", "query_exemplars",
                          {"query": f"histogram_quantile(0.9, sum by (le) (rate({BUCKET}[1m])))",
                           "start": f"{self.begun - 10:.3f}", "end": f"{end:.3f}"})
        self.assertEqual({one["seriesLabels"]["http_route"] for one in found}, {ROUTE})
        exemplar = found[0]["exemplars"][0]
        self.assertRegex(exemplar["labels"]["trace_id"], "^0{31}[1-5]$")
        self.assertIsInstance(exemplar["timestamp"], (int, float))
        float(exemplar["value"])

    def test_alert_list(self):
        def groups(**parameters):
            chosen = {name.replace("__", "[]"): value for name, value in parameters.items()}
            return self.data("GET", "rules", chosen)["groups"]

        everything = groups()  # at its start, without parameters
        self.assertEqual([group["name"] for group in everything], ["more", "traffic"])
        for group in everything:
            self.assertLessEqual({"name", "file", "rules", "interval", "lastEvaluation", "evaluationTime"}, set(group))
        traffic = everything[1]
        self.assertEqual([rule["type"] for rule in traffic["rules"]], ["recording", "alerting", "alerting"])
        busy = traffic["rules"][1]
        self.assertEqual((busy["name"], busy["state"], busy["health"]), ("Busy", "firing", "ok"))
        self.assertEqual(busy["labels"], {"severity": "page"})
        self.assertLessEqual({"labels", "annotations", "state", "activeAt", "value"}, set(busy["alerts"][0]))
        self.assertEqual(busy["alerts"][0]["annotations"]["summary"], f"{ROUTE} is busy")

        alerting = groups(type="alert")
        self.assertEqual([rule["name"] for group in alerting for rule in group["rules"]], ["Busy", "Calm"])
        self.assertEqual([rule["name"] for group in groups(type="record") for rule in group["rules"]],
                         ["requests:max", "job:requests:sum"])
        one = groups(type="alert", rule_name__="Busy", rule_group__="traffic", file__=traffic["file"],
                     exclude_alerts="true", match__='{severity="page"}')
        self.assertEqual([(rule["name"], rule.get("alerts")) for group in one for rule in group["rules"]],
                         [("Busy", None)])
        page = self.data("GET", "rules", {"group_limit": "1"})
        self.assertEqual([group["name"] for group in page["groups"]], ["more"])
        rest = self.data("GET", "rules", {"group_limit": "1", "group_next_token": page["groupNextToken"]})
        self.assertEqual(([group["name"] for group in rest["groups"]], rest.get("groupNextToken")), (["traffic"], None))
        self.assertEqual([alert["labels"]["alertname"] for alert in self.data("GET", "alerts")["alerts"]], ["Busy"])

    def test_the_pages_of_a_server(self):
        for path in ("status/config", "status/flags", "status/runtimeinfo", "status/tsdb", "targets", "features",
                     "alertmanagers"):
            self.assertTrue(self.data("GET", path), path)
        self.assertEqual(self.data("POST", "format_query", {"query": f"sum(rate({COUNT}[5m]))by(job)"}),
                         f"sum by (job) (rate({COUNT}[5m]))")
        self.assertEqual(self.data("GET", "parse_query", {"query": "up"})["type"], "vectorSelector")
        self.assertEqual(harness.fetch(self.port, f"/federate?match[]={COUNT}")[0], 200)


if __name__ == "__main__":
    harness.main()
