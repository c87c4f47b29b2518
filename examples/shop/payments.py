#!/usr/bin/python3
"""Whoever takes the shop's payments: a service of somebody else that the shop calls over HTTP.

    POST /v1/charges    {"cents": 897} gives 201; a share of --error-rate is answered 500
    GET  /healthz       "ok"
"""

import argparse
import http.server
import json
import random
import signal
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    """Keep-alive, one thread for each connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Head and body are written one after the other.
    latency_ms = error_rate = 0.0

    def do_GET(self):
        self._answer(200 if self.path == "/healthz" else 404, {})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(self.latency_ms / 1000 * random.lognormvariate(0, 0.5))
        if self.path != "/v1/charges":
            self._answer(404, {})
        elif random.random() < self.error_rate:
            self._answer(500, {"error": "try again"})
        else:
            self._answer(201, {"status": "charged"})

    def _answer(self, status, content):
        body = json.dumps(content).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument("--latency-ms", type=float, default=3, help="median latency")
    parser.add_argument("--error-rate", type=float, default=0.0, help="share of charges that fail")
    args = parser.parse_args()
    Handler.latency_ms, Handler.error_rate = args.latency_ms, args.error_rate
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
