#!/usr/bin/python3
"""memjs, which speaks memcached's binary protocol: its commands, hits and misses are those that it was told and those
that memcached counted itself."""

import random

import harness
import npm_clients
from memcached_test import stats

COMMANDS = 50_000
DURATION = "db_client_operation_duration_seconds_count"
# What memcached counts of the commands that are no lookups: hits and misses together.
THEIRS = {("delete",): ("delete_hits", "delete_misses"), ("touch",): ("touch_hits", "touch_misses"),
          ("incr", "decr"): ("incr_hits", "incr_misses", "decr_hits", "decr_misses")}
# The counters of memcached.js. The command that makes one is neither hit nor miss to memcached.
COUNTERS = 20
# memjs' names of commands; its prepend sends the opcode of append.
NAMES = {"increment": "incr", "decrement": "decr", "prepend": "append"}


class MemjsTest(harness.IntegrationTest):
    def test_counts_are_those_of_memcached(self):
        memcached = self.memcached()
        sidelight = self.sidelight({"name": "cache", "protocol": "memcached", "upstream": f"127.0.0.1:{memcached}"})
        seed = random.randrange(1 << 32)
        print(f"memjs: seed {seed}")
        told = npm_clients.run("memcached.js", sidelight.port, seed, COMMANDS)
        counted = stats(memcached)
        measured = sidelight.scrape_when_idle()

        sent = {}
        for name, count in told["commands"].items():
            sent[NAMES.get(name, name)] = sent.get(NAMES.get(name, name), 0) + count
        self.assertEqual(sum(sent.values()), COMMANDS)
        self.assertEqual({name: count for (name,), count in measured.sum_by(DURATION, "db_operation_name").items()}, sent)
        ours = {result: measured.sum("cache_requests_total", cache_operation="get", cache_result=result)
                for result in ("hit", "miss")}
        self.assertEqual(ours, {"hit": told["hits"], "miss": told["misses"]}, "what memjs was told")
        self.assertEqual(ours, {"hit": int(counted["get_hits"]), "miss": int(counted["get_misses"])},
                         "memcached's own stats")
        self.assertGreater(min(ours.values()), COMMANDS // 20)
        for names, its_stats in THEIRS.items():
            made = COUNTERS if "incr" in names else 0
            self.assertEqual(sum(int(counted[stat]) for stat in its_stats) + made, sum(sent[name] for name in names), names)
        self.assertEqual({operation for operation, in measured.sum_by("cache_requests_total", "cache_operation")}, {"get"})
        self.assertEqual(measured.sum_by(DURATION, "db_response_status_code"), {("",): COMMANDS})
        self.assertEqual(measured.sum_by("sidelight_tap_opaque_total", "reason"), {})
        self.assertEqual(measured.sum("sidelight_tap_exchanges_unobserved_total"), 0)
        print(f"{COMMANDS} commands of {len(sent)} kinds: {ours['hit']:.0f} hits and {ours['miss']:.0f} misses are memcached's")


if __name__ == "__main__":
    npm_clients.install()
    harness.main()
