#!/usr/bin/python3
"""A reload takes destinations over: new ones begin, others end, those that stay go on without a gap, with their new
settings; those that have not changed are left alone. All of a reload is taken over or nothing, and what waits for a
restart is said."""

import json
import os
import pathlib
import resource
import signal
import sys
import time

import harness

try:
    from otlp_receiver import HttpReceiver, Sums
except ImportError as missing:
    print(f"exporters_reload_test: {missing}; install python3-grpcio and python3-protobuf")
    sys.exit(77)
from remote_write_double import RemoteWriteDouble

DURATION = "http.server.request.duration"
EXCHANGES = "sidelight_tap_exchanges_total"


class ExportersReloadTest(harness.IntegrationTest):
    def receiver(self, kind):
        receiver = kind()
        self.addCleanup(receiver.close)
        return receiver

    def total(self, receiver):
        return Sums([point for message in receiver.messages() for point in message.points]).total(DURATION)

    def written(self, receiver, life):
        """[(time, value)] of the tap's exchanges under that label."""
        return [sample for labels, samples in receiver.floats().items()
                if {("__name__", EXCHANGES), ("life", life)} <= set(labels) for sample in samples]

    def stored(self, sidelight):
        """The same as it is in Sidelight's own past."""
        _, _, body = harness.fetch(sidelight.metrics_port, f"/api/v1/query?query={EXCHANGES}[5m]")
        (series,) = json.loads(body)["data"]["result"]
        return [(round(time * 1000), float(value)) for time, value in series["values"]]

    def get(self, sidelight, count):
        with harness.Connection(sidelight.port) as connection:
            for _ in range(count):
                connection.get("/ok")

    def reload(self, sidelight, exporters=None, **settings):
        """Writes the file anew; Sidelight sees that by itself."""
        config = json.loads(sidelight.config.read_text())
        config.update(settings if exporters is None else {"exporters": exporters, **settings})
        before = sidelight.log().count("configuration reloaded")
        sidelight.config.write_text(json.dumps(config))
        harness.eventually(lambda: sidelight.log().count("configuration reloaded") > before, "the reload")

    def send_hup(self, sidelight, outcome):
        """Reloads what has not changed; `outcome` is what the log says then."""
        before = sidelight.log().count(outcome)
        sidelight.send(signal.SIGHUP)
        harness.eventually(lambda: sidelight.log().count(outcome) > before, f"the log says: {outcome}")

    def config_in_force(self, sidelight):
        _, _, body = harness.fetch(sidelight.metrics_port, "/api/v1/status/config")
        return json.loads(body)["data"]["yaml"]

    def groups(self, sidelight):
        _, _, body = harness.fetch(sidelight.metrics_port, "/api/v1/rules")
        return [group["name"] for group in json.loads(body)["data"]["groups"]]

    def test_destinations_come_stay_and_go(self):
        first, second = self.receiver(HttpReceiver), self.receiver(HttpReceiver)
        written = self.receiver(RemoteWriteDouble)
        delta = {"endpoint": first.endpoint, "temporality": "delta", "interval": "100ms"}
        sidelight = self.sidelight({"upstream": self.backend().upstream, "routes": ["/{path}"]}, interval="100ms",
                                   exporters={"otlp": [delta]})
        self.get(sidelight, 5)
        harness.eventually(lambda: self.total(first) == 5, "the first deltas")

        # The first one stays and hears no more of sizes; a second one and remote write begin.
        quiet = {"action": "drop", "source_labels": ["__name__"], "regex": ".*_body_size_bytes"}
        write = {"url": written.url, "queue_config": {"batch_send_deadline": "100ms"},
                 "write_relabel_configs": [{"target_label": "life", "replacement": "a"}]}
        self.reload(sidelight, {"otlp": [{**delta, "headers": {"X-Key": "new"}, "metric_relabel_configs": [quiet]},
                                         {"endpoint": second.endpoint, "interval": "100ms"}],
                                "remote_write": [write]})
        later = lambda: [message for message in first.messages() if message.headers.get("x-key") == "new"]
        harness.eventually(later, "the new header")
        self.get(sidelight, 7)
        harness.eventually(lambda: self.total(first) == 12, "deltas go on where they were")
        self.assertTrue([p for message in later() for p in message.points if p.name == DURATION])
        self.assertFalse([p.name for message in later() for p in message.points if "body.size" in p.name])
        harness.eventually(lambda: second.messages(), "the new destination hears")
        harness.eventually(lambda: self.written(written, "a"), "remote write begins")

        # The first one goes; remote write stays under another label.
        write["write_relabel_configs"][0]["replacement"] = "b"
        self.reload(sidelight, {"otlp": [{"endpoint": second.endpoint, "interval": "100ms"}], "remote_write": [write]})
        gone_since = time.time_ns()
        self.get(sidelight, 9)
        harness.eventually(lambda: 21 in [value for _, value in self.written(written, "b")], "remote write goes on")
        sent = [sample for life in "ab" for sample in self.written(written, life)]
        stored = [sample for sample in self.stored(sidelight) if sent[0][0] <= sample[0] <= sent[-1][0]]
        self.assertEqual(sent, stored, "each sample was written once, none is missing")
        seen = len(second.messages())
        harness.eventually(lambda: len(second.messages()) >= seen + 3, "the second one hears on")
        # What was under way then may have come in later.
        self.assertEqual([point.series for point in first.points() if point.time > gone_since], [],
                         "who is not configured any more hears nothing new")
        self.assertEqual(sidelight.scrape().sum("sidelight_export_points_dropped_total"), 0)

        # What is wrong changes nothing.
        config = json.loads(sidelight.config.read_text())
        config["exporters"]["otlp"][0]["interval"] = "none"
        sidelight.config.write_text(json.dumps(config))
        harness.eventually(lambda: "the old one stays in force" in sidelight.log(), "the bad file is refused")
        seen = len(second.messages())
        harness.eventually(lambda: len(second.messages()) >= seen + 3, "the second one hears on")

    def test_who_has_not_changed_is_left_alone(self):
        key = pathlib.Path(self.directory, "key")
        key.write_text("old\n")
        well, ill = self.receiver(HttpReceiver), self.receiver(HttpReceiver)
        ill.refuse = lambda: 503 if key.read_text() == "old\n" else None
        written = self.receiver(RemoteWriteDouble)
        failing = {"endpoint": ill.endpoint, "interval": "100ms",
                   "http_headers": {"X-Key": {"files": [str(key)]}}}
        exporters = {"otlp": [{"endpoint": well.endpoint, "interval": "100ms"}, failing],
                     "remote_write": [{"url": written.url, "queue_config": {"batch_send_deadline": "100ms"}}]}
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="100ms", exporters=exporters)
        broken = f"{ill.endpoint}/v1/metrics"
        breaker = lambda: sidelight.scrape().sum("sidelight_export_breaker_open", destination=broken)
        harness.eventually(breaker, "the breaker opens")
        # So that what a reload does is told from the next trial.
        ill.retry_after = 3600
        harness.eventually(lambda: ill.told_retry_after == 3600, "it is told to wait")
        refused = ill.refused
        self.assertEqual(well.accepted, 1)
        for _ in range(3):
            self.send_hup(sidelight, "configuration reloaded")
            self.assertEqual(breaker(), 1, "a reload without a change closes no breaker")
        seen = len(well.messages())
        harness.eventually(lambda: len(well.messages()) > seen + 2, "the other one hears on")
        self.assertEqual(well.accepted, 1, "on the same connection")

        # Another one's settings change, which is nothing to these.
        exporters["remote_write"][0]["queue_config"]["batch_send_deadline"] = "200ms"
        self.reload(sidelight, exporters)
        self.assertEqual(breaker(), 1)
        seen = len(well.messages())
        harness.eventually(lambda: len(well.messages()) > seen + 2, "the other one hears on")
        self.assertEqual(well.accepted, 1)
        self.assertEqual(ill.refused, refused, "nobody has tried meanwhile")

        # What the secret's file holds is a setting as well.
        key.write_text("new\n")
        self.send_hup(sidelight, "configuration reloaded")
        harness.eventually(lambda: ill.messages(), "the new key is tried at once")
        harness.eventually(lambda: breaker() == 0, "the breaker closes")

    def test_what_waits_for_a_restart_is_said(self):
        receiver = self.receiver(RemoteWriteDouble)
        write = {"url": receiver.url, "name": "mimir"}
        exporters = {"queue": {"max_size": "16MiB", "max_age": "1h"}, "remote_write": [write]}
        sidelight = self.sidelight({"name": "api", "upstream": self.backend().upstream}, interval="100ms",
                                   exporters=exporters, limits={"series": 500})
        self.assertEqual(sidelight.scrape().sum("sidelight_config_keys_waiting"), 0)
        before = self.config_in_force(sidelight)
        config = json.loads(sidelight.config.read_text())
        self.reload(sidelight, {"queue": {"max_size": "32MiB", "max_age": "1h"},
                                "remote_write": [{**write, "queue_config": {"max_shards": 7}}]},
                    interval="300ms", limits={"series": 900}, taps=[{**config["taps"][0], "routes": ["/{id}"]}],
                    log={"level": "debug"})
        waiting = ["interval", "limits.series", "taps[api]", "exporters.queue.max_size",
                   "exporters.remote_write[mimir].queue_config.max_shards"]
        for key in waiting:
            self.assertEqual(sidelight.log().count(f"{key} changed: takes effect after a restart"), 1, key)
        self.assertEqual(sidelight.log().count("takes effect after a restart"), len(waiting), sidelight.log())
        self.assertEqual(sidelight.scrape().sum("sidelight_config_keys_waiting"), len(waiting))
        self.assertEqual(sidelight.scrape().sum("sidelight_config_last_reload_successful"), 1)
        self.assertEqual(sidelight.scrape().sum("sidelight_export_queue_max_bytes"), 16 << 20)
        after = self.config_in_force(sidelight)
        self.assertIn('"level": "debug"', after)
        self.assertEqual([line for line in after.splitlines() if line not in before.splitlines()],
                         ['"log":', '  "level": "debug"'])

        # Taken back, nothing waits.
        self.reload(sidelight, exporters, interval="100ms", limits={"series": 500}, taps=config["taps"])
        self.assertEqual(sidelight.scrape().sum("sidelight_config_keys_waiting"), 0)

    def test_a_reload_without_threads_changes_nothing(self):
        if os.environ.get("SIDELIGHT_SANITIZE"):
            self.skipTest("a sanitizer's own memory does not fit below a limit of address space")
        stays, comes = self.receiver(HttpReceiver), self.receiver(HttpReceiver)
        written = self.receiver(RemoteWriteDouble)
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text("groups: [{name: old, rules: [{record: old, expr: 'vector(1)'}]}]")
        quick = lambda receiver, **settings: {"endpoint": receiver.endpoint, "interval": "100ms", **settings}
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="100ms", rule_files=[str(rules)],
                                   exporters={"otlp": [quick(stays)]})
        harness.eventually(lambda: stays.messages(), "the destination hears")
        before = self.config_in_force(sidelight)

        # Without room for a thread's stack; what ended threads have left behind is not enough for so many.
        pages = int(pathlib.Path(f"/proc/{sidelight.pid}/statm").read_text().split()[0])
        limits = resource.prlimit(sidelight.pid, resource.RLIMIT_AS)
        small = pages * resource.getpagesize() + (6 << 20)
        resource.prlimit(sidelight.pid, resource.RLIMIT_AS, (small, limits[1]))
        config = json.loads(sidelight.config.read_text())
        rules.write_text("groups: [{name: new, rules: [{record: new, expr: 'vector(1)'}]}]")
        config["log"] = {"level": "debug"}
        config["exporters"] = {"otlp": [quick(comes), quick(stays, headers={"X-New": "yes"})],
                               "remote_write": [{"url": written.url, "queue_config": {"max_shards": 64}}]}
        sidelight.config.write_text(json.dumps(config))
        harness.eventually(lambda: "the configuration was not reloaded" in sidelight.log(), "the reload fails")
        self.assertRegex(sidelight.log(), "the old one stays in force.*exporters: .*thread")
        seen = len(stays.messages())
        harness.eventually(lambda: len(stays.messages()) > seen + 2, "the old destination hears on")
        self.assertNotIn("x-new", stays.messages()[-1].headers)
        self.assertEqual((comes.accepted, written.statuses), (0, []), "of the new ones nobody has heard")
        self.assertNotIn('"debug"', sidelight.log())

        resource.prlimit(sidelight.pid, resource.RLIMIT_AS, limits)
        scrape = sidelight.scrape()
        self.assertEqual(scrape.sum("sidelight_config_last_reload_successful"), 0)
        self.assertEqual(scrape.sum("sidelight_export_queue_entries", destination=f"{comes.endpoint}/v1/metrics"), 0)
        self.assertEqual(self.config_in_force(sidelight), before)
        self.assertEqual(self.groups(sidelight), ["old"])
        self.send_hup(sidelight, "configuration reloaded")
        harness.eventually(lambda: comes.messages() and written.taken(), "with threads all of it is taken over")
        harness.eventually(lambda: "x-new" in stays.messages()[-1].headers, "the old one has its new header")
        harness.eventually(lambda: self.groups(sidelight) == ["new"], "the new rules")


if __name__ == "__main__":
    harness.main()
