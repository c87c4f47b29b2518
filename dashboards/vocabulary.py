"""What the two naming styles call the same things, so that a dashboard is described once."""

from dataclasses import dataclass

import promql
from dashboard import choice
from panels import legend, query
from promql import RATE, label_values

CLIENT_GONE = "client_gone"


@dataclass(frozen=True)
class Exchanges:
    """Requests to a backend, or operations of a database: how many, how many that failed, and how long they took."""

    histogram: str
    counter: str = ""  # for each exchange, where the histogram has too few labels to count them by
    all: tuple = ()  # matchers of every expression
    answered: tuple = ()  # matchers of those that clients waited for
    failed: tuple = ()
    timed: tuple = ()  # matchers of durations

    def rate(self, *matchers, window=RATE):
        """Exchanges a second, series by series; `answered` and `failed` are matchers for it."""
        if self.counter:
            return promql.rate(self.counter, *self.all, *matchers, window=window)
        return promql.observations(self.histogram, *self.all, *matchers, window=window)

    def error_ratio(self, *by, matchers=(), window=RATE):
        return promql.ratio(promql.total(self.rate(*self.failed, *matchers, window=window), *by),
                            promql.total(self.rate(*self.answered, *matchers, window=window), *by))

    def quantile(self, rank, *by, matchers=(), window=RATE):
        return promql.quantile(rank, self.histogram, by, *self.all, *self.timed, *matchers, window=window)

    def buckets(self, *matchers):
        return promql.buckets(self.histogram, *self.all, *self.timed, *matchers)

    def share_above(self, bound, *by, matchers=(), window=RATE):
        return promql.share_above(bound, self.histogram, by, *self.all, *self.timed, *matchers, window=window)


def conventional(histogram, *all_matchers):
    """Exchanges as OpenTelemetry's conventions have them: one histogram with everything as its labels."""
    answered = (f'error_type!="{CLIENT_GONE}"',)
    return Exchanges(histogram, all=all_matchers, answered=answered, failed=(f'error_type!~"|{CLIENT_GONE}"',),
                     timed=answered)


@dataclass(frozen=True)
class Vocabulary:
    """A naming style: what its metrics and labels are called."""

    style: str
    uid_prefix: str
    title_suffix: str
    http: Exchanges
    method: str
    route: str
    status: str
    lookups: str  # the counter
    result: str
    keyspace: str
    operation: str
    hit_ratio: str  # the gauge
    database: Exchanges
    query: str
    database_status: str
    connections: str
    variables: dict  # by what they are for: "http", "cache", "database"

    def uid(self, name):
        return f"{self.uid_prefix}-{name}"

    def title(self, name):
        return f"Sidelight: {name}{self.title_suffix}"

    @property
    def otel(self):
        return self.style == "otel"

    def chosen(self, *parts):
        """The variables that name the metrics of these parts."""
        return [variable for part in parts for variable in self.variables[part]]

    def routes(self, expression):
        """A line for each route of a sum by route."""
        return self._lines(expression, self.route, "no route")

    def statuses(self, expression):
        return self._lines(expression, self.status, "no answer")

    def queries(self, expression):
        return self._lines(expression, self.query, "_OTHER")

    def _lines(self, expression, label, missing):
        # In naming plain these labels are never empty.
        return query(promql.named(expression, label, missing) if self.otel else expression, legend(label))

    @property
    def hit(self):
        return f'{self.result}="hit"'

    @property
    def miss(self):
        return f'{self.result}="miss"'

    def looked_up(self, *matchers, window=RATE):
        return promql.rate(self.lookups, *matchers, window=window)

    def hits(self, *by, matchers=(), window=RATE):
        """Hits as a share of lookups."""
        return promql.ratio(promql.total(self.looked_up(self.hit, *matchers, window=window), *by),
                            promql.total(self.looked_up(*matchers, window=window), *by))


HTTP_DURATION = "http_server_request_duration_seconds"
DATABASE_DURATION = "db_client_operation_duration_seconds"
POSTGRES = 'db_system_name="postgresql"'
CACHES = 'db_system_name=~"redis|memcached"'

OTEL = Vocabulary(
    style="otel",
    uid_prefix="sidelight",
    title_suffix="",
    http=conventional(HTTP_DURATION),
    method="http_request_method",
    route="http_route",
    status="http_response_status_code",
    lookups="cache_requests_total",
    result="cache_result",
    keyspace="cache_keyspace",
    operation="cache_operation",
    hit_ratio="cache_hit_ratio",
    database=conventional(DATABASE_DURATION, POSTGRES, 'db_operation_name!="CONNECT"'),
    query="db_query_summary",
    database_status="error_type",
    connections="db_client_connection_count",
    variables={"http": [], "cache": [], "database": []},
)


def prefix_choice(name, label, anchor, metric, what):
    """The prefix of a tap's `naming`, found by a metric that only taps of its kind have."""
    return choice(name, label, label_values(f'{{__name__=~".+{metric}",job=~"$job"{anchor}}}', "__name__"),
                  regex=f"/^(.+){metric}$/", everything=False,
                  description=f"naming.prefix of the {what}.")


PLAIN = Vocabulary(
    style="plain",
    uid_prefix="sidelight-plain",
    title_suffix=" (plain names)",
    http=Exchanges("${http_prefix}_duration_seconds", counter="${http_prefix}_requests_total",
                   answered=('status_code!="499"',), failed=('status_code=~"5.."',)),
    method="method",
    route="endpoint",
    status="status_code",
    lookups="${cache_prefix}_cache_requests_total",
    result="result",
    keyspace="keyspace",
    operation="operation",
    hit_ratio="${cache_prefix}_cache_hit_ratio",
    database=Exchanges("${database_prefix}_database_query_duration_seconds", all=('query!="CONNECT"',),
                       answered=(f'status!="{CLIENT_GONE}"',), failed=(f'status!~"ok|{CLIENT_GONE}"',),
                       timed=(f'status!="{CLIENT_GONE}"',)),
    query="query",
    database_status="status",
    connections="${database_prefix}_database_connections",
    variables={
        "http": [prefix_choice("http_prefix", "HTTP prefix", ',endpoint!="",status_code!=""', "_requests_total",
                               "HTTP tap")],
        "cache": [prefix_choice("cache_prefix", "Cache prefix", ',keyspace!="",result=~"hit|miss"',
                                "_cache_requests_total", "tap of a cache, or of HTTP with caches")],
        "database": [prefix_choice("database_prefix", "Database prefix", "", "_database_connections",
                                   "PostgreSQL tap")],
    },
)

STYLES = (OTEL, PLAIN)
