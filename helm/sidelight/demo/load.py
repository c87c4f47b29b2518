#!/usr/bin/python3
"""Load for the shop: an open loop of customers who come whether or not the shop keeps up.

Each arrival posts an order and then gets it back, or (a share of them) reads a product, or (another share) looks at a
user's cart, which one in twenty changes first, or (another share) asks for the report of the sales. A share of all of
them is impatient: they hang up when an answer takes longer than 15 ms. The phases say how many arrive: 10x5,50x10,10x5
is 10 a second for 5 s, then 50 a second for 10 s, then 10 again for 5 s.

Two times are kept for each request. Latency runs from the moment when the request was due, so that a stall of the
shop also counts for those who had to wait to be served (no coordinated omission). Service time runs from the moment
when the driver turned to it, a new connection included. Each request carries a sampled traceparent.

An error is an answer of 400 and above, or none at all, as when the customer hung up.
"""

import argparse
import asyncio
import collections
import json
import math
import random
import re
import signal
import socket
import struct
import sys

PRODUCTS = 20
USERS = 10  # who have carts: few, so that a cache soon knows them
PATIENCE = 0.015  # seconds that the impatient wait for an answer
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def parse_phases(text):
    """"10x5,50x10" gives [(10.0, 5.0), (50.0, 10.0)]: arrivals a second, seconds."""
    phases = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)", part.strip())
        if not match or not float(match[1]) or not float(match[2]):
            raise argparse.ArgumentTypeError(f"a phase is RATExSECONDS, for instance 50x10, and not {part!r}")
        phases.append((float(match[1]), float(match[2])))
    return phases


