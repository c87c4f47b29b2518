"""Sidelight about itself: how far to trust its numbers, and what it takes and does."""

from dashboard import dashboard
from panels import GREEN, RED, YELLOW, Column, graph, legend, now, number, query, row, steps, table
from promql import or_zero, quantile, rate, series, total

FULL = steps((0.8, YELLOW), (0.95, RED))
OBSERVED = steps((0.99, YELLOW), (0.9999, GREEN), base=RED)
# What a merged /metrics of the application has under the same names is not Sidelight's.
OURS = f"and on (job, instance) {series('sidelight_build_info')}"
TO = ("exporter", "destination")


def _per_second(name, *by):
    return total(rate(name), *by)


def _sum(name, *by):
    return total(series(name), *by)


def _mean_time(seconds, count, *by):
    return f"{_per_second(seconds, *by)}\n/ ({_per_second(count, *by)} > 0)"


def _observed(*by):
    seen = _per_second("sidelight_tap_exchanges_total", *by)
    unseen = _per_second("sidelight_tap_exchanges_unobserved_total", *by)
    return f"{seen}\n/ (({seen} + {unseen}) > 0)"


def _understood(*by):
    read, unread = (_per_second(f"sidelight_tap_{bytes_of}_total", *by) for bytes_of in ("bytes", "unparsed_bytes"))
    return f"1 - {unread} / ({read} > 0)"


def _numbers():
    used = f"{_sum('sidelight_series', 'job', 'instance')} / {_sum('sidelight_series_limit', 'job', 'instance')}"
    firing = total(series("sidelight_alerts", 'state="firing"'))
    return [
        number("Instances", "Sidelights that are scraped, of the chosen services.", "short",
               now(f"count({series('sidelight_build_info')})"), decimals=0),
        number("Requests observed",
               "The share of all requests that was measured. Below 100%, numbers of the other dashboards leave "
               "something out. No value: no traffic.", "percentunit", now(_observed()), decimals=2, thresholds=OBSERVED,
               runbooks=["SidelightTapUnread"]),
        number("Series used", "Live series of the traffic as a share of limits.series, where it is the largest.",
               "percentunit", now(f"max({used})"), decimals=1, thresholds=FULL, runbooks=["SidelightSeriesOverflow"]),
        number("Memory", "Resident memory of the largest instance.", "bytes",
               now(f"max({series('process_resident_memory_bytes')} {OURS})")),
        number("CPU", "Cores that the busiest instance uses.", "short",
               now(f"max({rate('process_cpu_seconds_total')} {OURS})"), decimals=3),
        number("Alerts firing", "Alerts of the rules that Sidelight evaluates.", "short", now(or_zero(firing)),
               decimals=0, thresholds=steps((1, RED))),
    ]


def _coverage():
    reasons = ("tap", "reason")
    return [
        row("Coverage"),
        graph("Requests observed", "The share of requests that was measured, by tap.", "percentunit",
              query(_observed("tap"), legend("tap")), high=1, width=8, runbooks=["SidelightTapUnread"]),
        graph("Bytes understood", "The share of bytes on connections that were understood, by tap.", "percentunit",
              query(_understood("tap"), legend("tap")), high=1, width=8, runbooks=["SidelightTapUnread"]),
        graph("Connections that went opaque",
              "Connections a second that were carried unread from some byte on. All reasons but upgraded mean that "
              "something is not measured.", "cps",
              query(_per_second("sidelight_tap_opaque_total", *reasons), legend(*reasons)), width=8,
              runbooks=["SidelightTapUnread"]),
        graph("Bytes", "Bytes a second through the taps.", "Bps",
              query(_per_second("sidelight_tap_bytes_total", "tap", "direction"), legend("tap", "direction")), width=8),
        graph("Open connections", "Connections of clients.", "short",
              query(_sum("sidelight_tap_open_connections", "tap"), legend("tap")), width=8),
        graph("Connections not made",
              "Connections a second for which the upstream was not reached, and clients that were turned away.", "cps",
              query(_per_second("sidelight_tap_connect_failures_total", *reasons), legend(*reasons)),
              query(_per_second("sidelight_tap_connections_refused_total", *reasons),
                    f"{legend(*reasons)}: turned away"),
              width=8, runbooks=["SidelightUpstreamUnreachable", "SidelightTurnsClientsAway"]),
        graph("Time to connect, P95", "From a client's connection until the upstream's was there.", "s",
              query(quantile(0.95, "sidelight_tap_connect_duration_seconds", ("tap",)), legend("tap")), width=8),
        graph("Series of the traffic", "Live series of each instance, a histogram counting once, and the limit.",
              "short", query(_sum("sidelight_series", "instance"), legend("instance")),
              query(f"min({series('sidelight_series_limit')})", "limit"), width=8,
              runbooks=["SidelightSeriesOverflow"]),
        graph("Requests in the overflow series", "Requests a second that found no room for a series of their own.",
              "reqps", query(_per_second("sidelight_series_overflow_total", "tap"), legend("tap")), width=8,
              runbooks=["SidelightSeriesOverflow"]),
    ]


