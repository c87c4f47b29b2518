#!/usr/bin/python3
"""The shop's stores: what both databases do alike, and what a cache before them changes. PostgreSQL and Redis run with
their data in a temporary directory."""

import glob
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import unittest.mock
import uuid

import program
from ports import free_port

store = program.load_module("store")
shop = program.load_module("shop")
ITEMS = [{"product_id": 3, "quantity": 2}, {"product_id": 2, "quantity": 1}]


def await_listener(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on port {port} after 60 s")


class DatabaseCases:
    """What every database does; each case has the tables to itself, or numbers and UUIDs of its own."""

    def test_products(self):
        self.assertEqual(self.database.products(), store.PRODUCTS)
        self.assertEqual(self.database.product(20), store.PRODUCTS[19])
        for number in (0, 21, 999_999_999):
            self.assertIsNone(self.database.product(number), number)

    def test_orders(self):
        first, second = (self.database.add_order(str(uuid.uuid4()), ITEMS, 897) for _ in range(2))
        self.assertEqual(second["number"], first["number"] + 1)
        for order in (first, second):
            self.assertEqual(self.database.order_by_number(order["number"]), order)
            self.assertEqual(self.database.order_by_id(order["id"]), order)
        self.assertIsNone(self.database.order_by_number(999_999_999_999_999_999))
        self.assertIsNone(self.database.order_by_id("00000000-0000-4000-8000-000000000000"))

    def test_old_orders_are_forgotten(self):
        first = self.database.add_order(str(uuid.uuid4()), ITEMS, 1)
        for _ in range(store.MAX_ORDERS + 1000):  # PostgreSQL's are deleted a thousand at a time.
            last = self.database.add_order(str(uuid.uuid4()), [], 1)
        self.assertIsNone(self.database.order_by_number(first["number"]))
        self.assertIsNone(self.database.order_by_id(first["id"]))
        self.assertEqual(self.database.order_by_number(last["number"]), last)

    def test_carts(self):
        self.assertEqual(self.database.cart(7), [])
        for items in (ITEMS, []):
            self.database.put_cart(7, items)
            self.assertEqual(self.database.cart(7), items)

    def test_sales(self):
        before = self.database.sales()
        self.database.add_order(str(uuid.uuid4()), ITEMS, 597)
        after = self.database.sales()
        self.assertEqual((after["orders"] - before["orders"], after["total_cents"] - before["total_cents"]), (1, 597))


class MemoryDatabaseTest(DatabaseCases, unittest.TestCase):
    def setUp(self):
        self.database = store.MemoryDatabase()


class PostgresDatabaseTest(DatabaseCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="shop-test-"))
        programs = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        as_postgres = []
        if os.getuid() == 0:  # It refuses to run as root.
            as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            shutil.chown(directory, "postgres")
        port = free_port()
        subprocess.run([*as_postgres, programs / "initdb", "-D", f"{directory}/data", "-U", "shop", "--auth=trust",
                        "--no-sync"], check=True, capture_output=True, cwd=directory)
        with open(f"{directory}/log", "wb") as log:
            cls.server = subprocess.Popen([*as_postgres, programs / "postgres", "-D", f"{directory}/data", "-p",
                                           str(port), "-k", directory, "-c", "listen_addresses=127.0.0.1", "-c",
                                           "unix_socket_directories=", "-c", "fsync=off", "-c", "autovacuum=off"], stderr=log, cwd=directory)
        cls.addClassCleanup(cls.server.wait, 60)
        cls.addClassCleanup(cls.server.terminate)
        cls.url = f"postgresql://shop@127.0.0.1:{port}/postgres"
        deadline = time.monotonic() + 60
        while subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode != 0:
            if time.monotonic() > deadline or cls.server.poll() is not None:
                raise AssertionError(pathlib.Path(f"{directory}/log").read_text(errors="replace"))
            time.sleep(0.05)
        cls.database = store.PostgresDatabase(cls.url)
        cls.addClassCleanup(cls.database.close)
        cls.database.SALES_TIMEOUT_MS = 60_000  # else it gives up now and then, as it is meant to

    def test_sales_that_take_too_long_are_those_of_the_last_time(self):
        self.database.add_order(str(uuid.uuid4()), ITEMS, 597)
        before = self.database.sales()
        self.database.add_order(str(uuid.uuid4()), ITEMS, 597)
        with unittest.mock.patch.object(self.database, "SALES_TIMEOUT_MS", 10):
            self.assertEqual(self.database.sales(), before)
        self.assertEqual(self.database.sales()["orders"], before["orders"] + 1)

    def test_tables_that_are_there_are_kept(self):
        order = self.database.add_order(str(uuid.uuid4()), ITEMS, 5)
        again = store.PostgresDatabase(self.url)
        self.addCleanup(again.close)
        self.assertEqual(again.order_by_number(order["number"]), order)

    def test_a_connection_that_broke_is_replaced(self):
        database = store.PostgresDatabase(self.url)
        self.addCleanup(database.close)
        with self.assertRaises(store.StoreError):
            database._rows("SELECT pg_terminate_backend(pg_backend_pid())")
        for _ in range(store.CONNECTIONS + 1):
            self.assertEqual(database.product(1), store.PRODUCTS[0])


class CountedDatabase(store.MemoryDatabase):
    """Counts what it is asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def product(self, number):
        self.asked.append(f"product {number}")
        return super().product(number)

    def order_by_id(self, order_id):
        self.asked.append("order")
        return super().order_by_id(order_id)

    def cart(self, user):
        self.asked.append(f"cart {user}")
        return super().cart(user)


def shopping(seller):
    """Each product and cart twice, a change of the cart, an order and a look at it; returns the answers."""
    _, order = seller.create_order({"items": ITEMS})
    answers = [seller.product(None, "3"), seller.cart(None, "7"), seller.cart(None, "7"),
               seller.put_cart({"items": ITEMS}, "7"), seller.cart(None, "7"), seller.order(None, order["id"])]
    return answers[:-1] + [answers[-1][1] == order]


class CacheTest(unittest.TestCase):
    WITHOUT = ["product 3", "product 2", "product 3", "cart 7", "cart 7", "cart 7", "order"]
    WITH = ["product 3", "product 2", "cart 7", "cart 7"]

    def test_without_a_cache(self):
        database = CountedDatabase()
        shopping(shop.Shop(database, store.NoCache()))
        self.assertEqual(database.asked, self.WITHOUT)

    def test_with_redis(self):
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="shop-test-") as directory:
            server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                                       "--dir", directory], stdout=subprocess.DEVNULL)
            try:
                await_listener(port)
                cache, database = store.RedisCache(f"redis://127.0.0.1:{port}/0"), CountedDatabase()
                with_redis = shopping(shop.Shop(database, cache))
                self.assertEqual(database.asked, self.WITH)
            finally:
                server.terminate()
                server.wait(60)
        self.assertEqual(with_redis, shopping(shop.Shop(store.MemoryDatabase(), store.NoCache())))
        # A Redis that went away is a miss.
        database = CountedDatabase()
        shopping(shop.Shop(database, cache))
        self.assertEqual(database.asked, self.WITHOUT)
        cache.close()


if __name__ == "__main__":
    unittest.main()
