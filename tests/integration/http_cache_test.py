#!/usr/bin/python3
"""Before a real nginx with proxy_cache, Sidelight counts the hits and misses that nginx writes into its access log."""

import collections
import random
import threading

import harness

REQUESTS = 4_000
DEPTH = 8
THREADS = 2
# As docs/protocols/http-caches.md has it; nginx's other words tell nothing.
HIT = {"HIT", "STALE", "UPDATING"}
MISS = {"MISS", "EXPIRED", "REVALIDATED"}
ROUTES = ["/items/{sku}", "/brief/{sku}", "/checked/{sku}", "/stale/{sku}", "/private/{sku}"]
# (method, path with a number, further headers); the path's first part is its route's.
KINDS = [
    ("GET", "/items/item-{}", ""),
    ("GET", "/items/item-{}", ""),
    ("HEAD", "/items/item-{}", ""),
    ("GET", "/items/item-{}", "Cache-Control: no-cache\r\n"),
    ("GET", "/items/item-{}", "X-Bypass: 1\r\n"),
    ("POST", "/items/item-{}", "Content-Length: 0\r\n"),
    ("GET", "/brief/item-{}", ""),
    ("GET", "/checked/item-{}", ""),
    ("GET", "/stale/item-{}", ""),
    ("GET", "/private/item-{}", ""),
    ("GET", "/plain", ""),
]


def drive(port, requests, randomness, errors):
    try:
        with harness.Connection(port) as connection:
            while requests:
                batch = [randomness.choice(KINDS) for _ in range(min(DEPTH, requests))]
                for method, path, headers in batch:
                    connection.send(f"{method} {path.format(randomness.randrange(300))} HTTP/1.1\r\nHost: test\r\n"
                                    f"{headers}\r\n".encode())
                for method, path, _ in batch:
                    status, _, _ = connection.response(method)
                    if status not in (200, 503):
                        raise AssertionError(f"{method} {path}: got {status}")
                requests -= len(batch)
    except Exception as error:  # Whatever it is, the test's own thread has to hear of it.
        errors.append(repr(error))


class HttpCacheTest(harness.IntegrationTest):
    def start_nginx(self):
        """An nginx that caches, in one process with its origin, which fails below /stale once there is a file
        `broken`."""
        port, origin, home = harness.free_port(), harness.free_port(), self.directory
        self.access_log = f"{home}/access.log"
        location = f"""proxy_pass http://127.0.0.1:{origin}; proxy_cache one; proxy_cache_methods GET HEAD;
                       proxy_cache_bypass $http_x_bypass; proxy_cache_convert_head on;
                       add_header X-Cache-Status $upstream_cache_status always;"""
        self.nginx(f"""
            server {{ listen 127.0.0.1:{port}; access_log {self.access_log} counted;
                      location /items/ {{ {location} proxy_cache_valid 200 10m; }}
                      location /brief/ {{ {location} proxy_cache_valid 200 1s; }}
                      location /checked/ {{ {location} proxy_cache_valid 200 1s; proxy_cache_revalidate on; }}
                      location /stale/ {{ {location} proxy_cache_valid 200 1s;
                                          proxy_cache_use_stale error http_503 updating; }}
                      location /private/ {{ {location} proxy_no_cache 1; }}
                      location / {{ return 200 "no cache"; }} }}
            server {{ listen 127.0.0.1:{origin}; access_log off;
                      location /stale/ {{ if (-f {home}/broken) {{ return 503; }} return 200 "a"; }}
                      location /checked/ {{ etag on; root {home}; try_files /file =404; }}
                      location / {{ return 200 "origin"; }} }}""",
                   f"""log_format counted '$request_method $uri $upstream_cache_status';
                       proxy_cache_path {home}/cache keys_zone=one:1m; proxy_http_version 1.1;""")
        harness.eventually(lambda: harness.listening(port), "nginx listens")
        return port

    def logged(self):
        """Hits and misses of the access log by (method, route), and its number of lines."""
        counts, lines = collections.Counter(), 0
        self.words = collections.Counter()
        with open(self.access_log, encoding="ascii") as file:
            for line in file:
                method, uri, word = line.split()
                lines += 1
                self.words[word] += 1
                route = next((route for route in ROUTES if uri.startswith(route.removesuffix("{sku}"))), "/plain")
                if word in HIT | MISS:
                    counts[method, route, "hit" if word in HIT else "miss"] += 1
        return dict(counts), lines

    def test_hits_and_misses_equal_the_access_log(self):
        with open(f"{self.directory}/file", "w", encoding="ascii") as file:
            file.write("x" * 100)
        sidelight = self.sidelight({"name": "cdn", "upstream": f"127.0.0.1:{self.start_nginx()}", "routes": ROUTES,
                                    "cache_window": "1h"})
        total = 0
        for round_number in (1, 2):
            errors = []
            threads = [threading.Thread(target=drive, args=(sidelight.port, REQUESTS // THREADS // 2,
                                                            random.Random(10 * round_number + n), errors))
                       for n in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(errors, [])
            total += REQUESTS // 2
            if round_number == 1:
                self.wait_until_expired(sidelight.port)
                open(f"{self.directory}/broken", "w", encoding="ascii").close()
                total += self.asked
        measured = sidelight.scrape_when_idle()
        self.assertEqual(measured.sum(harness.REQUESTS), total)
        # nginx writes a line when it has sent the answer.
        harness.eventually(lambda: self.logged()[1] >= total, "nginx logs what the driver sent")
        logged, lines = self.logged()
        self.assertEqual(lines, total, "nginx logs what the driver sent")
        for word in ("HIT", "MISS", "EXPIRED", "STALE", "REVALIDATED", "BYPASS", "-"):
            self.assertGreater(self.words[word], 0, f"the traffic has no {word}: {self.words}")
        self.assertEqual(measured.sum_by("cache_requests_total", "cache_operation", "cache_keyspace", "cache_result"),
                         logged, "Sidelight's hits and misses, and those of nginx's access log")
        self.assertEqual(measured.series("cache_requests_total", cache_keyspace="/plain"), [], "no cache, no series")
        for route in ROUTES:
            hits, misses = (sum(count for (_, at, result), count in logged.items() if (at, result) == (route, wanted))
                            for wanted in ("hit", "miss"))
            self.assertAlmostEqual(measured.sum("cache_hit_ratio", cache_keyspace=route, cache_system="http"),
                                   hits / (hits + misses), 9, route)
        print(f"{total} requests, {dict(self.words)}: the counts are equal")

    def wait_until_expired(self, port):
        """Asks for one page until nginx says that what it holds has become too old."""
        self.asked = 0

        def expired():
            with harness.Connection(port) as connection:
                connection.send(b"GET /brief/item-expiry HTTP/1.1\r\nHost: test\r\n\r\n")
                _, headers, _ = connection.response("GET")
                self.asked += 1
                return headers.get("x-cache-status") == "EXPIRED"
        harness.eventually(expired, "a page expires")


if __name__ == "__main__":
    harness.main()
