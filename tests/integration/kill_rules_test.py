#!/usr/bin/python3
"""kill -9 at random moments, with alerts in every state: nothing that fires is ever told as resolved or as new, nothing
is lost, and what is over stays over.

$SIDELIGHT_KILLS is how often (30), $SIDELIGHT_SEED makes the moments those of another run.
"""

import json
import math
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time

import harness
from alertmanager_double import AlertmanagerDouble, seconds

KILLS = int(os.environ.get("SIDELIGHT_KILLS", "30"))
SEED = int(os.environ.get("SIDELIGHT_SEED", random.randrange(1 << 32)))
ON, OFF = 6.0, 10.0  # seconds that the cycling alert's condition holds, and does not
RANGE = 4.0  # of the cycling alert's rate()
KEPT = 0.7  # seconds for which that alert goes on firing


def condition(path, range_text):
    return f'rate(feature_api_requests_total{{endpoint="/{path}/{{kind}}",status_code="500"}}[{range_text}]) > 0'


RULES = {"groups": [{"name": "kill", "interval": "200ms", "rules": [
    # Holds all the time, and so does one that waits for longer than the test takes.
    {"alert": "Firing", "expr": condition("steady", "30s"), "for": "600ms", "labels": {"severity": "page"},
     "annotations": {"summary": "{{ $labels.endpoint }} fails {{ $value | humanize }} times a second"}},
    {"alert": "Pending", "expr": condition("steady", "30s"), "for": "1h"},
    # Held once, at the beginning.
    {"alert": "KeepFiring", "expr": condition("once", "1s"), "keep_firing_for": "1h"},
    {"alert": "Resolved", "expr": condition("once", "1s")},
    # Comes and goes.
    {"alert": "Cycling", "expr": condition("cycling", f"{RANGE:g}s"), "for": "500ms",
     "keep_firing_for": f"{1000 * KEPT:.0f}ms"},
    # Is never true while there is traffic, but seems to be when history is not there.
    {"alert": "Absent", "expr": 'absent(rate(feature_api_requests_total{endpoint="/steady/{kind}"}[30s]))'},
]}]}


class Traffic:
    """Requests that fail, to the paths that are switched on, as long as somebody answers. `answered` are the times at
    which one of a path was."""

    def __init__(self, port):
        self.answered = {}
        self._port = port
        self._paths = frozenset()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def switch(self, path, on):
        self._paths = self._paths | {path} if on else self._paths - {path}

    def stop(self):
        self._stopped.set()
        self._thread.join()

    def _run(self):
        while not self._stopped.wait(0.03):
            try:
                with harness.Connection(self._port) as connection:
                    for path in self._paths:
                        if connection.get(f"/{path}/status-500") == 500:
                            self.answered.setdefault(path, []).append(time.time())
            except (OSError, EOFError):
                pass  # It has just been killed.


class Cycle:
    """Switches a path on and off; `windows` are the times when it was on."""

    def __init__(self, traffic, path):
        self.windows = []
        self._traffic = traffic
        self._path = path
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        self._thread.join()

    def _run(self):
        while not self._stopped.is_set():
            start = time.time()
            self._traffic.switch(self._path, True)
            self._stopped.wait(ON)
            self._traffic.switch(self._path, False)
            self.windows.append((start, time.time()))
            self._stopped.wait(OFF)


