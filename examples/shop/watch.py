#!/usr/bin/python3
"""The live table: what the taps measure, read from /metrics as any scraper would.

Keeps the scrapes of the last seconds and shows over that window: for each route and for the queries that took most
of the time how many there were a second, the 50th, 95th and 99th percentile, and the share that failed; for each group
of cached keys the hit ratio; and which connections to the database are open now. Beside them are the targets. Quantiles
come from the classic buckets as PromQL's histogram_quantile(0.95, rate(...)) computes them.

On a terminal the table is redrawn in place each second; elsewhere it is printed every ten, and at the end.
"""

import argparse
import collections
import dataclasses
import math
import re
import shutil
import signal
import sys
import threading
import time
import typing
import urllib.request

import exposition

TARGETS = {"api_p95": 0.2, "database_p95": 0.05, "hit_ratio": 0.8}
MAX_QUERIES = 5  # so that all fits into a terminal of 24 lines
NAME_WIDTH = 30


@dataclasses.dataclass
class Naming:
    """What the series are called: the metrics, what names a row of each, and which are errors."""

    requests: str  # histogram
    route: typing.Callable
    request_count: str
    request_failed: typing.Callable
    lookups: str
    keyspace: str
    result: str
    queries: str  # histogram
    query: typing.Callable
    query_failed: typing.Callable
    connections: str
    state: str


def has_error_type(labels):
    return labels.get("error_type", "") not in ("", "client_gone")  # a client that left is counted apart


NAMINGS = {
    "otel": Naming(
        requests="http_server_request_duration_seconds",
        route=lambda labels: f"{labels.get('http_request_method', '')} {labels.get('http_route', '(no route)')}",
        request_count="http_server_request_duration_seconds_count",
        request_failed=has_error_type,
        lookups="cache_requests_total", keyspace="cache_keyspace", result="cache_result",
        queries="db_client_operation_duration_seconds",
        query=lambda labels: (labels.get("db_system_name") == "postgresql"
                              and (labels.get("db_query_summary") or labels.get("db_operation_name", "(unknown)"))),
        query_failed=has_error_type,
        connections="db_client_connection_count", state="db_client_connection_state"),
    "plain": Naming(
        requests="feature_api_duration_seconds",
        route=lambda labels: f"{labels['method']} {labels['endpoint']}",
        request_count="feature_api_requests_total",
        request_failed=lambda labels: labels["status_code"].startswith("5"),
        lookups="feature_cache_requests_total", keyspace="keyspace", result="result",
        queries="feature_database_query_duration_seconds",
        query=lambda labels: labels["query"],
        query_failed=lambda labels: labels["status"] not in ("ok", "client_gone"),
        connections="feature_database_connections", state="state"),
}


class Timed:
    """One row of durations."""

    def __init__(self, name):
        self.name = name
        self.count = self.errors = self.seconds = 0.0
        self.buckets = collections.Counter()

    def add(self, other):
        self.count += other.count
        self.errors += other.errors
        self.seconds += other.seconds
        self.buckets.update(other.buckets)

    def quantile(self, q):
        return exposition.bucket_quantile(q, self.buckets)

    def render(self, window):
        times = "".join(f"{format_seconds(self.quantile(q)):>10}" for q in (0.50, 0.95, 0.99))
        return f"{fit(self.name)}{self.count / window:>9.1f}{times}{format_share(self.errors, self.count):>9}"


def timed_rows(scrapes, histogram, name_of, counter, failed):
    """The rows of a histogram, by name. What `name_of` gives no name is left out."""
    rows = {}

    def row(labels):
        name = name_of(labels)
        return rows.setdefault(name, Timed(name)) if name else Timed("")

    for labels, value in exposition.increases(scrapes, histogram + "_bucket"):
        row(labels).buckets[float(labels["le"])] += value
    for labels, value in exposition.increases(scrapes, histogram + "_sum"):
        row(labels).seconds += value
    for labels, value in exposition.increases(scrapes, counter):
        # A counter that has no row of its own counts what was not timed.
        row(labels).count += value
        row(labels).errors += value if failed(labels) else 0
    return [rows[name] for name in sorted(rows, key=by_object)]


def by_object(name):
    """Sorts "GET /a" and "SELECT orders" by what they are about."""
    verb, _, target = name.partition(" ")
    return target, verb


def total(rows, name="all"):
    everything = Timed(name)
    for row in rows:
        everything.add(row)
    return everything


def timed_table(title, unit, rows, shown, target, window):
    """Lines of a table; of `rows` those in `shown`."""
    lines = [f"{title:<{NAME_WIDTH}}{unit:>9}{'p50':>10}{'p95':>10}{'p99':>10}{'errors':>9}"]
    lines += [row.render(window) for row in shown]
    hidden = len(rows) - len(shown)
    everything = total(rows, f"all, with {hidden} more" if hidden else "all")
    p95 = everything.quantile(0.95)
    return lines + [everything.render(window) + verdict(f"p95 < {target * 1e3:.0f} ms", p95, p95 < target)]


def http_table(scrapes, naming, window):
    rows = timed_rows(scrapes, naming.requests, naming.route, naming.request_count, naming.request_failed)
    if not rows:
        return ["(no requests yet)"]
    return timed_table("HTTP", "req/s", rows, rows, TARGETS["api_p95"], window)


