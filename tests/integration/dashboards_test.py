#!/usr/bin/python3
"""Every query of every dashboard in dashboards/grafana, as Grafana would send it, to the real Prometheus of two demos
that have run for two minutes, one in each naming style: which panels show nothing? And to Sidelight itself, which is a
data source as well: does our PromQL take every expression, and does it find the same series?

    SIDELIGHT_DASHBOARDS_SECONDS=30 ...dashboards_test.py    so long instead of two minutes, for a look in between
    SIDELIGHT_DASHBOARDS=FOLDER ...dashboards_test.py        other dashboards
"""

import collections
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import time
import unittest
import urllib.request

import grafana_dashboards as grafana
import harness

ROOT = harness.SHOP.parents[1]
FOLDER = pathlib.Path(os.environ.get("SIDELIGHT_DASHBOARDS", ROOT / "dashboards" / "grafana"))
SECONDS = float(os.environ.get("SIDELIGHT_DASHBOARDS_SECONDS", "120"))
INCIDENT_BEGINS = 60  # seconds after the demo's start
SHOWN_SECONDS = 60  # what the dashboards show: the last minute
SCRAPED_EVERY, SAMPLED_EVERY = 1, 5  # seconds, by the demo's Prometheus and by Sidelight
# What Sidelight as a data source cannot have, and why: a part of the expression, and the reason.
NOT_IN_SIDELIGHT = {"scrape_duration_seconds": "is known to who scrapes; nobody scrapes what Sidelight measures itself"}
# Which dashboards are for which demo; those in `both` are for every one.
STYLES = {"otel": ("otel", "both"), "plain": ("plain", "both")}


class Demo:
    """script/demo in one naming style. It prints what it listens on."""

    def __init__(self, test, naming):
        self.naming = naming
        scratch = pathlib.Path(test.directory, naming)
        scratch.mkdir(mode=0o711)
        self._process = test.start(f"demo-{naming}", "setsid", "env", f"SIDELIGHT_PROGRAM={os.environ['SIDELIGHT']}",
                                   f"TMPDIR={scratch}", ROOT / "script" / "demo", "--naming", naming)
        test.addCleanup(self._end)
        shows_table = "==> the last 10 seconds"
        harness.eventually(lambda: shows_table in self.log() or not self._process.running(), "the demo has started", 300)
        test.assertIn(shows_table, self.log())
        test.assertNotIn("==> left out", self.log())
        self.started = time.monotonic()
        self.metrics_port, self.shop_port = self._port("what Sidelight measures"), self._port("the shop, directly")
        self.prometheus = grafana.Source("Prometheus", self._port("Prometheus"))
        self.sidelight = grafana.Source("Sidelight", self.metrics_port)

    def log(self):
        return self._process.log()

    def post(self, port, path, body=b""):
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, method="POST"),
                               timeout=60).close()

    def _port(self, name):
        return int(re.search(rf"{name} +http://127\.0\.0\.1:(\d+)", self.log())[1])

    def _end(self):
        """It ends all that it has started, which takes longer than the harness would wait."""
        if self._process.running():
            self._process.send(signal.SIGTERM)
            self._process.wait(300)


def dashboards(*folders):
    return [grafana.Dashboard(path) for folder in folders for path in sorted((FOLDER / folder).glob("*.json"))]


