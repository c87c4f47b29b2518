#!/usr/bin/python3
"""Statements, rows, errors and sessions of a real PostgreSQL behind the tap, driven by psql, pgbench and psycopg2, equal
what PostgreSQL and they counted themselves."""

import io
import pathlib
import random
import re
import subprocess
import threading

import psycopg2

import harness
from postgres_server import CONNECTIONS, DURATION, PostgresTest, program

ROUNDS = 400
REFUSED_COPIES = 5
TABLES = """
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, price numeric,
                         ticket int UNIQUE DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 50) n;
    INSERT INTO orders SELECT n, 1 + n % 50, n, n FROM generate_series(1, 200) n;
    CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION refuse() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = 'SL001'; END $$;
"""

# What psql executes: lines of SQL, the summaries that have one more call, the SQLSTATEs that have one more error.
# {n} is a number that no two of a run share.
SCRIPT = (
    ("SELECT * FROM customers WHERE id < {small};", ["SELECT customers"], []),
    ("select o.id from orders o join customers c on c.id = o.customer where c.name = 'customer {small}';",
     ["SELECT orders customers"], []),
    ("TABLE customers;", ["TABLE customers"], []),
    ("SELECT 1 AS one\\; SELECT name FROM customers LIMIT 3\\; UPDATE orders SET price = 7 WHERE id = {small};",
     ["SELECT", "SELECT customers", "UPDATE orders"], []),
    ("SELECT 1\\; SELECT 1 / 0\\; TABLE customers;", ["SELECT"], ["22012"]),
    ("INSERT INTO orders VALUES ({n}, 1, 2, NULL) RETURNING id, price;", ["INSERT orders"], []),
    ("BEGIN; INSERT INTO orders VALUES ({n}, 1, 2, NULL); DELETE FROM orders WHERE id = {n}; COMMIT;",
     ["BEGIN", "INSERT orders", "DELETE orders", "COMMIT"], []),
    ("START TRANSACTION; SELECT * FROM missing; SELECT 1; ROLLBACK;", ["START", "ROLLBACK"], ["42P01", "25P02"]),
    ("BEGIN; SAVEPOINT s; SELECT refuse(); ROLLBACK TO s; TABLE customers; COMMIT;",
     ["BEGIN", "SAVEPOINT", "ROLLBACK", "TABLE customers", "COMMIT"], ["SL001"]),
    ("BEGIN; INSERT INTO orders VALUES ({n}, 1, 2, 7); COMMIT;", ["BEGIN", "INSERT orders"], ["23505"]),
    ("BEGIN; DECLARE c CURSOR FOR SELECT * FROM orders; FETCH 7 FROM c; CLOSE c; COMMIT;",
     ["BEGIN", "DECLARE SELECT orders", "FETCH", "CLOSE", "COMMIT"], []),
    ("COPY (SELECT id FROM customers) TO STDOUT;", ["COPY SELECT customers"], []),
    ("COPY orders TO STDOUT;", ["COPY orders"], []),
    ("COPY orders (id, price) FROM STDIN;\n{n}\t7\n{n}1\t8\n\\.", ["COPY orders"], []),
    ("WITH cheap AS (SELECT * FROM orders WHERE price < 3) SELECT count(*) FROM cheap;", ["SELECT SELECT orders"], []),
    ("DO $$ BEGIN PERFORM * FROM customers; END $$;", ["DO"], []),
    ("SET work_mem = '4MB'; SHOW work_mem;", ["SET", "SHOW"], []),
    ("INSERT INTO customers VALUES (1, 'again');", [], ["23505"]),
    ("INSERT INTO customers VALUES ({n}, NULL);", [], ["23502"]),
    ("INSERT INTO orders VALUES ({n}, 4711, 1, NULL);", [], ["23503"]),
    ("SELEC 1;", [], ["42601"]),
    ("SELECT nothing FROM customers;", [], ["42703"]),
    ("SELECT 'seven'::int FROM orders;", [], ["22P02"]),
    ("BEGIN; SET LOCAL statement_timeout = 5; SELECT pg_sleep(60); ROLLBACK;", ["BEGIN", "SET", "ROLLBACK"], ["57014"]),
    ("RESET work_mem;", ["RESET"], []),
    ("EXPLAIN SELECT * FROM orders;", ["EXPLAIN SELECT orders"], []),
    ("PREPARE p (int) AS SELECT * FROM orders WHERE id = $1; EXECUTE p (7); DEALLOCATE p;",
     ["PREPARE SELECT orders", "EXECUTE", "DEALLOCATE"], []),
    ("CREATE TEMP TABLE copied AS SELECT * FROM customers; DROP TABLE copied;",
     ["CREATE copied SELECT customers", "DROP copied"], []),
    ("MERGE INTO orders o USING customers c ON c.id = o.id WHEN MATCHED THEN UPDATE SET price = 9;",
     ["MERGE orders customers"], []),
    ("VALUES (1), (2);", ["VALUES"], []),
    ("CALL nothing();", ["CALL"], []),
    ("SELECT * FROM generate_series(1, 3) n;", ["SELECT"], []),
    ("SELECT * FROM customers WHERE id IN (SELECT customer FROM orders UNION SELECT 1);",
     ["SELECT customers SELECT orders SELECT"], []),
    ("UPDATE orders SET price = 1 FROM customers c WHERE c.id = orders.customer AND c.id = 3;",
     ["UPDATE orders customers"], []),
    ("LISTEN news; NOTIFY news, 'today'; UNLISTEN news;", ["LISTEN", "NOTIFY", "UNLISTEN"], []),
    ("BEGIN; LOCK TABLE orders; TRUNCATE orders, customers; ROLLBACK;",
     ["BEGIN", "LOCK orders", "TRUNCATE orders customers", "ROLLBACK"], []),
    (";", [""], []),
    ("-- nothing\nSELECT 'text; -- of all kinds' /* and a /* nested */ comment */ FROM customers LIMIT 0;",
     ["SELECT customers"], []),
)


