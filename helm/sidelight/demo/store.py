"""Where the shop keeps things: a database, and a cache before it.

There are two of each behind the same methods: PostgreSQL or this process' memory, Redis or no cache. Methods block, and
may be called from several threads. What the database holds is small and plain: products, orders and carts.

    product   {"id": 2, "name": "product 2", "price_cents": 299}
    order     {"id": UUID, "number": 7, "items": [{"product_id": 2, "quantity": 3}], "total_cents": 897}
    cart      the same items; a user without one has an empty cart
    sales     {"orders": 7, "total_cents": 6279}, of the orders that are remembered
"""

import collections
import json
import threading

CONNECTIONS = 5  # of the pool; the shop has as many threads, so nobody waits for a connection
MAX_ORDERS = 10_000  # Older ones are forgotten, so that a demo may run for days.
CACHED_SECONDS = 300
PRODUCTS = [{"id": i, "name": f"product {i}", "price_cents": 100 * i + 99} for i in range(1, 21)]


class StoreError(Exception):
    """The database cannot be asked at the moment."""


class MemoryDatabase:
    """Everything is gone when the process ends."""

    def __init__(self):
        self._lock = threading.Lock()
        self._orders = collections.OrderedDict()  # by number
        self._numbers = {}  # UUID to number
        self._carts = {}  # by user
        self._last_number = 0

    def products(self):
        return PRODUCTS

    def product(self, number):
        return PRODUCTS[number - 1] if 1 <= number <= len(PRODUCTS) else None

    def add_order(self, order_id, items, total_cents):
        with self._lock:
            self._last_number += 1
            order = {"id": order_id, "number": self._last_number, "items": items, "total_cents": total_cents}
            self._orders[self._last_number] = order
            self._numbers[order_id] = self._last_number
            if len(self._orders) > MAX_ORDERS:
                _, oldest = self._orders.popitem(last=False)
                del self._numbers[oldest["id"]]
            return order

    def order_by_number(self, number):
        return self._orders.get(number)

    def order_by_id(self, order_id):
        return self._orders.get(self._numbers.get(order_id))

    def cart(self, user):
        return self._carts.get(user, [])

    def put_cart(self, user, items):
        self._carts[user] = items

    def sales(self):
        with self._lock:
            return {"orders": len(self._orders),
                    "total_cents": sum(order["total_cents"] for order in self._orders.values())}

    def close(self):
        pass


