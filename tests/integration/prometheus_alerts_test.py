#!/usr/bin/python3
"""The same rule file in Sidelight and in a real Prometheus that scrapes it, live, over some seconds of good and of
failing answers: the same alerts go through the same states, at the same times but for the scrape that lies between, and
the API tells the same of rules and alerts. (conformance/prometheus_alerts_test.py compares many rules, and to the
evaluation, on simulated clocks.)
"""

import http.server
import json
import pathlib
import shutil
import sys
import threading
import time
import urllib.parse

import harness

RULES = """
groups:
  - name: live
    interval: 1s
    rules:
      - {record: "evaluated", expr: vector(1)}
      - {record: "status:errors:rate", expr: 'sum by (status_code) (rate(feature_api_requests_total{status_code="500"}[4s]))'}
      - {alert: AtOnce, expr: 'status:errors:rate > 1'}
      - alert: AfterAWhile
        expr: status:errors:rate > 1
        for: 3s
        labels: {severity: page, code: 'c{{ $labels.status_code }}'}
        annotations: {summary: 'answers with {{ $labels.status_code }}'}
      - {alert: Stays, expr: 'status:errors:rate > 1', keep_firing_for: 4s}
      - {alert: ReadsAlerts, expr: 'count by (alertstate) (ALERTS{alertname="AfterAWhile"}) > 0', labels: {alertname: x}}
      - {alert: TooLong, expr: 'status:errors:rate > 1', for: 1h}
      - {alert: Never, expr: 'status:errors:rate < 0'}
"""
FAILING_SECONDS = 8
# Seconds. Prometheus sees a sample when it has scraped it and next evaluates: each up to 1 s later. And a rate over 4 s of
# samples that were taken at other moments may pass 1 one sample earlier or later. On a busy machine each of that comes
# later by as much as was skipped.
APART = 3.5


class Backend:
    """Answers 200 or 500, as `status` says."""

    def __init__(self):
        self.status = 200
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(backend.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Customer:
    """Asks again and again, on one connection."""

    def __init__(self, port):
        self._stop = threading.Event()
        self._connection = harness.Connection(port, timeout=60)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.05):
            self._connection.get("/")

    def close(self):
        self._stop.set()
        self._thread.join()
        self._connection.close()


