#!/usr/bin/python3
"""Asks Prometheus for what Sidelight measured of the shop, as the end of the demo. Fails when something is missing.

With --naming plain it also compares the four metrics of the shop's own list with what was promised: type and labels,
exactly.
"""

import argparse
import json
import sys
import time
import urllib.parse
import urllib.request

# What is asked: a title, the part that must run for it, the query, the unit of the answer.
QUESTIONS = {
    "otel": [
        ("p95 by route", "api",
         "histogram_quantile(0.95, sum by (http_request_method, http_route, le) "
         "(rate(http_server_request_duration_seconds_bucket[30s])))", "ms"),
        ("hit ratio by keyspace", "cache", "sum by (cache_keyspace) (cache_hit_ratio)", "%"),
        ("p95 by query", "database",
         "histogram_quantile(0.95, sum by (db_query_summary, le) "
         '(rate(db_client_operation_duration_seconds_bucket{db_system_name="postgresql"}[30s])))', "ms"),
    ],
    "plain": [
        ("p95 by route", "api",
         "histogram_quantile(0.95, sum by (method, endpoint, le) "
         "(rate(feature_api_duration_seconds_bucket[30s])))", "ms"),
        ("hit ratio", "cache", "feature_cache_hit_ratio", "%"),
        ("p95 by query", "database",
         "histogram_quantile(0.95, sum by (query, le) "
         "(rate(feature_database_query_duration_seconds_bucket[30s])))", "ms"),
    ],
}
# The shop's own list: the part, the metric, its type, its labels.
PROMISED = [
    ("api", "feature_api_requests_total", "counter", ("method", "endpoint", "status_code")),
    ("api", "feature_api_duration_seconds", "histogram", ("method", "endpoint")),
    ("database", "feature_database_connections", "gauge", ()),
    ("cache", "feature_cache_hit_ratio", "gauge", ()),
]
TARGET_LABELS = {"__name__", "job", "instance"}  # what Prometheus adds


def ask(prometheus, path, **parameters):
    url = f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]


def series(prometheus, query):
    """[(labels, value)] of an instant query, in order; values that are no number are left out."""
    found = [({k: v for k, v in sample["metric"].items() if k not in TARGET_LABELS},
              float(sample["value"][1]) if "value" in sample else 0.0)
             for sample in ask(prometheus, "query", query=query)["result"]]
    return sorted(((labels, value) for labels, value in found if value == value), key=lambda pair: str(pair[0]))


def soon(question):
    """What `question` gives once it gives something: a short demo may end before the scrapes that rate() needs."""
    for _ in range(20):
        found = question()
        if found:
            return found
        time.sleep(0.5)
    return found


def promise_kept(prometheus, metric, kind, labels):
    """Prints whether Prometheus has the metric just so, and returns it."""
    found = soon(lambda: series(prometheus, f"{metric}_count" if kind == "histogram" else metric))
    have_labels = sorted({tuple(sorted(found_labels)) for found_labels, _ in found})
    family = metric.removesuffix("_total")  # what OpenMetrics calls a counter as a whole
    have_kinds = sorted({entry["type"] for entry in ask(prometheus, "metadata", metric=family).get(family, [])})
    kept = have_labels == [tuple(sorted(labels))] and have_kinds == [kind]
    written = f"{metric}{{{','.join(labels)}}}" if labels else metric
    print(f"    {kind:<9} {written}: " + (f"{len(found)} series" if kept
                                          else f"not as promised: type {have_kinds}, labels {have_labels}"))
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:9090")
    parser.add_argument("--naming", choices=sorted(QUESTIONS), default="otel", help="how the taps name their series")
    parser.add_argument("--parts", default="api,cache,database", help="the taps that run")
    args = parser.parse_args()
    parts = args.parts.split(",")
    answered = True
    for title, part, query, unit in QUESTIONS[args.naming]:
        if part not in parts:
            continue
        found = soon(lambda: series(args.url, query))
        print(f"{title}:" + ("" if found else " Prometheus has nothing"))
        for labels, value in found:
            name = " ".join(labels[key] for key in sorted(labels, key=lambda key: ("method" not in key, key))) or "all"
            shown = f"{value * 1e3:.1f} ms" if unit == "ms" else f"{value:.1%}"
            print(f"    {name:<30} {shown:>9}")
        answered = answered and bool(found)
    if args.naming == "plain":
        print("the metrics of the shop's own list:")
        kept = [promise_kept(args.url, *promise) for part, *promise in PROMISED if part in parts]
        answered = answered and all(kept)
    return 0 if answered else 1


if __name__ == "__main__":
    sys.exit(main())