class KillRulesTest(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.alertmanager = AlertmanagerDouble()
        self.addCleanup(self.alertmanager.close)
        rules = pathlib.Path(self.directory) / "rules.yaml"
        rules.write_text(json.dumps(RULES, indent=1))
        self.settings = self.config(
            {"upstream": self.backend().upstream, "naming": {"style": "plain", "prefix": "feature_api"},
             "routes": [f"/{path}/{{kind}}" for path in ("steady", "once", "cycling")]},
            interval="200ms", evaluation_interval="200ms", rule_files=[str(rules)],
            storage={"path": f"{self.directory}/state"},
            alerting={"alertmanagers": [{"url": self.alertmanager.url}], "resend_delay": "5s"})
        self.process = None
        self.starts = []  # (when it was started, when it was killed)
        self.states = {}  # the cycling alert's, at the moment of a kill
        self.addCleanup(lambda: self.process and self._end(self.process))

    def start_again(self):
        self.process = harness.Sidelight(self.directory, self.settings, len(self.starts))
        self.starts.append([time.time(), None])

    def kill(self):
        self.assertTrue(self.process.running(), "it ended by itself")
        self.process.send(signal.SIGKILL)
        self.process.wait(60)
        self.starts[-1][1] = time.time()
        state = self.cycling_state()
        self.states[state] = self.states.get(state, 0) + 1

    def cycling_state(self):
        """From a copy of the file, so that looking does not mend it."""
        with tempfile.TemporaryDirectory() as copy:
            for part in ("", "-wal"):
                source = pathlib.Path(self.directory) / "state" / f"sidelight.db{part}"
                if source.exists():
                    shutil.copy(source, copy)
            database = sqlite3.connect(f"{copy}/sidelight.db")
            try:
                row = database.execute("SELECT state, keep_firing_since FROM alerts "
                                       "WHERE json_extract(labels, '$.alertname') = 'Cycling'").fetchone()
            finally:
                database.close()
        if row is None:
            return "inactive"
        if row[0] == "inactive":
            return "resolved"
        return "keep firing" if row[1] is not None else row[0]

    def alerts(self):
        """Of the API, by name."""
        status, _, body = harness.fetch(self.process.metrics_port, "/api/v1/alerts")
        if status != 200:
            return {}
        return {alert["labels"]["alertname"]: alert for alert in json.loads(body)["data"]["alerts"]}

    def firing(self, name, since):
        return [told for told in self.alertmanager.told(name, since) if not told.resolved]

    def check_all_there(self):
        """What fired before fires, and is told so by this process."""
        since = self.starts[-1][0]
        for name in ("Firing", "KeepFiring"):
            harness.eventually(lambda: self.firing(name, since), f"{name} is told again after start {len(self.starts)}")
        harness.eventually(lambda: {name: self.alerts().get(name, {}).get("state") for name in
                                    ("Firing", "Pending", "KeepFiring")} ==
                           {"Firing": "firing", "Pending": "pending", "KeepFiring": "firing"},
                           "the API shows what there was")

    def test_kill_in_every_state(self):
        print(f"seed {SEED}, {KILLS} kills")
        self.start_again()
        harness.eventually(lambda: self.process.probe("/-/ready") == 200 or not self.process.running(), "ready")
        traffic = Traffic(self.process.port)
        self.addCleanup(traffic.stop)
        traffic.switch("steady", True)
        traffic.switch("once", True)
        for name in ("Firing", "KeepFiring", "Resolved"):
            harness.eventually(lambda: self.firing(name, 0), f"{name} fires for the first time")
        traffic.switch("once", False)
        harness.eventually(lambda: [t for t in self.alertmanager.told("Resolved") if t.resolved], "Resolved resolves")
        self.check_all_there()
        resolved_at = self.alertmanager.told("Resolved")[-1].at
        pending_since = time.time()
        cycle = Cycle(traffic, "cycling")
        self.addCleanup(cycle.stop)

        for number in range(KILLS):
            kind = number % 5
            if kind == 0:  # While it starts.
                time.sleep(self.random.uniform(0, 0.4))
            elif kind == 1:  # Shortly after.
                time.sleep(self.random.uniform(0.2, 1.5))
            else:
                self.check_all_there()
                time.sleep(self.random.uniform(0, 4 if kind == 4 else 1.5))
            self.kill()
            self.start_again()
        self.check_all_there()
        cycle.stop()
        last = [told.starts_at for told in self.alertmanager.told("Cycling")]
        self.assertTrue(last, "Cycling has never been told")
        harness.eventually(lambda: self.alertmanager.told("Cycling")[-1].resolved, "the last Cycling is resolved")

        down = sum(max(0, after[0] - before[1]) for before, after in zip(self.starts, self.starts[1:]))
        print(f"kills by the state of the cycling alert: {self.states}; {len(cycle.windows)} cycles, "
              f"{len(set(last))} of them told; {len(self.alertmanager.told())} alerts came in; down {down:.1f} s")
        self.judge_steady("Firing")
        self.judge_steady("KeepFiring")
        self.judge_resolved(resolved_at)
        self.judge_cycling(cycle.windows, traffic.answered["cycling"])
        for name in ("Pending", "Absent"):
            self.assertEqual(self.alertmanager.told(name), [], f"{name} was never to be told")
        active_at = harness.eventually(lambda: self.alerts().get("Pending"), "Pending is still there")["activeAt"]
        age = time.time() - seconds(active_at)
        self.assertGreater(age, 0.5 * (time.time() - pending_since), "Pending went on waiting where it was")
        self.assertEqual(list((pathlib.Path(self.directory) / "state").glob("*set-aside*")), [])

    def judge_steady(self, name):
        told = self.alertmanager.told(name)
        self.assertEqual([t for t in told if t.resolved], [], f"{name}: a false resolve")
        self.assertEqual({t.starts_at for t in told}, {told[0].starts_at}, f"{name}: a second page")
        self.assertEqual(len({json.dumps(t.labels, sort_keys=True) for t in told}), 1, f"{name}: other labels")
        for before, after in zip(told, told[1:]):
            self.assertLess(after.at, before.ends_at, f"{name}: an Alertmanager would take it for resolved: {before}")

    def judge_resolved(self, resolved_at):
        told = self.alertmanager.told("Resolved", resolved_at)
        self.assertEqual([t for t in told if not t.resolved], [], "Resolved: it is over")
        self.assertEqual(len({(t.starts_at, t.ends_at) for t in told}), 1, f"Resolved: told in two ways: {told}")

    def judge_cycling(self, windows, answered):
        """By the requests that were answered, and not by the clock: while nobody answers, the condition does not hold."""
        told = self.alertmanager.told("Cycling")
        over = set()
        newest = 0.0
        for t in told:
            self.assertGreaterEqual(t.starts_at, newest, f"an alert of the past: {t}")
            newest = t.starts_at
            if t.resolved:
                over.add(t.starts_at)
                # What was answered for a second, long enough before to be sampled and not too long to be seen.
                seen = [at for at in answered if t.ends_at - RANGE + KEPT < at < t.ends_at - KEPT]
                self.assertFalse(seen and seen[-1] - seen[0] > 1.0, f"a false resolve: {t}, and the condition held: {seen}")
            else:
                self.assertNotIn(t.starts_at, over, f"a second page: {t}, which was resolved before")
        starts = sorted({t.starts_at for t in told})
        for start, end in windows:
            during = [at for at in answered if start <= at <= end]
            pause = max((after - before for before, after in zip(during, during[1:])), default=math.inf)
            pages = [s for s in starts if start <= s < end + OFF]
            if pause < RANGE - 1.0:
                self.assertLessEqual(len(pages), 1, f"more than one page between {start:.3f} and {end + OFF:.3f}")
        for s in starts:
            self.assertTrue(any(s - RANGE - 1.0 < at <= s for at in answered),
                            f"a page at {s:.3f} without a condition: {windows}")


if __name__ == "__main__":
    harness.main()