def summarized(*summaries):
    """(pattern, summary) as compare() wants them: a pattern without a summary lists words that are their own."""
    for pattern, summary in summaries:
        if summary:
            yield pattern, summary
        else:
            yield from ((f"{word}\\b", word.upper()) for word in pattern.split("|"))


# What the queries of pg_stat_statements are called; its constants are parameters, and it keeps comments.
SUMMARIES = tuple(summarized(
    (r"select \* from customers where id in", "SELECT customers SELECT orders SELECT"),
    ("update orders set .* from", "UPDATE orders customers"),
    (r"select \* from customers|select name from customers|(-- nothing )?select \$1 /\*.*from customers", "SELECT customers"),
    ("select o.id from orders o join customers c", "SELECT orders customers"),
    ("table customers", "TABLE customers"),
    ("update orders", "UPDATE orders"),
    ("insert into orders", "INSERT orders"),
    ("delete from orders", "DELETE orders"),
    ("declare c cursor for select", "DECLARE SELECT orders"),
    (r"copy \(select id from customers", "COPY SELECT customers"),
    ("copy orders", "COPY orders"),
    ("with cheap", "SELECT SELECT orders"),
    ("explain select", "EXPLAIN SELECT orders"),
    # An execution of a prepared statement is one of the statement that prepared it.
    ("prepare p", "EXECUTE"),
    ("create temp table copied", "CREATE copied SELECT customers"),
    ("drop table copied", "DROP copied"),
    ("merge into orders", "MERGE orders customers"),
    ("lock table", "LOCK orders"),
    ("truncate", "TRUNCATE orders customers"),
    (r"select \* from generate_series|select \$1", "SELECT"),
    ("begin|start|rollback|savepoint|commit|fetch|close|do|set|show|reset|call|values|listen|notify|unlisten", None)))