class GrafanaTest(unittest.TestCase):
    """What stands in for Grafana does as Grafana does."""

    def test_interpolation(self):
        values = {"one": grafana.Chosen(["a'b.c"]), "many": grafana.Chosen(["/orders/{id}", "a.b"], many=True),
                  "single": grafana.Chosen(["a\\b"], many=True), "all": grafana.Chosen(["a", "b"], True, ".*"),
                  "prefix": grafana.Chosen(["shop"]), "__interval": "5s"}
        table = [
            ('{a="$one"}', '{a="a\\\\\'b.c"}'),
            ('{a=~"$many"}', '{a=~"(/orders/\\\\{id\\\\}|a\\\\.b)"}'),
            ('{a=~"${many:regex}"}', r'{a=~"(\/orders\/\{id\}|a\.b)"}'),
            ('{a=~"$single"}', '{a=~"a\\\\\\\\b"}'),
            ('{a=~"$all"}', '{a=~".*"}'),
            ("rate(${prefix}_total[$__interval])", "rate(shop_total[5s])"),
            ("[[prefix]] ${many:pipe} ${many:csv}", "shop /orders/{id}|a.b /orders/{id},a.b"),
            ('label_replace(x, "a", "$1", "b", "(.*)")', 'label_replace(x, "a", "$1", "b", "(.*)")'),
        ]
        for text, wanted in table:
            self.assertEqual(grafana.interpolate(text, values), wanted, text)
        with self.assertRaisesRegex(grafana.DashboardError, "no variable 'nobody'"):
            grafana.interpolate("$nobody", values)

    def test_intervals(self):
        hour = 3600
        table = [(1, "", "1s", "4s", 1), (15, "", "15s", "60s", 15), (15, "1m", "60s", "75s", 60),
                 (5, ">2m", "120s", "125s", 120)]
        for scraped, shortest, interval, rate_interval, step in table:
            time_range = grafana.TimeRange(0, hour, scraped)
            values = time_range.values(shortest)
            self.assertEqual((values["__interval"], values["__rate_interval"], time_range.step(shortest)),
                             (interval, rate_interval, step), (scraped, shortest))
            self.assertEqual((values["__range"], values["__range_ms"]), ("3600s", "3600000"))

    def test_a_variables_expression(self):
        names = ["shop_requests_total", "other_total", "a_requests_total"]
        table = [("", names), ("/^(.+)_requests_total$/", ["shop", "a"]), ("/other/", ["other"])]
        for expression, wanted in table:
            self.assertEqual(grafana.filtered(names, expression), wanted, expression)

    def test_selectors(self):
        table = [('rate(a_total{job=~".*",le="0.5"}[4s]) / b{}', [("a_total", ["job", "le"]), ("b", [])]),
                 (r'a{x!~"}\"{y=",z!="1"} and on (q) slo:b:rate5m{w="{id}"}',
                  [("a", ["x", "z"]), ("slo:b:rate5m", ["w"])])]
        for expression, wanted in table:
            self.assertEqual(grafana.selectors(expression), wanted, expression)


class FormTest(unittest.TestCase):
    def test_queries_are_well_formed(self):
        found = dashboards("otel", "plain", "both")
        self.assertTrue(found, f"no dashboard in {FOLDER}")
        faults = [fault for dashboard in found for fault in dashboard.faults()]
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    def test_every_dashboard_is_looked_at(self):
        wanted = sorted(FOLDER.rglob("*.json"))
        self.assertEqual(sorted(dashboard.path for dashboard in dashboards("otel", "plain", "both")), wanted)