class PrometheusAlertsTest(harness.IntegrationTest):
    maxDiff = None

    def setUp(self):
        super().setUp()
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(RULES)
        self.backend = Backend()
        self.addCleanup(self.backend.close)
        sidelight = self.sidelight(
            {"upstream": f"127.0.0.1:{self.backend.port}", "naming": {"style": "plain", "prefix": "feature_api"}},
            interval="1s", rule_files=[str(rules)])
        config = pathlib.Path(self.directory, "prometheus.yml")
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "test", "static_configs": [
                {"targets": [f"127.0.0.1:{sidelight.metrics_port}"]}]}]}))
        self.ports = {"Prometheus": harness.free_port(), "Sidelight": sidelight.metrics_port}
        self.start("prometheus", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.directory}/data",
                   f"--web.listen-address=127.0.0.1:{self.ports['Prometheus']}", "--log.level=warn")
        harness.eventually(lambda: harness.fetch(self.ports["Prometheus"], "/-/ready")[0] == 200,
                           "Prometheus becomes ready")
        customer = Customer(sidelight.port)
        self.addCleanup(customer.close)

    def ask(self, who, path, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        status, _, body = harness.fetch(self.ports[who], f"/api/v1/{path}{query}")
        self.assertEqual(status, 200, body)
        return json.loads(body)["data"]

    def recorded(self, who):
        return self.ask(who, "query", query="status:errors:rate")["result"]

    def alerts(self, who):
        """What can be compared of the alerts that are active now."""
        return sorted((alert["state"], sorted(alert["labels"].items()), sorted(alert["annotations"].items()))
                      for alert in self.ask(who, "alerts")["alerts"])

    def rules(self, who):
        """What does not change from evaluation to evaluation."""
        return [[(rule["type"], rule["name"], rule["query"], rule.get("duration"), rule.get("labels") or {},
                  rule.get("annotations") or {}, rule["health"], rule.get("lastError") or "", rule.get("keepFiringFor", 0))
                 for rule in group["rules"]]
                for group in self.ask(who, "rules")["groups"] if group["name"] == "live"]

    def times(self, who, series):
        """When there is a sample of the only series that is asked for, in seconds."""
        (found,) = self.ask(who, "query", query=f"{series}[5m]")["result"]
        return [at for at, _ in found["values"]]

    def skipped(self, begun):
        """How many seconds more than the one there were between two samples or evaluations, together for all."""
        rows = [self.times(who, "evaluated") for who in self.ports]
        rows += [self.times("Sidelight", "sidelight_samplings_total"), self.times("Prometheus", "up")]
        return sum(max(after - before for before, after in zip(times, times[1:]) if after > begun) - 1 for times in rows)

    def lives(self, who):
        """{alert's labels: [(state, when it begins, when it ends)]}, in seconds. It ends when it is not there at an
        evaluation."""
        lives = {}
        evaluated = self.times(who, "evaluated")
        for series in self.ask(who, "query", query="ALERTS[5m]")["result"]:
            labels = dict(series["metric"])
            state = labels.pop("alertstate")
            if labels["alertname"] == "ReadsAlerts":  # whose labels say the state of another one
                labels["of"], state = state, "firing"
            times = [at for at, _ in series["values"]]
            run = lives.setdefault(tuple(sorted(labels.items())), [])
            begin = times[0]
            for before, after in zip(times, [*times[1:], None]):
                if after is None or any(before < at < after for at in evaluated):
                    run.append((begin, before, state))
                    begin = after
        return {labels: [(state, begin, end) for begin, end, state in sorted(run)] for labels, run in lives.items()}

    def test_the_same_alerts_at_the_same_times(self):
        def both(condition, what):
            for who in self.ports:
                harness.eventually(lambda who=who: condition(who), f"{who}: {what}")

        # The first answer of its kind is an increase to Sidelight only; it is over before anything is compared.
        self.backend.status = 500
        both(self.recorded, "failing answers are counted")
        self.backend.status = 200
        both(lambda who: self.recorded(who) and float(self.recorded(who)[0]["value"][1]) == 0, "no answer fails")
        both(lambda who: not self.ask(who, "query", query="ALERTS[4s]")["result"], "no alert is left, for a while")
        begun = time.time()

        self.backend.status = 500
        wanted_states = ["firing"] * 4 + ["pending"]  # ReadsAlerts, once for the state, and TooLong
        both(lambda who: sorted(alert[0] for alert in self.alerts(who)) == sorted(wanted_states), "five alerts are active")
        self.assertEqual(self.alerts("Sidelight"), self.alerts("Prometheus"))
        while time.time() < begun + FAILING_SECONDS:
            time.sleep(0.1)
        self.backend.status = 200
        both(lambda who: len(self.alerts(who)) == 0, "no alert is left")

        self.assertEqual(self.rules("Sidelight"), self.rules("Prometheus"))
        lives = {who: {labels: [span for span in spans if span[2] > begun] for labels, spans in self.lives(who).items()}
                 for who in self.ports}
        lives = {who: {labels: spans for labels, spans in found.items() if spans} for who, found in lives.items()}
        ours, theirs = lives["Sidelight"], lives["Prometheus"]
        self.assertEqual(ours.keys(), theirs.keys())
        names = [dict(labels)["alertname"] for labels in ours]
        self.assertEqual(sorted(set(names)), ["AfterAWhile", "AtOnce", "ReadsAlerts", "Stays", "TooLong"])
        apart = APART + self.skipped(begun)
        for labels, spans in ours.items():
            what = f"{dict(labels)}: Sidelight {spans}, Prometheus {theirs[labels]}"
            self.assertEqual([span[0] for span in spans], [span[0] for span in theirs[labels]], what)
            for our, their in zip(spans, theirs[labels]):
                for at, other in zip(our[1:], their[1:]):
                    self.assertLess(abs(at - other), apart, what)


if __name__ == "__main__":
    if not shutil.which("prometheus"):
        print("skipped: prometheus is not installed (Debian's package prometheus)")
        sys.exit(77)
    harness.main()
