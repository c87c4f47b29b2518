#!/usr/bin/python3
"""What there is to be asked about, beside Debian's Prometheus, which gets the same samples by remote write and reads
the same metadata from /metrics: names and values of labels, series, metadata, exemplars, and what wrong questions are
answered. Where the two differ, DIFFERENT says why; promtool asks ours as well."""

import collections
import json
import pathlib
import random
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import harness

DURATION = "http_server_request_duration_seconds"
ROUTES = ["/orders/{kind}", "/carts/{kind}"]
RULES = {"groups": [{"name": "g", "interval": "500ms", "rules": [
    {"record": "route:requests:sum", "expr": f"sum by (http_route) ({DURATION}_count)"},
    {"alert": "Busy", "expr": "route:requests:sum > 0", "labels": {"severity": "page"}}]}]}
SERVICE = "service"  # the label that remote write adds
SCRAPED = "scraped"  # the job by which Prometheus reads our metadata
SCRAPES = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling",
           "scrape_series_added"}  # what it has about that
OURS = f'{{job!="{SCRAPED}",__name__=~".+"}}'

Answer = collections.namedtuple("Answer", "status type error data warnings")


def ask(port, path, parameters, post=False):
    form = urllib.parse.urlencode(parameters)
    url = f"http://127.0.0.1:{port}/api/v1/{path}"
    request = urllib.request.Request(url, data=form.encode()) if post else urllib.request.Request(f"{url}?{form}")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    answer = json.loads(body) if body else {}
    return Answer(status, answer.get("errorType"), answer.get("error"), answer.get("data"), answer.get("warnings"))


def without_service(data):
    """The data of Prometheus as they would be without the label that only it sees."""
    out = []
    for item in data:
        if isinstance(item, dict) and "seriesLabels" in item:
            item = {**item, "seriesLabels": {k: v for k, v in item["seriesLabels"].items() if k != SERVICE}}
        elif isinstance(item, dict):
            item = {k: v for k, v in item.items() if k != SERVICE}
        out.append(item)
    return [item for item in out if item != SERVICE]


def by_labels(series):
    return sorted(series, key=lambda labels: sorted(labels.items()))


# What both answer alike, by GET, and by POST where there is one; there is something to answer.
FOUND = [
    ("labels", [("match[]", OURS)]),
    ("labels", [("match[]", "route:requests:sum")]),
    ("labels", [("match[]", "ALERTS"), ("match[]", 'process_open_fds{job="test"}')]),
    ("labels", [("match[]", f'{DURATION}_bucket{{le=~"0.*"}}'), ("end", "")]),
    ("labels", [("match[]", "ALERTS"), ("start", "1"), ("end", "32503680000")]),
    ("label/__name__/values", [("match[]", OURS)]),
    ("label/__name__/values", [("match[]", '{http_route=~"/orders/.+"}')]),
    ("label/http_route/values", []),
    ("label/le/values", []),
    ("label/le/values", [("match[]", f"{DURATION}_bucket"), ("match[]", "nothing")]),
    ("label/job/values", [("match[]", OURS)]),
    ("label/instance/values", [("match[]", OURS)]),
    ("label/alertname/values", []),
    ("series", [("match[]", f"{DURATION}_count")]),
    ("series", [("match[]", f'{DURATION}_bucket{{http_route!="/orders/{{kind}}"}}'), ("match[]", "ALERTS")]),
    ("series", [("match[]", '{__name__=~"process_.*",job="test"}'), ("match[]", 'process_open_fds{job="test"}')]),
    ("series", [("match[]", DURATION)]),
    ("series", [("match[]", "ALERTS_FOR_STATE"), ("match[]", "route:requests:sum"), ("start", "2020-01-01T00:00:00Z")]),
    ("query_exemplars", [("query", f"{DURATION}_bucket")]),
    ("query_exemplars",
     [("query", f'histogram_quantile(0.9, rate({DURATION}_bucket{{http_route="/carts/{{kind}}"}}[5m]))')]),
    ("query_exemplars", [("query", f"{DURATION}_count or {DURATION}_bucket"), ("start", "1"), ("end", "32503680000")]),
    ("metadata", [("metric", DURATION)]),
    ("metadata", [("metric", "sidelight_api_requests_total")]),
]

# The same, and there is nothing.
NOTHING = [
    ("labels", [("match[]", "nothing")]),
    ("labels", [("start", "1"), ("end", "2")]),
    ("labels", [("start", "32503680000")]),
    ("label/nothing/values", []),
    ("label/job/values", [("start", "1970-01-01T00:00:00Z"), ("end", "1970-01-01T00:00:01Z")]),
    ("series", [("match[]", "nothing")]),
    ("series", [("match[]", f"{DURATION}_count"), ("start", "1"), ("end", "2")]),
    ("query_exemplars", [("query", f"{DURATION}_bucket"), ("start", "1"), ("end", "2")]),
    # How Grafana finds out whether there are any: with milliseconds where there should be seconds.
    ("query_exemplars", [("query", "test"), ("start", "1763721000000"), ("end", "1763724600000")]),
    ("query_exemplars", [("query", "1 + vector(2)")]),
    ("metadata", [("metric", f"{DURATION}_bucket")]),
    ("metadata", [("metric", "route:requests:sum")]),
    ("metadata", [("metric", "ALERTS")]),
    ("metadata", [("limit", "0")]),
]

