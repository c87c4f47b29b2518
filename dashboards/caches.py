"""Redis, memcached and HTTP caches: what is found in them, and how fast."""

from dataclasses import replace

import targets
from dashboard import choice, dashboard
from panels import Column, graph, heatmap, legend, now, number, query, row, spread, table
from promql import by_kind, label_values, or_zero, series, total
from vocabulary import CACHES, DATABASE_DURATION, conventional

# Redirections of a cluster, and what clients try to find out what a server knows, are no failures.
FAILED = ('error_type!~"|client_gone|MOVED|ASK|TRYAGAIN|NOSCRIPT|BUSYGROUP"', 'db_operation_name!~"CLIENT|HELLO"')
COMMANDS = replace(conventional(DATABASE_DURATION, CACHES, 'tap=~"$tap"'), failed=FAILED)


def _matchers(v):
    return (('tap=~"$tap"', 'cache_system=~"$system"') if v.otel else ()) + (f'{v.keyspace}=~"$keyspace"',)


def _variables(v):
    scraped, found = 'job=~"$job",instance=~"$instance"', v.chosen("cache")
    if v.otel:
        found.append(choice("tap", "Tap", label_values(f"{v.lookups}{{{scraped}}}", "tap")))
        scraped += ',tap=~"$tap"'
        found.append(choice("system", "System", label_values(f"{v.lookups}{{{scraped}}}", "cache_system"),
                            description="redis, memcached, or http: what HTTP answers say about caches."))
        scraped += ',cache_system=~"$system"'
    return [*found, choice("keyspace", "Keyspace", label_values(f"{v.lookups}{{{scraped}}}", v.keyspace))]


def _numbers(v, chosen):
    panels = [
        number("Hit ratio", "Hits as a share of what was looked up. No value: nothing was.", "percentunit",
               now(v.hits(matchers=chosen)), decimals=1, target=targets.HITS, runbooks=["CacheHitRatioLow"]),
        number("Lookups", "Keys looked up a second; a command for several counts each of them.", "ops",
               now(or_zero(total(v.looked_up(*chosen)))), decimals=1),
        number("Misses", "Keys a second that were not there: each is work for what is behind the cache.", "ops",
               now(or_zero(total(v.looked_up(v.miss, *chosen)))), decimals=1),
    ]
    if v.otel:
        panels += [
            number("Commands", "Commands a second to Redis and memcached.", "ops", now(or_zero(total(COMMANDS.rate()))),
                   decimals=1),
            number("Commands, P95", "95% of the commands took no longer.", "s", now(COMMANDS.quantile(0.95)),
                   target=targets.CACHE, runbooks=["CacheLatencyHigh"]),
            number("Command errors", "Commands answered with an error, or not at all, as a share.", "percentunit",
                   now(COMMANDS.error_ratio()), decimals=2, target=targets.ERRORS, runbooks=["CacheErrorRateHigh"]),
        ]
    return spread(panels)


def _lookups(v, chosen):
    labels = ({"cache_system": "System"} if v.otel else {}) | {v.keyspace: "Keyspace", v.operation: "Command"}
    lookups, misses = v.looked_up(*chosen), v.looked_up(v.miss, *chosen)
    return [
        row("Hits and misses"),
        graph("Hit ratio by keyspace", "Hits as a share of what was looked up.", "percentunit",
              query(v.hits(v.keyspace, matchers=chosen), legend(v.keyspace)), target=targets.HITS, high=1,
              runbooks=["CacheHitRatioLow", "CacheHitRatioDropped"]),
        graph("Hit ratio by command",
              "Hits as a share of what the command looked up. Of HTTP caches the command is the method.", "percentunit",
              query(v.hits(v.operation, matchers=chosen), legend(v.operation)), target=targets.HITS, high=1,
              runbooks=["CacheHitRatioLow"]),
        graph("Lookups by keyspace", "Keys looked up a second.", "ops",
              query(total(lookups, v.keyspace), legend(v.keyspace)), stacked=True),
        graph("Misses by keyspace", "Keys a second that were not there.", "ops",
              query(total(misses, v.keyspace), legend(v.keyspace)), stacked=True, runbooks=["CacheHitRatioDropped"]),
        table("Keyspaces and commands", "A row for each command of each keyspace, those with most misses first.",
              labels,
              Column("Misses", "ops", f"{total(misses, *labels)} or 0 * {total(lookups, *labels)}"),
              Column("Lookups", "ops", total(lookups, *labels)),
              Column("Hit ratio", "percentunit", v.hits(*labels, matchers=chosen), target=targets.HITS, decimals=1),
              width=16),
        graph("Hit ratio as the tap has it",
              "The gauge of Sidelight itself, over the tap's cache_window (5m). It is for alerts and for a glance at "
              "/metrics: it cannot be summed up.", "percentunit",
              query(series(v.hit_ratio, *(chosen if v.otel else ())),
                    legend("instance", *((v.keyspace,) if v.otel else ()))),
              statistics=False, high=1, width=8, height=9),
    ]


def _commands():
    command = "db_operation_name"
    return [
        row("Redis and memcached"),
        graph("Commands", "Commands a second.", "ops", query(total(COMMANDS.rate(), command), legend(command)),
              stacked=True),
        graph("Duration", "Quantiles of all commands but those that wait on purpose (BLPOP and its like).", "s",
              *(query(COMMANDS.quantile(rank), name) for name, rank in {"P50": 0.5, "P95": 0.95, "P99": 0.99}.items()),
              target=targets.CACHE, runbooks=["CacheLatencyHigh"]),
        graph("Duration by command, P95", "95% of the commands took no longer.", "s",
              query(COMMANDS.quantile(0.95, command), legend(command)), target=targets.CACHE,
              runbooks=["CacheLatencyHigh"]),
        graph("Errors",
              "Commands a second that failed: the error's first word, or what kept the tap from an answer. "
              "Redirections of a cluster and NOSCRIPT are no failures here.", "ops",
              query(by_kind(COMMANDS.rate(*FAILED), COMMANDS.rate(), "error_type"), legend("error_type")),
              runbooks=["CacheErrorRateHigh", "CacheRefusesCommands", "CacheMemoryFull", "CacheUnreachable"]),
        heatmap("Durations", "Commands a second by how long they took.", "s", "ops", COMMANDS.buckets()),
    ]


def board(v):
    chosen = _matchers(v)
    panels = [*_numbers(v, chosen), *_lookups(v, chosen), *(_commands() if v.otel else ())]
    return dashboard(v.uid("caches"), v.title("caches"),
                     "Hits and misses by keyspace and command; latency and errors of Redis and memcached.", panels,
                     _variables(v), [v.style])
