"""A real Redis behind a tap, and what both of them counted. The judge is Redis' own INFO."""

import harness
from resp import Resp

DURATION = "db_client_operation_duration_seconds_count"
BLOCKED = "db_client_blocked_seconds_count"
NOREPLY = "db_client_noreply_operations_total"
# What the test's own connection does to read the counts.
OWN = {"info", "config|resetstat"}


class RedisCounts(harness.IntegrationTest):
    def start_both(self, **tap):
        self.redis_port = self.redis()
        self.direct = Resp(self.redis_port)
        self.addCleanup(self.direct.close)
        self.sidelight_process = self.sidelight(
            {"name": "cache", "protocol": "redis", "upstream": f"127.0.0.1:{self.redis_port}", **tap})
        self.direct.ask("SET", "text", "a")
        self.direct.ask("CONFIG", "RESETSTAT")

    def info(self, section):
        """{name: value} of one section of INFO."""
        lines = self.direct.ask("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def calls(self):
        """Of every command, subcommands together, without our own."""
        calls = {}
        for name, value in self.info("commandstats").items():
            name = name.removeprefix("cmdstat_")
            fields = dict(field.split("=") for field in value.split(","))
            if name not in OWN:
                command = name.split("|")[0].upper()
                calls[command] = calls.get(command, 0) + int(fields["calls"]) + int(fields["rejected_calls"])
        return {command: count for command, count in calls.items() if count}

    def errors(self):
        return {name.removeprefix("errorstat_"): int(value.split("=")[1])
                for name, value in self.info("errorstats").items()}

    def when_idle(self, wanted=0):
        """A scrape once all connections of the tap are closed and measured."""
        measured = self.sidelight_process.scrape_when_idle()
        self.assertGreaterEqual(measured.sum("sidelight_tap_exchanges_total", tap="cache"), wanted)
        return measured

    def compare(self, measured):
        ours = {}
        for name in (DURATION, BLOCKED, NOREPLY):
            for (command,), count in measured.sum_by(name, "db_operation_name").items():
                ours[command] = ours.get(command, 0) + count
        self.assertEqual(ours, self.calls(), "Sidelight's commands and INFO commandstats")
        stats = self.info("stats")
        hits = measured.sum("cache_requests_total", cache_result="hit")
        misses = measured.sum("cache_requests_total", cache_result="miss")
        self.assertEqual((hits, misses), (int(stats["keyspace_hits"]), int(stats["keyspace_misses"])),
                         "Sidelight's hits and misses, and INFO stats keyspace_hits and keyspace_misses")
        by_code = measured.sum_by(DURATION, "db_response_status_code")
        self.assertEqual({code: count for (code,), count in by_code.items() if code}, self.errors(),
                         "Sidelight's errors and INFO errorstats")
        return hits, misses

    def check_ratios(self, measured):
        """Each keyspace's gauge is what its counters say."""
        counters = measured.sum_by("cache_requests_total", "cache_keyspace", "cache_result")
        for keyspace in {keyspace for keyspace, _ in counters}:
            hits, misses = counters.get((keyspace, "hit"), 0), counters.get((keyspace, "miss"), 0)
            self.assertAlmostEqual(measured.sum("cache_hit_ratio", cache_keyspace=keyspace), hits / (hits + misses),
                                   9, keyspace)