# What pg_stat_statements does not count.
UNCOUNTED = ("", "PREPARE SELECT orders", "DEALLOCATE")

# Of pgbench.
PGBENCH = tuple(summarized(
    (r"select abalance from (\w+)", r"SELECT \1"),
    (r"update (\w+)", r"UPDATE \1"),
    (r"insert into (\w+)", r"INSERT \1"),
    # What it asks before it starts.
    (r"select count\(\*\) from (\w+)", r"SELECT \1"),
    ("select o.n, p.partstrat", "SELECT pg_catalog.pg_class pg_catalog.pg_namespace SELECT pg_catalog.pg_partitioned_table "
                                "pg_catalog.pg_inherits"),
    # What makes its tables.
    (r"drop table if exists (\w+), (\w+), (\w+), (\w+)", r"DROP \1 \2 \3 \4"),
    (r"truncate table (\w+), (\w+), (\w+), (\w+)", r"TRUNCATE \1 \2 \3 \4"),
    (r"create table (\w+)", r"CREATE \1"),
    (r"alter table (\w+)", r"ALTER \1"),
    (r"vacuum analyze (\w+)", r"VACUUM \1"),
    (r"copy (\w+) from", r"COPY \1"),
    ("begin|end|commit", None)))


class PostgresServerTest(PostgresTest):
    def psql(self, *arguments, script=None, wanted=0, **address):
        ended = subprocess.run([program("psql"), "-X", "-q", "-A", "-t", *arguments, self.address(**address)], input=script,
                               capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(ended.returncode, wanted, ended.stderr[-2000:])
        return ended

    def pgbench(self, *arguments):
        """What it says when it is done."""
        ended = subprocess.run([program("pgbench"), "-h", "127.0.0.1", "-p", str(self.sidelight_process.port), "-U", "tester",
                                *map(str, arguments), "shop"], capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr[-2000:])
        return ended.stdout

    def connect(self, **address):
        connection = psycopg2.connect(self.address(**address))
        self.addCleanup(connection.close)
        return connection

    def test_statements_of_psql(self):
        self.start_both()
        self.prepare(TABLES)
        randomness = random.Random(20)
        script, calls, errors = [], {}, {}
        for number in range(ROUNDS):
            lines, summaries, codes = SCRIPT[number % len(SCRIPT)] if number < len(SCRIPT) else randomness.choice(SCRIPT)
            script.append(lines.replace("{n}", str(1000 + number)).replace("{small}", str(randomness.randrange(1, 50))))
            for summary in summaries:
                calls[summary] = calls.get(summary, 0) + 1
            for code in codes:
                errors[code] = errors.get(code, 0) + 1
        self.psql(script="\n".join(script) + "\n")
        # Not in the script: where the refusal comes early, psql takes what follows for data of the COPY.
        for _ in range(REFUSED_COPIES):
            connection = self.connect()
            connection.autocommit = True
            with self.assertRaises(psycopg2.errors.InvalidTextRepresentation):
                connection.cursor().copy_expert("COPY orders (id, price) FROM STDIN", io.StringIO("1\tcheap\n"))
            connection.close()
        errors["22P02"] += REFUSED_COPIES
        measured = self.when_idle()
        # It counts a COMMIT that fails at a deferred constraint, as it had executed by then.
        deferred = sum("INSERT INTO orders VALUES" in lines and "2, 7); COMMIT" in lines for lines in script)
        ours, _ = self.compare(measured, SUMMARIES, 
                               {"COMMIT": -deferred, **{name: calls[name] for name in UNCOUNTED}},
                               ("SHOW", "EXPLAIN SELECT orders"))
        self.assertEqual(ours, calls, "what psql sent")
        self.assertEqual(self.errors(measured), errors, "errors by SQLSTATE and those that were injected")
        print(f"psql: {sum(calls.values())} statements as in pg_stat_statements, {sum(errors.values())} errors as injected")

    def ask_one_name(self, ssl, mode):
        """The metrics after a client that wants that mode asked a server that can encrypt or not."""
        self.start_both(f"ssl={ssl}")
        self.prepare(TABLES)
        told = self.psql("-c", "SELECT name FROM customers WHERE id = 7", sslmode=mode)
        self.assertEqual(told.stdout, "customer 7\n")
        return self.when_idle()

    def test_encryption_that_is_refused(self):
        measured = self.ask_one_name("off", "prefer")
        self.compare(measured, (("select name from customers", "SELECT customers"),))
        self.assertEqual(measured.sum(f"{DURATION}_count", db_operation_name="CONNECT"), 1)

    def test_encryption_that_nobody_asked_for(self):
        measured = self.ask_one_name("on", "disable")
        self.compare(measured, (("select name from customers", "SELECT customers"),))
        self.assertEqual(measured.sum(f"{DURATION}_count", db_operation_name="CONNECT"), 1)

    def test_encryption_that_is_granted(self):
        measured = self.ask_one_name("on", "require")
        self.assertEqual(measured.sum_by("sidelight_tap_opaque_total", "reason"), {("upgraded",): 1})
        self.assertEqual(measured.sum(f"{DURATION}_count"), 0)
        self.assertGreater(measured.sum("sidelight_tap_unparsed_bytes_total"), 1000)

    def test_pgbench_in_every_mode(self):
        self.start_both()
        self.pgbench("-i", "-q")
        # What it does to make its tables.
        calls = {"BEGIN": 1, "COMMIT": 1, "COPY pgbench_accounts": 1, "INSERT pgbench_tellers": 10}
        clients, each, pipeline = 4, 100, pathlib.Path(self.directory) / "pipeline.sql"
        pipeline.write_text("\\startpipeline\nBEGIN;\nSELECT abalance FROM pgbench_accounts WHERE aid = 1;\n"
                            "SELECT abalance FROM pgbench_accounts WHERE aid = 2;\nEND;\n\\endpipeline\n")
        reading = {"SELECT pgbench_accounts": 1}
        writing = {"BEGIN": 1, "UPDATE pgbench_accounts": 1, "SELECT pgbench_accounts": 1, "UPDATE pgbench_tellers": 1,
                   "UPDATE pgbench_branches": 1, "INSERT pgbench_history": 1, "END": 1}
        pipelined = {"BEGIN": 1, "SELECT pgbench_accounts": 2, "END": 1}
        for mode in ("simple", "extended", "prepared"):
            runs = [(("-S",), reading), (("-b", "tpcb-like"), writing)]
            if mode != "simple":
                runs.append((("-f", pipeline), pipelined))
            for what, statements in runs:
                told = self.pgbench("-n", "-M", mode, "-c", clients, "-j", 2, "-t", each, *what)
                self.assertIn(f"number of transactions actually processed: {clients * each}/{clients * each}", told)
                for summary, count in statements.items():
                    calls[summary] = calls.get(summary, 0) + count * clients * each
        measured = self.when_idle()
        # PostgreSQL 15 counts what is no query only once for each prepared statement: two runs in which each client prepared
        # its own.
        unseen = 2 * clients * (each - 1)
        ours, _ = self.compare(measured, PGBENCH, {"BEGIN": unseen, "END": unseen})
        self.assertEqual({summary: ours.get(summary) for summary in calls}, calls, "what pgbench says it sent")
        self.assertEqual(self.errors(measured), {})
        self.assertGreater(measured.sum("db_client_pipeline_wait_seconds_count"), clients * each)
        print(f"pgbench: {sum(ours.values())} statements in {len(ours)} summaries as in pg_stat_statements")

    def test_transactions_that_pgbench_retries(self):
        self.start_both("default_transaction_isolation=repeatable read")
        self.pgbench("-i", "-q")
        told = self.pgbench("-n", "-b", "tpcb-like", "-c", 8, "-j", 2, "-t", 60, "--max-tries", 1000)
        self.assertIn("number of transactions actually processed: 480/480", told)
        retries = int(re.search(r"total number of retries: (\d+)", told)[1])
        self.assertGreater(retries, 0, told)
        measured = self.when_idle()
        self.assertEqual(self.errors(measured), {"40001": retries}, told)
        self.assertEqual(measured.sum(f"{DURATION}_count", db_query_summary="END"), 480)
        self.assertEqual(measured.sum(f"{DURATION}_count", db_query_summary="ROLLBACK"), retries)

    def test_sessions_by_state(self):
        self.start_both()

        def states():
            by_state = self.sidelight_process.scrape().sum_by(CONNECTIONS, "db_client_connection_state")
            return {state: count for (state,), count in by_state.items()}

        def are(**wanted):
            harness.eventually(lambda: states() == wanted, f"the sessions are {wanted}; they were {states()}")

        connections = [self.connect() for _ in range(4)]
        are(idle=4)
        connections[0].cursor().execute("SELECT 1")  # psycopg2 begins a transaction before it.
        are(idle=3, in_transaction=1)
        with self.assertRaises(psycopg2.errors.UndefinedTable):
            connections[1].cursor().execute("TABLE missing")
        are(idle=2, in_transaction=2)
        connections[2].autocommit = True
        sleeping = threading.Thread(target=lambda: self.assertRaises(
            psycopg2.errors.QueryCanceled, connections[2].cursor().execute, "SELECT pg_sleep(60)"))
        sleeping.start()
        are(idle=1, active=1, in_transaction=2)
        # A server that has not begun to execute does nothing about a cancel request.
        while sleeping.is_alive():
            connections[2].cancel()
            sleeping.join(0.2)
        are(idle=2, in_transaction=2)
        connections[0].commit()
        connections[3].close()
        are(idle=2, in_transaction=1)
        for connection in connections:
            connection.close()
        are()
        self.assertEqual(self.errors(self.when_idle()), {"42P01": 1, "57014": 1})

    def test_slow_queries_and_times(self):
        self.start_both(slow_query="1s", log_slow_queries=True)
        for seconds in (1.5, 1.5, 1.5, 0, 0):
            self.psql("-c", f"SELECT pg_sleep({seconds}), 'w0nderl4nd'")
        measured = self.when_idle()
        self.assertEqual(measured.sum_by("db_client_slow_queries_total", "db_query_summary"), {("SELECT",): 3})
        self.assertEqual(measured.sum(f"{DURATION}_count", db_query_summary="SELECT"), 5)
        self.assertEqual(measured.sum(f"{DURATION}_bucket", db_query_summary="SELECT", le="1"), 2)
        total = measured.sum(f"{DURATION}_sum", db_query_summary="SELECT")
        self.assertGreater(total, 4.5)
        self.assertLess(total, 9)
        log = self.sidelight_process.log()
        self.assertEqual(log.count("SELECT pg_sleep(?), ?"), 3, log)
        self.assertNotIn("w0nderl4nd", log)

    def test_what_is_neither_query_nor_execute(self):
        """Function calls (large objects), notices, notifications, and a backup, whose stream is a COPY of both ways."""
        self.start_both("wal_level=replica")
        connection = self.connect()
        loud = self.connect()
        loud.autocommit = True
        loud.cursor().execute("LISTEN news")
        large = connection.lobject(mode="wb")
        for _ in range(5):
            large.write(b"x" * 100_000)
        large.close()
        connection.cursor().execute("NOTIFY news, 'written'")
        connection.commit()
        loud.cursor().execute("DO $$ BEGIN RAISE NOTICE 'loud'; END $$")
        harness.eventually(lambda: loud.poll() is not None and loud.notifies, "the notification comes")
        self.assertEqual([notify.payload for notify in loud.notifies], ["written"])
        self.assertEqual(len(loud.notices), 1)
        connection.close()
        loud.close()
        measured = self.when_idle()
        by_name = measured.sum_by(f"{DURATION}_count", "db_operation_name", "db_query_summary")
        calls = {(operation, summary.split(" ")[0]): count for (operation, summary), count in by_name.items()}
        self.assertGreaterEqual(calls.pop(("", "CALL")), 5)
        # libpq asks once which functions are those of large objects.
        self.assertEqual(calls, {("CONNECT", ""): 2, ("", "LISTEN"): 1, ("", "BEGIN"): 1, ("", "SELECT"): 1,
                                 ("", "NOTIFY"): 1, ("", "COMMIT"): 1, ("", "DO"): 1})

        copied = pathlib.Path(self.directory) / "copied"
        subprocess.run([program("pg_basebackup"), "-D", copied, "-X", "stream", "-c", "fast", "--no-sync", "-d",
                        self.address(database="replication")], check=True, timeout=120)
        self.assertTrue((copied / "PG_VERSION").exists())
        measured = self.when_idle()
        self.check_all_was_seen(measured)
        self.assertEqual(measured.sum("sidelight_tap_exchanges_unobserved_total"), 0)
        # START_REPLICATION, as it is no SQL.
        self.assertEqual(measured.sum_by("db_client_blocked_seconds_count", "db_operation_name"), {("_OTHER",): 1})

    def test_connections_that_are_refused(self):
        self.start_both()
        self.direct.execute("CREATE ROLE guest LOGIN PASSWORD 'w0nderl4nd'")
        self.direct.execute("CREATE ROLE nobody LOGIN CONNECTION LIMIT 0")
        for address, wanted in (({"user": "guest", "password": "w0nderl4nd"}, 0), ({"user": "guest", "password": "wr0ng"}, 2),
                                ({"database": "missing"}, 2), ({"user": "nobody"}, 2)):
            self.psql("-c", "SELECT 1", wanted=wanted, **address)
        measured = self.when_idle()
        self.assertEqual(measured.sum_by(f"{DURATION}_count", "db_operation_name", "db_response_status_code", "db_namespace"),
                         {("CONNECT", "", "shop"): 1, ("CONNECT", "28P01", "shop"): 1, ("CONNECT", "3D000", "missing"): 1,
                          ("CONNECT", "53300", "shop"): 1, ("", "", "shop"): 1})
        _, _, body = harness.fetch(self.sidelight_process.metrics_port, "/metrics")
        self.assertNotRegex(body.decode() + self.sidelight_process.log(), "w0nderl4nd|wr0ng")

    def test_naming_plain_is_what_was_promised(self):
        self.start_both(naming={"style": "plain", "prefix": "feature"})
        self.prepare(TABLES)
        connection = self.connect()
        connection.autocommit = True
        for _ in range(3):
            connection.cursor().execute("SELECT * FROM customers WHERE id = 7")
        with self.assertRaises(psycopg2.errors.UndefinedTable):
            connection.cursor().execute("TABLE missing")

        def counted():
            measured = self.sidelight_process.scrape()
            by_query = measured.sum_by("feature_database_query_duration_seconds_count", "query", "status")
            return measured if sum(by_query.values()) == 5 else None
        measured = harness.eventually(counted, "all is counted")
        self.assertEqual([(sample.labels, sample.value) for sample in measured.series("feature_database_connections")],
                         [({}, 1)])
        self.assertEqual(measured.sum_by("feature_database_query_duration_seconds_count", "query", "status"),
                         {("CONNECT", "ok"): 1, ("SELECT customers", "ok"): 3, ("TABLE missing", "42P01"): 1})
        connection.close()
        self.assertEqual(self.when_idle().sum("feature_database_connections"), 0)
        names = {sample.name for sample in measured.samples}
        self.assertEqual({name for name in names if not name.startswith(("sidelight_", "process_"))},
                         {"feature_database_connections",
                          *(f"feature_database_query_duration_seconds_{end}" for end in ("bucket", "sum", "count"))})


if __name__ == "__main__":
    harness.main()
