"""From a failure in the shop to a webhook behind Debian's Alertmanager: seconds, beside Debian's Prometheus.

    detect_bench.py --sidelight BUILD/sidelight [--tries 20] [--prometheus 4] [--defaults 8] [--json FILE]

Customers ask the shop (examples/shop) 50 times a second, through a tap. At a moment of its own in each try, one of its
paths begins to answer 503; the clock runs from before the shop is told to, until the webhook is. Prometheus scrapes
Sidelight's /metrics and evaluates the same rule, and everybody tells the same Alertmanager (group_wait 0s, a group for
each alert). Samples and evaluations are 1 s apart, `for` is 0s.

Within a process of Prometheus the moments of scrape and evaluation lie apart by what its settings hash to, so there are
several and their tries are pooled. At Prometheus' own settings (both 1m apart) one failure is told by several of them,
each with moments of its own.

A path that has failed before has a counter of its errors. One that has not yet, as is usual when something breaks, has
none: Prometheus sees the first error as the counter's beginning, and a rate only with the next scrape.
"""
import argparse
import datetime
import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/proxy"))

import peers  # noqa: E402

TOOLS = ("prometheus", "prometheus-alertmanager")
BUDGET = 2.0  # seconds
ALERT = "Failing"
# In both cases some errors, and not one alone: the one that a path has had before is no alert.
RULE = 'sum by (endpoint) (rate(feature_api_requests_total{{status_code=~"5.."}}[{window}])) > {threshold}'
FAST = RULE.format(window="5s", threshold=0.5)
SLOW = RULE.format(window="5m", threshold=0.05)
REQUESTS_PER_SECOND = 50
DEADLINE, SLOW_DEADLINE = 30, 240
# A Prometheus of its own settings has seen the path before it fails.
SLOW_HISTORY = 130
KNOWN, NEW = "had failed before", "its first failure"


def path_of(user):
    return f"/api/v1/users/{user}/cart"


