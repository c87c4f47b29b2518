"""Prometheus' text format, and what PromQL would make of two scrapes of it."""

import collections
import math
import re

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
    """All samples of one moment."""

    def __init__(self, when, text):
        self.when = when
        self._values = collections.defaultdict(dict)  # name to {labels: value}
        for name, labels, value in parse_samples(text):
            self._values[name][tuple(labels.items())] = value

    def series(self, name):
        """The samples of a metric as (labels, value)."""
        return [(dict(labels), value) for labels, value in self._values[name].items()]

    def increase(self, before, name):
        """What each series of a metric gained since the scrape `before`, as (labels, value)."""
        # One that started over, or is new, gained all that it shows.
        old = before._values.get(name, {})
        return [(dict(labels), value - old[labels] if value >= old.get(labels, math.inf) else value)
                for labels, value in self._values.get(name, {}).items()]


def increases(scrapes, name):
    """What each series of a counter gained over the scrapes, oldest first, as (labels, value)."""
    return [pair for before, after in zip(scrapes, scrapes[1:]) for pair in after.increase(before, name)]