class PostgresDatabase:
    """PostgreSQL, over a pool of connections. Makes its tables when they are not there."""

    # Unlogged, as a demo has nothing to recover.
    TABLES = """
        CREATE UNLOGGED TABLE IF NOT EXISTS products
            (id integer PRIMARY KEY, name text, price_cents integer, sold integer DEFAULT 0);
        CREATE UNLOGGED TABLE IF NOT EXISTS orders
            (number serial PRIMARY KEY, id uuid UNIQUE, items jsonb, total_cents bigint);
        CREATE UNLOGGED TABLE IF NOT EXISTS carts (user_id integer PRIMARY KEY, items jsonb)"""
    ORDER = "SELECT id::text, number, items, total_cents FROM orders "
    # The orders of a few minutes are soon added up. It takes as long as those of some years would.
    SALES = """
        SELECT count(*), coalesce(sum(total_cents), 0)::bigint FROM orders, pg_sleep(0.06 + 0.08 * random())"""
    SALES_TIMEOUT_MS = 120

    def __init__(self, url):
        import psycopg2.errors
        import psycopg2.pool  # Debian's python3-psycopg2; needed by those who have a PostgreSQL only

        self._error, self._canceled = psycopg2.Error, psycopg2.errors.QueryCanceled
        self._sales = {"orders": 0, "total_cents": 0}
        try:
            self._pool = psycopg2.pool.ThreadedConnectionPool(CONNECTIONS, CONNECTIONS, url)
        except psycopg2.Error as error:
            raise StoreError(f"the database: {error}") from error
        self._transaction(self._make_tables)

    def products(self):
        return self._rows("SELECT id, name, price_cents FROM products ORDER BY id")

    def product(self, number):
        return self._first("SELECT id, name, price_cents FROM products WHERE id = %s", number)

    def add_order(self, order_id, items, total_cents):
        def add(cursor):
            cursor.execute("INSERT INTO orders (id, items, total_cents) VALUES (%s, %s, %s) RETURNING number",
                           (order_id, json.dumps(items), total_cents))
            (number,) = cursor.fetchone()
            # In the same order everywhere, so that two orders never wait for each other.
            for item in sorted(items, key=lambda item: item["product_id"]):
                cursor.execute("UPDATE products SET sold = sold + %s WHERE id = %s",
                               (item["quantity"], item["product_id"]))
            if number % 1000 == 0:
                cursor.execute("DELETE FROM orders WHERE number <= %s", (number - MAX_ORDERS,))
            return {"id": order_id, "number": number, "items": items, "total_cents": total_cents}

        return self._transaction(add)

    def order_by_number(self, number):
        return self._first(self.ORDER + "WHERE number = %s", number)

    def order_by_id(self, order_id):
        return self._first(self.ORDER + "WHERE id = %s", order_id)

    def cart(self, user):
        row = self._first("SELECT items FROM carts WHERE user_id = %s", user)
        return row["items"] if row else []

    def put_cart(self, user, items):
        self._transaction(lambda cursor: cursor.execute(
            "INSERT INTO carts (user_id, items) VALUES (%s, %s) "
            "ON CONFLICT (user_id) DO UPDATE SET items = EXCLUDED.items", (user, json.dumps(items))))

    def sales(self):
        """What was found the last time, where adding up takes too long."""
        def add_up(cursor):
            cursor.execute("SET LOCAL statement_timeout = %s", (self.SALES_TIMEOUT_MS,))
            cursor.execute(self.SALES)
            return dict(zip(self._sales, cursor.fetchone()))

        try:
            self._sales = self._transaction(add_up)
        except StoreError as error:
            if not isinstance(error.__cause__, self._canceled):
                raise
        return self._sales

    def close(self):
        self._pool.closeall()

    def _make_tables(self, cursor):
        cursor.execute(self.TABLES)
        cursor.executemany("INSERT INTO products (id, name, price_cents) VALUES (%(id)s, %(name)s, %(price_cents)s) "
                           "ON CONFLICT DO NOTHING", PRODUCTS)

    def _first(self, query, *values):
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def _rows(self, query, *values):
        def ask(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                names = [column.name for column in cursor.description]
                return [dict(zip(names, row)) for row in cursor.fetchall()]

        return self._on_connection(ask)

    def _transaction(self, work):
        def ask(connection):
            connection.autocommit = False
            with connection, connection.cursor() as cursor:  # commits, or rolls back
                return work(cursor)

        return self._on_connection(ask)

    def _on_connection(self, ask):
        try:
            connection = self._pool.getconn()
            try:
                return ask(connection)
            finally:
                self._pool.putconn(connection)  # one that is broken is replaced
        except self._error as error:
            raise StoreError(f"the database: {error}") from error


class NoCache:
    """Every look goes to the database."""

    def get_or_load(self, _key, load):
        return load()

    def put(self, key, value):
        pass

    def drop(self, key):
        pass

    def close(self):
        pass


class RedisCache:
    """Redis as a cache-aside: asked first, filled from the database after a miss, emptied of what is written there.

    A cache that is away is a miss, and never an error."""

    def __init__(self, url):
        import redis  # Debian's python3-redis; needed by those who have a Redis only

        self._error = redis.RedisError
        self._redis = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)

    def get_or_load(self, key, load):
        try:
            text = self._redis.get(key)
        except self._error:
            return load()
        if text is not None:
            return json.loads(text)
        value = load()
        if value is not None:
            self.put(key, value)
        return value

    def put(self, key, value):
        self._try(self._redis.set, key, json.dumps(value), ex=CACHED_SECONDS)

    def drop(self, key):
        self._try(self._redis.delete, key)

    def close(self):
        self._redis.close()

    def _try(self, command, *args, **options):
        try:
            command(*args, **options)
        except self._error:
            pass  # What it would have held expires by itself.
