"""CPU per GET of proxies in front of one Redis, all on one core, interleaved round by round.

    redis_bench.py --sidelight build/bench/sidelight --relay build/bench/bench/relay [--rounds 5] [--seconds 2]

redis-benchmark, 50 connections, values of 64 bytes that are all there, pipelines of 1 and 16. CPU is user and kernel
time of all of a proxy's processes, divided by the commands. Sidelight counts each GET as a hit; that it has counted
exactly as many as were sent is part of the run. Prints a table for each pipeline; --json FILE also writes the medians.
"""
import csv
import io
import pathlib
import shutil
import subprocess
import tempfile

import peers

PIPELINES = (1, 16)
CONNECTIONS = 50
VALUE = 64  # bytes


def benchmark(port, test, pipeline, commands):
    """Sends so many commands, and returns how many it made in a second."""
    out = subprocess.run(["taskset", "-c", "0", "redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-t", test,
                          "-c", str(CONNECTIONS), "-P", str(pipeline), "-d", str(VALUE), "-n", str(commands), "--csv"],
                         capture_output=True, text=True, check=True).stdout
    return float(list(csv.DictReader(io.StringIO(out)))[-1]["rps"])


def main():
    args = peers.arguments(__doc__).parse_args()
    peers.need("redis-server", "redis-benchmark", "taskset")
    result = {"cpu": {}}
    started = []
    with tempfile.TemporaryDirectory(prefix="redis-bench-") as directory:
        directory = pathlib.Path(directory)
        try:
            backend = peers.free_port()
            started.append(peers.Server("redis", ["redis-server", "--bind", "127.0.0.1", "--port", str(backend), "--save",
                                                  "", "--appendonly", "no", "--dir", str(directory)], backend))
            benchmark(backend, "set", 1, 1000)
            started.append(peers.relay(args, backend))
            tap = peers.Sidelight(args, "redis", backend)
            started.append(tap)
            if shutil.which("haproxy"):
                started.append(peers.haproxy(directory, "haproxy-tcp", backend, "tcp"))
            sent = 0
            for pipeline in PIPELINES:
                # A whole number of pipelines on each connection, so that every command that is sent is one of them.
                rate = benchmark(started[1].port, "get", pipeline, 100 * CONNECTIONS * pipeline)
                step = CONNECTIONS * pipeline
                commands = max(1, int(rate * args.seconds / step)) * step

                def load(peer, pipeline=pipeline, commands=commands):
                    nonlocal sent
                    benchmark(peer.port, "get", pipeline, commands)
                    sent += commands if peer is tap else 0
                    return commands

                load(tap)
                result["cpu"][str(pipeline)] = peers.cpu_per_operation(f"Redis GET, pipeline {pipeline}", started[1:],
                                                                       args.rounds, load)
            hits = tap.total("cache_requests_total", 'cache_operation="GET"', 'cache_result="hit"')
            if hits != sent:
                raise SystemExit(f"{sent} GETs of a key that is there were sent through the tap, and {hits:.0f} hits counted")
            print(f"\n{sent} GETs went through the tap, and as many hits were counted")
        finally:
            peers.stop_all(started)
    peers.write(args.json, result)


if __name__ == "__main__":
    main()
