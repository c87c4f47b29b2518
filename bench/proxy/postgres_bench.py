"""CPU per transaction of proxies in front of one PostgreSQL, all on one core, interleaved round by round.

    postgres_bench.py --sidelight build/bench/sidelight --relay build/bench/bench/relay [--rounds 5] [--seconds 2]

pgbench -S (one SELECT each), 16 connections, once with simple queries and once with prepared statements. CPU is user
and kernel time of all of a proxy's processes, divided by the transactions that pgbench counted. The server's data is
in a temporary directory; started by root, it runs as the user postgres. Prints a table for each query mode; --json
FILE also writes the medians.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import peers

MODES = ("simple", "prepared")
CONNECTIONS = 16


def find_programs():
    """The directory with initdb, postgres and pgbench: Debian keeps them apart, by version."""
    if found := shutil.which("initdb"):
        return pathlib.Path(found).resolve().parent
    directories = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not directories:
        raise SystemExit("postgresql is missing; run script/bootstrap bench")
    return directories[-1].parent


def start_backend(programs, directory):
    as_user = []
    if os.geteuid() == 0:  # the server refuses to be root's
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(directory, "postgres")
    data = directory / "data"
    subprocess.run([*as_user, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"], check=True,
                   stdout=subprocess.DEVNULL, cwd=directory)
    port = peers.free_port()
    # SIGINT: at once, and in order.
    return peers.Server("postgres", [*as_user, str(programs / "postgres"), "-D", str(data), "-p", str(port),
                                     "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={directory}",
                                     "-c", "fsync=off", "-c", "max_connections=200"], port, stop_with=signal.SIGINT)


def pgbench(programs, port, *options):
    return subprocess.run(["taskset", "-c", "0", programs / "pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres",
                           "-n", *options, "postgres"], capture_output=True, text=True, check=True).stdout


def load(programs, port, mode, seconds):
    out = pgbench(programs, port, "-S", "-M", mode, "-c", str(CONNECTIONS), "-T", str(seconds))
    if not re.search(r"failed transactions: 0 ", out):
        raise SystemExit(f"errors under load:\n{out}")
    return int(re.search(r"actually processed: (\d+)", out).group(1))


def main():
    args = peers.arguments(__doc__).parse_args()
    peers.need("taskset", "setpriv")
    programs = find_programs()
    result = {"cpu": {}}
    started = []
    with tempfile.TemporaryDirectory(prefix="postgres-bench-") as directory:
        directory = pathlib.Path(directory)
        try:
            started.append(start_backend(programs, directory))
            backend = started[0].port
            pgbench(programs, backend, "-i", "-I", "dtgp", "-s", "1")
            started.append(peers.relay(args, backend))
            started.append(peers.Sidelight(args, "postgres", backend))
            if shutil.which("haproxy"):
                started.append(peers.haproxy(directory, "haproxy-tcp", backend, "tcp"))
            for mode in MODES:
                for peer in started[1:]:
                    load(programs, peer.port, mode, 1)
                result["cpu"][mode] = peers.cpu_per_operation(
                    f"pgbench -S, {mode} queries", started[1:], args.rounds,
                    lambda peer, mode=mode: load(programs, peer.port, mode, args.seconds))
        finally:
            peers.stop_all(started)
    peers.write(args.json, result)


if __name__ == "__main__":
    main()