# What both refuse alike.
REFUSED = [
    ("series", []),
    ("series", [("match[]", "up{")]),
    ("series", [("match[]", "{}")]),
    ("series", [("match[]", "up"), ("start", "x")]),
    ("series", [("match[]", "up"), ("end", "2015-07-01")]),
    ("labels", [("match[]", "up{")]),
    ("labels", [("match[]", '{a=~".*"}')]),
    ("labels", [("match[]", "")]),
    ("labels", [("match[]", "sum(up)")]),
    ("labels", [("start", "x"), ("match[]", "up{")]),
    ("label/job/values", [("match[]", "{job=}")]),
    ("label/job/values", [("end", "yesterday")]),
    ("label/%FF/values", []),
    ("query_exemplars", []),
    ("query_exemplars", [("query", "sum(")]),
    ("query_exemplars", [("query", "up"), ("start", "x")]),
    ("query_exemplars", [("query", "up"), ("start", "2"), ("end", "1")]),
    ("metadata", [("limit", "x")]),
]

# What Prometheus 2.42 answers in another way, and why; all but the last are what Prometheus 3 answers as we do.
CUT = ["results truncated due to limit"]
NAMES = [("match[]", "route:requests:sum")]
DIFFERENT = [
    ("it knows no limit of label names", "labels", [*NAMES, ("limit", "1")],
     Answer(200, None, None, ["__name__"], CUT), Answer(200, None, None, ["__name__", "http_route"], None)),
    ("nor what is none", "labels", [*NAMES, ("limit", "x")],
     Answer(400, "bad_data", 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax', None, None),
     Answer(200, None, None, ["__name__", "http_route"], None)),
    ("nor of values", "label/http_route/values", [("limit", "1")],
     Answer(200, None, None, sorted(ROUTES)[:1], CUT), Answer(200, None, None, sorted(ROUTES), None)),
    ("nor of series", "series", [("match[]", "route:requests:sum"), ("limit", "1")],
     Answer(200, None, None, [{"__name__": "route:requests:sum", "http_route": sorted(ROUTES)[0]}], CUT),
     Answer(200, None, None, [{"__name__": "route:requests:sum", "http_route": route} for route in sorted(ROUTES)],
            None)),
    ("nor of the entries of a metric", "metadata", [("metric", "nothing"), ("limit_per_metric", "x")],
     Answer(400, "bad_data", "limit_per_metric must be a number", None, None), Answer(200, None, None, {}, None)),
    ("it takes only classic names of labels", "label/http.route/values", [],
     Answer(200, None, None, [], None), Answer(400, "bad_data", 'invalid label name: "http.route"', None, None)),
    ("and does not undo their escapes", "label/U__http__route/values", [],
     Answer(200, None, None, sorted(ROUTES), None), Answer(200, None, None, [], None)),
    ("it overlooks that a moment is none", "series", [("match[]", "up"), ("start", "NaN"), ("end", "1")],
     Answer(400, "bad_data", "invalid parameter \"start\": Invalid time value for 'start': cannot parse \"NaN\" to a "
                             "valid timestamp", None, None),
     Answer(200, None, None, [], None)),
    ("its scrapes have series of their own", "series", [("match[]", "up")],
     Answer(200, None, None, [], None), None),
]


class CatalogTest(harness.IntegrationTest):
    maxDiff = None

    def start_prometheus(self, target):
        port = harness.free_port()
        config = pathlib.Path(self.directory, "prometheus.yml")
        config.write_text(json.dumps({"scrape_configs": [{
            "job_name": SCRAPED, "scrape_interval": "1s", "scrape_timeout": "1s",
            "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
            # Its samples come by remote write; what they are is read here.
            "metric_relabel_configs": [{"source_labels": ["__name__"], "regex": ".+", "action": "drop"}]}]}))
        self.start("prometheus", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.directory}/data",
                   f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--log.level=warn",
                   "--enable-feature=native-histograms,exemplar-storage")
        harness.eventually(lambda: harness.fetch(port, "/-/ready")[0] == 200, "Prometheus becomes ready")
        return port

    def send_requests(self, port):
        chance = random.Random(1)
        for path in ("/orders/1", "/carts/slow-20", "/carts/2"):
            with harness.Connection(port) as connection:
                trace, span = chance.randrange(1, 1 << 128), chance.randrange(1, 1 << 64)
                connection.send(f"GET {path} HTTP/1.1\r\nHost: a\r\ntraceparent: 00-{trace:032x}-{span:016x}-01\r\n\r\n"
                                .encode())
                connection.response("GET")

    def setUp(self):
        super().setUp()
        api = harness.free_port()
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(json.dumps(RULES))
        self.prometheus = self.start_prometheus(api)
        destination = {"url": f"http://127.0.0.1:{self.prometheus}/api/v1/write", "send_exemplars": True,
                       "send_native_histograms": True, "queue_config": {"batch_send_deadline": "100ms"}}
        sidelight = self.sidelight(
            {"upstream": self.backend().upstream, "routes": ROUTES}, listen=f"127.0.0.1:{api}", interval="500ms",
            rule_files=[str(rules)], exporters={"remote_write": [destination]})
        self.ours = sidelight.metrics_port
        self.send_requests(sidelight.port)
        for path, parameters, count in (("series", [("match[]", "ALERTS")], len(ROUTES)),
                                        ("series", [("match[]", "route:requests:sum")], len(ROUTES)),
                                        ("series", [("match[]", "up")], 1),
                                        ("metadata", [("metric", DURATION)], 1)):
            harness.eventually(lambda p=path, q=parameters, n=count: len(ask(self.prometheus, p, q).data or ()) == n,
                               f"Prometheus has {count} of {path} {parameters}")

    def both(self, path, parameters, post):
        """The answers of the two, as far as they are comparable."""
        ours, theirs = ask(self.ours, path, parameters, post), ask(self.prometheus, path, parameters, post)
        if isinstance(theirs.data, list):
            theirs = theirs._replace(data=without_service(theirs.data))
            if path == "series":
                theirs = theirs._replace(data=by_labels(theirs.data))
        if path == "metadata" and ours.data:
            # Prometheus 2.42 reads no unit from the protobuf format.
            ours = ours._replace(data={name: [{**entry, "unit": ""} for entry in entries]
                                       for name, entries in ours.data.items()})
        return ours, theirs

    def assert_alike(self, path, parameters, post):
        # A question is a request, which makes series of its own that Prometheus gets a moment later.
        pair = ()

        def alike():
            nonlocal pair
            pair = self.both(path, parameters, post)
            return pair[0] == pair[1]
        try:
            harness.eventually(alike, "the same answer")
        except AssertionError:
            self.assertEqual(*pair)
        return pair[0]

    def test_the_same_answers(self):
        for rows, found in ((FOUND, True), (NOTHING, False)):
            for path, parameters in rows:
                for post in (False,) if path.startswith("label/") or path == "metadata" else (False, True):
                    with self.subTest(path=path, parameters=parameters, post=post):
                        answer = self.assert_alike(path, parameters, post)
                        self.assertIn(answer.status, (200, 204))
                        self.assertEqual(bool(answer.data), found)

    def test_everything(self):
        """Without a selector there is also what only Prometheus has."""
        self.assert_alike("labels", [], False)
        for label, more in (("job", {SCRAPED}), ("__name__", SCRAPES)):
            def others():
                ours, theirs = self.both(f"label/{label}/values", [], False)
                return set(theirs.data) - set(ours.data) == more and set(ours.data) <= set(theirs.data)
            harness.eventually(others, f"only {more} are not ours")

    def test_the_same_metadata(self):
        ours, theirs = self.both("metadata", [], False)
        # Each has what was there when it looked.
        for name in ours.data.keys() & theirs.data.keys():
            self.assertEqual(ours.data[name], theirs.data[name], name)
        self.assertGreater(len(ours.data.keys() & theirs.data.keys()), 20)
        units = {name: entries[0]["unit"] for name, entries in ask(self.ours, "metadata", []).data.items()}
        self.assertEqual((units[DURATION], units["process_resident_memory_bytes"]), ("seconds", "bytes"))

    def test_the_same_refusals(self):
        for path, parameters in REFUSED:
            with self.subTest(path=path, parameters=parameters):
                ours, theirs = self.both(path, parameters, False)
                self.assertEqual(ours, theirs)
                self.assertEqual(ours.status, 400)

    def test_the_differences(self):
        for why, path, parameters, ours, theirs in DIFFERENT:
            with self.subTest(why=why, path=path, parameters=parameters):
                pair = self.both(path, parameters, False)
                self.assertEqual(pair[0], ours)
                if theirs is not None:
                    self.assertEqual(pair[1], theirs)
                self.assertNotEqual(*pair)

    def test_promtool_asks(self):
        """As it asks for all times there are: from and to the moments that Go takes for the first and the last."""
        server = f"http://127.0.0.1:{self.ours}"
        routes = sorted(ROUTES)
        for arguments, lines in (
                (("labels", server, "http_route"), routes),
                (("series", "--match=route:requests:sum", server),
                 [f'{{__name__="route:requests:sum", http_route="{route}"}}' for route in routes])):
            done = subprocess.run(["promtool", "query", *arguments], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout.splitlines(), done.stderr), (0, lines, ""), arguments)


if __name__ == "__main__":
    harness.main()
