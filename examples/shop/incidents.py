#!/usr/bin/python3
"""Bad times for the shop, again and again: its carts become slow and unreliable for a while, so that there is something
to see on dashboards and for alerts to tell. They pass by themselves; see /admin/fault of shop.py."""

import argparse
import json
import time
import urllib.request

FAULT = {"path": "/api/v1/users", "latency_ms": 250, "error_rate": 0.3}


def begin(port, seconds):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/admin/fault",
                                     json.dumps({**FAULT, "seconds": seconds}).encode())
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except OSError as error:
        print(f"the shop cannot be reached: {error}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8081, help="the shop's own")
    parser.add_argument("--first", type=float, default=60, help="seconds until the first one begins")
    parser.add_argument("--every", type=float, default=180, help="seconds from one's beginning to the next one's")
    parser.add_argument("--seconds", type=float, default=30, help="how long one lasts")
    args = parser.parse_args()
    time.sleep(args.first)
    while True:
        begin(args.port, args.seconds)
        time.sleep(args.every)


if __name__ == "__main__":
    main()
