"""PostgreSQL as its clients see it: queries by their summary, without a literal."""

from dataclasses import replace

import targets
from dashboard import choice, dashboard
from panels import RED, YELLOW, Column, graph, heatmap, legend, now, number, query, row, spread, steps, table
from promql import by_kind, label_values, mean, observed, or_zero, quantile, rate, ratio, series, total
from vocabulary import DATABASE_DURATION, POSTGRES, conventional

RANKS = {"P50": 0.5, "P90": 0.9, "P95": 0.95, "P99": 0.99}
CHOSEN = ('tap=~"$tap"', 'db_namespace=~"$database"')
LOGINS = conventional(DATABASE_DURATION, POSTGRES, 'db_operation_name="CONNECT"', *CHOSEN)
SLOW = rate("db_client_slow_queries_total", POSTGRES, *CHOSEN)


def _queries(v):
    """Those that the variables choose."""
    chosen = (*CHOSEN, 'db_query_summary=~"$query"') if v.otel else ('query=~"$query"',)
    return replace(v.database, all=(*v.database.all, *chosen))


def _variables(v):
    anchor = f'{{__name__=~"{v.database.histogram}(_count)?",job=~"$job",instance=~"$instance"'
    anchor += "".join(f",{matcher}" for matcher in v.database.all)
    if not v.otel:
        return [*v.chosen("database"), choice("query", "Query", label_values(anchor + "}", v.query))]
    tap = choice("tap", "Tap", label_values(anchor + "}", "tap"))
    anchor += ',tap=~"$tap"'
    database = choice("database", "Database", label_values(anchor + "}", "db_namespace"))
    anchor += ',db_namespace=~"$database"'
    return [tap, database, choice("query", "Query", label_values(anchor + "}", v.query))]


def _connections(v):
    return series(v.connections, *(CHOSEN[:1] if v.otel else ()))


def _numbers(v, queries):
    panels = [
        number("Queries", "Queries a second.", "ops", now(or_zero(total(queries.rate()))), decimals=1),
        number("Error rate", "Failed queries as a share of those that were waited for. No value: there were none.",
               "percentunit", now(queries.error_ratio()), decimals=2, target=targets.ERRORS,
               runbooks=["PostgresErrorRateHigh"]),
        number("P50", "50% of the queries took no longer.", "s", now(queries.quantile(0.5))),
        number("P95", "95% of the queries took no longer.", "s", now(queries.quantile(0.95)), target=targets.DATABASE,
               runbooks=["PostgresLatencyHigh"]),
        number("Connections", "Connections through the tap that are open now.", "short", now(total(_connections(v))),
               decimals=0, runbooks=["PostgresConnectionsExhausted"]),
    ]
    if v.otel:
        panels.append(number("Slow queries",
                             "Queries a second that took longer than the tap's slow_query, if it has that setting.",
                             "ops", now(or_zero(total(SLOW))), thresholds=steps((0.01, YELLOW), (1, RED)),
                             runbooks=["PostgresSlowQueries"]))
    return spread(panels)


def _by_query(v, queries):
    timed = (*queries.all, *queries.timed)
    spent = total(observed(queries.histogram, *timed), v.query)
    return [
        row("Queries"),
        table("Queries",
              "A row for each kind of query. Time is what all of its runs took in a second: where tuning pays.",
              {v.query: "Query"},
              Column("Time", "percentunit", spent, decimals=1),
              Column("Queries", "ops", total(queries.rate(), v.query)),
              Column("Mean", "s", mean(queries.histogram, (v.query,), *timed)),
              Column("P95", "s", queries.quantile(0.95, v.query), target=targets.DATABASE),
              Column("Errors", "percentunit", queries.error_ratio(v.query), target=targets.ERRORS, decimals=2)),
        graph("Rate by query", "Queries a second.", "ops", v.queries(total(queries.rate(), v.query)), stacked=True),
        graph("Time by query",
              "How much of a connection's time the runs of a query take: 100% is one that does nothing else.",
              "percentunit", v.queries(spent), stacked=True),
    ]


