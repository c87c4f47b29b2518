#!/usr/bin/python3
"""What Sidelight exports over OTLP, read by an independent decoder: the same numbers as /metrics in every protocol;
deltas that add up to them, through restarts, failures and kill -9.

$SIDELIGHT_KILLS is how often it is killed (10), $SIDELIGHT_SECONDS how long a receiver fails (20).
"""

import contextlib
import math
import os
import random
import shutil
import signal
import socket
import sqlite3
import sys
import time

import harness

try:
    from otlp_receiver import GrpcReceiver, HttpReceiver, Sums
except ImportError as missing:
    print(f"otlp_test: {missing}; install python3-grpcio and python3-protobuf")
    sys.exit(77)

KILLS = int(os.environ.get("SIDELIGHT_KILLS", "10"))
SECONDS = float(os.environ.get("SIDELIGHT_SECONDS", "20"))
DURATION = "http.server.request.duration"
EXCHANGES = "sidelight_tap_exchanges_total"
CUMULATIVE, DELTA = 2, 1


def last_points(points):
    """The last point of each series."""
    return {point.series: point for point in points}


class OtlpTest(harness.IntegrationTest):
    def receiver(self, kind=HttpReceiver):
        receiver = kind()
        self.addCleanup(lambda: receiver.close())
        return receiver

    def exporting(self, *destinations, tap=None, **settings):
        tap = tap or {"upstream": self.backend().upstream, "routes": ["/{path}"]}
        destinations = [{"interval": "200ms", **destination} for destination in destinations]
        return self.sidelight(tap, exporters={"otlp": destinations}, **settings)

    def get(self, sidelight, *paths):
        with harness.Connection(sidelight.port) as connection:
            for path in paths:
                connection.get(path)

    def counted(self, sidelight, requests):
        """/metrics after so many requests; nothing changes from then on."""
        metrics = sidelight.scrape_when_idle()
        self.assertEqual((metrics.sum(harness.REQUESTS), metrics.sum("http_server_active_requests")), (requests, 0))
        return metrics

    def check_numbers(self, metrics, points, histograms):
        """The last points are what /metrics says of the same series."""
        last = last_points(points)
        durations = [p for p in last.values() if p.name == DURATION]
        self.assertEqual(len(durations), len(metrics.series("http_server_request_duration_seconds_count")))
        for point in durations:
            labels = {label_of(key): str(value) for key, value in point.attributes}
            sample = lambda end, **more: metrics.series(f"http_server_request_duration_seconds_{end}", **labels, **more)
            self.assertEqual(point.unit, "s")
            self.assertEqual(point.data.count, sample("count")[0].value)
            self.assertAlmostEqual(point.data.sum, sample("sum")[0].value, delta=1e-9)
            if histograms == "explicit":
                self.assertEqual(point.kind, "histogram")
                total = 0
                for bound, count in zip(point.data.explicit_bounds, point.data.bucket_counts):
                    total += count
                    (bucket,) = [s for s in sample("bucket") if float(s.labels["le"]) == bound]
                    self.assertEqual(total, bucket.value, f"{point.series} up to {bound}")
                self.assertEqual(sum(point.data.bucket_counts), point.data.count)
            else:
                self.assertEqual(point.kind, "exponential_histogram")
                self.assertEqual(sum(point.data.positive.bucket_counts) + point.data.zero_count, point.data.count)
        (exchanges,) = [p for p in last.values() if p.name == EXCHANGES]
        self.assertEqual(exchanges.data.as_double, metrics.sum(EXCHANGES))
        gauges = [p for p in last.values() if p.name == "http.server.active_requests" and not p.gone]
        self.assertEqual({p.kind for p in gauges}, {"gauge"})
        self.assertEqual(sum(p.data.as_double for p in gauges), 0)

    def test_every_protocol(self):
        cases = [("http/protobuf", HttpReceiver, "none"), ("http/protobuf", HttpReceiver, "gzip"),
                 ("http/json", HttpReceiver, "none"), ("http/json", HttpReceiver, "gzip"),
                 ("grpc", GrpcReceiver, "none"), ("grpc", GrpcReceiver, "gzip")]
        receivers = [self.receiver(kind) for _, kind, _ in cases]
        forms = ["explicit" if i % 2 else "exponential" for i in range(len(cases))]
        sidelight = self.exporting(*({"endpoint": receiver.endpoint, "protocol": protocol, "compression": compression,
                                      "histograms": form, "headers": {"X-Team": "shop"}}
                                     for (protocol, _, compression), receiver, form in zip(cases, receivers, forms)))
        self.get(sidelight, *["/ok"] * 20, *["/status-503"] * 3, "/status-404")
        metrics = self.counted(sidelight, 24)
        for (protocol, kind, compression), receiver, form in zip(cases, receivers, forms):
            with self.subTest(protocol=protocol, compression=compression, histograms=form):
                seen = len(receiver.messages())
                harness.eventually(lambda: len(receiver.messages()) >= seen + 2, "two more exports")
                message = receiver.messages()[-1]
                self.check_numbers(metrics, message.points, form)
                self.assertEqual(message.resource["service.name"], "test")
                self.assertIn("service.instance.id", message.resource)
                self.assertEqual(message.scope.name, "sidelight")
                self.assertEqual(message.headers["x-team"], "shop")
                self.assertTrue(message.headers["user-agent"].startswith("sidelight/"))
                if kind is HttpReceiver:
                    self.assertEqual(message.headers.get("content-encoding", "none"), compression)
                durations = [p for p in message.points if p.name == DURATION]
                self.assertEqual({p.temporality for p in durations}, {CUMULATIVE})
                statuses = {dict(p.attributes)["http.response.status_code"] for p in durations}
                self.assertEqual(statuses, {200, 503, 404})
                for point in durations:
                    self.assertLess(point.start, point.time)

    def test_delta_through_restarts(self):
        receiver = self.receiver()
        tap = {"upstream": self.backend().upstream, "routes": ["/{path}"]}
        destination = {"endpoint": receiver.endpoint, "temporality": "delta", "interval": "100ms"}
        storage = {"path": f"{self.directory}/data"}
        cumulative = {}
        requests = 0
        for life in range(3):
            sidelight = self.exporting(destination, tap=dict(tap), storage=storage)
            for phase in range(3):
                if phase == 1:
                    receiver.close()
                self.get(sidelight, *["/ok"] * (5 + life), *["/status-503"] * phase)
                requests += 5 + life + phase
                if phase == 1:
                    harness.eventually(lambda: sidelight.scrape().sum("sidelight_export_failing") == 1,
                                       "an export finds nobody")
                    receiver.listen()
            metrics = self.counted(sidelight, sum(5 + life + phase for phase in range(3)))
            for sample in metrics.series("http_server_request_duration_seconds_count"):
                key = sample.labels["http_response_status_code"]
                cumulative[key] = cumulative.get(key, 0) + sample.value
            sidelight.stop()
        last = self.exporting(destination, tap=dict(tap), storage=storage)
        harness.eventually(lambda: Sums(receiver.points()).total(DURATION) >= requests, "all has come")
        harness.eventually(lambda: last.scrape().sum("sidelight_export_queue_entries") == 0, "nothing waits")
        sums = Sums(receiver.points())
        got = {}
        for (name, attributes), value in sums.values.items():
            if name == DURATION:
                status = str(dict(attributes)["http.response.status_code"])
                got[status] = got.get(status, 0) + value
                self.assertEqual(sum(sums.buckets[name, attributes]), value)
        self.assertEqual(got, cumulative)
        self.assertEqual({p.temporality for p in receiver.points() if p.name == DURATION}, {DELTA})
        self.check_times(receiver.points())

    def check_times(self, points):
        """Deltas of a series leave no time out twice: each begins where the one before ended, or later."""
        ends = {}
        for point in points:
            if point.kind in ("sum", "histogram"):
                self.assertLess(point.start, point.time, point.series)
                self.assertGreaterEqual(point.start, ends.get(point.series, 0), point.series)
                ends[point.series] = point.time

    def test_a_receiver_that_fails_at_random(self):
        seed = random.randrange(1 << 32)
        print(f"otlp_test: seed {seed}", flush=True)
        dice = random.Random(seed)
        # As many requests in a long run as in a short one: what waits when it ends has to be read here.
        interval = max(100, 5 * SECONDS)
        for kind, protocol in ((HttpReceiver, "http/protobuf"), (GrpcReceiver, "grpc")):
            with self.subTest(protocol=protocol):
                receiver = self.receiver(kind)
                receiver.refuse = lambda: dice.choice([None, None, None, 503, 429, 400])
                sidelight = self.exporting({"endpoint": receiver.endpoint, "protocol": protocol,
                                            "temporality": "delta", "interval": f"{interval:.0f}ms"})
                end = time.monotonic() + SECONDS / 2  # of each protocol
                requests = 0
                while time.monotonic() < end:
                    self.get(sidelight, "/ok", "/status-503")
                    requests += 2
                    time.sleep(0.02)
                receiver.refuse = None
                self.counted(sidelight, requests)
                destination = {"destination": receiver.endpoint + ("/v1/metrics" if kind is HttpReceiver else "")}

                def at_rest():
                    points = receiver.points()
                    metrics = sidelight.scrape()
                    rest = metrics.sum("sidelight_export_queue_entries") == 0 and \
                        metrics.sum("sidelight_export_points_sent_total", **destination) == len(points)
                    return (points, metrics) if rest else None
                points, metrics = harness.eventually(at_rest, "nothing waits and all that was sent is there")
                self.assertGreater(receiver.refused, 0)
                rejected = [point for message in receiver.rejected for point in message.points]
                self.assertEqual(Sums(points + rejected).total(DURATION), requests)
                self.assertEqual(metrics.sum("sidelight_export_points_dropped_total", **destination), len(rejected))
                self.assertEqual(metrics.sum("sidelight_export_points_dropped_total", reason="rejected",
                                             **destination), len(rejected))
                self.check_times(sorted(points + rejected, key=lambda point: point.time))
                sidelight.stop()

    def test_bad_destinations_harm_nobody(self):
        good, redirects, full = self.receiver(), self.receiver(), self.receiver(GrpcReceiver)
        redirects.refuse = lambda: 302
        full.refuse = lambda: 400
        hangs, never = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self.addCleanup(hangs.close)
        self.addCleanup(never.close)
        speaks_no_http2 = self.receiver()
        bad = [{"endpoint": f"http://127.0.0.1:{harness.free_port()}"},
               {"endpoint": f"http://127.0.0.1:{hangs.getsockname()[1]}", "timeout": "500ms"},
               {"endpoint": f"http://127.0.0.1:{hangs.getsockname()[1]}", "timeout": "500ms", "protocol": "grpc"},
               {"endpoint": speaks_no_http2.endpoint, "protocol": "grpc"},
               {"endpoint": redirects.endpoint}, {"endpoint": full.endpoint, "protocol": "grpc"}]
        # One that is still waited for when the test ends.
        endless = {"endpoint": f"http://127.0.0.1:{never.getsockname()[1]}", "timeout": "1h"}
        sidelight = self.exporting({"endpoint": good.endpoint}, endless, *bad)
        self.get(sidelight, *["/ok"] * 5)
        metrics = self.counted(sidelight, 5)
        failing = harness.eventually(
            lambda: (found := sidelight.scrape()).sum("sidelight_export_failing") == len(bad) and found,
            "all bad ones are known as such")
        self.assertEqual(failing.sum("sidelight_export_failing", destination=good.endpoint + "/v1/metrics"), 0)
        seen = len(good.messages())
        harness.eventually(lambda: len(good.messages()) >= seen + 10, "the good one gets all")
        self.check_numbers(metrics, good.messages()[-1].points, "explicit")
        lines = [line for line in sidelight.log().splitlines() if '"warn"' in line and '"exporter":"otlp"' in line]
        self.assertEqual(len(lines), len(bad), "one line for each, and not one for each request:\n" + "\n".join(lines))
        for sentence in ("Connection refused", "redirects are not followed", "is not HTTP/2",
                         "INVALID_ARGUMENT", "was not whole"):
            self.assertTrue(any(sentence in line for line in lines), sentence + "\n" + "\n".join(lines))

    def test_kill9_while_sending(self):
        receiver = self.receiver()
        tap = {"upstream": self.backend().upstream}
        destination = {"endpoint": receiver.endpoint, "temporality": "delta", "interval": "100ms"}
        data = f"{self.directory}/data"
        seed = random.randrange(1 << 32)
        print(f"otlp_test: seed {seed}", flush=True)
        dice = random.Random(seed)
        queued = set()
        for kill in range(KILLS):
            sidelight = self.exporting(destination, tap=dict(tap), storage={"path": data})
            # Every other time it has taken nothing by then.
            well_at = time.monotonic() + (dice.uniform(0, 1) if kill % 2 else math.inf)
            receiver.refuse = lambda: self.slowly(503 if time.monotonic() < well_at else None)
            end = time.monotonic() + dice.uniform(0.3, 2)
            while time.monotonic() < end:
                self.get(sidelight, "/ok")
                time.sleep(0.01)
            if kill % 2 == 0:
                harness.eventually(lambda: sidelight.scrape().sum("sidelight_export_queue_entries") > 0, "something waits")
            sidelight.send(signal.SIGKILL)
            sidelight.wait(60)
            queued |= self.bodies(data, f"{self.directory}/copy-{kill}")
        receiver.refuse = None
        sidelight = self.exporting(destination, tap=dict(tap), storage={"path": data})
        harness.eventually(lambda: sidelight.scrape().sum("sidelight_export_queue_entries") == 0, "nothing waits")
        taken = [message.body for message in receiver.messages()]
        self.assertGreater(len(queued), 0, "something waited when it was killed")
        self.assertEqual(queued - set(taken), set(), "what was queued and was not delivered")
        twice = len(taken) - len(set(taken))
        self.assertLessEqual(twice, KILLS, "at most the one request that was under way comes twice")
        print(f"otlp_test: {KILLS} kills, {len(taken)} requests, {len(queued)} of them queued at a kill, {twice} twice")

    @staticmethod
    def slowly(answer):
        time.sleep(0.03)
        return answer

    @staticmethod
    def bodies(data, copy):
        """What the queue holds on disk, without the byte that says how it is written. Reading changes it: from a copy."""
        shutil.copytree(data, copy)
        with contextlib.closing(sqlite3.connect(f"{copy}/delivery.db")) as database:
            bodies = {number: b"" for (number,) in database.execute("SELECT id FROM entries")}
            # What is long stands in parts, the last one with its entry.
            for number, part in database.execute("SELECT id >> 10, body FROM parts ORDER BY id"):
                if number in bodies:
                    bodies[number] += part
            for number, end in database.execute("SELECT id, body FROM entries"):
                bodies[number] += end
        return {body[1:] for body in bodies.values()}


def label_of(attribute):
    """The Prometheus label of an attribute."""
    return attribute.replace(".", "_")


if __name__ == "__main__":
    harness.main()
