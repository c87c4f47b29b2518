#!/usr/bin/python3
"""The answers of the running program against the OpenAPI description of Prometheus' HTTP API: every path of it is
asked, in every method and in several ways, and each answer has the shape that the description gives it. What Sidelight
does not offer stands here with the reason, and answers 404 in Prometheus' form."""

import gzip
import json
import os
import pathlib
import time
import urllib.request

import harness
import prometheus_api
from prometheus_api import ask

COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"
ROUTE = "/orders/{id}"
OPEN = {"start": "1", "end": "9999999999"}

# Of each path that there is: parameters that an answer of status 200 comes for, and some that are refused.
OFFERED = {
    "/query": ([{"query": COUNT}, {"query": "1+1"}, {"query": "{__name__=~'http_.*'}[1m]"}, {"query": "absent_here"},
                {"query": "http_server_request_duration_seconds"}, {"query": COUNT, "limit": "1"}],
               [{}, {"query": "up{"}, {"query": "1", "time": "then"}, {"query": "1", "timeout": "x"},
                {"query": f"{BUCKET} * on(job) group_left {BUCKET}"}]),
    "/query_range": ([{"query": f"rate({COUNT}[1m])", "start": "{before}", "end": "{now}", "step": "0.5"},
                      {"query": "histogram_quantile(0.9, http_server_request_duration_seconds)", "start": "{before}",
                       "end": "{now}", "step": "1s"},
                      {"query": "http_server_request_duration_seconds", "start": "{before}", "end": "{now}",
                       "step": "5"}],
                     [{}, {"query": "1", "start": "2", "end": "1", "step": "1"},
                      {"query": "1", "start": "1", "end": "2", "step": "0"}]),
    "/query_exemplars": ([{"query": COUNT, **OPEN}, {"query": "http_server_request_duration_seconds_bucket", **OPEN},
                          {"query": "test_exemplar_metric_total", "start": "{before_ms}", "end": "{now_ms}"}],
                         [{"query": "up{", **OPEN}, {"query": "up", "start": "9", "end": "1"}]),
    "/format_query": ([{"query": "sum(up)by(job)"}, {"query": "a + " * 40 + "a"}], [{}, {"query": "sum("}]),
    "/parse_query": ([{"query": f"sum by (job) (rate({COUNT}[5m] offset 1m)) > bool 1"}], [{}, {"query": "sum("}]),
    "/labels": ([{}, {"match[]": COUNT}, {"match[]": COUNT, "start": "{before}", "end": "{now}", "limit": "2"}],
                [{"match[]": "{"}, {"start": "then"}]),
    "/label/{name}/values": ([{}, {"match[]": COUNT}, {"limit": "1"}], [{"match[]": "{}"}, {"limit": "-1"}]),
    "/series": ([{"match[]": COUNT}, {"match[]": '{job="test"}', **OPEN}], [{}, {"match[]": "{}"}]),
    "/metadata": ([{}, {"metric": "sidelight_build_info"}, {"limit": "2"}, {"metric": "absent_here"}],
                  [{"limit": "x"}]),
    "/scrape_pools": ([{}], []),
    "/targets": ([{}, {"state": "active"}, {"state": "dropped"}, {"state": "ANY"}, {"scrapePool": "backend"},
                  {"scrapePool": "absent"}], []),
    "/targets/metadata": ([{}, {"metric": "sidelight_build_info"}, {"match_target": '{job="test"}'}, {"limit": "1"}],
                          [{"limit": "x"}, {"match_target": "{"}, {"metric": "absent_here"},
                           {"match_target": '{job="other"}'}]),
    "/rules": ([{}, {"type": "alert"}, {"type": "record"}, {"exclude_alerts": "true"}, {"rule_name[]": "Busy"},
                {"match[]": '{severity="page"}'}, {"group_limit": "1"}],
               [{"type": "x"}, {"group_limit": "0"}, {"exclude_alerts": "x"}, {"match[]": "{"}]),
    "/alerts": ([{}], []),
    "/alertmanagers": ([{}], []),
    "/status/config": ([{}], []),
    "/status/runtimeinfo": ([{}], []),
    "/status/buildinfo": ([{}], []),
    "/status/flags": ([{}], []),
    "/status/tsdb": ([{}, {"limit": "3"}], [{"limit": "0"}, {"limit": "x"}, {"limit": "10001"}]),
    "/status/walreplay": ([{}], []),
    "/notifications": ([{}], []),
    "/features": ([{}], []),
}
NO_SCRAPES = "nothing is scraped, so nothing is relabelled or configured for it"
NO_SEARCH = "behind a flag in Prometheus; labels and label values answer the same question"
NO_ADMIN = "what is measured cannot be taken back over the network; Prometheus has it behind a flag"
NO_RECEIVER = "Sidelight measures and sends, and takes in nothing of others"
NOT_OFFERED = {
    "/search/metric_names": NO_SEARCH,
    "/search/label_names": NO_SEARCH,
    "/search/label_values": NO_SEARCH,
    "/scrape_pools/config": NO_SCRAPES,
    "/targets/relabel_steps": NO_SCRAPES,
    "/status/tsdb/blocks": "storage has no blocks",
    "/status/self_metrics": "/metrics has them, in every format",
    "/admin/tsdb/delete_series": NO_ADMIN,
    "/admin/tsdb/clean_tombstones": NO_ADMIN,
    "/admin/tsdb/snapshot": NO_ADMIN,
    "/read": "remote read: Prometheus federates, or is written to",
    "/write": NO_RECEIVER,
    "/otlp/v1/metrics": NO_RECEIVER,
}
RULES = f"""
groups:
  - name: traffic
    interval: 1s
    rules:
      - {{record: "job:requests:sum", expr: "sum by (job) ({COUNT})"}}
      - alert: Busy
        expr: {COUNT} > 0
        labels: {{severity: page}}
        annotations: {{summary: "busy"}}
  - name: more
    interval: 1s
    rules:
      - {{alert: Broken, expr: "{BUCKET} * on(job) group_left {BUCKET}"}}
"""


