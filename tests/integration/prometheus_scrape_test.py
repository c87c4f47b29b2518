#!/usr/bin/python3
"""Debian's Prometheus as the scraper, native histograms and classic; promtool and the Python client as judges."""

import json
import math
import subprocess
import sys
import urllib.parse

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

import harness

D = "http_server_request_duration_seconds"
BUCKET = 2 ** (1 / 8)  # a native bucket of schema 3
CLIENT_OVERHEAD = 1.1  # what the driver, a Python program, measures on top of what the tap does
# Orders, which are two thirds of all, and products. Long enough that what a busy machine adds is little of it, and the
# medians are compared, as what it adds to a few is much.
SLOW_MS, FAST_MS = 300, 150
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


class PrometheusScrapeTest(harness.IntegrationTest):
    def start_shop(self):
        port = harness.free_port()
        self.start("shop", sys.executable, harness.SHOP / "shop.py", "--port", port, "--latency-ms", FAST_MS,
                   "--tail", 0, "--seed", 1)
        harness.eventually(lambda: harness.fetch(port, "/healthz")[0] == 200, "the shop is open")
        fault = json.dumps({"path": "/api/v1/orders", "latency_ms": SLOW_MS})
        with harness.Connection(port) as connection:
            connection.send(b"POST /admin/fault HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s"
                            % (len(fault), fault.encode()))
            self.assertEqual(connection.response("POST")[0], 200)
        return port

    def start_sidelight(self):
        return self.sidelight({"name": "api", "upstream": f"127.0.0.1:{self.start_shop()}",
                               "routes": ["/api/v1/orders", "/api/v1/orders/{id}", "/api/v1/products/{id}"]})

    def start_prometheus(self, name, target_port, *flags):
        port = harness.free_port()
        config = f"{self.directory}/{name}.yml"
        with open(config, "w", encoding="ascii") as file:
            file.write("global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
                       f"scrape_configs: [{{job_name: {name}, "
                       f"static_configs: [{{targets: ['127.0.0.1:{target_port}']}}]}}]\n")
        self.start(name, "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.directory}/{name}-data",
                   f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn", *flags)
        harness.eventually(lambda: harness.fetch(port, "/-/ready")[0] == 200, f"{name} is ready")
        harness.eventually(lambda: self.query(port, "up"), f"{name} has scraped")
        return port

    def query(self, port, query):
        """{labels without the target's: value} of an instant query."""
        _, _, body = harness.fetch(port, "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
        answer = json.loads(body)
        self.assertEqual(answer["status"], "success", answer)
        return {tuple(sorted((k, v) for k, v in s["metric"].items() if k not in ("instance", "job"))):
                float(s["value"][1]) for s in answer["data"]["result"]}

    def target(self, port):
        """How the only target is, and what was wrong with its last scrape."""
        _, _, body = harness.fetch(port, "/api/v1/targets")
        (target,) = json.loads(body)["data"]["activeTargets"]
        return target["health"], target["lastError"]

    def run_load(self, sidelight, phases):
        report = f"{self.directory}/load.json"
        subprocess.run([sys.executable, harness.SHOP / "load.py", "--port", str(sidelight.port), "--phases", phases,
                        "--product-share", "0.5", "--seed", "1", "--json", report], check=True, timeout=120)
        with open(report, encoding="utf-8") as file:
            return json.load(file)["total"]

    def assert_within(self, got, wanted, factor, what):
        print(f"{what}: Prometheus {got * 1e3:.1f} ms, load driver {wanted * 1e3:.1f} ms, ratio {got / wanted:.3f}")
        self.assertLessEqual(abs(math.log(got / wanted)), math.log(factor), f"{what}: got {got}, wanted {wanted}")

    def test_quantiles_native_and_classic(self):
        sidelight = self.start_sidelight()
        native = self.start_prometheus("native", sidelight.metrics_port, "--enable-feature=native-histograms")
        classic = self.start_prometheus("classic", sidelight.metrics_port)
        load = self.run_load(sidelight, "40x12")
        self.assertEqual(load["errors"], 0, load)
        requests = sum(route["requests"] for route in load["routes"].values())
        for port in (native, classic):
            harness.eventually(lambda: self.query(port, f"sum({D}_count)" if port == classic else
                                                  f"histogram_count(sum({D}))") == {(): requests},
                               f"all {requests} requests are scraped")
            harness.eventually(lambda: self.query(port, "up") == {(("__name__", "up"),): 1}, "it is up")
            harness.eventually(lambda: self.target(port) == ("up", ""), "the last scrape went well")

        by_route = self.query(native, "histogram_quantile(0.5, sum by (http_request_method, http_route)"
                                      f"(rate({D}[5m])))")
        self.assertEqual(len(by_route), len(load["routes"]), by_route)
        for labels, got in by_route.items():
            route = " ".join(dict(labels)[key] for key in ("http_request_method", "http_route"))
            wanted = load["routes"][route]["service_seconds"]["p50"]
            self.assert_within(got, wanted, BUCKET * CLIENT_OVERHEAD, f"native median of {route}")
        (overall,) = self.query(native, f"histogram_quantile(0.5, sum(rate({D}[5m])))").values()
        self.assert_within(overall, load["service_seconds"]["p50"], BUCKET * CLIENT_OVERHEAD, "native median of all")

        # The classic buckets only say that it lies between two bounds.
        (got,) = self.query(classic, f"histogram_quantile(0.5, sum by (le) (rate({D}_bucket[5m])))").values()
        self.assertTrue(0.25 < got <= 0.5, f"classic median of all: {got}")
        fast = self.query(classic, "histogram_quantile(0.5, sum by (le)"
                                   f'(rate({D}_bucket{{http_route="/api/v1/products/{{id}}"}}[5m])))')
        self.assertTrue(0.1 < fast[()] <= 0.25, f"classic median of the products: {fast}")

    def test_promtool_has_nothing_to_say(self):
        sidelight = self.start_sidelight()
        self.run_load(sidelight, "20x1")
        _, headers, body = harness.fetch(sidelight.metrics_port, "/metrics")
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers["Content-Type"])
        judged = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=60)
        self.assertEqual((judged.returncode, judged.stdout, judged.stderr), (0, b"", b""))

    def test_openmetrics_is_parsed_by_the_python_client(self):
        sidelight = self.start_sidelight()
        self.run_load(sidelight, "20x1")
        _, headers, body = harness.fetch(sidelight.metrics_port, "/metrics", OPENMETRICS)
        self.assertTrue(headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"),
                        headers["Content-Type"])
        families = {family.name: family for family in parse_openmetrics(body.decode())}
        self.assertEqual(families[D].type, "histogram")
        self.assertGreater(sum(s.value for s in families[D].samples if s.name == D + "_count"), 0)
        # The driver sends a sampled traceparent with each request.
        exemplars = [sample.exemplar for sample in families[D].samples if sample.exemplar]
        self.assertTrue(exemplars, "there are exemplars")
        for exemplar in exemplars:
            self.assertRegex(exemplar.labels["trace_id"], "^[0-9a-f]{32}$")
            self.assertRegex(exemplar.labels["span_id"], "^[0-9a-f]{16}$")
            self.assertGreater(exemplar.value, 0)


if __name__ == "__main__":
    harness.main()