def _latency(v, queries):
    return [
        row("Latency"),
        graph("Quantiles", "Of the chosen queries together.", "s",
              *(query(queries.quantile(rank), name) for name, rank in RANKS.items()), target=targets.DATABASE,
              runbooks=["PostgresLatencyHigh"]),
        graph("P95 by query", "95% of a query's runs took no longer.", "s", v.queries(queries.quantile(0.95, v.query)),
              target=targets.DATABASE, runbooks=["PostgresLatencyHigh"]),
        heatmap("Durations", "Queries a second by how long they took.", "s", "ops", queries.buckets(),
                runbooks=["PostgresLatencyHigh"]),
    ]


def _errors(v, queries):
    failures = by_kind(queries.rate(*queries.failed), queries.rate(), v.database_status)
    return [
        row("Errors and connections"),
        graph("Errors by code", "Failed queries a second: the SQLSTATE, or what kept the tap from an answer.", "ops",
              query(failures, legend(v.database_status)),
              runbooks=["PostgresErrorRateHigh", "PostgresDeadlocks", "PostgresServerFault", "PostgresReadOnly"]),
    ]


def _sessions(v):
    if not v.otel:
        return [graph("Connections", "Connections that are open now.", "short",
                      query(total(_connections(v), "instance"), legend("instance")),
                      runbooks=["PostgresConnectionsExhausted"])]
    state = "db_client_connection_state"
    return [
        graph("Connections by state",
              "Connections that are open now, by what their sessions do. Many that stay in a transaction hold locks.",
              "short", query(total(_connections(v), state), legend(state)), stacked=True,
              runbooks=["PostgresConnectionsExhausted", "PostgresTransactionsLeftOpen"]),
        graph("Logins", "Sessions that were asked for a second, and those that were refused.", "ops",
              query(total(LOGINS.rate()), "asked for"),
              query(f"{total(LOGINS.rate(*LOGINS.failed))} or 0 * {total(LOGINS.rate())}", "refused"),
              runbooks=["PostgresLoginsFail", "PostgresUnreachable"]),
        graph("Slow queries", "Queries that took longer than the tap's slow_query, as a share of all.", "percentunit",
              query(ratio(total(SLOW, "db_namespace"), total(_queries(v).rate(), "db_namespace")),
                    legend("db_namespace")), runbooks=["PostgresSlowQueries"]),
    ]


def _rows_and_bytes(v):
    rows, chosen = "db_client_response_returned_rows", (POSTGRES, *CHOSEN, 'db_query_summary=~"$query"')
    # The tap's bytes do not say of which protocol it is.
    tap_bytes = (f"{rate('sidelight_tap_bytes_total', *CHOSEN[:1])} and on (job, instance, tap) "
                 f"{series(v.connections, POSTGRES)}")
    return [
        row("Rows and bytes"),
        graph("Rows by query, P95", "95% of a query's answers brought no more rows.", "short",
              v.queries(quantile(0.95, rows, (v.query,), *chosen))),
        graph("Rows by query", "Rows a second.", "short", v.queries(total(observed(rows, *chosen), v.query)),
              stacked=True, width=6),
        graph("Bytes", "Bytes a second through the tap, in both directions.", "Bps",
              query(total(tap_bytes, "direction"), legend("direction")), width=6),
    ]


def board(v):
    queries = _queries(v)
    panels = [*_numbers(v, queries), *_by_query(v, queries), *_latency(v, queries), *_errors(v, queries), *_sessions(v),
              *(_rows_and_bytes(v) if v.otel else ())]
    return dashboard(v.uid("postgresql"), v.title("PostgreSQL"),
                     "Queries, their latency, errors and time, and connections of PostgreSQL.", panels, _variables(v),
                     [v.style])