def expand(parameters):
    """With the moments that they name put in."""
    now = time.time()
    moments = {"{now}": f"{now:.3f}", "{before}": f"{now - 60:.3f}", "{now_ms}": int(now * 1000),
               "{before_ms}": int((now - 60) * 1000)}
    return {name: moments.get(value, value) for name, value in parameters.items()}


class HttpApiTest(harness.IntegrationTest):
    @classmethod
    def setUpClass(cls):
        cls.description = prometheus_api.Description()

    def setUp(self):
        super().setUp()
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(RULES)
        tap = {"name": "backend", "upstream": self.backend().upstream, "routes": [ROUTE]}
        self.sidelight_process = self.sidelight(tap, interval="1s", rule_files=[str(rules)], external_url="http://here",
                                                alerting={"alertmanagers": [{"url": "http://127.0.0.1:9"}]})
        self.api = self.sidelight_process.metrics_port
        self.traffic(self.sidelight_process)

    def traffic(self, sidelight):
        """Some requests, an alert that fires, a rule that fails and an exemplar, all of them sampled."""
        with harness.Connection(sidelight.port) as connection:
            for number in range(5):
                trace = f"traceparent: 00-{number + 1:032x}-{number + 1:016x}-01"
                connection.send(f"GET /orders/{number} HTTP/1.1\r\nHost: a\r\n{trace}\r\n\r\n".encode())
                self.assertEqual(connection.response("GET")[0], 200)
        port = sidelight.metrics_port
        harness.eventually(lambda: ask(port, "/api/v1/alerts")[1]["data"]["alerts"], "an alert fires")
        harness.eventually(lambda: self.last_error(port, "Broken"), "a rule fails")

    def last_error(self, port, rule):
        groups = ask(port, "/api/v1/rules", {"rule_name[]": rule})[1]["data"]["groups"]
        return groups[0]["rules"][0].get("lastError")

    def check(self, path, method, parameters, wanted):
        """Asks, and says what is not as described; "" when all is well."""
        real = "/api/v1" + path.replace("{name}", "job")
        status, answer = ask(self.api, real, expand(parameters), method)
        said = f"{method} {real} {parameters}: "
        if (status == 200) != (wanted == 200):
            return f"{said}wanted {wanted}, got {status} {str(answer)[:300]}"
        wrong = self.description.problems(path, method, status, answer)
        return said + "; ".join(wrong) + f"\n   in {str(answer)[:600]}" if wrong else ""

    def test_each_path_of_the_description_is_offered_or_not_for_a_reason(self):
        self.assertEqual(sorted(self.description.paths), sorted([*OFFERED, *NOT_OFFERED]))
        for path, reason in NOT_OFFERED.items():
            print(f"not offered: {path}: {reason}")

    def test_answers_are_as_described(self):
        problems = []
        for path, method in self.description.operations():
            if path in NOT_OFFERED:
                continue
            good, bad = OFFERED[path]
            problems += [self.check(path, method, parameters, 200) for parameters in good]
            problems += [self.check(path, method, parameters, "a refusal") for parameters in bad]
        problems = [problem for problem in problems if problem]
        self.assertFalse(problems, "\n" + "\n".join(problems))

    def test_what_is_not_offered_answers_in_the_form_of_prometheus(self):
        for path in [*NOT_OFFERED, "", "/", "/nothing", "/label/job/nothing", "/status"]:
            status, answer = ask(self.api, "/api/v1" + path)
            self.assertEqual((status, answer.get("status"), answer.get("errorType")), (404, "error", "not_found"), path)
            self.assertEqual(sorted(answer), ["error", "errorType", "status"], path)

    def test_a_method_that_a_path_has_not_is_refused(self):
        for path, methods in self.description.paths.items():
            if path in OFFERED and "post" not in methods:
                status, answer = ask(self.api, "/api/v1" + path.replace("{name}", "job"), method="POST")
                self.assertEqual((status, answer["errorType"]), (405, "bad_data"), path)

    def test_head_is_answered_where_prometheus_answers_it(self):
        for path in ("/-/healthy", "/-/ready"):
            for method in ("GET", "HEAD"):
                request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", method=method)
                with urllib.request.urlopen(request, timeout=60) as response:
                    self.assertEqual(response.status, 200, f"{method} {path}")
                    self.assertEqual(bool(response.read()), method == "GET", f"{method} {path}")

    def test_what_is_large_goes_out_as_gzip_to_who_takes_it(self):
        def ask_for(encoding, path, method="GET"):
            request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", method=method,
                                             headers={"Accept-Encoding": encoding})
            with urllib.request.urlopen(request, timeout=60) as response:
                self.assertEqual(response.headers["Vary"], "Accept-Encoding", path)
                return response.headers, response.read()

        large, small = "/api/v1/features", "/api/v1/scrape_pools"
        headers, plain = ask_for("identity", large)
        self.assertIsNone(headers["Content-Encoding"])
        headers, packed = ask_for("br, gzip", large)
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed), plain)
        self.assertLess(len(packed), len(plain) / 2)
        head, nothing = ask_for("br, gzip", large, "HEAD")
        self.assertEqual((head["Content-Encoding"], head["Content-Length"], nothing), ("gzip", str(len(packed)), b""))
        headers, body = ask_for("gzip", small)
        self.assertEqual((headers["Content-Encoding"], json.loads(body)["status"]), (None, "success"))

    def get(self, path, **parameters):
        status, answer = ask(self.api, f"/api/v1/{path}", parameters)
        self.assertEqual(status, 200, answer)
        return answer["data"]

    def test_no_answer_has_a_secret_in_it(self):
        secret = "hunter2-of-the-configuration"
        os.environ["SIDELIGHT_TEST_SECRET"] = secret
        self.addCleanup(os.environ.pop, "SIDELIGHT_TEST_SECRET")
        alertmanager = {"url": "http://127.0.0.1:9",
                        "basic_auth": {"username": secret, "password": "${env:SIDELIGHT_TEST_SECRET}"},
                        "http_headers": {"X-Key": {"secrets": [secret]}}}
        exporters = {"otlp": [{"endpoint": "http://127.0.0.1:9", "headers": {"api-key": secret}}],
                     "remote_write": [{"url": "http://127.0.0.1:9/write", "bearer_token": secret}]}
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="1s", exporters=exporters,
                                   alerting={"alertmanagers": [alertmanager]})
        self.api = sidelight.metrics_port
        self.assertIn("<secret>", self.get("status/config")["yaml"])
        for path in ["/", "/metrics", *("/api/v1" + path.replace("{name}", "job") for path in OFFERED)]:
            status, _, body = harness.fetch(self.api, path)
            self.assertIn(status, (200, 204, 400, 404), path)
            self.assertNotIn(secret.encode(), body, path)

    def test_the_configuration_in_force_is_shown(self):
        import yaml

        shown = yaml.safe_load(self.get("status/config")["yaml"])
        written = json.loads(self.sidelight_process.config.read_text())
        self.assertEqual(shown, written)
        self.assertEqual(self.get("status/flags")["config.file"], str(self.sidelight_process.config))

        self.assertEqual((self.get("notifications"), self.get("status/runtimeinfo")["reloadConfigSuccess"]), ([], True))
        self.sidelight_process.config.write_text(json.dumps({**written, "interval": "never"}))
        harness.eventually(lambda: self.get("notifications"), "the mistake is found")
        self.assertEqual(self.get("notifications")[0]["text"], "Configuration reload has failed.")
        self.assertFalse(self.get("status/runtimeinfo")["reloadConfigSuccess"])
        self.assertEqual(yaml.safe_load(self.get("status/config")["yaml"]), written)
        # Of the next one the level of the log is taken over, the interval waits for a restart.
        self.sidelight_process.config.write_text(json.dumps({**written, "interval": "3s", "log": {"level": "warn"}}))
        harness.eventually(lambda: not self.get("notifications"), "the mistake is mended")
        self.assertEqual(yaml.safe_load(self.get("status/config")["yaml"]), {**written, "log": {"level": "warn"}})

    def test_a_target_is_as_well_as_its_upstream(self):
        backend = self.backend()
        sidelight = self.sidelight({"name": "used", "upstream": backend.upstream},
                                   {"name": "unused", "upstream": backend.upstream}, interval="1s")
        self.api = sidelight.metrics_port

        def health():
            return {target["scrapePool"]: (target["health"], target["lastError"])
                    for target in self.get("targets")["activeTargets"]}

        self.assertEqual(health(), {"used": ("unknown", ""), "unused": ("unknown", "")})
        with harness.Connection(sidelight.port) as connection:
            self.assertEqual(connection.get("/ok"), 200)
        harness.eventually(lambda: health()["used"] != ("unknown", ""), "the answer is noticed")
        self.assertEqual(health(), {"used": ("up", ""), "unused": ("unknown", "")})
        backend.close()
        with harness.Connection(sidelight.port) as connection:
            self.assertNotEqual(connection.get("/ok"), 200)
        harness.eventually(lambda: health()["used"][0] != "up", "the failure is noticed")
        self.assertEqual(health()["used"], ("down", "the upstream could not be connected to"))
        harness.eventually(lambda: not self.get("targets")["activeTargets"][0]["lastScrape"].startswith("0001"),
                           "the first sampling")


if __name__ == "__main__":
    harness.main()
