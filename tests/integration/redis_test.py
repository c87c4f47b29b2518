#!/usr/bin/python3
"""Hits, misses, commands and errors of a real Redis behind the tap equal its own INFO, exactly; naming plain gives
exactly the series that were promised; keys never come out."""

import random
import subprocess
import time

import harness
from redis_counts import BLOCKED, DURATION, RedisCounts
from resp import Resp, encode

COMMANDS = 100_000
BENCHMARK_REQUESTS = 20_000
KEYSPACES = {"user:{}": "user:*", "cart:{}": "cart:{id}", "item_{}": "item_{id}", "page/{}/html": "page/{id}/html"}


def random_commands(randomness):
    """Requests that are sent together, and how many replies they bring."""
    def key():
        return randomness.choice(list(KEYSPACES)).format(randomness.randrange(1500))

    def keys(most):
        return [key() for _ in range(randomness.randint(1, most))]

    value = "v" * randomness.choice((1, 10, 100, 1000))
    kind = randomness.randrange(100)
    if kind < 30:
        return encode("GET", key()), 1
    if kind < 45:
        return encode("SET", key(), value), 1
    if kind < 52:
        return encode("mget", *keys(8)), 1
    if kind < 56:
        return encode("GETEX", key(), "PERSIST"), 1
    if kind < 60:
        return encode("GETDEL", key()), 1
    if kind < 65:
        return encode("STRLEN", key()), 1
    if kind < 69:
        return encode("Exists", *keys(3)), 1
    if kind < 72:
        return encode("SET", key(), value, "GET"), 1
    if kind < 76:
        return encode("DEL", *keys(3)), 1
    if kind < 79:
        return encode("LPUSH", f"queue:{randomness.randrange(20)}", value), 1
    if kind < 82:
        return encode("INCR", randomness.choice(["counter", "text"])), 1
    if kind < 84:
        return encode("LPUSH", "text", "not a list"), 1
    if kind < 86:
        return encode("CONFIG", "GET", "maxmemory"), 1
    if kind < 88:
        return b"PING\r\n", 1
    if kind < 90:
        return f"get {key()}\r\n".encode(), 1
    if kind < 94:
        body = [encode("GET", key()), encode("SET", key(), value), encode("MGET", *keys(4))]
        end = randomness.choice(("EXEC", "EXEC", "DISCARD"))
        return encode("MULTI") + b"".join(body) + encode(end), 5
    if kind < 96:
        # A few only: those that find nothing hold up all that is behind them.
        words = ("BLPOP", "0.001") if randomness.random() < 0.05 else ("RPOP",)
        return encode(words[0], f"queue:{randomness.randrange(30)}", *words[1:]), 1
    if kind < 98:
        return encode("SELECT", randomness.randrange(3)), 1
    return encode("HSET", f"hash:{randomness.randrange(9)}", "field", value), 1


def drive(port, commands, depth, randomness):
    """Sends at least that many commands; returns how many."""
    sent = 0
    while sent < commands:
        with Resp(port) as client:
            for _ in range(40):
                batch = [random_commands(randomness) for _ in range(randomness.randint(1, depth))]
                client.send(b"".join(data for data, _ in batch))
                for _, replies in batch:
                    for _ in range(replies):
                        client.reply()
                    sent += replies
    return sent


