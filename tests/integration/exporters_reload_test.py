#!/usr/bin/python3
"""A reload takes destinations over: new ones begin, others end, those that stay go on without a gap, with their new
settings."""

import json
import sys

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

    def reload(self, sidelight, exporters):
        """Writes the file anew; Sidelight sees that by itself."""
        config = json.loads(sidelight.config.read_text())
        config["exporters"] = exporters
        before = sidelight.log().count("configuration reloaded")
        sidelight.config.write_text(json.dumps(config))
        harness.eventually(lambda: sidelight.log().count("configuration reloaded") > before, "the reload")

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
        self.get(sidelight, 9)
        harness.eventually(lambda: 21 in [value for _, value in self.written(written, "b")], "remote write goes on")
        sent = [sample for life in "ab" for sample in self.written(written, life)]
        stored = [sample for sample in self.stored(sidelight) if sent[0][0] <= sample[0] <= sent[-1][0]]
        self.assertEqual(sent, stored, "each sample was written once, none is missing")
        ended = len(first.messages())
        seen = len(second.messages())
        harness.eventually(lambda: len(second.messages()) >= seen + 3, "the second one hears on")
        self.assertEqual(len(first.messages()), ended, "who is not configured any more hears nothing")
        self.assertEqual(sidelight.scrape().sum("sidelight_export_points_dropped_total"), 0)

        # What is wrong changes nothing.
        config = json.loads(sidelight.config.read_text())
        config["exporters"]["otlp"][0]["interval"] = "none"
        sidelight.config.write_text(json.dumps(config))
        harness.eventually(lambda: "the old one stays in force" in sidelight.log(), "the bad file is refused")
        seen = len(second.messages())
        harness.eventually(lambda: len(second.messages()) >= seen + 3, "the second one hears on")


if __name__ == "__main__":
    harness.main()
