#!/usr/bin/python3
"""Behind a real nginx, Sidelight counts every request that nginx counts: neither one more nor one less."""

import collections
import itertools
import threading

import harness

KEEP_ALIVE_REQUESTS = 6_000
PIPELINED_REQUESTS = 14_000
DEPTH = 16
THREADS = 4

HOST = b" HTTP/1.1\r\nHost: test\r\n"
BODY = b"x" * 700
# (method, request, status)
KINDS = [
    ("GET", b"GET /file" + HOST + b"\r\n", 200),
    ("GET", b"GET /file" + HOST + b"Accept-Encoding: gzip\r\n\r\n", 200),  # Chunked by nginx.
    ("HEAD", b"HEAD /file" + HOST + b"\r\n", 200),
    ("GET", b"GET /file" + HOST + b"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n", 304),
    ("GET", b"GET /missing" + HOST + b"\r\n", 404),
    ("HEAD", b"HEAD /missing" + HOST + b"\r\n", 404),
    ("POST", b"POST /post" + HOST + b"Content-Length: 700\r\n\r\n" + BODY, 200),
    ("POST", b"POST /post" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2bc\r\n" + BODY + b"\r\n0\r\n\r\n", 200),
    ("POST", b"POST /file" + HOST + b"Content-Length: 2\r\n\r\nhi", 405),
    ("PUT", b"PUT /empty" + HOST + b"Content-Length: 0\r\n\r\n", 204),
    ("DELETE", b"DELETE /fails" + HOST + b"\r\n", 503),
]


def drive(port, requests, depth, errors):
    """Sends that many requests over connections of its own, each read to its end before the next batch."""
    kinds = itertools.cycle(KINDS)
    try:
        while requests:
            with harness.Connection(port) as connection:
                for _ in range(20):
                    batch = [next(kinds) for _ in range(min(depth, requests))]
                    connection.send(b"".join(request for _, request, _ in batch))
                    for method, request, wanted in batch:
                        status, _, _ = connection.response(method)
                        if status != wanted:
                            raise AssertionError(f"{request[:60]!r}: got {status}, wanted {wanted}")
                    requests -= len(batch)
    except Exception as error:  # Whatever it is, the test's own thread has to hear of it.
        errors.append(repr(error))


def drive_in_threads(port, requests, depth):
    errors = []
    threads = [threading.Thread(target=drive, args=(port, requests // THREADS, depth, errors)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise AssertionError(errors)


class NginxCountTest(harness.IntegrationTest):
    def start_nginx(self):
        self.nginx_port, self.status_port = harness.free_port(), harness.free_port()
        with open(f"{self.directory}/file", "w", encoding="ascii") as file:
            file.write("x" * 1024)
        self.access_log = f"{self.directory}/access.log"
        self.nginx(f"""
            server {{ listen 127.0.0.1:{self.nginx_port}; root {self.directory};
                      access_log {self.access_log} counted; gzip on; gzip_min_length 1; gzip_types text/plain;
                      if_modified_since before; log_not_found off;
                      location = /post {{ return 200 "posted"; }}
                      location = /empty {{ return 204; }}
                      location = /fails {{ return 503; }} }}
            server {{ listen 127.0.0.1:{self.status_port}; location / {{ stub_status; }} }}""",
                   "log_format counted '$request_method $status';")
        harness.eventually(lambda: harness.listening(self.status_port), "nginx listens")
        self.status_requests = 0

    def nginx_counts(self):
        """By (method, status) from the access log; and nginx's own total without those that ask for it."""
        # It writes a line when it has sent the answer; its one process answers this when that is done.
        self.status_requests += 1
        text = harness.fetch(self.status_port, "/")[2].decode()
        total = int(text.split("\n")[2].split()[2]) - self.status_requests
        with open(self.access_log, encoding="ascii") as file:
            by_kind = collections.Counter(tuple(line.split()) for line in file)
        return dict(by_kind), total

    def test_every_request_is_counted_once(self):
        self.start_nginx()
        sidelight = self.sidelight({"name": "api", "upstream": f"127.0.0.1:{self.nginx_port}",
                                    "routes": ["/file", "/post", "/empty", "/fails"]})
        total = 0
        for name, requests, depth in (("keep-alive", KEEP_ALIVE_REQUESTS, 1), ("pipelined", PIPELINED_REQUESTS, DEPTH)):
            with self.subTest(name):
                drive_in_threads(sidelight.port, requests, depth)
                total += requests
                by_kind, nginx_total = self.nginx_counts()
                self.assertEqual(nginx_total, total, "nginx itself counts what the driver sent")
                measured = sidelight.scrape_when_idle()
                by_label = measured.sum_by(harness.REQUESTS, "http_request_method", "http_response_status_code")
                self.assertEqual(by_label, by_kind, "Sidelight's counts and nginx's access log, by method and status")
                self.assertEqual(measured.sum(harness.REQUESTS), nginx_total)
                self.assertEqual(measured.sum("http_server_active_requests"), 0)
        print(f"{total} requests, of which {PIPELINED_REQUESTS} pipelined {DEPTH} deep: the counts are equal")


if __name__ == "__main__":
    harness.main()