class RedisTest(RedisCounts):
    def test_counts_equal_redis_own(self):
        self.start_both(keyspaces=["user:*"], cache_window="1h")
        randomness = random.Random(20)
        sent = 0
        for depth in (1, 40):
            sent += drive(self.sidelight_process.port, COMMANDS // 2, depth, randomness)
        measured = self.when_idle()
        hits, misses = self.compare(measured)
        self.check_ratios(measured)
        self.assertGreater(min(hits, misses), 10_000, "the commands hit and miss")
        # EXISTS says how many of its keys are there and not which: of several keyspaces it is in none.
        self.assertEqual({keyspace for keyspace, in measured.sum_by("cache_requests_total", "cache_keyspace")},
                         {*KEYSPACES.values(), ""})
        self.assertEqual({database for database, in measured.sum_by(DURATION, "db_namespace")}, {"0", "1", "2"})
        self.assertEqual(measured.sum("sidelight_tap_opaque_total"), 0)
        self.assertEqual(measured.sum("sidelight_tap_exchanges_unobserved_total"), 0)
        self.assertEqual(measured.sum(BLOCKED), measured.sum(BLOCKED, db_operation_name="BLPOP"))
        self.assertEqual(measured.series(DURATION, db_operation_name="BLPOP"), [])
        self.assertGreater(measured.sum("db_client_pipeline_wait_seconds_count"), 10_000)
        print(f"{sent} commands: {hits:.0f} hits, {misses:.0f} misses and all counts are Redis' own")

    def test_counts_equal_redis_own_under_its_benchmark(self):
        self.start_both(cache_window="1h")
        for pipeline in (1, 16):
            subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(self.sidelight_process.port), "-q", "-n",
                            str(BENCHMARK_REQUESTS), "-P", str(pipeline), "-c", "20", "-r", "5000", "-t",
                            "set,get,incr,lpush,rpop,sadd,mset"], check=True, timeout=120, stdout=subprocess.DEVNULL)
        measured = self.when_idle(7 * 2 * BENCHMARK_REQUESTS)
        hits, misses = self.compare(measured)
        self.check_ratios(measured)
        self.assertGreater(hits, 0)
        self.assertGreater(misses, 0)
        self.assertEqual(measured.sum(DURATION, db_operation_name="GET"), 2 * BENCHMARK_REQUESTS)
        self.assertEqual({keyspace for keyspace, in measured.sum_by("cache_requests_total", "cache_keyspace")},
                         {"key:{id}"})

    def test_naming_plain_is_what_was_promised(self):
        self.start_both(naming={"style": "plain", "prefix": "feature"})
        with Resp(self.sidelight_process.port) as client:
            self.assertEqual(client.ask("SET", "user:1", "a"), "OK")
            for _ in range(3):
                self.assertEqual(client.ask("GET", "user:1"), b"a")
            self.assertIsNone(client.ask("GET", "user:2"))
        measured = self.when_idle(5)
        self.assertEqual([(sample.labels, sample.value) for sample in measured.series("feature_cache_hit_ratio")],
                         [({}, 0.75)])
        self.assertEqual(measured.sum_by("feature_cache_requests_total", "operation", "keyspace", "result"),
                         {("GET", "user:{id}", "hit"): 3, ("GET", "user:{id}", "miss"): 1})
        names = {sample.name for sample in measured.samples}
        self.assertEqual({name for name in names if not name.startswith(("sidelight_", "process_"))},
                         {"feature_cache_hit_ratio", "feature_cache_requests_total"})

    def test_the_ratio_is_absent_when_the_window_has_passed(self):
        self.start_both(cache_window="10s")
        begun = time.monotonic()
        with Resp(self.sidelight_process.port) as client:
            client.ask("GET", "user:1")
        measured = self.when_idle(1)
        self.assertEqual([sample.value for sample in measured.series("cache_hit_ratio")], [0])
        harness.eventually(lambda: not self.sidelight_process.scrape().series("cache_hit_ratio"), "no ratio")
        self.assertGreater(time.monotonic() - begun, 9)
        self.assertEqual(self.sidelight_process.scrape().sum("cache_requests_total", cache_result="miss"), 1)

    def test_no_key_and_no_password_comes_out(self):
        secret = "5up3r-s3cr3t"
        self.start_both()
        with Resp(self.sidelight_process.port) as client:
            for words in (("AUTH", secret), ("GET", f"user:{secret}{secret}"), ("SET", f"{secret}:1234", secret),
                          ("EVAL", f"return '{secret}'", 0), (secret, "a"), ("CONFIG", "GET", secret)):
                client.ask(*words)
        self.when_idle(6)
        _, _, body = harness.fetch(self.sidelight_process.metrics_port, "/metrics")
        self.assertNotIn(secret, body.decode() + self.sidelight_process.log())

    def test_a_redis_that_is_down_shows_as_errors(self):
        port = harness.free_port()
        sidelight = self.sidelight({"name": "cache", "protocol": "redis", "upstream": f"127.0.0.1:{port}"})
        with Resp(sidelight.port) as client, self.assertRaises((EOFError, OSError)):
            client.ask("GET", "user:1")
        measured = harness.eventually(
            lambda: (m := sidelight.scrape()).sum(DURATION, error_type="connect_refused") and m, "the error is counted")
        self.assertEqual(measured.sum_by(DURATION, "db_operation_name", "error_type"), {("GET", "connect_refused"): 1})


if __name__ == "__main__":
    harness.main()
