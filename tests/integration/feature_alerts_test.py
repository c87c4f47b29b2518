#!/usr/bin/python3
"""The team's two alerts, live: the shop fails, is slow, or is down; Debian's real Alertmanager takes what Sidelight sends,
and its webhook tells that the alert fires, and that it is resolved.

The rules are feature-alerts.yaml, beside the conformance data, word for word but for these waits:
"""

import json
import os
import pathlib
import sys
import threading
import urllib.request

import alertmanagers
import harness
from alertmanagers import Alertmanager

# What is replaced, each exactly once.
SHORTENED = {
    "[5m]": "[10s]",      # the window of HighErrorRate's rate
    "for: 2m": "for: 1s",  # of HighErrorRate
    "for: 5m": "for: 1s",  # of SlowResponseTime
}
TREE = pathlib.Path(__file__).resolve().parents[2]
INTERVAL = "500ms"  # of samples and of evaluations
PRODUCT = "/api/v1/products/7"
ROUTE = "/api/v1/products/{id}"


def rule_file():
    """feature-alerts.yaml beside the conformance data; ends the program as skipped when it is not there."""
    conformance = os.environ.get("SIDELIGHT_CONFORMANCE")
    places = [pathlib.Path(conformance).parent] if conformance else []
    for place in (*places, TREE.parent / "shared"):
        if (place / "feature-alerts.yaml").is_file():
            return place / "feature-alerts.yaml"
    print("skipped: feature-alerts.yaml was not found; SIDELIGHT_CONFORMANCE names the folder that it stands beside")
    sys.exit(77)


class Customers:
    """Asks for a product again and again, on one connection while it lasts, until it is closed."""

    def __init__(self, port, pause):
        self.port, self.pause = port, pause
        self.statuses = []  # 0: no answer
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        connection = None
        while not self._stop.wait(self.pause):
            try:
                connection = connection or harness.Connection(self.port, timeout=60)
                status = connection.get(PRODUCT)
            except OSError:
                status = 0
            self.statuses.append(status)
            if status == 0 and connection:
                connection.close()
                connection = None
        if connection:
            connection.close()

    def close(self):
        self._stop.set()
        self._thread.join()


class FeatureAlertsTest(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        text = rule_file().read_text()
        for wanted, instead in SHORTENED.items():
            self.assertEqual(text.count(wanted), 1, f"{wanted} in the rule file")
            text = text.replace(wanted, instead)
        rules = pathlib.Path(self.directory, "feature-alerts.yaml")
        rules.write_text(text)
        self.alertmanager = Alertmanager(self, "alertmanager")
        self.shop_port = harness.free_port()
        self.shop = self.open_shop()
        self.sidelight = self.sidelight(
            {"name": "api", "upstream": f"127.0.0.1:{self.shop_port}", "routes": [ROUTE], "ignore": ["/healthz"],
             "naming": {"style": "plain", "prefix": "feature_api"}},
            service="shop", interval=INTERVAL, evaluation_interval=INTERVAL, rule_files=[str(rules)],
            alerting={"alertmanagers": [{"url": self.alertmanager.url}]})

    def open_shop(self):
        shop = self.start(f"shop-{len(self.processes)}", sys.executable, harness.SHOP / "shop.py", "--port",
                          self.shop_port, "--latency-ms", 2, "--tail", 0)
        harness.eventually(lambda: harness.listening(self.shop_port), "the shop opens")
        return shop

    def fault(self, **fault):
        """Told to the shop itself and not through the tap, which would measure it."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.shop_port}/admin/fault", json.dumps(fault).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertEqual(answer.status, 200)

    def customers(self, pause=0.02):
        customers = Customers(self.sidelight.port, pause)
        self.addCleanup(customers.close)
        return customers

    def await_status(self, customers, status):
        so_far = len(customers.statuses)
        harness.eventually(lambda: status in customers.statuses[so_far:], f"a customer gets {status}")

    def await_told(self, name, status):
        return harness.eventually(lambda: self.alertmanager.webhook.alerts(status, name),
                                  f"the webhook is told that {name} is {status}", 120)

    def assert_told_once(self, name, labels, summary):
        """Firing and then resolved, each once, of this one element; and nothing else."""
        told = self.alertmanager.webhook.alerts()
        self.assertEqual([alert["status"] for alert in told], ["firing", "resolved"], told)
        for alert in told:
            seen = dict(alert["labels"])
            # Who we are: job and instance on the series, pod and namespace where the environment says so.
            self.assertEqual((seen.pop("job"), seen.pop("service")), ("shop", "shop"))
            for label in ("instance", "namespace", "pod"):
                seen.pop(label, None)
            self.assertEqual(seen, {"alertname": name, "method": "GET", "endpoint": ROUTE, **labels})
            self.assertEqual(alert["annotations"], {"summary": summary})
        self.assertEqual(self.alertmanager.alerts(), [])

    def test_failing(self):
        customers = self.customers()
        self.await_status(customers, 200)
        self.fault(error_rate=0.5)
        self.await_told("HighErrorRate", "firing")
        self.fault(error_rate=0)
        self.await_told("HighErrorRate", "resolved")
        self.assert_told_once("HighErrorRate", {"status_code": "503"}, "High error rate detected")

    def test_slow(self):
        # Quick ones first, in no time, so that a slow one by chance is one in a hundred.
        with harness.Connection(self.sidelight.port) as connection:
            for _ in range(100):
                self.assertEqual(connection.get(PRODUCT), 200)
        customers = self.customers()
        self.await_status(customers, 200)
        self.fault(latency_ms=300)
        self.await_told("SlowResponseTime", "firing")
        # The rule asks for the quantile since the start: it is well when 19 of 20 were fast.
        self.fault(latency_ms=0)
        hurried = [self.customers(pause=0) for _ in range(4)]
        self.await_told("SlowResponseTime", "resolved")
        for customer in hurried:
            customer.close()
        self.assert_told_once("SlowResponseTime", {}, "API response time is slow")

    def test_down(self):
        customers = self.customers()
        self.await_status(customers, 200)
        self.shop.stop()
        self.await_status(customers, 0)
        self.await_told("HighErrorRate", "firing")
        self.open_shop()
        self.await_status(customers, 200)
        self.await_told("HighErrorRate", "resolved")
        self.assert_told_once("HighErrorRate", {"status_code": "502"}, "High error rate detected")


if __name__ == "__main__":
    alertmanagers.needed()
    rule_file()
    print(f"{rule_file()} with {', '.join(f'{old} -> {new}' for old, new in SHORTENED.items())}")
    harness.main()
