#!/usr/bin/python3
"""Debian's Prometheus federates from Sidelight: what it holds are our samples, with our times and our labels."""

import json
import pathlib
import time
import urllib.parse

import harness

COUNT = "http_server_request_duration_seconds_count"
MATCHES = ['{__name__=~"http_server_.*"}', "ALERTS", 'recorded:requests']
RULES = {"groups": [{"name": "g", "interval": "500ms", "rules": [
    {"record": "recorded:requests", "expr": f"sum({COUNT})"},
    {"alert": "Busy", "expr": "recorded:requests > 0"}]}]}


def raw(port, metric, at, span="1m"):
    """{labels: [(time, value)]} of so long before `at`."""
    query = urllib.parse.urlencode({"query": f"{metric}[{span}]", "time": f"{at:.3f}"})
    status, _, body = harness.fetch(port, f"/api/v1/query?{query}")
    if status != 200:
        raise AssertionError(f"{metric}: {status} {body[:500]!r}")
    return {tuple(sorted(series["metric"].items())): [(round(when * 1000), float(value))
                                                      for when, value in series["values"]]
            for series in json.loads(body)["data"]["result"] if "values" in series}


class FederateTest(harness.IntegrationTest):
    maxDiff = None

    def test_prometheus_federates(self):
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(json.dumps(RULES))
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="500ms", rule_files=[str(rules)],
                                   external_labels={"cluster": "eu"})
        prometheus = harness.free_port()
        config = pathlib.Path(self.directory, "prometheus.yml")
        config.write_text(json.dumps({"global": {"scrape_interval": "700ms", "scrape_timeout": "700ms"}, "scrape_configs": [{
            "job_name": "federated", "honor_labels": True, "metrics_path": "/federate", "params": {"match[]": MATCHES},
            "static_configs": [{"targets": [f"127.0.0.1:{sidelight.metrics_port}"]}]}]}))
        self.start("prometheus", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.directory}/data",
                   f"--web.listen-address=127.0.0.1:{prometheus}", "--log.level=warn")
        harness.eventually(lambda: harness.fetch(prometheus, "/-/ready")[0] == 200, "Prometheus becomes ready")
        with harness.Connection(sidelight.port) as connection:
            for _ in range(20):
                self.assertEqual(connection.get("/ok"), 200)
        for metric in (COUNT, "ALERTS", "recorded:requests"):
            harness.eventually(lambda m=metric: len(next(iter(raw(prometheus, m, time.time()).values()), [])) > 3,
                               f"Prometheus has {metric}")
        at = time.time()
        for metric in (COUNT, "http_server_request_duration_seconds_bucket", "ALERTS", "recorded:requests"):
            # Ours of a longer time: whether the sample at a range's beginning is in it is not the same for both.
            ours, theirs = raw(sidelight.metrics_port, metric, at, "5m"), raw(prometheus, metric, at)
            self.assertTrue(theirs, metric)
            for labels, values in theirs.items():
                labels = dict(labels)
                self.assertEqual(labels.pop("cluster"), "eu")
                self.assertEqual(labels.pop("service"), "test")
                if metric.startswith("http_"):
                    self.assertEqual(labels["job"], "test")
                else:
                    # What a rule gives has no job; a scraper adds its own.
                    self.assertEqual(labels.pop("job"), "federated")
                    labels.pop("instance")
                mine = ours[tuple(sorted(labels.items()))]
                # It comes by less often than we sample, and what it takes is what we have.
                self.assertLessEqual(set(values), set(mine), labels)
        status, headers, body = harness.fetch(sidelight.metrics_port, "/federate")
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        status, _, body = harness.fetch(sidelight.metrics_port, "/federate?match[]=%7Bjob%3D")
        self.assertEqual((status, json.loads(body)["error"]["code"]), (400, "bad_data"))


if __name__ == "__main__":
    harness.main()
