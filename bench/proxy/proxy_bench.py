"""CPU per request of proxies in front of one nginx, all on one core, interleaved round by round.

    proxy_bench.py --sidelight build/bench/sidelight --relay build/bench/bench/relay [--rounds 5] [--seconds 2]

The yardstick is the bare relay (bench/proxy/relay.cc): a read and a write for each message and nothing else. CPU is
user and kernel time of all of a proxy's processes, divided by the requests that wrk counted. Prints a table for each
body size; --json FILE also writes the medians.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BODIES = {"1k": 1024, "64k": 65536}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, process, deadline=10.0):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{process.args} does not listen on port {port}")


def session_pids(leader):
    pids = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        if int(stat[stat.rindex(")") + 2:].split()[3]) == leader:
            pids.append(int(entry))
    return pids


class Server:
    """A process in a session of its own, on one core, with its CPU clock."""

    def __init__(self, name, argv, port, core="0"):
        self.name, self.port = name, port
        self.process = subprocess.Popen(["taskset", "-c", core, *argv], start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(port, self.process)
        self.pids = session_pids(self.process.pid)

    def cpu_seconds(self):
        # The clock id of another process' CPU time: its pid, inverted, shifted, plus 2 (CPUCLOCK_SCHED).
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids)

    def memory(self):
        """(PSS, private dirty) in KiB."""
        totals = [0, 0]
        for pid in self.pids:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            for i, key in enumerate(("Pss", "Private_Dirty")):
                totals[i] += int(re.search(rf"^{key}: +(\d+)", text, re.M).group(1))
        return totals

    def stop(self):
        for pid in session_pids(self.process.pid):
            try:
                os.kill(pid, signal.SIGTERM)
            except OSError:
                pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


NGINX = """daemon off; user root; worker_processes 1; pid {dir}/{name}.pid; error_log {dir}/{name}.log;
events {{ worker_connections 4096; }}
http {{ access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3; uwsgi_temp_path {dir}/4;
  scgi_temp_path {dir}/5; {body} }}
"""
HAPROXY = """global
  nbthread 1
defaults
  mode {mode}
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  {extra}
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{backend}
"""


def nginx(directory, name, port, body):
    path = directory / f"{name}.conf"
    path.write_text(NGINX.format(dir=directory, name=name, body=body))
    return Server(name, ["nginx", "-e", str(directory / f"{name}.log"), "-p", str(directory), "-c", str(path)], port)


def haproxy(directory, name, backend, mode, extra):
    port = free_port()
    path = directory / f"{name}.cfg"
    path.write_text(HAPROXY.format(mode=mode, extra=extra, port=port, backend=backend))
    return Server(name, ["haproxy", "-db", "-f", str(path)], port)


def start_all(args, directory):
    backend_port = free_port()
    root = directory / "www"
    root.mkdir()
    for name, size in BODIES.items():
        (root / name).write_bytes(b"x" * size)
    backend = nginx(directory, "backend", backend_port,
                    "sendfile on; tcp_nopush on; open_file_cache max=100 inactive=600s; open_file_cache_valid 600s; "
                    f"server {{ listen 127.0.0.1:{backend_port} backlog=1024; root {root}; }}")
    peers = []
    port = free_port()
    peers.append(Server("relay", [args.relay, str(port), str(backend_port)], port))
    port = free_port()
    peers.append(Server("sidelight", [args.sidelight, "run", "--tap", f"http://127.0.0.1:{port}=127.0.0.1:{backend_port}",
                                      "--listen", f"127.0.0.1:{free_port()}",
                                      "--probe-listen", f"127.0.0.1:{free_port()}"], port))
    if shutil.which("haproxy"):
        peers.append(haproxy(directory, "haproxy-tcp", backend_port, "tcp", ""))
        peers.append(haproxy(directory, "haproxy-http", backend_port, "http", "http-reuse always"))
    port = free_port()
    peers.append(nginx(directory, "nginx", port,
                       f"upstream b {{ server 127.0.0.1:{backend_port}; keepalive 128; keepalive_requests 1000000000; }} "
                       "proxy_max_temp_file_size 0; proxy_buffers 16 8k; "
                       f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://b; "
                       'proxy_http_version 1.1; proxy_set_header Connection ""; } }'))
    return backend, peers


def load(port, path, seconds, connections):
    out = subprocess.run(["taskset", "-c", "0", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                          f"http://127.0.0.1:{port}/{path}"], capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"errors under load:\n{out}")
    return requests


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sidelight", required=True)
    parser.add_argument("--relay", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json")
    args = parser.parse_args()
    for tool in ("wrk", "nginx", "taskset"):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing; run script/bootstrap bench")
    result = {"cpu": {}, "memory": {}}
    servers = []
    with tempfile.TemporaryDirectory(prefix="proxy-bench-") as directory:
        try:
            backend, peers = start_all(args, pathlib.Path(directory))
            servers = [backend, *peers]
            time.sleep(1)
            for peer in peers:
                result["memory"][peer.name] = peer.memory()
                load(peer.port, "1k", 1, args.connections)
            for body in BODIES:
                samples = {peer.name: [] for peer in peers}
                for round_number in range(args.rounds):
                    shift = round_number % len(peers)
                    for peer in peers[shift:] + peers[:shift]:
                        print(f"\r{body}: round {round_number + 1} of {args.rounds}, {peer.name}        ", end="",
                              file=sys.stderr, flush=True)
                        before = peer.cpu_seconds()
                        requests = load(peer.port, body, args.seconds, args.connections)
                        samples[peer.name].append((peer.cpu_seconds() - before) / requests * 1e6)
                print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
                medians = {name: statistics.median(values) for name, values in samples.items()}
                result["cpu"][body] = medians
                print(f"\nbody {body}, {args.connections} connections, CPU per request")
                print(f"{'':14} {'us':>7} {'min':>7} {'max':>7}  ratio to relay")
                for name, value in medians.items():
                    print(f"{name:14} {value:7.2f} {min(samples[name]):7.2f} {max(samples[name]):7.2f}"
                          f"  {value / medians['relay']:.3f}")
            print(f"\nmemory in KiB, idle with one tap\n{'':14} {'PSS':>7} {'private dirty':>14}")
            for name, (pss, dirty) in result["memory"].items():
                print(f"{name:14} {pss:7} {dirty:14}")
        finally:
            for server in servers:
                server.stop()
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
