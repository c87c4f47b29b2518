#!/usr/bin/python3
"""Remote write with real receivers and with one that checks every byte: Debian's Prometheus and VictoriaMetrics hold the
same samples and give the same answers as Sidelight; 2.0 by the list of the specification; nothing is lost, doubled or out
of order through failures, outages and kill -9.

$SIDELIGHT_REMOTE_WRITE_KILLS is how often it is killed (10), $SIDELIGHT_REMOTE_WRITE_CHAOS for how many seconds the
receiver fails at random (20), $SIDELIGHT_SEED makes the moments those of another run.
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
import urllib.parse

import harness

try:
    from remote_write_double import STALE, RemoteWriteDouble, bits, reader, samples1
except ImportError as error:
    print(f"skipped: {error}; script/bootstrap installs python3-protobuf")
    raise SystemExit(77) from error

KILLS = int(os.environ.get("SIDELIGHT_REMOTE_WRITE_KILLS", "10"))
CHAOS = float(os.environ.get("SIDELIGHT_REMOTE_WRITE_CHAOS", "20"))
SEED = int(os.environ.get("SIDELIGHT_SEED", random.randrange(1 << 32)))
EXTERNAL = {"service", "namespace", "pod", "cluster"}  # what only those see to whom we write
ROUTES = [f"/{path}/{{kind}}" for path in ("orders", "carts", "once")]
DURATION = "http_server_request_duration_seconds"
RULES = {"groups": [{"name": "g", "interval": "500ms", "rules": [
    {"record": "route:requests:rate", "expr": f"sum by (http_route) (rate({DURATION}_count[3s]))"},
    {"alert": "Busy", "expr": "route:requests:rate > 0", "for": "1s", "labels": {"severity": "page"}},
    {"alert": "Waiting", "expr": "route:requests:rate > 0", "for": "1h"}]}]}

QUERIES = [
    f"{DURATION}_count",
    f'{DURATION}_count{{http_route="/orders/{{kind}}"}}',
    f"sum(rate({DURATION}_count[5s]))",
    f"sum by (http_route) (increase({DURATION}_count[7s]))",
    f"irate({DURATION}_count[4s])",
    f"changes({DURATION}_count[6s])",
    f"resets({DURATION}_count[6s])",
    f"histogram_quantile(0.95, sum by (le) (rate({DURATION}_bucket[6s])))",
    f"histogram_quantile(0.5, sum by (le, http_route) (rate({DURATION}_bucket[6s])))",
    f"rate({DURATION}_sum[5s]) / rate({DURATION}_count[5s])",
    f"histogram_count({DURATION})",
    f"histogram_sum(rate({DURATION}[5s]))",
    f'{DURATION}_bucket{{le="+Inf"}}',
    "ALERTS",
    "ALERTS_FOR_STATE",
    "count by (alertname, alertstate) (ALERTS)",
    "route:requests:rate",
    "max_over_time(route:requests:rate[5s])",
    "quantile_over_time(0.9, route:requests:rate[5s])",
    # The series that has ended.
    f'{DURATION}_count{{http_route="/once/{{kind}}"}}',
    f'absent({DURATION}_count{{http_route="/once/{{kind}}"}})',
    f'last_over_time({DURATION}_count{{http_route="/once/{{kind}}"}}[1m])',
    f'count_over_time({DURATION}_count{{http_route="/once/{{kind}}"}}[1m])',
    f"topk(1, {DURATION}_sum)",  # No two routes took the same time; of equal ones, which is chosen is not said.
    "count(sidelight_api_requests_total)",
    "timestamp(sidelight_build_info)",
    "process_resident_memory_bytes > 0",
]


def ask(port, path, **parameters):
    status, _, body = harness.fetch(port, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
    if status != 200:
        raise AssertionError(f"{path} {parameters}: {status} {body[:500]!r}")
    return json.loads(body)["data"]


def vector(port, query, at):
    """{labels without those that only receivers see: value}"""
    out = {}
    for series in ask(port, "query", query=query, time=f"{at:.3f}")["result"]:
        labels = tuple(sorted((k, v) for k, v in series["metric"].items() if k not in EXTERNAL))
        if labels in out:
            raise AssertionError(f"{query}: {labels} comes twice")
        out[labels] = float(series["value"][1])
    return out


def same(a, b):
    if a.keys() != b.keys():
        return False
    return all(a[key] == b[key] or math.isclose(a[key], b[key], rel_tol=1e-9)
               or (math.isnan(a[key]) and math.isnan(b[key])) for key in a)


class Traffic:
    """Requests through a tap until it is closed, with a trace of their own each."""

    def __init__(self, port, paths):
        self._port, self._paths = port, paths
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        chance = random.Random(1)
        while not self._stop.wait(0.03):
            try:
                with harness.Connection(self._port) as connection:
                    for path in self._paths:
                        connection.send(f"GET {path} HTTP/1.1\r\nHost: a\r\ntraceparent: "
                                        f"00-{chance.randrange(1, 1 << 128):032x}-{chance.randrange(1, 1 << 64):016x}-01"
                                        "\r\n\r\n".encode())
                        connection.response("GET")
            except (OSError, EOFError):
                pass  # It has just been killed.

    def close(self):
        self._stop.set()
        self._thread.join()


class RemoteWriteTest(harness.IntegrationTest):
    maxDiff = None

    def double(self, *arguments):
        double = RemoteWriteDouble(*arguments)
        self.addCleanup(double.close)
        return double

    def settings(self, *destinations, **more):
        exporters = {"remote_write": list(destinations)}
        return {"interval": "500ms", "external_labels": {"cluster": "eu"}, "exporters": exporters, **more}

    def traffic(self, port, *paths):
        traffic = Traffic(port, paths)
        self.addCleanup(traffic.close)
        return traffic

    def prometheus(self):
        config = pathlib.Path(self.directory, "prometheus.yml")
        config.write_text("{}\n")
        port = harness.free_port()
        self.start("prometheus", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.directory}/data",
                   f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--log.level=warn",
                   "--enable-feature=native-histograms,exemplar-storage")
        harness.eventually(lambda: harness.fetch(port, "/-/ready")[0] == 200, "Prometheus becomes ready")
        return port

    def victoria_metrics(self):
        port = harness.free_port()
        self.start("victoria-metrics", "victoria-metrics", f"-storageDataPath={self.directory}/vm",
                   f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=1", "-loggerLevel=WARN")
        harness.eventually(lambda: harness.fetch(port, "/health")[0] == 200, "VictoriaMetrics becomes ready")
        return port

    def raw(self, port, metric, at):
        """{labels: [(milliseconds, value)]} of Sidelight or Prometheus, of all that a test has before `at`."""
        out = {}
        for series in ask(port, "query", query=f"{metric}[90m]", time=f"{at:.3f}")["result"]:
            labels = tuple(sorted((k, v) for k, v in series["metric"].items() if k not in EXTERNAL))
            out[labels] = [(round(when * 1000), float(value)) for when, value in series.get("values", [])]
        return {labels: values for labels, values in out.items() if values}

    def exported(self, victoria, metric, at):
        """The same of VictoriaMetrics."""
        harness.fetch(victoria, "/internal/force_flush")
        _, _, body = harness.fetch(victoria, "/api/v1/export?" + urllib.parse.urlencode(
            {"match[]": metric, "end": f"{at:.3f}"}))
        out = {}
        for line in body.decode().splitlines():
            one = json.loads(line)
            labels = tuple(sorted((k, v) for k, v in one["metric"].items() if k not in EXTERNAL))
            out[labels] = [(when, value) for when, value in zip(one["timestamps"], one["values"]) if value is not None]
        return out

    def between_samples(self, port, at):
        """A moment at `at` or shortly before that is no multiple of 500 ms away from any sample, late ones too: where a
        range ends is not the same for both versions of PromQL."""
        samples = {when % 500 for metric in (f"{DURATION}_count", "sidelight_build_info", "route:requests:rate", "ALERTS")
                   for values in self.raw(port, metric, at + 10).values() for when, _ in values}
        return next(ms / 1000 for ms in range(round(at * 1000), 0, -1) if ms % 500 not in samples)

    def await_written(self, sidelight, until):
        """Until all that was sampled up to then has been taken by all destinations."""
        harness.eventually(lambda: sidelight.scrape().sum("sidelight_export_queue_oldest_age_seconds")
                           < time.time() - until - 1, f"what was sampled until {until} is written")

    def test_prometheus_and_victoria_metrics_hold_what_we_hold(self):
        prometheus, victoria = self.prometheus(), self.victoria_metrics()
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(json.dumps(RULES))
        queue = {"batch_send_deadline": "200ms"}
        sidelight = self.sidelight(
            {"upstream": self.backend().upstream, "routes": ROUTES}, rule_files=[str(rules)],
            limits={"idle_series": "2s"},
            **self.settings({"url": f"http://127.0.0.1:{prometheus}/api/v1/write", "queue_config": queue,
                             "send_exemplars": True, "send_native_histograms": True},
                            {"url": f"http://127.0.0.1:{victoria}/api/v1/write", "queue_config": queue}))
        port = sidelight.metrics_port
        with harness.Connection(sidelight.port) as connection:
            connection.get("/once/1")
        traffic = self.traffic(sidelight.port, "/orders/1", "/carts/slow-20")
        harness.eventually(lambda: [s for s in ask(port, "alerts")["alerts"] if s["state"] == "firing"], "an alert fires")
        harness.eventually(lambda: not vector(port, f'{DURATION}_count{{http_route="/once/{{kind}}"}}', time.time()),
                           "the series that is idle ends")
        time.sleep(8)  # Samples for the ranges of the queries.
        end = self.between_samples(port, math.floor(time.time()) - 0.377)
        self.await_written(sidelight, end + 1)
        harness.eventually(lambda: [1 for when in vector(prometheus, "timestamp(sidelight_build_info)", time.time()).values()
                                    if when > end + 1], "Prometheus has the samples up to then")
        traffic.close()
        seen = 0
        for at in (end, end - 1.0, end - 2.5, end - 4.0):
            for query in QUERIES:
                ours, theirs = vector(port, query, at), vector(prometheus, query, at)
                self.assertTrue(same(ours, theirs), f"{query} at {at}:\nSidelight  {ours}\nPrometheus {theirs}")
                seen += len(ours)
        self.assertGreater(seen, 4 * len(QUERIES))
        for query in ("ALERTS", f"{DURATION}_count", f"histogram_count({DURATION})", f"{DURATION}_bucket"):
            self.assertTrue(vector(prometheus, query, end), query)
        series = ask(prometheus, "query", query="sidelight_build_info", time=f"{end:.3f}")["result"]
        self.assertEqual({s["metric"]["cluster"] for s in series}, {"eu"})

        # Sample by sample; the ends of ranges are where the two versions of PromQL differ.
        for metric in (f"{DURATION}_count", "route:requests:rate", "ALERTS"):
            ours, theirs = self.raw(port, metric, end), self.raw(prometheus, metric, end)
            self.assertTrue(ours)
            self.assertEqual(ours, theirs, metric)
            exported = self.exported(victoria, metric, end)
            # It keeps about 12 digits.
            self.assertEqual({labels: [when for when, _ in values] for labels, values in ours.items()},
                             {labels: [when for when, _ in values] for labels, values in exported.items()}, metric)
            for labels, values in ours.items():
                for (when, mine), (_, theirs) in zip(values, exported[labels]):
                    self.assertTrue(math.isclose(mine, theirs, rel_tol=1e-10), f"{labels} at {when}: {mine}, {theirs}")
        exemplars = ask(prometheus, "query_exemplars", query=f"{DURATION}_bucket", start=end - 60, end=end)
        self.assertTrue(exemplars, "no exemplars arrived")
        self.assertEqual(set(exemplars[0]["exemplars"][0]["labels"]), {"trace_id", "span_id"})
        scrape = sidelight.scrape()
        self.assertEqual(scrape.sum("sidelight_export_points_dropped_total"), 0)
        self.assertEqual(scrape.sum("sidelight_export_requests_total", result="refused"), 0)
        self.assertGreater(scrape.sum("sidelight_export_points_sent_total"), 1000)

    def test_2_by_the_list(self):
        double = self.double()
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(json.dumps(RULES))
        sidelight = self.sidelight(
            {"upstream": self.backend().upstream, "routes": ROUTES}, rule_files=[str(rules)], limits={"idle_series": "5s"},
            **self.settings({"url": double.url, "protobuf_message": "io.prometheus.write.v2.Request", "send_exemplars": True,
                             "queue_config": {"batch_send_deadline": "200ms", "max_samples_per_send": 100},
                             "headers": {"X-Scope-OrgID": "team"}}))
        with harness.Connection(sidelight.port) as connection:
            connection.get("/once/1")
        began = time.time()
        traffic = self.traffic(sidelight.port, "/orders/1")

        def stale():
            return [labels for labels, values in double.floats().items()
                    if {("http_route", "/once/{kind}"), ("__name__", f"{DURATION}_count")} <= set(labels)
                    and bits(values[-1][1]) == STALE]

        harness.eventually(stale, "the stale marker of the series that is idle")
        harness.eventually(lambda: any(dict(labels)["__name__"] == "ALERTS" for labels in double.floats()), "ALERTS")
        closed = time.time()
        traffic.close()
        shown = sidelight.scrape()
        self.assertEqual(sidelight.stop(), 0)

        newest = {}
        metadata = {}
        kinds = set()
        exemplars = 0
        for request in double.taken():
            headers = request.headers
            self.assertEqual(headers["Content-Encoding"], "snappy")
            self.assertEqual(headers["Content-Type"], "application/x-protobuf;proto=io.prometheus.write.v2.Request")
            self.assertEqual(headers["X-Prometheus-Remote-Write-Version"], "2.0.0")
            self.assertRegex(headers["User-Agent"], "^sidelight/")
            self.assertEqual(headers["X-Scope-OrgID"], "team")
            self.assertEqual(reader.check(request.message), [])
            points = 0
            for labels, series in request.series():
                names = dict(labels)
                if "alertname" not in names and names["__name__"] != "route:requests:rate":
                    self.assertIn("job", names)
                    self.assertIn("instance", names)
                self.assertEqual(names["cluster"], "eu")
                self.assertEqual([name for name in names if name.startswith("__") and name != "__name__"], [])
                for sample in list(series.samples) + list(series.histograms):
                    key = (labels, bool(series.histograms))
                    self.assertGreater(sample.timestamp, newest.get(key, 0), f"{labels} is out of order")
                    newest[key] = sample.timestamp
                    self.assertLess(abs(sample.timestamp - request.at * 1000), 30_000, labels)
                points += len(series.samples) + len(series.histograms)
                name = names["__name__"]
                if series.histograms:
                    kinds.add("native")
                    self.assertGreater(series.histograms[0].start_timestamp, 1000 * (began - 30))
                if name == f"{DURATION}_count" and bits(series.samples[0].value) != STALE:
                    kinds.add("counter")
                    self.assertGreater(series.samples[0].start_timestamp, 1000 * (began - 30))
                for exemplar in series.exemplars:
                    exemplars += 1
                    self.assertEqual([key for key, _ in reader.labels_of(request.message, exemplar.labels_refs)],
                                     ["span_id", "trace_id"])
                symbols = request.message.symbols
                metadata.setdefault(name, set()).add(
                    (series.metadata.type, symbols[series.metadata.help_ref], symbols[series.metadata.unit_ref]))
            self.assertLessEqual(points, 100)
        self.assertEqual(kinds, {"native", "counter"})
        self.assertGreater(exemplars, 0)
        types = {name: {kind for kind, _, _ in found} for name, found in metadata.items()}
        for name, wanted in {f"{DURATION}_bucket": 3, DURATION: 3, "sidelight_samplings_total": 1,
                             "process_resident_memory_bytes": 2}.items():
            self.assertEqual(types[name], {wanted}, name)
            self.assertTrue(all(text for _, text, _ in metadata[name]), f"{name} has no help")
        self.assertEqual({unit for _, _, unit in metadata[f"{DURATION}_sum"]}, {"seconds"})
        # The numbers are those of /metrics.
        floats = {frozenset((k, v) for k, v in labels if k not in EXTERNAL | {"job", "instance"}): values
                  for labels, values in double.floats().items()}
        orders = shown.series(f"{DURATION}_bucket", http_route="/orders/{kind}")
        self.assertTrue(orders)
        for sample in orders:
            labels = frozenset({**sample.labels, "__name__": sample.name}.items())
            self.assertEqual([value for _, value in floats[labels] if bits(value) != STALE][-1], sample.value, labels)
        # Stale markers are where series have ended, and nowhere else.
        for labels, values in floats.items():
            marks = [when for when, value in values if bits(value) == STALE and when < closed * 1000]
            lives = ("http_route", "/orders/{kind}") in labels and ("alertname", "Busy") not in labels
            if lives or ("__name__", "sidelight_build_info") in labels:
                self.assertEqual(marks, [], labels)

    def test_one_that_knows_only_1_gets_1(self):
        double = self.double(lambda request: 415 if request.second else 204)
        sidelight = self.sidelight(
            {"upstream": self.backend().upstream},
            **self.settings({"url": double.url, "protobuf_message": "io.prometheus.write.v2.Request",
                             "queue_config": {"batch_send_deadline": "100ms"}}))
        harness.eventually(lambda: len(double.taken()) > 20, "requests of 1.0")
        self.assertEqual(sidelight.stop(), 0)
        self.assertLessEqual(double.statuses.count(415), 4, "each shard asks at most once")
        self.assertEqual({r.headers["X-Prometheus-Remote-Write-Version"] for r in double.taken()}, {"0.1.0"})

    def check_order(self, floats, repeats=False):
        """Each series in order; whatever is sent again after a kill has been taken before."""
        for labels, values in floats.items():
            seen = {}
            newest = 0
            for when, value in values:
                if when <= newest:
                    self.assertTrue(repeats and bits(seen.get(when, 1e308)) == bits(value),
                                    f"{labels}: {when} comes after {newest}")
                seen[when] = value
                newest = max(newest, when)

    def test_a_receiver_that_fails_at_random(self):
        chance = random.Random(SEED)
        failing = True

        def answer(_):
            if not failing:
                return 204
            kind = chance.random()
            if kind < 0.3:
                return 204
            if kind < 0.5:
                return 503, {"Retry-After": "0"}
            if kind < 0.6:
                time.sleep(0.3)
            return chance.choice([500, 502, 429, None])

        print(f"seed {SEED}, {CHAOS:g} s")
        double = self.double(answer)
        sidelight = self.sidelight(
            {"upstream": self.backend().upstream, "routes": ROUTES}, storage={"path": f"{self.directory}/state"},
            **self.settings({"url": double.url, "queue_config": {
                "batch_send_deadline": "100ms", "max_samples_per_send": 100, "max_backoff": "100ms"}}))
        traffic = self.traffic(sidelight.port, "/orders/1", "/carts/1")
        time.sleep(CHAOS)
        traffic.close()
        failing = False
        until = time.time()
        harness.eventually(lambda: [1 for labels, values in double.floats().items()
                                    if ("__name__", "sidelight_build_info") in labels and values[-1][0] > until * 1000],
                           "all that was queued arrives")
        self.await_written(sidelight, until)
        ours = self.raw(sidelight.metrics_port, '{__name__=~".+"}', until)
        scrape = sidelight.scrape()
        dropped = scrape.sum("sidelight_export_points_dropped_total")
        self.assertGreater(scrape.sum("sidelight_export_requests_total", result="retry"), 10)
        self.assertEqual(sidelight.stop(), 0)
        floats = double.floats()
        self.check_order(floats)
        theirs = {}
        for labels, values in floats.items():
            key = tuple(sorted((k, v) for k, v in labels if k not in EXTERNAL))
            theirs[key] = [(when, value) for when, value in values if when <= until * 1000 and bits(value) != STALE]
        missing = sum(len(values) - len(theirs.get(key, [])) for key, values in ours.items())
        self.assertEqual(missing, dropped, "lost without being counted")
        if not dropped:
            for key, values in ours.items():
                self.assertEqual(theirs.get(key), values, key)

    def queued(self, folder):
        """{(labels, time): value} of what the queue's file holds; from a copy, so that looking does not mend it."""
        out = {}
        with tempfile.TemporaryDirectory() as copy:
            for part in ("", "-wal"):
                source = pathlib.Path(folder) / f"delivery.db{part}"
                if source.exists():
                    shutil.copy(source, copy)
            database = sqlite3.connect(f"{copy}/delivery.db")
            try:
                parts = {}
                for number, body in database.execute("SELECT id, body FROM parts ORDER BY id"):
                    parts[number >> 10] = parts.get(number >> 10, b"") + body
                for number, body in database.execute("SELECT id, body FROM entries"):
                    # The first byte says which message it is.
                    for labels, samples in samples1((parts.get(number, b"") + body)[1:]):
                        out.update({(labels, when): value for when, value in samples})
            except sqlite3.OperationalError:
                pass  # Killed before there were tables.
            finally:
                database.close()
        return out

    def await_queued(self, queued, double, sidelight):
        """Until what was queued has been sent; it fails when not all of it was taken."""
        harness.eventually(lambda: sidelight.scrape().sum("sidelight_export_queue_oldest_age_seconds") < 2,
                           "what waited is sent")

        def missing():
            taken = {(labels, when) for labels, values in double.floats().items() for when, _ in values}
            return [key for key in queued if key not in taken]

        deadline = time.monotonic() + 60
        while left := missing():
            if time.monotonic() > deadline:
                self.fail(f"{len(left)} of {len(queued)} samples that were queued never arrived, among them {left[:3]}")
            time.sleep(0.5)

    def test_kill_9_while_sending(self):
        chance = random.Random(SEED)
        working = False

        def answer(_):
            if working:
                return 204
            time.sleep(chance.uniform(0, 0.1))
            return 204 if chance.random() < 0.5 else 503

        print(f"seed {SEED}, {KILLS} kills")
        double = self.double(answer)
        folder = f"{self.directory}/state"
        settings = self.config(
            {"upstream": self.backend().upstream, "routes": ROUTES}, storage={"path": folder},
            **{**self.settings({"url": double.url, "queue_config": {
                "batch_send_deadline": "50ms", "max_samples_per_send": 50, "max_backoff": "200ms"}}), "interval": "200ms"})
        traffic = self.traffic(int(settings["taps"][0]["listen"].rsplit(":", 1)[1]), "/orders/1")
        queued = {}
        with_some = 0
        for number in range(KILLS):
            process = harness.Sidelight(self.directory, settings, number)
            self.addCleanup(self._end, process)
            harness.eventually(lambda p=process: p.probe("/-/ready") == 200 or not p.running(), "ready")
            time.sleep(chance.uniform(0.2, 2))
            self.assertTrue(process.running(), process.log())
            process.send(signal.SIGKILL)
            process.wait(60)
            waits = self.queued(folder)
            with_some += bool(waits)
            queued.update(waits)
        self.assertGreater(with_some, KILLS / 3, "it was hardly ever killed with something in the queue")
        working = True
        last = harness.Sidelight(self.directory, settings, KILLS)
        self.addCleanup(self._end, last)

        harness.eventually(lambda: last.probe("/-/ready") == 200, "ready")
        self.await_queued(queued, double, last)
        traffic.close()
        self.assertEqual(last.scrape().sum("sidelight_export_points_dropped_total"), 0)
        self.assertEqual(last.stop(), 0)
        self.check_order(double.floats(), repeats=True)
        self.assertEqual(list(pathlib.Path(folder).glob("*set-aside*")), [])
        print(f"{with_some} kills with something queued, {len(queued)} samples in all")

    def test_an_outage_is_made_up_for(self):
        port = harness.free_port()
        folder = f"{self.directory}/state"
        settings = self.config(
            {"upstream": self.backend().upstream}, storage={"path": folder},
            **self.settings({"url": f"http://127.0.0.1:{port}/api/v1/write", "queue_config": {"batch_send_deadline": "100ms"}}))
        first = harness.Sidelight(self.directory, settings, 0)
        self.addCleanup(self._end, first)
        harness.eventually(lambda: first.probe("/-/ready") == 200, "ready")
        harness.eventually(lambda: first.scrape().sum("sidelight_export_queue_points") > 300, "the queue fills")
        self.assertEqual(first.scrape().sum("sidelight_export_failing"), 1)
        begun = time.monotonic()
        self.assertEqual(first.stop(), 0)
        self.assertLess(time.monotonic() - begun, 30, "the outage holds up the end for longer than Kubernetes waits")
        self.assertEqual(first.log().count("does not arrive"), 1, "one line for the change of state")
        waits = self.queued(folder)
        self.assertGreater(len(waits), 300)
        double = self.double(None, port)
        second = harness.Sidelight(self.directory, settings, 1)
        self.addCleanup(self._end, second)
        harness.eventually(lambda: second.probe("/-/ready") == 200, "ready")
        self.await_queued(waits, double, second)
        harness.eventually(lambda: second.scrape().sum("sidelight_export_queue_entries") < 5, "the queue is empty")
        self.assertEqual(second.scrape().sum("sidelight_export_failing"), 0)
        self.assertEqual(second.stop(), 0)
        self.check_order(double.floats())


if __name__ == "__main__":
    harness.main()
