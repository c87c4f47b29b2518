#!/usr/bin/python3
"""A million random commands of redis-benchmark and ioredis: the hits, misses and counts of every command are those that
Redis counted itself, and ioredis was told."""

import random
import subprocess

import harness
import npm_clients
from redis_counts import DURATION, RedisCounts

BENCHMARK = 800_000
IOREDIS = 200_000
# Of every hundred commands of the benchmark: words, how many, of how many keys. Half of what is read is not there, as it
# reads twice the keys that it writes.
KEY = "key:__rand_int__"
MIX = (
    (("SET", KEY, "a value"), 20, 5_000),
    (("GET", KEY), 30, 10_000),
    (("MGET", *[KEY] * 5), 10, 10_000),
    (("GETEX", KEY, "PERSIST"), 10, 10_000),
    (("STRLEN", KEY), 10, 10_000),
    (("GETDEL", KEY), 10, 10_000),
    (("INCR", "counter:__rand_int__"), 5, 100),
    (("LPUSH", "list:__rand_int__", "a"), 5, 100),
)


class IoredisTest(RedisCounts):
    def benchmark(self):
        """Sends its share in pieces, in random order and with pipelines of random depth. How many of each command."""
        pieces = [(words, keys) for words, share, keys in MIX for _ in range(share)]
        seed = random.randrange(1 << 32)
        print(f"redis-benchmark: seed {seed}")
        randomness = random.Random(seed)
        randomness.shuffle(pieces)
        sent = {}
        for words, keys in pieces:
            count = BENCHMARK // len(pieces)
            subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(self.sidelight_process.port), "-q", "-n",
                            str(count), "-r", str(keys), "-c", "10", "-P", str(randomness.choice((1, 8, 50))), *words],
                           check=True, timeout=120, stdout=subprocess.DEVNULL)
            sent[words[0]] = sent.get(words[0], 0) + count
        return sent

    def test_a_million_commands(self):
        self.start_both()
        sent = self.benchmark()
        self.assertEqual(sum(sent.values()), BENCHMARK)
        seed = random.randrange(1 << 32)
        print(f"ioredis: seed {seed}")
        told = npm_clients.run("redis.js", self.sidelight_process.port, seed, IOREDIS)
        self.assertGreaterEqual(sum(told["commands"].values()), IOREDIS)
        measured = self.when_idle(BENCHMARK + IOREDIS)
        hits, misses = self.compare(measured)
        for name, count in told["commands"].items():
            sent[name] = sent.get(name, 0) + count
        # redis-benchmark asks for two settings before it begins.
        ours = {name: count for (name,), count in measured.sum_by(DURATION, "db_operation_name").items()}
        self.assertEqual({name: count for name, count in ours.items() if name != "CONFIG"}, sent, "what the clients sent")
        self.assertEqual(self.errors(), told["errors"], "only ioredis had errors")
        self.assertGreater(min(hits, misses), 100_000, "the commands hit and miss")
        self.assertGreater(min(told["hits"], told["misses"]), 10_000)
        of_ioredis = {result: measured.sum("cache_requests_total", cache_result=result) -
                      measured.sum("cache_requests_total", cache_result=result, cache_keyspace="key:{id}")
                      for result in ("hit", "miss")}
        self.assertEqual(of_ioredis, {"hit": told["hits"], "miss": told["misses"]}, "what ioredis was told")
        self.assertEqual(measured.sum("sidelight_tap_opaque_total"), 0)
        self.assertEqual(measured.sum("sidelight_tap_exchanges_unobserved_total"), 0)
        print(f"{sum(ours.values()):.0f} commands of {len(ours)} kinds: all counts, {hits:.0f} hits and {misses:.0f} misses "
              "are Redis' own")


if __name__ == "__main__":
    npm_clients.install()
    harness.main()
