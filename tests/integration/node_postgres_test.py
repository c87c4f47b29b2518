#!/usr/bin/python3
"""pg, node's client: statements in simple queries, with parameters and prepared by name are counted as it was told and as
pg_stat_statements counted them; so are errors and rows."""

import random

import harness
import npm_clients
from postgres_server import DURATION, PostgresTest

STATEMENTS = 8_000
TABLES = """
    CREATE TABLE items (id int PRIMARY KEY, name text);
    CREATE TABLE sales (id int PRIMARY KEY, item int);
    INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 100) n;
    INSERT INTO sales SELECT n, n FROM generate_series(1, 100) n;
"""
SUMMARIES = (
    ("select id, name from items|select id from items", "SELECT items"),
    ("select i.name from items i join sales", "SELECT items sales"),
    ("insert into sales", "INSERT sales"),
    ("delete from sales", "DELETE sales"),
    ("update items", "UPDATE items"),
    ("begin", "BEGIN"),
    ("commit", "COMMIT"),
    ("rollback", "ROLLBACK"),
)


class NodePostgresTest(PostgresTest):
    def test_counts_are_those_of_pg_stat_statements(self):
        self.start_both()
        self.prepare(TABLES)
        seed = random.randrange(1 << 32)
        print(f"pg: seed {seed}")
        told = npm_clients.run("postgres.js", self.sidelight_process.port, seed, STATEMENTS)
        measured = self.when_idle()
        ours, rows = self.compare(measured, SUMMARIES, {"FETCH items": told["fetches"]}, ("SELECT items", "FETCH items"))
        self.assertEqual(ours, {**told["calls"], "FETCH items": told["fetches"]}, "what pg sent")
        self.assertEqual(rows, {summary: count for summary, count in told["rows"].items() if count}, "the rows that came")
        self.assertEqual(self.errors(measured), told["errors"])
        self.assertEqual(sorted(told["errors"]), ["22012", "23505", "42601", "42703", "42P01"])
        self.assertEqual(measured.sum("sidelight_tap_exchanges_unobserved_total"), 0)
        self.assertEqual(measured.sum(f"{DURATION}_count", db_operation_name="CONNECT"), 4)
        print(f"{sum(ours.values())} statements in {len(ours)} summaries as in pg_stat_statements, {sum(rows.values())} rows, "
              f"{sum(told['errors'].values())} errors")


if __name__ == "__main__":
    npm_clients.install()
    harness.main()
