"""One route, or several, in all that is known of them."""

import targets
from dashboard import choice, dashboard
from panels import graph, heatmap, legend, now, number, query, row, spread
from promql import by_kind, label_values, observed, or_zero, quantile, ratio, series, total
from vocabulary import CLIENT_GONE, conventional

RANKS = {"P50": 0.5, "P90": 0.9, "P95": 0.95, "P99": 0.99}
ACTIVE = series("http_server_active_requests", 'tap=~"$tap"', 'http_request_method=~"$method"')
FIRST_BYTE = "http_server_request_time_to_first_byte_seconds"
BODIES = {"Request": "http_server_request_body_size_bytes", "Answer": "http_server_response_body_size_bytes"}
EXEMPLARS = "Points are exemplars: requests with a sampled traceparent."


def _matchers(v):
    """Of the variables below, for series that have a route."""
    return (('tap=~"$tap"',) if v.otel else ()) + (f'{v.method}=~"$method"', f'{v.route}=~"$route"')


def _variables(v):
    anchor, tap = f'{{__name__=~"{v.http.counter}",job=~"$job",instance=~"$instance"', []
    if v.otel:  # Whichever kind of histogram it is.
        anchor = f'{{__name__=~"{v.http.histogram}(_count)?",job=~"$job",instance=~"$instance"'
        tap = [choice("tap", "Tap", label_values(anchor + "}", "tap"))]
        anchor += ',tap=~"$tap"'
    return [*v.chosen("http"), *tap,
            choice("method", "Method", label_values(anchor + "}", v.method)),
            choice("route", "Route", label_values(f'{anchor},{v.method}=~"$method"}}', v.route))]


def _numbers(v, chosen):
    panels = [
        number("Requests", "Requests a second that have ended.", "reqps", now(or_zero(total(v.http.rate(*chosen)))),
               decimals=1),
        number("Error rate",
               "Failed requests as a share of those whose client waited for the answer. No value: there was none.",
               "percentunit", now(v.http.error_ratio(matchers=chosen)), decimals=2, target=targets.ERRORS,
               runbooks=["HttpErrorRateHigh"]),
        number("P50", "50% of the requests took no longer.", "s", now(v.http.quantile(0.5, matchers=chosen))),
        number("P95", "95% of the requests took no longer.", "s", now(v.http.quantile(0.95, matchers=chosen)),
               target=targets.LATENCY, runbooks=["HttpLatencyHigh"]),
        number("P99", "99% of the requests took no longer.", "s", now(v.http.quantile(0.99, matchers=chosen))),
    ]
    if v.otel:
        panels.append(number("Active requests", "Requests of all routes that are under way.", "short",
                             now(total(ACTIVE)), decimals=0, runbooks=["HttpBackendHangs"]))
    return spread(panels)


def _latency(v, chosen):
    by = (v.method, v.route)
    panels = [
        row("Latency"),
        heatmap("Durations", f"Requests a second by how long they took. {EXEMPLARS}", "s", "reqps",
                v.http.buckets(*chosen), exemplars=True, runbooks=["HttpLatencyHigh"]),
        graph("Quantiles", f"Of the chosen routes together. {EXEMPLARS}", "s",
              *(query(v.http.quantile(rank, matchers=chosen), name, exemplars=name == "P95")
                for name, rank in RANKS.items()),
              target=targets.LATENCY, runbooks=["HttpLatencyHigh"]),
        graph("P95 by route", f"95% of a route's requests took no longer. {EXEMPLARS}", "s",
              query(v.http.quantile(0.95, *by, matchers=chosen), legend(*by), exemplars=True), target=targets.LATENCY,
              runbooks=["HttpLatencyHigh"]),
    ]
    if v.otel:
        panels += [
            graph("Time to first byte", f"From the request's first byte to the answer's first. {EXEMPLARS}", "s",
                  *(query(quantile(rank, FIRST_BYTE, (), *v.http.timed, *chosen), name, exemplars=name == "P95")
                    for name, rank in RANKS.items())),
            graph("Active requests",
                  "Requests of all routes that are under way. A line that only rises is a backend that hangs.", "short",
                  query(total(ACTIVE, "instance", v.method), legend("instance", v.method)),
                  runbooks=["HttpBackendHangs"]),
        ]
    return panels


def _outcomes(v, chosen):
    by = (v.method, v.route)
    requests, failures = v.http.rate(*chosen), v.http.rate(*v.http.failed, *chosen)
    kind, gone = ("error_type", f'error_type="{CLIENT_GONE}"') if v.otel else (v.status, f'{v.status}="499"')
    return [
        row("Rate and errors"),
        graph("Requests by route", "Requests a second.", "reqps", query(total(requests, *by), legend(*by)),
              stacked=True),
        graph("Requests by status", "Requests a second.", "reqps", v.statuses(total(requests, v.status)), stacked=True),
        graph("Errors by route", "Failed requests as a share of those whose client waited for the answer.",
              "percentunit", query(v.http.error_ratio(*by, matchers=chosen), legend(*by)), target=targets.ERRORS,
              runbooks=["HttpErrorRateHigh"]),
        graph("Errors by type", "Failed requests a second: the status, or what kept the tap from an answer.", "reqps",
              query(by_kind(failures, requests, kind), legend(kind)),
              runbooks=["HttpErrorRateHigh", "HttpConnectFailures", "HttpAnswersCutOff", "HttpBackendDown"]),
        graph("Clients that left",
              "Requests whose client left before the answer was whole, as a share of all. They are in no error rate.",
              "percentunit", query(ratio(total(v.http.rate(gone, *chosen)), total(requests)), "left"),
              width=12 if v.otel else 24, runbooks=["HttpClientsLeave"]),
    ]


def _sizes(chosen):
    return [
        graph("Bytes", "Bodies a second, as they went over the wire.", "Bps",
              *(query(total(observed(name, *chosen)), f"{side} bodies") for side, name in BODIES.items())),
        row("Sizes"),
        *(graph(f"{side} bodies",
                "Quantiles of the body's size. Bounds of a classic histogram's buckets are far apart, and what lies "
                "between two of them is a guess.", "bytes",
                *(query(quantile(RANKS[rank], name, (), *chosen), rank) for rank in ("P50", "P95")))
          for side, name in BODIES.items()),
    ]


def _dependencies():
    """What the service calls through taps of its own, `role: client`."""
    calls, by = conventional("http_client_request_duration_seconds"), "server_address"
    return [
        row("HTTP services that this one calls (role: client)"),
        graph("Calls", "Requests a second by the server that was called.", "reqps",
              query(total(calls.rate(), by), legend(by)), width=8),
        graph("Failed calls", "As a share of those that were waited for. To a client an answer 4xx is an error too.",
              "percentunit", query(calls.error_ratio(by), legend(by)), width=8,
              runbooks=["HttpDependencyErrorRateHigh", "HttpDependencyUnreachable"]),
        graph("Duration of calls, P95", f"95% of the calls took no longer. {EXEMPLARS}", "s",
              query(calls.quantile(0.95, by), legend(by), exemplars=True), width=8,
              runbooks=["HttpDependencyLatencyHigh"]),
    ]


def board(v):
    chosen = _matchers(v)
    panels = [*_numbers(v, chosen), *_latency(v, chosen), *_outcomes(v, chosen)]
    if v.otel:
        panels += [*_sizes(chosen), *_dependencies()]
    return dashboard(v.uid("http"), v.title("HTTP routes"),
                     "Latency, status, errors and sizes of HTTP requests by route.", panels, _variables(v), [v.style])
