"""PromQL over HTTP beside Debian's Prometheus, on the same 10,000 series: prints ratios.

    query_bench.py --server BUILD/bench/query_server [--rounds N] [--json FILE]

Two set-ups, one after the other: ten minutes at one sample a second, for instant queries, the group of 100 rules and
memory; and 61 minutes at one every 15 seconds, for range queries. Our server makes the samples and hands them to
Prometheus, which scrapes them (with their timestamps) into its head, as it would have got them live. The queries are
asked in turns, so that whatever else the machine does strikes both.
"""
import argparse
import http.client
import json
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

QUERIES = {
    "sum by (route) (rate)": "sum by (route) (rate(http_requests_total[1m]))",
    "histogram_quantile": "histogram_quantile(0.99, sum by (le, route) (rate(x_bucket[1m])))",
    "topk": "topk(10, rate(http_requests_total[1m]))",
}
RULE = ('sum by (route) (rate(http_requests_total{{route="/api/v1/r{0}",code=~"5.."}}[1m] @ {1})) / '
        'sum by (route) (rate(http_requests_total{{route="/api/v1/r{0}"}}[1m] @ {1})) > 0.9')
RULES = 100
RULE_SECONDS = 15
RULE_ROUNDS = 50
STEPS_PER_SCRAPE = 5
DEADLINE = 120


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A process, with its CPU clock and a connection that stays."""

    def __init__(self, argv, port, log, ready):
        self.port = port
        self.log = open(log, "wb")
        self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=self.log,
                                        stderr=subprocess.STDOUT)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        end = time.monotonic() + DEADLINE
        while True:
            try:
                if self.get(ready)[0] != 503:
                    return
            except OSError:
                self.connection.close()
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise SystemExit(f"{argv[0]} does not answer: {pathlib.Path(log).read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def get(self, path):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def result(self, path):
        status, body = self.get(path)
        if status != 200:
            raise SystemExit(f"{path}: {status} {body[:500]!r}")
        return json.loads(body)["data"]["result"]

    def cpu_seconds(self):
        return time.clock_gettime((~self.process.pid << 3) | 2)  # CPUCLOCK_SCHED of another process

    def pss_mib(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss: +(\d+)", text, re.M).group(1)) / 1024

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.log.close()


def start(server, directory, origin, end, interval):
    port = free_port()
    return Server([server, port, origin, end, interval], port, directory / "server.log", "/none")


def start_prometheus(directory, ours, samples, rules=""):
    """A Prometheus that has scraped all of our server's samples."""
    port = free_port()
    (directory / "rules.yml").write_text(rules or "groups: []\n")
    (directory / "prometheus.yml").write_text(
        "global: {scrape_interval: 250ms, scrape_timeout: 250ms}\n"
        f"rule_files: ['{directory}/rules.yml']\n"
        "scrape_configs: [{job_name: checkout, metrics_path: /feed, params: {steps: ['%d']}, static_configs: "
        "[{targets: ['127.0.0.1:%d'], labels: {instance: pod-1}}]}]\n" % (STEPS_PER_SCRAPE, ours.port))
    # Blocks of four hours: the head takes samples that are up to two hours old.
    prometheus = Server(["prometheus", f"--config.file={directory}/prometheus.yml",
                         f"--storage.tsdb.path={directory}/data", "--storage.tsdb.min-block-duration=4h",
                         "--storage.tsdb.max-block-duration=4h", f"--web.listen-address=127.0.0.1:{port}",
                         "--web.enable-lifecycle", "--log.level=error"], port, directory / "prometheus.log", "/-/ready")
    count = "/api/v1/query?" + urllib.parse.urlencode({"query": 'count_over_time(http_requests_total{route="/api/v1/r7"}[2h])'})
    end = time.monotonic() + DEADLINE
    while True:
        rows = prometheus.result(count)
        if rows and min(int(row["value"][1]) for row in rows) >= samples:
            return prometheus
        if time.monotonic() > end:
            prometheus.stop()
            raise SystemExit(f"Prometheus has not got all {samples} samples of a series: {rows[:1]}")
        time.sleep(0.5)


def compare(servers, path, rounds):
    """{name: (median milliseconds, milliseconds of CPU)}."""
    took = {name: [] for name in servers}
    cpu = dict.fromkeys(servers, 0.0)
    results = {name: len(server.result(path)) for name, server in servers.items()}
    # Over many steps topk has more than one right answer: which of two equal series comes tenth is not said.
    if max(results.values()) > 1.2 * min(results.values()):
        raise SystemExit(f"{path}: they do not answer the same: {results}")
    for _ in range(rounds):
        for name, server in servers.items():
            before, begun = server.cpu_seconds(), time.perf_counter()
            server.get(path)
            took[name].append((time.perf_counter() - begun) * 1000)
            cpu[name] += (server.cpu_seconds() - before) * 1000 / rounds
    return {name: (statistics.median(took[name]), cpu[name]) for name in servers}


