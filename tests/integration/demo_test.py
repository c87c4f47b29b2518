#!/usr/bin/python3
"""script/demo with a program that is built: what it shows, what a real Prometheus then has, and that nothing of it is
left: no process and no file, however it ends."""

import ctypes
import json
import os
import pathlib
import re
import signal
import urllib.parse

import harness

DEMO = harness.SHOP.parents[1] / "script" / "demo"
WATCHING = "==> the last 10 seconds"
# Type and labels of the team's own list, as product names them.
PROMISED = {
    "feature_api_requests_total": ("counter", {"method", "endpoint", "status_code"}),
    "feature_api_duration_seconds": ("histogram", {"method", "endpoint"}),
    "feature_database_connections": ("gauge", set()),
    "feature_cache_hit_ratio": ("gauge", set()),
}
PR_SET_CHILD_SUBREAPER = 36


def children():
    """Processes below this one that still run. Whoever outlives the demo becomes our child, as we are its subreaper."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        if pid == 0:
            pids = pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
            return [pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ") for pid in pids]


class DemoTest(harness.IntegrationTest):
    @classmethod
    def setUpClass(cls):
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        # A shell that puts its jobs in the background gives them an ignored SIGINT, which the demo could not trap.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o711)  # PostgreSQL runs as a user of its own.
        self.scratch = pathlib.Path(self.directory, "scratch")
        self.scratch.mkdir(mode=0o711)

    def demo(self, *arguments, program=None, **environment):
        """A demo in a session of its own, as it would have on a terminal."""
        environment = {"SIDELIGHT_PROGRAM": program or os.environ["SIDELIGHT"], "TMPDIR": self.scratch, **environment}
        return self.start("demo", "setsid", "env", *(f"{name}={value}" for name, value in environment.items()), DEMO,
                          *arguments)

    def await_line(self, demo, line):
        harness.eventually(lambda: line in demo.log() or not demo.running(), f"the demo says {line!r}", 240)
        self.assertIn(line, demo.log())

    def await_table(self, demo, *patterns):
        """Until all of them are in what the table has shown."""
        def missing():
            return [pattern for pattern in patterns if not re.search(pattern, demo.log())]
        harness.eventually(lambda: not missing() or not demo.running(), f"the demo shows {patterns}", 240)
        self.assertEqual(missing(), [], demo.log())

    def interrupt(self, demo):
        """As Ctrl-C does, when all that a test wants to see of it was there."""
        os.killpg(demo.pid, signal.SIGINT)
        self.assert_ended(demo, 0)

    def assert_ended(self, demo, exit_code):
        self.assertEqual(demo.wait(300), exit_code, demo.log())
        self.assertEqual((children(), list(self.scratch.iterdir())), ([], []))

    def address(self, demo, name):
        """The port that the demo says for it."""
        return int(re.search(rf"{name} +http://127\.0\.0\.1:(\d+)", demo.log())[1])

    def prometheus(self, port, path, **parameters):
        _, _, body = harness.fetch(port, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        return json.loads(body)["data"]

    def assert_all_was_understood(self, demo):
        status, _, body = harness.fetch(self.address(demo, "what Sidelight measures"), "/metrics")
        self.assertEqual(status, 200)
        metrics = harness.Metrics(body.decode())
        for tap in ("api", "cache", "db"):
            self.assertGreater(metrics.sum("sidelight_tap_exchanges_total", tap=tap), 0, tap)
        for name in ("sidelight_tap_opaque_total", "sidelight_tap_exchanges_unobserved_total"):
            self.assertEqual(metrics.sum_by(name, "tap"), {}, name)

    def test_naming_otel(self):
        demo = self.demo()
        self.await_table(demo, "POST /api/v1/orders", "p95 < 200 ms: (met|missed)", r"order:\{id\}", r"product:\*",
                         r"user:\*:cart", "hits > 80%: (met|missed)", "BEGIN", "INSERT orders", "p95 < 50 ms: (met|missed)",
                         r"connections now +\d+ active, \d+ idle, \d+ in transaction")
        self.assert_all_was_understood(demo)
        self.interrupt(demo)
        log = demo.log()
        self.assertNotIn("left out", log)
        table, answers = log.split("==> as Prometheus has it")
        for line in table.splitlines():
            self.assertLessEqual(len(line), 101, line)
        for wanted in (r"POST /api/v1/orders +[\d.]+ ms", r"product:\* +[\d.]+%", r"INSERT orders +[\d.]+ ms"):
            self.assertRegex(answers, wanted)

    def test_naming_plain(self):
        demo = self.demo("--naming", "plain")
        self.await_line(demo, WATCHING)
        port = self.address(demo, "Prometheus")
        for metric, (kind, labels) in PROMISED.items():
            name = f"{metric}_count" if kind == "histogram" else metric
            found = harness.eventually(lambda: self.prometheus(port, "query", query=name)["result"], name)
            for series in found:
                self.assertEqual(set(series["metric"]) - {"__name__", "job", "instance"}, labels, metric)
            family = metric.removesuffix("_total")  # what OpenMetrics calls a counter as a whole
            self.assertEqual([entry["type"] for entry in self.prometheus(port, "metadata", metric=family)[family]],
                             [kind], metric)
        self.await_table(demo, "POST /api/v1/orders", r"product:\*", "INSERT orders", r"connections now +\d+ open")
        self.assert_all_was_understood(demo)
        self.interrupt(demo)
        log = demo.log()
        self.assertNotIn("left out", log)
        for wanted in (r"feature_api_requests_total\{method,endpoint,status_code\}: \d+ series",
                       r"feature_api_duration_seconds\{method,endpoint\}: \d+ series",
                       "feature_database_connections: 1 series", "feature_cache_hit_ratio: 1 series"):
            self.assertRegex(log, wanted)

    def programs_without(self, *hidden):
        """A PATH with everything but these."""
        programs = pathlib.Path(self.directory, "programs")
        programs.mkdir()
        for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin"):
            for name in os.listdir(folder):
                if name not in hidden and not (programs / name).is_symlink():
                    (programs / name).symlink_to(f"{folder}/{name}")
        return programs

    def test_without_prometheus_and_alertmanager(self):
        demo = self.demo(PATH=self.programs_without("prometheus", "prometheus-alertmanager"))
        self.await_table(demo, "(?m)^PostgreSQL ")
        self.interrupt(demo)
        for name in ("Prometheus", "Alertmanager"):
            self.assertRegex(demo.log(), f"{name} +not installed")
        self.assertNotIn("as Prometheus has it", demo.log())

    def test_it_ends_by_itself(self):
        demo = self.demo("--seconds", 1)
        self.assert_ended(demo, 0)
        self.assertIn("==> the last 10 seconds, for 1 s", demo.log())

    def test_what_is_not_installed_is_left_out(self):
        programs = self.programs_without("redis-server")
        modules = pathlib.Path(self.directory, "modules")
        modules.mkdir()
        (modules / "psycopg2.py").write_text("raise ImportError('hidden')\n", encoding="ascii")
        table = [
            ({"PATH": programs}, ["Redis, as redis-server is not installed"], "PostgreSQL ", "Redis "),
            ({"PYTHONPATH": modules}, ["PostgreSQL, as python3-psycopg2 is not installed"], "Redis ", "PostgreSQL "),
            ({"PATH": programs, "PYTHONPATH": modules}, ["Redis, as ", "PostgreSQL, as "], "HTTP ", "Redis "),
        ]
        for environment, left_out, shown, hidden in table:
            with self.subTest(environment=sorted(environment)):
                demo = self.demo("--naming", "plain", **environment)
                self.await_table(demo, f"(?m)^{shown}")
                self.interrupt(demo)
                found = [line for line in demo.log().splitlines() if line.startswith("==> left out: ")]
                self.assertEqual(len(found), len(left_out), demo.log())
                for line, wanted in zip(found, left_out):
                    self.assertIn(wanted, line)
                self.assertNotRegex(demo.log(), f"(?m)^{hidden}")
                self.assertIn("feature_api_requests_total{", demo.log())

    def test_stopped_by_a_signal(self):
        # While it starts it ends at once; from the table on it still says what Prometheus has.
        table = [("==> PostgreSQL", signal.SIGINT, 130), ("==> the shop", signal.SIGTERM, 143),
                 ("\nHTTP  ", signal.SIGINT, 0)]
        for line, signal_number, exit_code in table:
            with self.subTest(line=line):
                demo = self.demo()
                self.await_line(demo, line)
                os.killpg(demo.pid, signal_number)
                self.assert_ended(demo, exit_code)

    def test_a_part_that_does_not_start(self):
        demo = self.demo(program="/bin/false")
        self.assert_ended(demo, 1)
        self.assertIn("sidelight ended instead of becoming ready", demo.log())

    def test_wrong_arguments(self):
        for arguments, wanted in ((["--naming", "short"], "otel or plain"), (["--seconds", "0"], "whole number"),
                                  (["--fast"], "no argument '--fast'")):
            demo = self.demo(*arguments)
            self.assert_ended(demo, 2)
            self.assertIn(wanted, demo.log())


if __name__ == "__main__":
    harness.main()