def quantile(values, q):
    """The nearest-rank quantile of a list; nan when it is empty."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else math.nan


def quantiles(values):
    return {name: quantile(values, q) for name, q in QUANTILES.items()}


class Recorder:
    """What happened to every request, by route, of one phase or of all."""

    def __init__(self, name):
        self.name = name
        self.arrivals = 0
        self.latencies = collections.defaultdict(list)
        self.service_times = collections.defaultdict(list)
        self.statuses = collections.defaultdict(collections.Counter)

    def add(self, route, status, latency, service_time):
        self.latencies[route].append(latency)
        self.service_times[route].append(service_time)
        self.statuses[route][status] += 1

    def report(self):
        routes = {route: self._route_report(route) for route in sorted(self.latencies)}
        return {"name": self.name, "arrivals": self.arrivals,
                "requests": sum(route["requests"] for route in routes.values()),
                "errors": sum(route["errors"] for route in routes.values()),
                "latency_seconds": quantiles(sum(self.latencies.values(), [])),
                "service_seconds": quantiles(sum(self.service_times.values(), [])), "routes": routes}

    def _route_report(self, route):
        statuses = self.statuses[route]
        return {"requests": sum(statuses.values()),
                "errors": sum(n for status, n in statuses.items() if not 200 <= status < 400),
                "statuses": {str(status or "none"): n for status, n in sorted(statuses.items())},
                "latency_seconds": quantiles(self.latencies[route]),
                "service_seconds": quantiles(self.service_times[route])}


class Pool:
    """Keep-alive connections to one address; a new one is opened when all are busy."""

    def __init__(self, host, port, timeout):
        self._host, self._port, self._timeout = host, port, timeout
        self._idle = []

    async def request(self, method, path, headers, body=b"", patience=math.inf):
        """The status and body of the answer; (0, b"") when there was none in time, or within `patience` seconds."""
        writer = None
        try:
            async with asyncio.timeout(min(self._timeout, patience)):
                reader, writer = self._take() or await asyncio.open_connection(self._host, self._port)
                writer.write(f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{headers}"
                             f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                status, answer, keep_alive = await read_response(reader)
        except (OSError, EOFError, ValueError, LookupError, asyncio.LimitOverrunError):
            if writer:
                hang_up(writer)
            return 0, b""
        except asyncio.CancelledError:
            if writer:
                writer.close()
            raise
        if keep_alive:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return status, answer

    def close(self):
        for _, writer in self._idle:
            writer.close()

    def _take(self):
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None


def hang_up(writer):
    """Resets the connection: an end alone could mean that the client still listens."""
    if not writer.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def read_response(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in filter(None, head[1:]):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split(" ")[1]), body, headers.get("connection", "").lower() != "close"


class Load:
    """One run of the driver."""

    def __init__(self, pool, seed=None, product_share=0.2, cart_share=0.0, report_share=0.0, impatient_share=0.0):
        self._pool = pool
        self._random = random.Random(seed)
        self._product_share, self._cart_share = product_share, cart_share
        self._report_share, self._impatient_share = report_share, impatient_share
        self._arrivals = set()
        self.total = Recorder("total")
        self.phases = []

    async def run(self, phases, repeat):
        """`repeat` times through the phases; 0 is for ever. Returns when every arrival has been served."""
        start = asyncio.get_running_loop().time()
        done = 0
        while repeat == 0 or done < repeat:
            for rate, seconds in phases:
                await self._run_phase(start, rate, seconds)
                start += seconds
            done += 1
            if repeat == 0:
                # Nobody reads the single times of an endless run, and memory must not grow with it.
                self.total, self.phases = Recorder("total"), self.phases[-len(phases):]
        await self.finish()

    async def finish(self):
        if self._arrivals:
            await asyncio.wait(self._arrivals)
        self._pool.close()

    def report(self):
        return {"phases": [phase.report() for phase in self.phases], "total": self.total.report()}

    async def _run_phase(self, start, rate, seconds):
        recorder = Recorder(f"{rate:g}/s for {seconds:g} s")
        self.phases.append(recorder)
        loop = asyncio.get_running_loop()
        for i in range(round(rate * seconds)):
            # Each arrival has a slot of 1/rate to itself and comes anywhere in it: the count is exact, and the
            # arrivals do not march in step with whatever else is periodic.
            due = start + (i + self._random.random()) / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            recorder.arrivals += 1
            self.total.arrivals += 1
            arrival = loop.create_task(self._arrive(recorder, due))
            self._arrivals.add(arrival)
            arrival.add_done_callback(self._arrivals.discard)
        await asyncio.sleep(max(0.0, start + seconds - loop.time()))

    async def _arrive(self, recorder, due):
        wish = self._random.random()
        if wish < self._product_share:
            number = self._random.randint(1, PRODUCTS)
            await self._timed(recorder, due, "GET /api/v1/products/{id}", f"/api/v1/products/{number}")
            return
        items = json.dumps({"items": [{"product_id": self._random.randint(1, PRODUCTS),
                                       "quantity": self._random.randint(1, 3)}]}).encode()
        if wish < self._product_share + self._cart_share:
            path = f"/api/v1/users/{self._random.randint(1, USERS)}/cart"
            if self._random.random() < 0.05:
                await self._timed(recorder, due, "PUT /api/v1/users/{id}/cart", path, items)
                due = asyncio.get_running_loop().time()
            await self._timed(recorder, due, "GET /api/v1/users/{id}/cart", path)
            return
        if wish < self._product_share + self._cart_share + self._report_share:
            await self._timed(recorder, due, "GET /api/v1/reports/sales", "/api/v1/reports/sales")
            return
        status, answer = await self._timed(recorder, due, "POST /api/v1/orders", "/api/v1/orders", items)
        if status == 201:
            created = json.loads(answer)
            order_id = created[self._random.choice(("id", "number"))]
            # The customer asks as soon as the order is confirmed: that moment is when the second request is due.
            now = asyncio.get_running_loop().time()
            await self._timed(recorder, now, "GET /api/v1/orders/{id}", f"/api/v1/orders/{order_id}")

    async def _timed(self, recorder, due, route, path, body=b""):
        trace_id, span_id = self._random.getrandbits(128) | 1, self._random.getrandbits(64) | 1
        headers = f"traceparent: 00-{trace_id:032x}-{span_id:016x}-01\r\n"
        if body:
            headers += "Content-Type: application/json\r\n"
        impatient = self._impatient_share and self._random.random() < self._impatient_share
        loop = asyncio.get_running_loop()
        turned_to = loop.time()
        status, answer = await self._pool.request(route.split(" ")[0], path, headers, body,
                                                  PATIENCE if impatient else math.inf)
        end = loop.time()
        for target in (recorder, self.total):
            target.add(route, status, end - due, end - turned_to)
        return status, answer


def render(report):
    """The report as a table; times in milliseconds, latency (and service time in brackets)."""
    lines = [f"{'phase':<18} {'route':<28} {'requests':>8} {'errors':>6} "
             + " ".join(f"{name + ' ms':>15}" for name in QUANTILES)]
    for phase in report["phases"] + [report["total"]]:
        for route, row in phase["routes"].items():
            cells = [f"{1e3 * row['latency_seconds'][q]:.1f} ({1e3 * row['service_seconds'][q]:.1f})"
                     for q in QUANTILES]
            lines.append(f"{phase['name']:<18} {route:<28} {row['requests']:>8} {row['errors']:>6} "
                         + " ".join(f"{cell:>15}" for cell in cells))
    total = report["total"]
    lines.append(f"{total['arrivals']} arrivals, {total['requests']} requests, {total['errors']} errors")
    return "\n".join(lines)


async def run(args):
    load = Load(Pool(args.host, args.port, args.timeout), args.seed, args.product_share,
                args.cart_share, args.report_share, args.impatient_share)
    task = asyncio.ensure_future(load.run(args.phases, args.repeat))
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        await load.finish()  # Stopped early: those who have come are still served, and the report says how far.
    return load.report()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--phases", type=parse_phases, default="10x5,50x10,10x5", metavar="RATExSECONDS,...")
    parser.add_argument("--repeat", type=int, default=1, help="how often to go through the phases; 0 until stopped")
    parser.add_argument("--product-share", type=float, default=0.2, help="share of arrivals that read a product")
    parser.add_argument("--cart-share", type=float, default=0.0, help="share of arrivals that look at a cart")
    parser.add_argument("--report-share", type=float, default=0.0, help="share of arrivals that ask for the report")
    parser.add_argument("--impatient-share", type=float, default=0.0, help="share of requests that are soon given up")
    parser.add_argument("--timeout", type=float, default=10, help="seconds until a request counts as unanswered")
    parser.add_argument("--seed", type=int, help="makes the arrivals and what they ask for repeatable")
    parser.add_argument("--json", metavar="FILE", help="write the report there instead of a table")
    args = parser.parse_args()
    report = asyncio.run(run(args))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    else:
        print(render(report), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