def rules_cpu(ours, prometheus, directory, at):
    """Microseconds of CPU that one rule of 100 takes."""
    def spent(seconds):
        before = prometheus.cpu_seconds()
        time.sleep(seconds)
        return (prometheus.cpu_seconds() - before) / seconds
    idle = spent(RULE_SECONDS)
    lines = ["groups:", "- name: g", "  interval: 1s", "  rules:"]
    for i in range(RULES):
        lines += [f"  - alert: Errors{i}", f"    expr: '{RULE.format(i, at)}'"]
    (directory / "rules.yml").write_text("\n".join(lines) + "\n")
    prometheus.connection.request("POST", "/-/reload")
    answer = prometheus.connection.getresponse()
    if answer.read() or answer.status != 200:
        raise SystemExit("Prometheus does not take the rules")
    spent(3)
    theirs = (spent(RULE_SECONDS) - idle) / RULES * 1e6
    before = ours.cpu_seconds()
    ours.get(f"/rules?rounds={RULE_ROUNDS}")
    return {"sidelight": (ours.cpu_seconds() - before) / RULE_ROUNDS / RULES * 1e6, "prometheus": theirs}


def measure(server, rounds=30):
    """Everything; {"instant" and "range": {query: {name: (ms, CPU ms)}}, "rules": ..., "memory": ...}."""
    for tool in ("prometheus",):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is needed, and is not installed")
    measured = {"instant": {}, "range": {}}
    for kind, interval, seconds in (("instant", 1, 600), ("range", 15, 3660)):
        with tempfile.TemporaryDirectory(prefix="sidelight-query-bench-") as name:
            directory = pathlib.Path(name)
            end = int(time.time()) - 60
            started = []
            try:
                ours = start(server, directory, (end - seconds) * 1000, end * 1000, interval * 1000)
                started.append(ours)
                pss = ours.pss_mib()
                prometheus = start_prometheus(directory, ours, seconds // interval)
                started.append(prometheus)
                if kind == "instant":
                    measured["memory"] = {"sidelight": pss, "prometheus": prometheus.pss_mib()}
                servers = {"sidelight": ours, "prometheus": prometheus}
                for what, query in QUERIES.items():
                    when = {"time": end} if kind == "instant" else {"start": end - 3600, "end": end, "step": 15}
                    path = ("/api/v1/query?" if kind == "instant" else "/api/v1/query_range?") + urllib.parse.urlencode(
                        {"query": query, **when})
                    measured[kind][what] = compare(servers, path, rounds if kind == "instant" else max(5, rounds // 3))
                if kind == "instant":
                    measured["rules"] = rules_cpu(ours, prometheus, directory, end)
            finally:
                for process in reversed(started):
                    process.stop()
    return measured


def rows(measured):
    """What budgets.py prints of it: (what, measured, beside, ratio, budget, whether it is met)."""
    for kind, least in (("instant", 10), ("range", 5)):
        for what, result in measured[kind].items():
            ours, theirs = result["sidelight"][0], result["prometheus"][0]
            yield (f"PromQL over HTTP, {kind}: {what}", f"{ours:.2f} ms", f"Prometheus {theirs:.1f} ms",
                   f"{theirs / ours:.1f} x faster", f">= {least} x", theirs >= least * ours)
    ours, theirs = measured["rules"]["sidelight"], measured["rules"]["prometheus"]
    yield ("CPU of a rule, of 100 in a group", f"{ours:.0f} us", f"Prometheus {theirs:.0f} us",
           f"{theirs / ours:.1f} x less", ">= 10 x", theirs >= 10 * ours)
    ours, theirs = measured["memory"]["sidelight"], measured["memory"]["prometheus"]
    yield ("memory, 10,000 series at 1 s for 10 min: PSS", f"{ours:.1f} MiB", f"Prometheus {theirs:.0f} MiB",
           f"{ours / theirs:.2f} x", "<= 0.25 x", ours <= theirs / 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json")
    args = parser.parse_args()
    measured = measure(args.server, args.rounds)
    for what, ours, theirs, ratio, budget, met in rows(measured):
        print(f"{what:52} {ours:>10}  {theirs:>20}  {ratio:>14}  {budget:8} {'met' if met else 'MISSED'}")
    for kind in ("instant", "range"):
        for what, result in measured[kind].items():
            cpu = {name: values[1] for name, values in result.items()}
            print(f"  CPU, {kind}: {what}: {cpu['sidelight']:.2f} ms, Prometheus {cpu['prometheus']:.1f} ms, "
                  f"{cpu['prometheus'] / cpu['sidelight']:.1f} x")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(measured))


if __name__ == "__main__":
    sys.exit(main())