def _storage():
    def by_instance(name, what):
        return query(_sum(f"sidelight_storage_{name}", "instance"), f"{legend('instance')} {what}")

    return [
        row("Storage"),
        graph("Storage", "Memory that the storage takes, the part of it that samples take, and the log on disk.",
              "bytes", by_instance("bytes", "memory"), by_instance("chunk_bytes", "samples"),
              by_instance("log_bytes", "log"), width=8),
        graph("Series and chunks", "What the storage holds.", "short", by_instance("series", "series"),
              by_instance("chunks", "chunks"), by_instance("exemplars", "exemplars"), width=8),
        graph("Samples taken", "Samples a second that the storage took.", "cps",
              query(_per_second("sidelight_storage_samples_appended_total", "instance"), legend("instance")), width=8),
        graph("Samples refused and let go",
              "Samples a second, by reason. Those let go for retention are as it should be.", "cps",
              query(_per_second("sidelight_storage_samples_refused_total", "reason"), "refused: {{reason}}"),
              query(_per_second("sidelight_storage_samples_dropped_total", "reason"), "let go: {{reason}}"), width=8,
              runbooks=["SidelightSamplesRefused", "SidelightSamplesDropped"]),
        graph("Time of a sampling", "How long it takes to sample all series.", "s",
              query(_mean_time("sidelight_sampling_seconds_total", "sidelight_samplings_total", "instance"),
                    legend("instance")), width=8, runbooks=["SidelightSamplingMissed"]),
        graph("What went wrong",
              "A second: samplings left out, as the one before was not done; writes to the log that failed; samples "
              "that are in memory only for that.", "cps",
              query(_per_second("sidelight_samplings_missed_total"), "samplings left out"),
              query(_per_second("sidelight_storage_log_errors_total"), "writes failed"),
              query(_per_second("sidelight_storage_log_lost_samples_total"), "samples not on disk"), width=8,
              runbooks=["SidelightSamplingMissed", "SidelightStorageLogFails"]),
    ]


def _rules():
    group = ("file", "rule_group")
    taken, interval = (f"max by (file, rule_group) ({series(f'sidelight_rule_group_{name}_seconds')})"
                       for name in ("last_duration", "interval"))
    return [
        row("Rules and notifications"),
        graph("Evaluation",
              "How long a group's last evaluation took, as a share of its interval. At 100% evaluations are left out.",
              "percentunit", query(f"{taken} / {interval}", legend(*group)), width=8,
              runbooks=["SidelightEvaluationsMissed"]),
        graph("Rules that failed",
              "A second: evaluations of rules that ended in an error, evaluations of groups left out, and samples of "
              "results that the storage did not take.", "cps",
              query(_per_second("sidelight_rule_evaluation_failures_total"), "failed"),
              query(_per_second("sidelight_rule_group_iterations_missed_total"), "left out"),
              query(_per_second("sidelight_rule_samples_refused_total"), "results refused"), width=8,
              runbooks=["SidelightRuleFails", "SidelightEvaluationsMissed", "SidelightRuleResultsRefused"]),
        graph("Alerts", "Of the rules that Sidelight evaluates, and rules that wait for enough history.", "short",
              query(_sum("sidelight_alerts", "state"), legend("state")),
              query(_sum("sidelight_rules_held"), "rules that wait"), width=8, runbooks=["SidelightRulesHeld"]),
        graph("Notifications", "Alerts a second in requests to each Alertmanager, and those whose request failed.",
              "cps",
              query(_per_second("sidelight_notifications_sent_total", "alertmanager"), "{{alertmanager}}: sent"),
              query(_per_second("sidelight_notifications_errors_total", "alertmanager"), "{{alertmanager}}: failed"),
              width=8, runbooks=["SidelightNotificationsFail"]),
        graph("Time of a notification", "The mean time of a request to an Alertmanager.", "s",
              query(_mean_time("sidelight_notifications_latency_seconds_total",
                               "sidelight_notifications_batches_total", "alertmanager"), legend("alertmanager")),
              width=8),
        graph("Notifications waiting and let go",
              "Alerts that wait, and alerts a second that were let go, by reason.", "short",
              query(_sum("sidelight_notifications_queue_length", "alertmanager"), "{{alertmanager}}: waiting"),
              query(_per_second("sidelight_notifications_dropped_total", "reason"), "let go: {{reason}}"), width=8,
              runbooks=["SidelightNotificationsDropped"]),
    ]


