#!/usr/bin/python3
"""A small shop: products and orders over HTTP, the backend that the demo measures.

It stands for anybody's backend: plain Python that knows nothing of who measures it. It keeps its products, orders and
carts in PostgreSQL and caches them in Redis (store.py) when it is told where these are, and in memory otherwise.

    GET  /api/v1/products          all products
    GET  /api/v1/products/{id}     one product, by number
    POST /api/v1/orders            {"items": [{"product_id": 1, "quantity": 2}]} gives 201 and the order
    GET  /api/v1/orders/{id}       one order, by its number or by its UUID
    GET  /api/v1/users/{id}/cart   the cart of a user, 1 to 1000
    PUT  /api/v1/users/{id}/cart   {"items": [...]} as in an order; replaces what was in the cart
    GET  /api/v1/reports/sales     how many orders there are and what they come to; slow in PostgreSQL
    GET  /healthz                  "ok", never slow and never failing
    GET, POST, DELETE /admin/fault the faults that are set; set one; back to what the flags said

A fault is {"latency_ms": 20, "tail": 0.3, "error_rate": 0.01, "path": "/api/v1/orders"}. The latency of a request
is latency_ms times a lognormal factor of that sigma, so latency_ms is the median and tail says how far p99 lies
from it; error_rate is the share of requests that are answered 503. What a fault leaves out comes from the next
shorter path, and in the end from the flags. With "seconds": 30 it passes by itself after so long, and what was set
for the path before holds again.
"""

import argparse
import asyncio
import concurrent.futures
import contextvars
import http.client
import json
import os
import random
import re
import signal
import threading
import time
import urllib.parse
import uuid

import store

REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
           411: "Length Required", 413: "Content Too Large", 422: "Unprocessable Content",
           431: "Request Header Fields Too Large", 503: "Service Unavailable"}
MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 1024 * 1024
USERS = 1000
# Of the request that is being answered: what is asked for it belongs to the same trace.
traceparent = contextvars.ContextVar("traceparent", default="")


