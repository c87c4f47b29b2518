"""Runs the benchmarks and prints the budgets as one table: what was measured, beside what, the ratio, the budget.

    budgets.py BUILD_DIRECTORY [--quick]

Exits 0 whatever the figures are: a busy machine is not a failure. The verdict is for the reader.
"""
import argparse
import json
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
for folder in ("query", "rules"):
    sys.path.insert(0, str(ROOT / "bench" / folder))

import detect_bench  # noqa: E402
import query_bench  # noqa: E402

IDLE_CONNECTIONS = 4000


def google_benchmark(program, selection, seconds):
    out = subprocess.run([program, f"--benchmark_filter={selection}", f"--benchmark_min_time={seconds}",
                          "--benchmark_format=json"], capture_output=True, text=True, check=True).stdout
    return {row["name"]: row for row in json.loads(out)["benchmarks"]}


def private_dirty_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Private_Dirty: +(\d+)", text, re.M).group(1))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def bytes_per_idle_connection(sidelight):
    """Private memory that a connection takes which has carried one request and now does nothing."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(IDLE_CONNECTIONS, hard // 4)
    backend = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port, api, probes = free_port(), free_port(), free_port()
    process = subprocess.Popen([sidelight, "run", "--tap",
                                f"http://127.0.0.1:{port}=127.0.0.1:{backend.getsockname()[1]}",
                                "--listen", f"127.0.0.1:{api}", "--probe-listen", f"127.0.0.1:{probes}"],
                               stderr=subprocess.DEVNULL)
    kept = []
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", probes)).close()
                break
            except OSError:
                time.sleep(0.02)

        def open_one():
            client = socket.create_connection(("127.0.0.1", port))
            served, _ = backend.accept()
            client.sendall(b"GET /orders/1 HTTP/1.1\r\nHost: bench\r\n\r\n")
            served.recv(4096)
            served.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            client.recv(4096)
            kept.extend((client, served))

        for _ in range(100):  # what is paid once is paid now
            open_one()
        before = private_dirty_kib(process.pid)
        for _ in range(count):
            open_one()
        return (private_dirty_kib(process.pid) - before) * 1024 / count, count
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        for one in kept:
            one.close()
        backend.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    rounds, seconds, micro = (3, 1, 0.1) if args.quick else (5, 2, 0.5)
    results = args.build / "results"
    results.mkdir(exist_ok=True)
    sidelight = args.build / "sidelight"
    rows = []

    def row(what, measured, beside, ratio, budget, met):
        rows.append((what, measured, beside, ratio, budget, "met" if met else "MISSED"))

    def through_proxies(name):
        path = results / f"{name}.json"
        subprocess.run([sys.executable, ROOT / f"bench/proxy/{name}_bench.py", "--sidelight", sidelight, "--relay",
                        args.build / "bench/relay", "--rounds", str(rounds), "--seconds", str(seconds), "--json", path],
                       check=True)
        return json.loads(path.read_text())

    def cpu_rows(what, cpu, limit):
        for peer, value in cpu.items():
            ratio = value / cpu["relay"]
            if peer == "sidelight":
                row(what, f"{value:.2f} us", f"bare relay {cpu['relay']:.2f} us", f"{ratio:.2f} x", f"<= {limit:.2f} x",
                    ratio <= limit)
            elif peer != "relay":
                ours = cpu["sidelight"] / value
                row(f"  beside {peer}", f"{cpu['sidelight']:.2f} us", f"{value:.2f} us", f"{ours:.2f} x",
                    "< 1" if peer in ("haproxy-http", "nginx") else "", ours < 1)

    measured = through_proxies("http")
    for body, limit in (("1k", 1.10), ("64k", 1.05)):
        cpu_rows(f"CPU per request, {body} body", measured["cpu"][body], limit)
    redis = through_proxies("redis")
    for pipeline, limit in (("1", 1.10), ("16", 1.25)):
        cpu_rows(f"CPU per Redis GET, pipeline {pipeline}", redis["cpu"][pipeline], limit)
    postgres = through_proxies("postgres")
    cpu_rows("CPU per transaction of pgbench -S", postgres["cpu"]["simple"], 1.10)
    cpu_rows("  the same, prepared statements", postgres["cpu"]["prepared"], 1.10)
    pss, dirty = measured["memory"]["sidelight"]
    nginx_pss = measured["memory"]["nginx"][0]
    row("memory, idle with one tap: PSS", f"{pss / 1024:.1f} MiB", f"nginx {nginx_pss / 1024:.1f} MiB",
        f"{pss / nginx_pss:.2f} x", "<= 12 MiB", pss <= 12 * 1024)
    row("memory, idle with one tap: private dirty", f"{dirty / 1024:.1f} MiB", "", "", "<= 4 MiB", dirty <= 4 * 1024)

    print("an idle connection ...", file=sys.stderr)
    per_connection, count = bytes_per_idle_connection(sidelight)
    row("memory of an idle connection", f"{per_connection:.0f} B", f"mean of {count}", "", "<= 2048 B", per_connection <= 2048)

    print("observers ...", file=sys.stderr)
    seen = google_benchmark(args.build / "bench/redis_bench", "get_3B|get_4KiB|set_4KiB", micro)
    for name, what in (("get_3B", "one small Redis GET observed"), ("get_3B_pipelined_16", "  the same, in a pipeline of 16")):
        ns = seen[f"Observe/{name}"]["command"] * 1e9
        row(what, f"{ns:.0f} ns", "", "", "<= 60 ns", ns <= 60)
    for name, what in (("get_4KiB", "Redis replies of 4 KiB observed"), ("set_4KiB", "Redis commands of 4 KiB observed")):
        rate = seen[f"Observe/{name}"]["bytes_per_second"] / 1e9
        row(what, f"{rate:.0f} GB/s", "", "", ">= 2 GB/s", rate >= 2)

    print("core/metrics ...", file=sys.stderr)
    metrics = google_benchmark(args.build / "bench/metrics_bench", "Observe", micro)
    theirs = metrics["PrometheusCppObserve/real_time/threads:1"]["cpu_time"]
    for threads in (1, 2):
        ours = metrics[f"Observe/real_time/threads:{threads}"]["cpu_time"]
        row(f"one Observe, {threads} thread{'s' if threads > 1 else ''}", f"{ours:.1f} ns",
            f"prometheus-cpp, classic only {theirs:.1f} ns", f"{ours / theirs:.2f} x", "<= 12 ns", ours <= 12)

    print("/metrics ...", file=sys.stderr)
    ratio = google_benchmark(args.build / "bench/exposition_bench", "Ratio|^Scrape$|PrometheusCppScrape", micro)
    ours, theirs = ratio["Scrape"]["cpu_time"] / 1000, ratio["PrometheusCppScrape"]["cpu_time"] / 1000
    faster = ratio["Ratio"]["ratio"]
    row("/metrics, 10,000 series, collected and written", f"{ours:.2f} ms", f"prometheus-cpp {theirs:.1f} ms",
        f"{faster:.1f} x faster", ">= 20 x", faster >= 20)

    print("OTLP ...", file=sys.stderr)
    ratio = google_benchmark(args.build / "bench/otlp_bench", "Ratio|^Encode$|ProtobufFillAndSerialize", micro)
    ours, theirs = ratio["Encode"]["cpu_time"] / 1000, ratio["ProtobufFillAndSerialize"]["cpu_time"] / 1000
    faster = ratio["Ratio"]["fill_and_serialize"]
    row("10,000 series as an OTLP request, protobuf", f"{ours:.2f} ms", f"protobuf's classes {theirs:.1f} ms",
        f"{faster:.1f} x faster", ">= 5 x", faster >= 5)

    print("OTLP sent ...", file=sys.stderr)
    sent = google_benchmark(args.build / "bench/otlp_export_bench", "Export", micro)
    for kind in ("cumulative", "delta"):
        millis = sent[f"Export/{kind}/process_time"]["cpu_time"]
        row(f"10,000 series over OTLP/HTTP each second, {kind}: CPU", f"{millis:.1f} ms", "one core's second",
            f"{millis / 10:.1f} %", "<= 10 %", millis <= 100)

    print("queries ...", file=sys.stderr)
    for cells in query_bench.rows(query_bench.measure(args.build / "bench/query_server", 10 if args.quick else 30)):
        row(*cells)

    print("failures detected ...", file=sys.stderr)
    tries, defaults = ("5", "0") if args.quick else ("20", "8")
    for cells in detect_bench.rows(detect_bench.measure(detect_bench.parser().parse_args(
            ["--sidelight", str(sidelight), "--tries", tries, "--defaults", defaults]))):
        row(*cells)

    widths = [max(len(r[i]) for r in rows) for i in range(5)]
    print(f"\n{'what':{widths[0]}}  {'measured':{widths[1]}}  {'beside':{widths[2]}}  {'ratio':{widths[3]}}  budget")
    for r in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(r, widths)) + f"  {r[5] if r[4] else ''}")


if __name__ == "__main__":
    main()
