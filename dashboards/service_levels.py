"""Objectives, what is left of their error budgets, and how fast it burns.

The expressions are those of rules/packs/slo.yaml written out, so that they work without the pack, for both naming
styles and for other objectives than the pack's.
"""

from dataclasses import replace

from dashboard import dashboard, fixed_choice
from panels import GREEN, ORANGE, RED, YELLOW, Column, graph, now, number, query, row, steps, table
from promql import total

WINDOWS = ("5m", "1h", "6h")
BURNS = steps((1, YELLOW), (6, ORANGE), (14.4, RED))  # the pack's bounds, and the one at which a budget just lasts
LEFT = steps((0, ORANGE), (0.25, YELLOW), (0.5, GREEN), base=RED)


def _variables(v):
    return [
        *v.chosen("http"),
        fixed_choice("availability", "Available", "The share of requests that is to succeed.", "0.999",
                     {"99%": "0.99", "99.5%": "0.995", "99.9%": "0.999", "99.95%": "0.9995", "99.99%": "0.9999"}),
        fixed_choice("fast", "Fast", "The share of requests that is to be answered within the bound.", "0.99",
                     {"90%": "0.9", "95%": "0.95", "99%": "0.99", "99.9%": "0.999"}),
        fixed_choice("bound", "within", "The bound, one of the histogram's buckets.", "0.5",
                     {"100 ms": "0.1", "250 ms": "0.25", "500 ms": "0.5", "750 ms": "0.75", "2.5 s": "2.5"}),
        fixed_choice("period", "Budget of",
                     "The time that an error budget is for. A data source that keeps less answers for what it has.",
                     "30d", {"1 hour": "1h", "1 day": "1d", "7 days": "7d", "30 days": "30d"}),
    ]


class Objective:
    """Shares of bad requests of one objective, by whom they are asked."""

    def __init__(self, name, allowed, bad_share):
        self.name, self.allowed, self.bad_share = name, allowed, bad_share

    def burn_rate(self, window, *by):
        return f"({self.bad_share(window, *by)})\n/ {self.allowed}"

    def budget_left(self, *by):
        return f"1 - {self.burn_rate('$period', *by)}"

    def met(self, *by):
        return f"1 - ({self.bad_share('$period', *by)})"


def _successes(v):
    """Requests whose durations count. Naming plain does not tell which ones succeeded."""
    return replace(v.http, timed=('error_type=""',)) if v.otel else v.http


def _objectives(v):
    timed = _successes(v)
    return (
        Objective("Availability", "(1 - $availability)", lambda window, *by: v.http.error_ratio(*by, window=window)),
        Objective("Latency", "(1 - $fast)", lambda window, *by: timed.share_above("$bound", *by, window=window)),
    )


def _of(objective, fast, slow):
    """`fast` and `slow` are the alerts of the pack."""
    return [
        row(objective.name),
        number(objective.name, "The share of good requests in the time that the budget is for.", "percentunit",
               now(objective.met()), decimals=3),
        number("Budget left", "The share of the error budget that is left. Below 0 the objective is missed.",
               "percentunit", now(objective.budget_left()), decimals=1, thresholds=LEFT, runbooks=[slow]),
        *(number(f"Burn rate, {window}",
                 "How many times faster than allowed bad requests come. 1 uses up the budget in just the time that it "
                 "is for; 14.4 wakes somebody.", "short", now(objective.burn_rate(window)), decimals=2,
                 thresholds=BURNS, runbooks=[fast, slow]) for window in (*WINDOWS, "3d")),
        graph(f"{objective.name}: burn rates",
              "By window. A short one alone is a spike; a long one together with a short one is what alerts are made "
              "of: 14.4 in 1h and 5m, 6 in 2h and 10m.", "short",
              *(query(objective.burn_rate(window), window) for window in WINDOWS), thresholds=BURNS,
              runbooks=[fast, slow]),
    ]


def _failures(v):
    failed, waited = v.http.rate(*v.http.failed), v.http.rate(*v.http.answered)
    return graph("Failures, and how many are allowed",
                 "Failed requests a second by route, and as many as the objective allows of this traffic.", "reqps",
                 v.routes(f"{total(failed, v.route)} or 0 * {total(waited, v.route)}"),
                 query(f"(1 - $availability) * {total(waited)}", "allowed"), runbooks=["HttpErrorRateHigh"])


def _too_slow(v):
    return graph("Too slow", "Requests above the bound, as a share, by route.", "percentunit",
                 v.routes(_successes(v).share_above("$bound", v.route)), runbooks=["HttpLatencyHigh"])


def _services(v, objectives):
    labels = {"job": "Service", "tap": "Tap"} if v.otel else {"job": "Service"}
    columns = []
    for objective in objectives:
        columns += [
            Column(objective.name, "percentunit", objective.met(*labels), decimals=3),
            Column(f"{objective.name}: budget left", "percentunit", objective.budget_left(*labels), decimals=1,
                   thresholds=LEFT),
            Column(f"{objective.name}: burn rate, 1h", "short", objective.burn_rate("1h", *labels), decimals=2,
                   thresholds=BURNS),
        ]
    return [row("Services"),
            table("Services", "A row for each service, over the time that the budget is for.", labels, *columns,
                  sort="Availability: burn rate, 1h", height=7)]


def board(v):
    availability, latency = _objectives(v)
    panels = [*_of(availability, "SloAvailabilityBurnsFast", "SloAvailabilityBurnsSlowly"), _failures(v),
              *_of(latency, "SloLatencyBurnsFast", "SloLatencyBurnsSlowly"), _too_slow(v),
              *_services(v, (availability, latency))]
    return dashboard(v.uid("slo"), v.title("service levels"),
                     "Availability and latency against their objectives: error budgets and burn rates.", panels,
                     _variables(v), [v.style])