class ShopError(Exception):
    """Becomes an error answer."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Faults:
    """How slow and how unreliable each path is at the moment."""

    KEYS = {"latency_ms": (0, 60_000), "tail": (0, 5), "error_rate": (0, 1), "seconds": (0, 86_400)}

    def __init__(self, latency_ms=0.0, tail=0.0, error_rate=0.0, seed=None, clock=time.monotonic):
        self._flags = {"latency_ms": latency_ms, "tail": tail, "error_rate": error_rate}
        self._random = random.Random(seed)
        self._clock = clock
        self.reset()

    def reset(self):
        self._by_path = {"/": dict(self._flags)}
        self._passing = {}  # by path: when it is over, and the values until then

    def set(self, fault):
        if not isinstance(fault, dict):
            raise ShopError(422, "bad_fault", "a fault is a JSON object")
        path = fault.get("path", "/")
        if not isinstance(path, str) or not path.startswith("/"):
            raise ShopError(422, "bad_fault", "path must be a string that starts with /")
        values = {key: value for key, value in fault.items() if key != "path"}
        for key, value in values.items():
            if key not in self.KEYS:
                raise ShopError(422, "bad_fault", f"unknown key {key!r}; known are path, {', '.join(self.KEYS)}")
            low, high = self.KEYS[key]
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
                raise ShopError(422, "bad_fault", f"{key} must be a number from {low} to {high}")
        seconds = values.pop("seconds", None)
        if seconds is None:
            self._by_path.setdefault(path, {}).update(values)
        else:
            self._passing[path] = (self._clock() + seconds, values)

    def as_list(self):
        return [{"path": path, **self._at(path)} for path in self._paths()]

    def for_path(self, path):
        merged = {}
        for prefix in sorted(self._paths(), key=len):
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                merged.update(self._at(prefix))
        return merged

    def _paths(self):
        now = self._clock()
        self._passing = {path: passing for path, passing in self._passing.items() if now < passing[0]}
        return sorted({*self._by_path, *self._passing})

    def _at(self, path):
        """What is set for this very path."""
        _, passing = self._passing.get(path, (0, {}))
        return self._by_path.get(path, {}) | passing

    def draw(self, path):
        """The latency of one request in seconds, and whether it fails."""
        fault = self.for_path(path)
        latency = fault["latency_ms"] / 1000 * self._random.lognormvariate(0, fault["tail"])
        return latency, self._random.random() < fault["error_rate"]


class NoPayments:
    """Everything is free."""

    def charge(self, cents):
        pass


class Payments:
    """A service that takes the money (payments.py), asked over HTTP. One connection for each thread, kept open."""

    def __init__(self, url):
        self._address = urllib.parse.urlsplit(url).netloc
        self._local = threading.local()

    def charge(self, cents):
        headers = {"Content-Type": "application/json"}
        if traceparent.get():
            headers["traceparent"] = traceparent.get()
        try:
            status = self._post("/v1/charges", json.dumps({"cents": cents}), headers)
        except (OSError, http.client.HTTPException):
            raise ShopError(503, "unavailable", "nobody takes payments at the moment; try again") from None
        if status != 201:
            raise ShopError(503, "unavailable", "the payment was not accepted; try again")

    def _post(self, path, body, headers):
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(self._address, timeout=5)
        connection = self._local.connection
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            connection.close()  # The next request opens it again.
            raise


class Shop:
    """The business: handlers from a request to (status, object). They block, and run in several threads at once."""

    def __init__(self, database, cache, payments=None, seed=None):
        self._database, self._cache, self._payments = database, cache, payments or NoPayments()
        self._random = random.Random(seed)

    def products(self, _body):
        return 200, {"products": self._cache.get_or_load("products", self._database.products)}

    def product(self, _body, product_id):
        return 200, self._find_product(int(product_id))

    def create_order(self, body):
        items = self._items(body)
        if not items:
            raise ShopError(422, "no_items", "items must be a list with at least one item")
        total = sum(self._find_product(item["product_id"])["price_cents"] * item["quantity"] for item in items)
        self._payments.charge(total)
        order_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        order = self._database.add_order(order_id, items, total)
        self._cache.put(f"order:{order_id}", order)  # Those who order look at it right away.
        return 201, order

    def order(self, _body, order_id):
        if order_id.isdigit():
            order = self._database.order_by_number(int(order_id))
        else:
            order_id = order_id.lower()
            order = self._cache.get_or_load(f"order:{order_id}", lambda: self._database.order_by_id(order_id))
        if not order:
            raise ShopError(404, "no_such_order", f"there is no order {order_id}")
        return 200, order

    def cart(self, _body, user):
        user = self._user(user)
        items = self._cache.get_or_load(f"user:{user}:cart", lambda: self._database.cart(user))
        return 200, {"user": user, "items": items}

    def put_cart(self, body, user):
        user, items = self._user(user), self._items(body)
        self._database.put_cart(user, items)
        self._cache.drop(f"user:{user}:cart")
        return 200, {"user": user, "items": items}

    def sales(self, _body):
        return 200, self._database.sales()

    def _items(self, body):
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise ShopError(422, "no_items", "items must be a list")
        return [self._item(item) for item in items]

    def _item(self, item):
        product_id, quantity = (item.get("product_id"), item.get("quantity", 1)) if isinstance(item, dict) else (0, 0)
        if type(product_id) is not int or type(quantity) is not int or not 1 <= quantity <= 1000:
            raise ShopError(422, "bad_item", "an item has an integer product_id and a quantity from 1 to 1000")
        return {"product_id": product_id, "quantity": quantity}

    def _find_product(self, product_id):
        product = self._cache.get_or_load(f"product:{product_id}", lambda: self._database.product(product_id))
        if not product:
            raise ShopError(404, "no_such_product", f"there is no product {product_id}")
        return product

    def _user(self, user):
        if not 1 <= int(user) <= USERS:
            raise ShopError(404, "no_such_user", f"there is no user {user}")
        return int(user)


class Server:
    """HTTP/1.1 with keep-alive in front of a Shop; one coroutine for each connection."""

    def __init__(self, shop, faults):
        self._faults = faults
        self._connections = set()
        self._threads = concurrent.futures.ThreadPoolExecutor(store.CONNECTIONS)
        order_id = r"/api/v1/orders/(\d{1,18}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
        self._routes = [
            (re.compile("/api/v1/products"), {"GET": shop.products}),
            (re.compile(r"/api/v1/products/(\d{1,9})"), {"GET": shop.product}),
            (re.compile("/api/v1/orders"), {"POST": shop.create_order}),
            (re.compile(order_id), {"GET": shop.order}),
            (re.compile(r"/api/v1/users/(\d{1,9})/cart"), {"GET": shop.cart, "PUT": shop.put_cart}),
            (re.compile("/api/v1/reports/sales"), {"GET": shop.sales}),
            (re.compile("/healthz"), {"GET": lambda _body: (200, {"status": "ok"})}),
            (re.compile("/admin/fault"), {"GET": self._get_faults, "POST": self._set_fault,
                                          "DELETE": self._reset_faults}),
        ]

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # The client left or sends nonsense, or we stop.
        finally:
            self._connections.discard(task)
            writer.close()

    async def stop(self):
        for task in list(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=2)
        self._threads.shutdown()

    async def _serve_one(self, reader, writer):
        """Answers one request; False when the connection ends with it."""
        keep_alive, method = False, "GET"
        try:
            method, path, version, headers = await read_head(reader)
            connection = headers.get("connection", "").lower()
            wants_more = connection == "keep-alive" or (version == "HTTP/1.1" and connection != "close")
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await read_body(reader, headers)
            keep_alive = wants_more  # Only now is it known where the next request begins.
            traceparent.set(headers.get("traceparent", ""))
            status, answer = await self._answer(method, path, body)
        except ShopError as error:
            status, answer = error.status, {"error": {"code": error.code, "message": error.message}}
        content = json.dumps(answer).encode() + b"\n"
        head = (f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\nConnection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n")
        writer.write(head.encode() + (b"" if method == "HEAD" else content))
        await writer.drain()
        return keep_alive

    async def _answer(self, method, path, body):
        for pattern, methods in self._routes:
            match = pattern.fullmatch(path)
            if not match:
                continue
            handler = methods.get("GET" if method == "HEAD" else method)
            if not handler:
                raise ShopError(405, "method_not_allowed", f"{path} takes {', '.join(methods)}")
            request = parse_json(body) if method in ("POST", "PUT") else None
            if not path.startswith("/api/"):
                return handler(request)
            latency, fails = self._faults.draw(path)
            await asyncio.sleep(latency)
            if fails:
                raise ShopError(503, "unavailable", "the shop is closed for a moment; try again")
            try:
                context = contextvars.copy_context()
                return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, handler, request,
                                                                        *match.groups())
            except store.StoreError:
                raise ShopError(503, "unavailable", "the shop cannot reach its database; try again") from None
        raise ShopError(404, "not_found", f"there is nothing at {path}")

    def _get_faults(self, _body):
        return 200, {"faults": self._faults.as_list()}

    def _set_fault(self, body):
        self._faults.set(body)
        return self._get_faults(None)

    def _reset_faults(self, _body):
        self._faults.reset()
        return self._get_faults(None)


async def read_head(reader):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise ShopError(431, "head_too_large", f"a request head has at most {MAX_HEAD_BYTES} bytes") from None
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise ShopError(400, "bad_request", "the request line is not METHOD TARGET HTTP/1.1")
    headers = {}
    for line in filter(None, lines[1:]):
        name, colon, value = line.partition(":")
        if not colon:
            raise ShopError(400, "bad_request", "a header line has no colon")
        headers[name.lower()] = value.strip()
    return parts[0], parts[1].partition("?")[0], parts[2], headers


async def read_body(reader, headers):
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            raise ShopError(411, "length_required", "send a Content-Length, or chunks")
        return await read_chunks(reader)
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise ShopError(400, "bad_request", "Content-Length is not a number")
    if int(length) > MAX_BODY_BYTES:
        raise ShopError(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes")
    return await reader.readexactly(int(length))


async def read_chunks(reader):
    body = b""
    while True:
        size_line = (await reader.readuntil(b"\r\n")).split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size_line):
            raise ShopError(400, "bad_request", "a chunk has no size")
        size = int(size_line, 16)
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass  # Trailers say nothing to a shop.
            return body
        if len(body) + size > MAX_BODY_BYTES:
            raise ShopError(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes")
        body += await reader.readexactly(size)
        await reader.readexactly(2)


def parse_json(body):
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ShopError(400, "bad_json", "the body is not JSON") from None


async def run(args, database, cache):
    faults = Faults(args.latency_ms, args.tail, args.error_rate, args.seed)
    payments = Payments(args.payments) if args.payments else NoPayments()
    server = Server(Shop(database, cache, payments, args.seed), faults)
    listener = await asyncio.start_server(server.serve, args.host, args.port, limit=MAX_HEAD_BYTES, backlog=1024)
    stopped = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopped.set)
    print(f"shop listens on http://{args.host}:{listener.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    listener.close()
    await server.stop()
    cache.close()
    database.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one; the first line says which")
    parser.add_argument("--latency-ms", type=float, default=8, help="median latency")
    parser.add_argument("--tail", type=float, default=0.4, help="sigma of the lognormal factor; 0 is constant")
    parser.add_argument("--error-rate", type=float, default=0.0, help="share of requests answered 503")
    parser.add_argument("--postgres", metavar="URL", default=os.environ.get("SHOP_POSTGRES"),
                        help="keep everything there, and not in memory; default is $SHOP_POSTGRES")
    parser.add_argument("--redis", metavar="URL", default=os.environ.get("SHOP_REDIS"),
                        help="cache there what is read; default is $SHOP_REDIS")
    parser.add_argument("--payments", metavar="URL", default=os.environ.get("SHOP_PAYMENTS"),
                        help="have orders paid there; default is $SHOP_PAYMENTS")
    parser.add_argument("--seed", type=int, help="makes latencies, errors and UUIDs repeatable")
    args = parser.parse_args()
    try:
        database = store.PostgresDatabase(args.postgres) if args.postgres else store.MemoryDatabase()
        cache = store.RedisCache(args.redis) if args.redis else store.NoCache()
    except ImportError as error:
        parser.exit(1, f"shop: {error}; script/bootstrap demo installs what --postgres and --redis need\n")
    except store.StoreError as error:
        parser.exit(1, f"shop: {error}\n")
    try:
        asyncio.run(run(args, database, cache))
    except OSError as error:
        parser.exit(1, f"shop: cannot listen on {args.host}:{args.port}: {error.strerror or error}\n")


if __name__ == "__main__":
    main()