class Webhook:
    """Keeps when it was first told that an alert fires, and the alert's startsAt: {(peer, endpoint): (when, start)}."""

    def __init__(self):
        told = self.told = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                now = time.time()
                for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]:
                    labels = alert["labels"]
                    told.setdefault((labels["peer"], labels["endpoint"]), (now, seconds(alert["startsAt"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def seconds(text):
    """Since 1970, of an RFC 3339 time."""
    return datetime.datetime.fromisoformat(text).timestamp()


class Customers:
    """Ask for a path, REQUESTS_PER_SECOND times a second on one connection, until they are closed."""

    def __init__(self, port, path):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(port, path), daemon=True)
        self._thread.start()

    def _run(self, port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        due = time.monotonic()
        while not self._stop.is_set():
            connection.request("GET", path)
            connection.getresponse().read()
            due += 1 / REQUESTS_PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    def close(self):
        self._stop.set()
        self._thread.join()


def request(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, json.dumps(body) if body is not None else None)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


class Bench:
    def __init__(self, args, directory):
        self.directory, self.webhook, self.started = directory, Webhook(), []
        self.any_core = f"0-{os.cpu_count() - 1}"
        self.shop, self.tap, self.api, self.alertmanager = (peers.free_port() for _ in range(4))
        self.users = 1 + 2 * args.tries
        self.start("shop", self.shop, sys.executable, ROOT / "examples/shop/shop.py", "--port", self.shop,
                   "--latency-ms", 2, "--tail", 0)
        self.start("alertmanager", self.alertmanager, "prometheus-alertmanager",
                   f"--config.file={self.write('alertmanager.yml', self.alertmanager_settings())}",
                   f"--storage.path={directory}/alertmanager", f"--web.listen-address=127.0.0.1:{self.alertmanager}",
                   "--cluster.listen-address=")
        self.start("sidelight", self.tap, args.sidelight, "run", "--config",
                   self.write("sidelight.yaml", self.sidelight_settings()))
        self.fast = [self.prometheus(f"prometheus-{i}", FAST, "1s") for i in range(args.prometheus)]
        self.slow = [self.prometheus(f"prometheus-defaults-{i}", SLOW) for i in range(args.defaults)]
        self.slow_since = time.monotonic()

    def write(self, name, settings):
        """JSON is YAML."""
        path = self.directory / name
        path.write_text(json.dumps(settings))
        return path

    def start(self, name, port, *command):
        self.started.append(peers.Server(name, [str(word) for word in command], port, self.any_core))

    def alertmanager_settings(self):
        return {"route": {"receiver": "hook", "group_by": ["..."], "group_wait": "0s", "group_interval": "5m",
                          "repeat_interval": "4h"},
                "receivers": [{"name": "hook", "webhook_configs": [{"url": self.webhook.url, "send_resolved": False}]}]}

    def target(self, port):
        return {"targets": [f"127.0.0.1:{port}"]}

    def rules(self, expr):
        return {"groups": [{"name": "detect", "rules": [{"alert": ALERT, "expr": expr, "for": "0s"}]}]}

    def sidelight_settings(self):
        return {"service": "shop", "listen": f"127.0.0.1:{self.api}", "probe_listen": f"127.0.0.1:{peers.free_port()}",
                "interval": "1s", "evaluation_interval": "1s", "external_labels": {"peer": "sidelight"},
                "taps": [{"name": "api", "protocol": "http", "listen": f"127.0.0.1:{self.tap}",
                          "upstream": f"127.0.0.1:{self.shop}", "naming": {"style": "plain", "prefix": "feature_api"},
                          # Each path is an endpoint of its own.
                          "routes": [path_of(user) for user in range(1, self.users + 1)]}],
                "rule_files": [str(self.write("rules.yaml", self.rules(FAST)))],
                "alerting": {"alertmanagers": [{"url": f"http://127.0.0.1:{self.alertmanager}"}]}}

    def prometheus(self, name, expr, every=None):
        """Its name. Without `every` it has its own settings, which are a minute for both."""
        settings = {"global": {"external_labels": {"peer": name}},
                    "rule_files": [str(self.write(f"{name}-rules.yml", self.rules(expr)))],
                    "alerting": {"alertmanagers": [{"static_configs": [self.target(self.alertmanager)]}]},
                    "scrape_configs": [{"job_name": "shop", "static_configs": [self.target(self.api)]}]}
        if every:
            settings["global"].update(scrape_interval=every, scrape_timeout=every, evaluation_interval=every)
        port = peers.free_port()
        self.start(name, port, "prometheus", f"--config.file={self.write(f'{name}.yml', settings)}",
                   f"--storage.tsdb.path={self.directory}/{name}", f"--web.listen-address=127.0.0.1:{port}")
        return name

    def fault(self, user, rate):
        status = request(self.shop, "POST", "/admin/fault", {"path": f"/api/v1/users/{user}", "error_rate": rate})
        if status != 200:
            raise SystemExit(f"the shop refuses the fault: {status}")

    def fail_once(self, user):
        self.fault(user, 1)
        if request(self.tap, "GET", path_of(user)) != 503:
            raise SystemExit(f"{path_of(user)} does not fail")
        self.fault(user, 0)

    def detect(self, user, names, deadline):
        """{name: (seconds to the webhook, of them until the evaluation that found it)}."""
        customers = Customers(self.tap, path_of(user))
        time.sleep(2 + random.random())
        failed = time.time()
        self.fault(user, 1)
        keys = {name: (name, path_of(user)) for name in names}
        while not all(key in self.webhook.told for key in keys.values()):
            if time.time() > failed + deadline:
                missing = [name for name, key in keys.items() if key not in self.webhook.told]
                raise SystemExit(f"{path_of(user)} fails since {deadline} s; nothing was told by {', '.join(missing)}")
            time.sleep(0.02)
        self.fault(user, 0)
        customers.close()
        told = {name: self.webhook.told[key] for name, key in keys.items()}
        return {name: (when - failed, start - failed) for name, (when, start) in told.items()}

    def close(self):
        peers.stop_all(self.started)
        self.webhook.close()


def progress(text):
    print(f"\r{text:60}\r", end="", file=sys.stderr, flush=True)


def measure(args):
    """{case: {peer: [(seconds, until the evaluation)]}}"""
    with tempfile.TemporaryDirectory(prefix="detect-bench-") as directory:
        bench = Bench(args, pathlib.Path(directory))
        try:
            known, new = range(2, 2 + args.tries), range(2 + args.tries, 2 + 2 * args.tries)
            time.sleep(3)  # everybody samples
            for user in (1, *known):
                bench.fail_once(user)
            time.sleep(6)  # until that one error has left the window
            result = {}
            for case, users in ((KNOWN, known), (NEW, new)):
                tries = []
                for number, user in enumerate(users):
                    progress(f"{case}: try {number + 1} of {len(users)}")
                    tries.append(bench.detect(user, ["sidelight", *bench.fast], DEADLINE))
                result[case] = {"sidelight": [one["sidelight"] for one in tries]}
                if bench.fast:
                    result[case]["prometheus"] = [one[name] for one in tries for name in bench.fast]
            if bench.slow:
                progress("Prometheus at its own settings: until it has a past")
                time.sleep(max(0.0, bench.slow_since + SLOW_HISTORY - time.monotonic()))
                progress("Prometheus at its own settings")
                told = bench.detect(1, ["sidelight", *bench.slow], SLOW_DEADLINE)
                result[KNOWN]["prometheus at its own settings"] = [told[name] for name in bench.slow]
            progress("")
            return result
        finally:
            bench.close()


def rows(result):
    """What budgets.py prints of it: (what, measured, beside, ratio, budget, whether it is met)."""
    for case, measured in result.items():
        ours = [one[0] for one in measured["sidelight"]]
        for name, tries in measured.items():
            if name == "sidelight":
                continue
            theirs = statistics.median(one[0] for one in tries)
            pooled = name == "prometheus"
            yield (f"failure to webhook, {case}: median (max)" if pooled else "  beside its own settings",
                   f"{statistics.median(ours):.2f} ({max(ours):.2f}) s", f"Prometheus {theirs:.2f} s",
                   f"{theirs / statistics.median(ours):.1f} x faster", f"< {BUDGET:.0f} s" if pooled else "",
                   max(ours) < BUDGET)


def print_table(result):
    for case, measured in result.items():
        print(f"\nseconds from a failure to the webhook; the path: {case}\n"
              f"{'':32} {'tries':>5} {'median':>7} {'min':>7} {'max':>7}  {'to the evaluation':>17}  "
              f"{'from there':>10}  ratio")
        ours = statistics.median(one[0] for one in measured["sidelight"])
        for name, tries in measured.items():
            whole, evaluated = zip(*tries)
            after = [one - other for one, other in tries]
            print(f"{name:32} {len(tries):5} {statistics.median(whole):7.2f} {min(whole):7.2f} {max(whole):7.2f}  "
                  f"{statistics.median(evaluated):17.2f}  {statistics.median(after):10.3f}  "
                  f"{statistics.median(whole) / ours:.2f}")


def parser():
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--sidelight", required=True)
    made.add_argument("--tries", type=int, default=20, help="for each of the two cases")
    made.add_argument("--prometheus", type=int, default=4, help="how many with samples and evaluations 1 s apart")
    made.add_argument("--defaults", type=int, default=8, help="how many at their own settings; 0 saves 4 minutes")
    made.add_argument("--json")
    return made


def main():
    args = parser().parse_args()
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise SystemExit(f"{', '.join(missing)}: missing; run script/bootstrap bench")
    result = measure(args)
    print_table(result)
    print()
    for what, ours, theirs, ratio, budget, met in rows(result):
        verdict = ("met" if met else "MISSED") if budget else ""
        print(f"{what:56} {ours:>14}  {theirs:>18}  {ratio:>14}  {budget:5} {verdict}")
    peers.write(args.json, result)


if __name__ == "__main__":
    main()