class DataTest(harness.IntegrationTest):
    def test_every_query_has_data(self):
        # One after the other, so that they look for free ports one after the other.
        os.chmod(self.directory, 0o711)  # PostgreSQL runs as a user of its own.
        demos = [Demo(self, naming) for naming in STYLES]
        for demo in demos:
            self.live_through(demo)
        for demo in demos:
            with self.subTest(naming=demo.naming):
                self.look(demo)

    def live_through(self, demo):
        """Two minutes in the life of a team: an incident, which the demo brings, and a reload."""
        if SECONDS < INCIDENT_BEGINS + 30:
            fault = {"path": "/api/v1/users", "latency_ms": 250, "error_rate": 0.3, "seconds": SECONDS}
            demo.post(demo.shop_port, "/admin/fault", json.dumps(fault).encode())
        demo.post(demo.metrics_port, "/-/reload")

    def look(self, demo):
        time.sleep(max(0.0, demo.started + SECONDS - time.monotonic()))
        now = time.time()
        found = dashboards(*STYLES[demo.naming])
        for source, interval in ((demo.prometheus, SCRAPED_EVERY), (demo.sidelight, SAMPLED_EVERY)):
            with self.subTest(source=source.name):
                self.assert_data(demo, found, source, grafana.TimeRange(now - SHOWN_SECONDS, now, interval))
        with self.subTest("metrics and labels"):
            self.assert_metrics_exist(demo, found, grafana.TimeRange(now - SHOWN_SECONDS, now, SCRAPED_EVERY))
        with self.subTest("the same series"):
            self.assert_same_series(demo, found, now)

    def assert_data(self, demo, found, source, time_range):
        empty, zeros, asked = [], [], 0
        for dashboard in found:
            options = grafana.Options(dashboard, source, time_range)
            empty += options.empty
            for query in grafana.queries(dashboard, options, time_range):
                asked += 1
                reason = query.missing(source, time_range)
                if reason and not (source is demo.sidelight and known_to_lack(query)):
                    empty.append(f"{query}\n    {reason}")
                elif query.shows_only_zeros(source, time_range):
                    zeros.append(query.place)
        print(f"naming {demo.naming}, {source.name}: {len(found)} dashboards, {asked} queries, {len(empty)} without "
              f"data, {len(zeros)} with zeros only{': ' if zeros else ''}{'; '.join(zeros)}", flush=True)
        self.assertEqual(len(empty), 0, f"{source.name} has no data for:\n" + "\n".join(empty))

    def assert_metrics_exist(self, demo, found, time_range):
        """Each selector names a metric that Prometheus has, and labels that it has: a typo, which finds nothing, may
        hide behind `or vector(0)`."""
        labels = collections.defaultdict(set)
        for series in demo.prometheus.ask("series", **{"match[]": '{__name__=~".+"}'}, start=time_range.start,
                                          end=time_range.end):
            labels[series["__name__"]].update(series)
        unknown = set()
        for dashboard in found:
            options = grafana.Options(dashboard, demo.prometheus, time_range)
            for query in grafana.queries(dashboard, options, time_range):
                for metric, matched in grafana.selectors(query.expression):
                    # Of a histogram that is asked for as a native one, the demo's Prometheus has the classic ones.
                    known = labels.get(metric) or labels.get(metric + "_count", set())
                    if not known:
                        unknown.add(f"{query.place}: {metric}")
                    else:
                        unknown.update(f"{query.place}: {metric} with the label {name}" for name in matched
                                       if name not in known)
        self.assertEqual(len(unknown), 0, "Prometheus does not know:\n" + "\n".join(sorted(unknown)))

    def assert_same_series(self, demo, found, now):
        """Sidelight finds the series that Prometheus finds, with labels of the same names. It may have more of them: it
        sees the first step of a new counter, which Prometheus takes for its beginning."""
        time_range = grafana.TimeRange(now - SHOWN_SECONDS, now, SAMPLED_EVERY)
        harness.eventually(lambda: sampled_at(demo.sidelight) > now, "Sidelight has sampled what it is asked for")
        # Sampled less often, it may see what happens a sampling later, or leave out the first one of a window.
        wider = grafana.TimeRange(now - SHOWN_SECONDS - 4 * SAMPLED_EVERY, now + SAMPLED_EVERY, SAMPLED_EVERY)
        different, asked = [], 0
        for dashboard in found:
            options = grafana.Options(dashboard, demo.prometheus, time_range)
            for query in grafana.queries(dashboard, options, time_range):
                if query.kind == "exemplars" or known_to_lack(query):
                    continue
                try:
                    theirs = query.over_time(demo.prometheus, time_range)
                    ours = query.over_time(demo.sidelight, wider)
                except grafana.QueryError as error:
                    different.append(f"{query}\n    {error}")
                    continue
                if any("histograms" in series for series in ours):
                    continue  # Native ones, which the demo's Prometheus does not take; it gave the classic ones.
                asked += 1
                different += differences(query, label_sets(theirs), label_sets(ours))
        print(f"naming {demo.naming}: {asked} queries, {len(different)} with other series in Sidelight", flush=True)
        self.assertEqual(len(different), 0, "other series than Prometheus:\n" + "\n".join(different))


def sampled_at(source):
    """When it last measured something, in seconds since 1970."""
    (series,) = source.ask("query", query="timestamp(sidelight_samplings_total)")["result"]
    return float(series["value"][1])


def differences(query, theirs, ours):
    def names(label_set):
        return {name for name, _ in label_set}

    missing = theirs - ours
    other = [label_set for label_set in ours if names(label_set) not in map(names, theirs)]
    if missing or other:
        yield f"{query}\n    only Prometheus: {sorted(missing)}\n    other labels in Sidelight: {sorted(other)}"


def label_sets(found):
    """The labels of each series. The instance is the target's address to one source, the host's name to the other."""
    return {tuple((name, "ours" if name == "instance" else value) for name, value in sorted(series["metric"].items()))
            for series in found}


def known_to_lack(query):
    for part, reason in NOT_IN_SIDELIGHT.items():
        if part in query.expression:
            print(f"left out for Sidelight: {query.place}: {part} {reason}", flush=True)
            return True
    return False


def needed():
    """Ends the program as skipped when the demo would leave something out."""
    missing = [program for program in ("prometheus", "prometheus-alertmanager", "redis-server")
               if not shutil.which(program)]
    missing += [f"python3-{module}" for module in ("psycopg2", "redis") if not importlib.util.find_spec(module)]
    if not list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")) and not shutil.which("initdb"):
        missing.append("postgresql")
    if missing:
        print(f"skipped: not installed: {', '.join(missing)} (script/bootstrap demo installs them)")
        sys.exit(77)


if __name__ == "__main__":
    needed()
    harness.main()
