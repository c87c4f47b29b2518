#!/usr/bin/python3
"""The shop: its answers, its HTTP, its faults."""

import http.client
import http.server
import json
import socket
import threading
import time
import unittest

import program
from ports import free_port

shop_module = program.load_module("shop")


class ShopTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shop = cls.enterClassContext(program.RunningShop("--latency-ms", "0", "--tail", "0", "--seed", "1"))

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.shop.port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None
        finally:
            connection.close()

    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.shop.port), timeout=60) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def test_order_is_found_by_number_and_uuid(self):
        status, order = self.ask("POST", "/api/v1/orders", {"items": [{"product_id": 2, "quantity": 3}]})
        self.assertEqual((status, order["total_cents"]), (201, 897), order)
        for key in (order["id"], order["id"].upper(), order["number"]):
            self.assertEqual(self.ask("GET", f"/api/v1/orders/{key}"), (200, order))

    def test_a_cart_is_what_was_put_there_last(self):
        path = "/api/v1/users/17/cart"
        self.assertEqual(self.ask("GET", path), (200, {"user": 17, "items": []}))
        for items in ([{"product_id": 2, "quantity": 3}], []):
            self.assertEqual(self.ask("PUT", path, {"items": items}), (200, {"user": 17, "items": items}))
            self.assertEqual(self.ask("GET", path), (200, {"user": 17, "items": items}))

    def test_answers(self):
        table = [
            ("GET", "/healthz", None, 200),
            ("GET", "/api/v1/products?page=1", None, 200),
            ("GET", "/api/v1/products/20", None, 200),
            ("HEAD", "/api/v1/products/20", None, 200),
            ("GET", "/api/v1/products/21", None, 404),
            ("GET", "/api/v1/products/x", None, 404),
            ("GET", "/api/v1/orders/999", None, 404),
            ("GET", "/api/v1/orders/00000000-0000-4000-8000-000000000000", None, 404),
            ("GET", "/api/v1/orders", None, 405),
            ("POST", "/api/v1/orders", {"items": []}, 422),
            ("POST", "/api/v1/orders", {"items": [{"product_id": "2"}]}, 422),
            ("POST", "/api/v1/orders", {"items": [{"product_id": 2, "quantity": 0}]}, 422),
            ("POST", "/api/v1/orders", {"items": [{"product_id": 2, "quantity": 1001}]}, 422),
            ("POST", "/api/v1/orders", {"items": [2]}, 422),
            ("POST", "/api/v1/orders", {"items": [{"product_id": 99}]}, 404),
            ("POST", "/api/v1/orders", [], 422),
            ("GET", "/api/v1/users/1000/cart", None, 200),
            ("GET", "/api/v1/users/1001/cart", None, 404),
            ("GET", "/api/v1/users/0/cart", None, 404),
            ("GET", "/api/v1/reports/sales", None, 200),
            ("PUT", "/api/v1/users/1/cart", {"items": {}}, 422),
            ("PUT", "/api/v1/users/1/cart", {"items": [{"quantity": 1}]}, 422),
            ("DELETE", "/api/v1/users/1/cart", None, 405),
            ("POST", "/admin/fault", {"latency": 1}, 422),
            ("POST", "/admin/fault", {"error_rate": 2}, 422),
            ("POST", "/admin/fault", {"path": "orders"}, 422),
            ("POST", "/admin/fault", {"seconds": -1}, 422),
            ("GET", "/", None, 404),
        ]
        for method, path, body, wanted in table:
            status, answer = self.ask(method, path, body)
            self.assertEqual(status, wanted, f"{method} {path} {body}: {answer}")
            if status >= 400:
                self.assertEqual(set(answer["error"]), {"code", "message"})

    def test_http(self):
        order = b'{"items": [{"product_id": 1}]}'
        get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        table = [
            ("pipelined", get * 3, [b"200"] * 3),
            ("chunked", b"POST /api/v1/orders HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
             % (len(order), order) + get, [b"201", b"200"]),
            ("100-continue", b"POST /api/v1/orders HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n%s"
             % (len(order), order), [b"100", b"201"]),
            ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n" + get, [b"200"]),
            ("close", b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n" + get, [b"200"]),
            ("no JSON", b"POST /api/v1/orders HTTP/1.1\r\nContent-Length: 1\r\n\r\n{" + get, [b"400", b"200"]),
            ("no request line", b"hello\r\n\r\n", [b"400"]),
            ("bad length", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", [b"400"]),
            ("large head", b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", [b"431"]),
            ("cut off", b"GET / HTTP/1.1\r\n", []),
        ]
        for name, data, wanted in table:
            got = [part[:3] for part in self.raw(data).split(b"HTTP/1.1 ")[1:]]
            self.assertEqual(got, wanted, name)

    def test_faults_while_it_runs(self):
        self.addCleanup(self.ask, "DELETE", "/admin/fault")
        fault = {"path": "/api/v1/orders", "latency_ms": 200, "error_rate": 1}
        status, answer = self.ask("POST", "/admin/fault", fault)
        self.assertEqual(status, 200, answer)
        start = time.monotonic()
        self.assertEqual(self.ask("GET", "/api/v1/orders/1")[0], 503)
        self.assertGreaterEqual(time.monotonic() - start, 0.2)
        self.assertEqual(self.ask("GET", "/api/v1/products")[0], 200)
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)


class FaultsTest(unittest.TestCase):
    def test_the_longest_path_wins_and_inherits(self):
        faults = shop_module.Faults(latency_ms=10, seed=1)
        faults.set({"path": "/api", "error_rate": 1})
        faults.set({"path": "/api/v1/orders", "latency_ms": 50})
        table = [("/", 10, 0), ("/apiary", 10, 0), ("/api/v1", 10, 1), ("/api/v1/orders", 50, 1),
                 ("/api/v1/orders/7", 50, 1), ("/api/v1/ordersx", 10, 1)]
        for path, latency, error_rate in table:
            got = faults.for_path(path)
            self.assertEqual((got["latency_ms"], got["error_rate"]), (latency, error_rate), path)

    def test_a_fault_with_seconds_passes(self):
        now = 100.0
        faults = shop_module.Faults(latency_ms=10, clock=lambda: now)
        faults.set({"path": "/api", "latency_ms": 20, "error_rate": 0.5})
        faults.set({"path": "/api", "latency_ms": 90, "seconds": 30})
        table = [(100, 90), (129, 90), (130, 20), (999, 20)]
        for now, latency in table:
            self.assertEqual(faults.for_path("/api/v1/orders")["latency_ms"], latency, now)
            self.assertEqual(faults.for_path("/api/v1/orders")["error_rate"], 0.5, now)
            self.assertEqual(faults.as_list()[1], {"path": "/api", "latency_ms": latency, "error_rate": 0.5}, now)

    def test_the_median_is_the_latency_and_a_seed_repeats_it(self):
        draws = [shop_module.Faults(latency_ms=10, tail=0.5, seed=7) for _ in range(2)]
        first, second = ([faults.draw("/")[0] for _ in range(2001)] for faults in draws)
        self.assertEqual(first, second)
        self.assertAlmostEqual(sorted(first)[1000], 0.010, delta=0.001)
        self.assertGreater(sorted(first)[1980], 0.020)


class PaymentsTest(unittest.TestCase):
    """A shop whose orders are paid, by a service that fails when it is told to."""

    def setUp(self):
        self.asked = asked = []  # path, traceparent, body
        self.status = 201

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                asked.append((handler.path, handler.headers["traceparent"], body))
                handler.send_response(self.status)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(handler, *_):
                pass

        self.payments = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        threading.Thread(target=self.payments.serve_forever, daemon=True).start()
        self.addCleanup(self.payments.server_close)
        self.addCleanup(self.payments.shutdown)
        address = f"http://127.0.0.1:{self.payments.server_port}"
        self.shop = self.enterContext(program.RunningShop("--latency-ms", "0", "--tail", "0", "--payments", address))

    def order(self, traceparent):
        connection = http.client.HTTPConnection("127.0.0.1", self.shop.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/v1/orders", json.dumps({"items": [{"product_id": 2, "quantity": 3}]}),
                           {"traceparent": traceparent} if traceparent else {})
        return connection.getresponse().status

    def test_an_order_is_paid_in_its_own_trace(self):
        self.assertEqual([self.order("00-1-2-01"), self.order(None)], [201, 201])
        charge = {"cents": 897}
        self.assertEqual(self.asked, [("/v1/charges", "00-1-2-01", charge), ("/v1/charges", None, charge)])

    def test_without_a_payment_there_is_no_order(self):
        self.status = 500
        self.assertEqual(self.order(None), 503)
        self.payments.shutdown()
        self.payments.server_close()
        self.assertEqual(self.order(None), 503)


class StopTest(unittest.TestCase):
    def test_sigterm_ends_it_cleanly_with_a_connection_open(self):
        with program.RunningShop() as shop:
            connection = socket.create_connection(("127.0.0.1", shop.port))
        connection.close()
        self.assertEqual(shop.exit_code, 0)

    def test_port_in_use(self):
        with program.RunningShop() as shop:
            ended = program.run("shop", "--port", str(shop.port))
        self.assertEqual(ended.returncode, 1)
        self.assertIn(str(shop.port), ended.stderr)

    def test_no_database(self):
        ended = program.run("shop", "--port", "0", "--postgres", "postgresql://127.0.0.1:1/postgres")
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, "^shop: (the database: |No module named 'psycopg2')")


if __name__ == "__main__":
    unittest.main()