def database_table(scrapes, naming, window):
    rows = timed_rows(scrapes, naming.queries, naming.query, naming.queries + "_count", naming.query_failed)
    rows = [row for row in rows if row.count]
    longest = sorted(rows, key=lambda row: row.seconds, reverse=True)[:MAX_QUERIES]
    lines = timed_table("PostgreSQL", "queries/s", rows, [row for row in rows if row in longest],
                        TARGETS["database_p95"], window)
    open_now = ", ".join(f"{value:.0f} {labels.get(naming.state, 'open').replace('_', ' ')}"
                         for labels, value in scrapes[-1].series(naming.connections))
    return lines + [f"{fit('connections now')}  {open_now}"]


def cache_table(scrapes, naming, window):
    keyspaces = collections.defaultdict(collections.Counter)
    for labels, value in exposition.increases(scrapes, naming.lookups):
        for name in (labels.get(naming.keyspace, "(none)"), "all"):
            keyspaces[name][labels[naming.result]] += value
    lines = [f"{'Redis':<{NAME_WIDTH}}{'lookups/s':>9}{'hits/s':>10}{'misses/s':>10}{'':>10}{'hit ratio':>9}"]
    for name in sorted(keyspaces, key=lambda name: (name == "all", name)):
        hits, lookups = keyspaces[name]["hit"], keyspaces[name].total()
        lines.append(f"{fit(name)}{lookups / window:>9.1f}{hits / window:>10.1f}{(lookups - hits) / window:>10.1f}"
                     f"{'':>10}{format_share(hits, lookups, 1):>9}")
        if name == "all" and lookups:
            target = TARGETS["hit_ratio"]
            lines[-1] += verdict(f"hits > {target:.0%}", hits / lookups, hits / lookups > target)
    return lines


def render(scrapes, naming):
    """The tables over a window of scrapes, oldest first; those of which there is something to show."""
    if len(scrapes) < 2:
        return "(no requests yet)"
    window = scrapes[-1].when - scrapes[0].when
    tables = [http_table(scrapes, naming, window)]
    if scrapes[-1].series(naming.lookups):
        tables.append(cache_table(scrapes, naming, window))
    if scrapes[-1].series(naming.connections):
        tables.append(database_table(scrapes, naming, window))
    return "\n\n".join("\n".join(table) for table in tables)


def fit(name):
    return f"{name if len(name) < NAME_WIDTH else name[:NAME_WIDTH - 2] + '~':<{NAME_WIDTH}}"


def verdict(target, value, met):
    return "" if math.isnan(value) else f"  {target}: {'met' if met else 'missed'}"


def format_seconds(seconds):
    if math.isnan(seconds):
        return "-"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def format_share(part, whole, digits=2):
    return f"{part / whole:.{digits}%}" if whole else "-"


def fetch(url):
    request = urllib.request.Request(url, headers={"Accept": "text/plain; version=0.0.4"})
    with urllib.request.urlopen(request, timeout=2) as response:
        return response.read().decode("utf-8")


class Screen:
    """Where tables go: over the last one on a terminal, in colour and cut to its size; below it elsewhere."""

    PAINT = [(re.compile(r"^(HTTP|Redis|PostgreSQL) .*", re.MULTILINE), "\x1b[1m"),
             (re.compile(r"\bmet$", re.MULTILINE), "\x1b[32m"), (re.compile(r"\bmissed$", re.MULTILINE), "\x1b[1;31m")]

    def __init__(self, out):
        self._out = out
        self._terminal = out.isatty()
        self._lines = 0
        self.rhythm = 1.0 if self._terminal else 10.0  # seconds from table to table

    def show(self, text):
        if not self._terminal:
            self._out.write(text + "\n\n")
            self._out.flush()
            return
        # A line that wraps, or one that scrolled away, could not be drawn over.
        columns, rows = shutil.get_terminal_size((100, 24))
        lines = [line[:columns] for line in text.split("\n")[:rows - 1]]
        text = "\n".join(lines)
        for pattern, code in self.PAINT:
            text = pattern.sub(lambda match, code=code: f"{code}{match[0]}\x1b[0m", text)
        back = f"\x1b[{self._lines}A\x1b[J" if self._lines else ""
        self._out.write(back + text + "\n")
        self._out.flush()
        self._lines = len(lines)


def watch(url, naming, window, seconds, screen, stopped):
    """Until `stopped` or for so many seconds; 1 when the last scrape failed."""
    scrapes = collections.deque()
    end = time.monotonic() + seconds
    next_table = time.monotonic() + min(screen.rhythm, 3)
    text, failure = render([], naming), None
    while not stopped.is_set() and time.monotonic() < end:
        now = time.monotonic()
        try:
            scrapes.append(exposition.Scrape(now, fetch(url)))
            while scrapes[-1].when - scrapes[0].when > window:
                scrapes.popleft()
            failure = None
        except (OSError, ValueError) as error:
            failure = f"{url} cannot be read: {error}"
        text = failure or render(list(scrapes), naming)
        if time.monotonic() >= next_table:
            screen.show(text)
            next_table += screen.rhythm
        stopped.wait(max(0.0, min(now + 1, end) - time.monotonic()))
    screen.show(text)
    return 1 if failure else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:9464/metrics")
    parser.add_argument("--naming", choices=sorted(NAMINGS), default="otel", help="how the taps name their series")
    parser.add_argument("--window", type=float, default=10, help="seconds that the table looks back")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so many; until Ctrl-C otherwise")
    args = parser.parse_args()
    stopped = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stopped.set())
    return watch(args.url, NAMINGS[args.naming], args.window, args.seconds, Screen(sys.stdout), stopped)


if __name__ == "__main__":
    sys.exit(main())
