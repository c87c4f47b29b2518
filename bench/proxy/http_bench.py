"""CPU per HTTP request of proxies in front of one nginx, all on one core, interleaved round by round.

    http_bench.py --sidelight build/bench/sidelight --relay build/bench/bench/relay [--rounds 5] [--seconds 2]

The yardstick is the bare relay (bench/proxy/relay.cc): a read and a write for each message and nothing else. CPU is
user and kernel time of all of a proxy's processes, divided by the requests that wrk counted. Prints a table for each
body size; --json FILE also writes the medians.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import peers

BODIES = {"1k": 1024, "64k": 65536}

NGINX = """daemon off; user root; worker_processes 1; pid {dir}/{name}.pid; error_log {dir}/{name}.log;
events {{ worker_connections 4096; }}
http {{ access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3; uwsgi_temp_path {dir}/4;
  scgi_temp_path {dir}/5; {body} }}
"""


def nginx(directory, name, port, body):
    path = directory / f"{name}.conf"
    path.write_text(NGINX.format(dir=directory, name=name, body=body))
    return peers.Server(name, ["nginx", "-e", str(directory / f"{name}.log"), "-p", str(directory), "-c", str(path)], port)


def start_backend(directory, started):
    port = peers.free_port()
    root = directory / "www"
    root.mkdir()
    for name, size in BODIES.items():
        (root / name).write_bytes(b"x" * size)
    started.append(nginx(directory, "backend", port,
                         "sendfile on; tcp_nopush on; open_file_cache max=100 inactive=600s; open_file_cache_valid 600s; "
                         f"server {{ listen 127.0.0.1:{port} backlog=1024; root {root}; }}"))
    return port


def start_peers(args, directory, backend, started):
    started.append(peers.relay(args, backend))
    started.append(peers.Sidelight(args, "http", backend))
    if shutil.which("haproxy"):
        started.append(peers.haproxy(directory, "haproxy-tcp", backend, "tcp"))
        started.append(peers.haproxy(directory, "haproxy-http", backend, "http", "http-reuse always"))
    port = peers.free_port()
    started.append(nginx(directory, "nginx", port,
                         f"upstream b {{ server 127.0.0.1:{backend}; keepalive 128; keepalive_requests 1000000000; }} "
                         "proxy_max_temp_file_size 0; proxy_buffers 16 8k; "
                         f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://b; "
                         'proxy_http_version 1.1; proxy_set_header Connection ""; } }'))


def load(port, path, seconds, connections):
    out = subprocess.run(["taskset", "-c", "0", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                          f"http://127.0.0.1:{port}/{path}"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"errors under load:\n{out}")
    return int(re.search(r"(\d+) requests in", out).group(1))


def main():
    parser = peers.arguments(__doc__)
    parser.add_argument("--connections", type=int, default=64)
    args = parser.parse_args()
    peers.need("wrk", "nginx", "taskset")
    result = {"cpu": {}, "memory": {}}
    started = []
    with tempfile.TemporaryDirectory(prefix="http-bench-") as directory:
        directory = pathlib.Path(directory)
        try:
            backend = start_backend(directory, started)
            start_peers(args, directory, backend, started)
            time.sleep(1)
            for peer in started[1:]:
                result["memory"][peer.name] = peer.memory()
                load(peer.port, "1k", 1, args.connections)
            for body in BODIES:
                result["cpu"][body] = peers.cpu_per_operation(
                    f"HTTP, body {body}", started[1:], args.rounds,
                    lambda peer, body=body: load(peer.port, body, args.seconds, args.connections))
            print(f"\nmemory in KiB, idle with one tap\n{'':14} {'PSS':>7} {'private dirty':>14}")
            for name, (pss, dirty) in result["memory"].items():
                print(f"{name:14} {pss:7} {dirty:14}")
        finally:
            peers.stop_all(started)
    peers.write(args.json, result)


if __name__ == "__main__":
    main()
