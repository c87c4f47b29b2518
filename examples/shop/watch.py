#!/usr/bin/python3
"""The live table: what a tap measures, read from /metrics as any scraper would.

Keeps the scrapes of the last seconds and shows, for each route, requests a second, the 50th, 95th and 99th
percentile and the share of requests that failed, over that window. Quantiles come from the classic buckets
as PromQL's histogram_quantile(0.95, rate(...)) computes them.

On a terminal the table is redrawn in place each second; elsewhere it is printed every ten, and at the end.
"""

import argparse
import collections
import math
import re
import signal
import sys
import threading
import time
import urllib.request

METRIC = "http_server_request_duration_seconds"
NO_ERROR = ("", "client_gone")  # a client that left is counted apart
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def parse_samples(text):
    """The samples of a text exposition as (name, labels, value)."""
    for line in text.splitlines():
        match = None if line.startswith("#") else SAMPLE.match(line)
        if match:
            labels = {name: re.sub(r'\\[n"\\]', lambda escape: ESCAPES[escape[0]], value)
                      for name, value in LABEL.findall(match[2] or "")}
            yield match[1], labels, float(match[3])


def bucket_quantile(q, buckets):
    """histogram_quantile over {upper bound: cumulative count}; nan without observations."""
    bounds = sorted(buckets)
    if not bounds or bounds[-1] != math.inf or buckets[math.inf] <= 0:
        return math.nan
    rank = q * buckets[math.inf]
    i = next(i for i, bound in enumerate(bounds) if buckets[bound] >= rank)
    if bounds[i] == math.inf:
        return bounds[i - 1] if i else math.nan
    low, below = (bounds[i - 1], buckets[bounds[i - 1]]) if i else (0.0, 0.0)
    inside = buckets[bounds[i]] - below
    return low + (bounds[i] - low) * ((rank - below) / inside if inside else 0)


class Scrape:
    """The series of one scrape of METRIC: value by ((method, route), error_type or "", le or "count")."""

    def __init__(self, when, text, metric=METRIC):
        self.when = when
        self.values = collections.defaultdict(float)
        for name, labels, value in parse_samples(text):
            if name not in (metric + "_bucket", metric + "_count"):
                continue
            route = (labels.get("http_request_method", ""), labels.get("http_route", "(no route)"))
            le = float(labels["le"]) if "le" in labels else "count"
            self.values[route, labels.get("error_type", ""), le] += value


def rows(scrapes):
    """The table over a window of scrapes, oldest first: (route, per second, {quantile: seconds}, error share)."""
    if len(scrapes) < 2:
        return []
    # What a series gained; one that started over, or is new, gained all that it shows.
    gained = collections.Counter()
    for before, after in zip(scrapes, scrapes[1:]):
        for key, value in after.values.items():
            old = before.values.get(key, 0.0)
            gained[key] += value - old if value >= old else value
    seconds = scrapes[-1].when - scrapes[0].when
    routes = sorted({route for route, _, _ in scrapes[-1].values}, key=lambda route: (route[1], route[0]))
    table = [_row(" ".join(route), [route], gained, seconds) for route in routes]
    return table + [_row("all", routes, gained, seconds)] if len(table) > 1 else table


def _row(name, routes, gained, seconds):
    buckets = collections.Counter()
    count = errors = 0.0
    for (route, error_type, le), value in gained.items():
        if route not in routes:
            continue
        if le == "count":
            count += value
            errors += value if error_type not in NO_ERROR else 0
        else:
            buckets[le] += value
    quantiles = {q: bucket_quantile(q, buckets) for q in (0.50, 0.95, 0.99)}
    return name, count / seconds, quantiles, errors / count if count else math.nan


def render(table):
    width = max([len(row[0]) for row in table] + [30])
    lines = [f"{'route':<{width}} {'req/s':>8} {'p50':>9} {'p95':>9} {'p99':>9} {'errors':>8}"]
    for name, rate, quantiles, errors in table:
        cells = " ".join(f"{format_seconds(value):>9}" for value in quantiles.values())
        lines.append(f"{name:<{width}} {rate:>8.1f} {cells} {'-' if math.isnan(errors) else f'{errors:.2%}':>8}")
    return "\n".join(lines if table else lines + ["(no requests yet)"])


def format_seconds(seconds):
    if math.isnan(seconds):
        return "-"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def fetch(url):
    request = urllib.request.Request(url, headers={"Accept": "text/plain; version=0.0.4"})
    with urllib.request.urlopen(request, timeout=2) as response:
        return response.read().decode("utf-8")


class Screen:
    """Where tables go: over the last one on a terminal, below it elsewhere."""

    def __init__(self, out):
        self._out = out
        self._terminal = out.isatty()
        self._lines = 0
        self.rhythm = 1.0 if self._terminal else 10.0  # seconds from table to table

    def show(self, text):
        if self._terminal and self._lines:
            self._out.write(f"\x1b[{self._lines}A\x1b[J")
        self._out.write(text + ("\n" if self._terminal else "\n\n"))
        self._out.flush()
        self._lines = text.count("\n") + 1


def watch(url, window, seconds, screen, stopped):
    """Until `stopped` or for so many seconds; 1 when the last scrape failed."""
    scrapes = collections.deque()
    end = time.monotonic() + seconds
    next_table = time.monotonic() + min(screen.rhythm, 3)
    text, failure = render([]), None
    while not stopped.is_set() and time.monotonic() < end:
        now = time.monotonic()
        try:
            scrapes.append(Scrape(now, fetch(url)))
            while scrapes[-1].when - scrapes[0].when > window:
                scrapes.popleft()
            failure = None
        except (OSError, ValueError) as error:
            failure = f"{url} cannot be read: {error}"
        text = failure or render(rows(list(scrapes)))
        if time.monotonic() >= next_table:
            screen.show(text)
            next_table += screen.rhythm
        stopped.wait(max(0.0, min(now + 1, end) - time.monotonic()))
    screen.show(text)
    return 1 if failure else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:9464/metrics")
    parser.add_argument("--window", type=float, default=10, help="seconds that the table looks back")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so many; until Ctrl-C otherwise")
    args = parser.parse_args()
    stopped = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stopped.set())
    return watch(args.url, args.window, args.seconds, Screen(sys.stdout), stopped)


if __name__ == "__main__":
    sys.exit(main())