def _exports():
    oldest = f"max by ({', '.join(TO)}) ({series('sidelight_export_queue_oldest_age_seconds')})"
    return [
        row("Exports"),
        graph("Points sent", "Data points (OTLP) and samples (remote write) a second that the destination has taken.",
              "cps", query(_per_second("sidelight_export_points_sent_total", *TO), legend(*TO)), width=8),
        graph("Points let go", "Data points and samples a second, by reason.", "cps",
              query(_per_second("sidelight_export_points_dropped_total", *TO, "reason"), legend(*TO, "reason")),
              width=8, runbooks=["ExportPointsLost", "ExportPointsRejected"]),
        graph("Requests", "Requests a second, by what became of them.", "reqps",
              query(_per_second("sidelight_export_requests_total", *TO, "result"), legend(*TO, "result")), width=8,
              runbooks=["ExportDestinationFails"]),
        graph("Age of the queue", "Age of the oldest data that waits; 0 when nothing does.", "s",
              query(oldest, legend(*TO)), width=8, runbooks=["ExportFarBehind"]),
        graph("Size of the queue", "Requests that wait, what all files of the queue take, and what they may take.",
              "bytes", query(_sum("sidelight_export_queue_bytes", *TO), legend(*TO)),
              query(_sum("sidelight_export_queue_disk_bytes", "instance"), f"{legend('instance')} on disk"),
              query(f"min({series('sidelight_export_queue_max_bytes')})", "limit"), width=8,
              runbooks=["ExportQueueFilling", "ExportQueueNotDurable"]),
        graph("Time of a request", "The mean time of a request to the destination.", "s",
              query(_mean_time("sidelight_export_request_seconds_total", "sidelight_export_requests_total", *TO),
                    legend(*TO)), width=8),
        table("Destinations", "The state of each. Failing and On trial count the instances for which it is so.",
              {"exporter": "Exporter", "destination": "Destination"},
              Column("Failing", "short", _sum("sidelight_export_failing", *TO), thresholds=steps((1, RED))),
              Column("On trial", "short", _sum("sidelight_export_breaker_open", *TO), thresholds=steps((1, YELLOW))),
              Column("Points waiting", "short", _sum("sidelight_export_queue_points", *TO)),
              Column("Requests waiting", "short", _sum("sidelight_export_queue_entries", *TO)),
              Column("In memory only", "short", _sum("sidelight_export_queue_memory_entries", *TO)), height=6,
              runbooks=["ExportDestinationFails"]),
    ]


def _process():
    descriptors = f"{series('process_open_fds')} / {series('process_max_fds')} {OURS}"
    started = (f"{series('process_start_time_seconds')}"
               f" * on (job, instance) group_left (version) {series('sidelight_build_info')}")
    build = {"job": "Service", "instance": "Instance", "version": "Version"}
    return [
        row("API, process and scrapes"),
        graph("Requests to Sidelight's own API", "Requests a second, scrapes among them.", "reqps",
              query(_per_second("sidelight_api_requests_total", "path", "status"), legend("path", "status")), width=8),
        graph("Queries", "PromQL queries a second, by how they ended.", "reqps",
              query(_per_second("sidelight_queries_total", "result"), legend("result")), width=8),
        graph("Scrapes", "How long Prometheus took to scrape each instance.", "s",
              query(f"{series('scrape_duration_seconds')} {OURS}", legend("instance")), width=8),
        graph("CPU", "Cores that each instance uses.", "short",
              query(f"{rate('process_cpu_seconds_total')} {OURS}", legend("instance")), width=8),
        graph("Memory", "Resident memory of each instance.", "bytes",
              query(f"{series('process_resident_memory_bytes')} {OURS}", legend("instance")), width=8),
        graph("File descriptors", "Open ones as a share of what the process may have.", "percentunit",
              query(descriptors, legend("instance")), thresholds=FULL, width=8,
              runbooks=["SidelightFileDescriptorsLow"]),
        table("Builds", "A row for each instance, with its version and when it started.", build,
              Column("Started", "dateTimeFromNow", f"{total(started, *build)} * 1000"), height=6),
    ]


def board():
    return dashboard("sidelight-itself", "Sidelight: itself",
                     "How far Sidelight's numbers can be trusted, and what it takes and does.",
                     [*_numbers(), *_coverage(), *_storage(), *_rules(), *_exports(), *_process()])
