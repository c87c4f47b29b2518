"""The first look: is the service well, and if not, where to look next."""

import targets
from dashboard import dashboard
from panels import RED, Column, alert_list, graph, legend, now, number, query, row, steps, table
from promql import or_zero, series, total

RANKS = {"P50": 0.5, "P95": 0.95, "P99": 0.99}


def _alerts_of_the_source(states):
    return f'ALERTS{{alertstate=~"{states}",job=~"$job"}}'


def _numbers(v):
    firing = total(series("sidelight_alerts", 'state="firing"'))
    firing_there = f"count({_alerts_of_the_source('firing')})"
    return [
        number("Requests", "Requests a second that have ended, those whose client left among them.", "reqps",
               now(or_zero(total(v.http.rate())), "requests"), decimals=1),
        number("Error rate",
               "Failed requests as a share of those whose client waited for the answer. No value: there was none.",
               "percentunit", now(v.http.error_ratio(), "errors"), decimals=2, target=targets.ERRORS,
               runbooks=["HttpErrorRateHigh"]),
        number("Latency, P95", "95% of the requests took no longer.", "s", now(v.http.quantile(0.95), "P95"),
               target=targets.LATENCY, runbooks=["HttpLatencyHigh"]),
        number("Cache hit ratio", "Hits as a share of what was looked up, in all caches together.", "percentunit",
               now(v.hits(), "hits"), decimals=1, target=targets.HITS, runbooks=["CacheHitRatioLow"]),
        number("Database, P95", "95% of the queries took no longer.", "s", now(v.database.quantile(0.95), "P95"),
               target=targets.DATABASE, runbooks=["PostgresLatencyHigh"]),
        number("Alerts firing",
               "Alerts of the rules that Sidelight evaluates, and those that this data source has in ALERTS. What is "
               "evaluated in both counts in both.",
               "short", now(or_zero(firing), "Sidelight"), now(or_zero(firing_there), "data source"),
               thresholds=steps((1, RED))),
    ]


def _requests(v):
    by = (v.method, v.route)
    quantiles = [Column(name, "s", v.http.quantile(rank, *by), target=targets.LATENCY if name == "P95" else None)
                 for name, rank in RANKS.items()]
    this_route = (f"/d/{v.uid('http')}?${{__url_time_range}}&${{__all_variables}}"
                  "&var-route=${__value.raw:percentencode}")
    return [
        row("Requests"),
        graph("Rate", "Requests a second by status.", "reqps", v.statuses(total(v.http.rate(), v.status)), stacked=True,
              width=8),
        graph("Errors", "Failed requests as a share, by route.", "percentunit", v.routes(v.http.error_ratio(v.route)),
              target=targets.ERRORS, width=8, runbooks=["HttpErrorRateHigh", "HttpAnswersCutOff"]),
        graph("Duration", "Quantiles of all requests. Points are exemplars, which lead to their traces.", "s",
              *(query(v.http.quantile(rank), name, exemplars=name == "P95") for name, rank in RANKS.items()),
              target=targets.LATENCY, width=8, runbooks=["HttpLatencyHigh"]),
        table("Routes", "A row for each method and route. A route leads to its own dashboard.",
              {v.method: "Method", v.route: "Route"},
              Column("Requests", "reqps", total(v.http.rate(), *by)),
              Column("Errors", "percentunit", v.http.error_ratio(*by), target=targets.ERRORS, decimals=2),
              *quantiles, links={"Route": ("This route", this_route)}),
    ]


def _stores(v):
    return [
        row("Caches and database"),
        graph("Hit ratio by keyspace", "Hits as a share of what was looked up.", "percentunit",
              query(v.hits(v.keyspace), legend(v.keyspace)), target=targets.HITS, high=1, width=8,
              runbooks=["CacheHitRatioLow", "CacheHitRatioDropped"]),
        graph("Database, P95 by query", "95% of the queries of a kind took no longer.", "s",
              v.queries(v.database.quantile(0.95, v.query)), target=targets.DATABASE, width=8,
              runbooks=["PostgresLatencyHigh"]),
        graph("Database, errors", "Failed queries as a share of those that were waited for.", "percentunit",
              query(v.database.error_ratio(), "errors"), target=targets.ERRORS, width=8,
              runbooks=["PostgresErrorRateHigh"]),
    ]


def _alerts():
    labels = {"alertname": "Alert", "alertstate": "State", "severity": "Severity", "job": "Service"}
    return [
        row("Alerts"),
        table("Alerts",
              "What this data source has in ALERTS: of a Prometheus' own rules, or of Sidelight's, when it is the data "
              "source or sends its samples there. An alert's name leads to its runbook.",
              labels, Column("Alerts", "short", total(_alerts_of_the_source("pending|firing"), *labels)),
              links={"Alert": ("Runbook", "${runbooks}/${__value.raw}.md")}, nothing="No alerts", width=12, height=8),
        alert_list("Grafana's alerts",
                   "Alerts of Grafana's own rules and of data sources with rules, of the chosen services."),
    ]


def _deployment(v):
    by = ("job", "instance")
    started = f"{series('process_start_time_seconds')} and on (job, instance) {series('sidelight_build_info')}"
    return [
        row("Deployment"),
        table("Instances", "A row for each instance: how the pods compare, while a new version comes and after.",
              {"job": "Service", "instance": "Instance"},
              Column("Requests", "reqps", total(v.http.rate(), *by)),
              Column("Errors", "percentunit", v.http.error_ratio(*by), target=targets.ERRORS, decimals=2),
              Column("P95", "s", v.http.quantile(0.95, *by), target=targets.LATENCY),
              Column("Started", "dateTimeFromNow", f"max by (job, instance) ({started}) * 1000"), width=12, height=8),
        graph("P95 by instance",
              "One line above the others is one pod's trouble, all of them together are everybody's.", "s",
              query(v.http.quantile(0.95, "instance"), legend("instance"), exemplars=True), target=targets.LATENCY,
              width=6),
        graph("Errors by instance", "Failed requests as a share. Blue marks are starts: a new version, or a crash.",
              "percentunit", query(v.http.error_ratio("instance"), legend("instance")), target=targets.ERRORS, width=6),
    ]


def board(v):
    return dashboard(v.uid("overview"), v.title("overview"),
                     "Rate, errors and duration of a backend, its routes, caches and database, and its alerts.",
                     [*_numbers(v), *_requests(v), *_stores(v), *_alerts(), *_deployment(v)],
                     v.chosen("http", "cache", "database"), [v.style])
