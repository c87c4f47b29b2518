"""The processes that the benches of proxies start: each in a session and on a core of its own choice, with its CPU clock;
and the peers in front of one backend: the bare relay, Sidelight, haproxy.

What is compared is measured round by round, each round beginning with another peer: whatever else the machine does
strikes all of them alike.
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
import time
import urllib.request


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
    """A process in a session of its own, on one core, with its CPU clock. All share the core unless told otherwise."""

    def __init__(self, name, argv, port, core="0", stop_with=signal.SIGTERM):
        self.name, self.port, self.stop_with = name, port, stop_with
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
                os.kill(pid, self.stop_with)
            except OSError:
                pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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


def haproxy(directory, name, backend, mode, extra=""):
    port = free_port()
    path = directory / f"{name}.cfg"
    path.write_text(HAPROXY.format(mode=mode, extra=extra, port=port, backend=backend))
    return Server(name, ["haproxy", "-db", "-f", str(path)], port)


def relay(args, backend):
    port = free_port()
    return Server("relay", [args.relay, str(port), str(backend)], port)


class Sidelight(Server):
    """With one tap, of that protocol; scrape() gives /metrics as text."""

    def __init__(self, args, protocol, backend):
        port, self.api = free_port(), free_port()
        super().__init__("sidelight", [args.sidelight, "run", "--tap", f"{protocol}://127.0.0.1:{port}=127.0.0.1:{backend}",
                                       "--listen", f"127.0.0.1:{self.api}",
                                       "--probe-listen", f"127.0.0.1:{free_port()}"], port)

    def scrape(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def total(self, metric, *labels):
        """The sum of the samples of that name whose labels have all of `labels`, each 'name="value"'."""
        lines = (line for line in self.scrape().splitlines() if line.startswith(metric + "{"))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in labels))


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sidelight", required=True)
    parser.add_argument("--relay", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json")
    return parser


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing; run script/bootstrap bench")


def cpu_per_operation(title, peers, rounds, load):
    """The median for each peer in microseconds, printed as a table; load(peer) returns how many operations it made."""
    samples = {peer.name: [] for peer in peers}
    for number in range(rounds):
        shift = number % len(peers)
        for peer in peers[shift:] + peers[:shift]:
            print(f"\r{title}: round {number + 1} of {rounds}, {peer.name}        ", end="", file=sys.stderr, flush=True)
            before = peer.cpu_seconds()
            operations = load(peer)
            samples[peer.name].append((peer.cpu_seconds() - before) / operations * 1e6)
    print("\r" + " " * 79 + "\r", end="", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in samples.items()}
    print(f"\n{title}: CPU per operation\n{'':14} {'us':>7} {'min':>7} {'max':>7}  ratio to relay")
    for name, value in medians.items():
        print(f"{name:14} {value:7.3f} {min(samples[name]):7.3f} {max(samples[name]):7.3f}  {value / medians['relay']:.3f}")
    return medians


def stop_all(servers):
    """Those that were started last first, so that no peer outlives its backend with connections open."""
    for server in reversed(servers):
        server.stop()


def write(path, result):
    if path:
        pathlib.Path(path).write_text(json.dumps(result, indent=1))
