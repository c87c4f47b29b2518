"""A real PostgreSQL behind a tap, and what both of them counted. The judge is pg_stat_statements."""

import glob
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

import psycopg2

import harness

DURATION = "db_client_operation_duration_seconds"
ROWS = "db_client_response_returned_rows"
CONNECTIONS = "db_client_connection_count"


def program(name):
    """PostgreSQL's newest program of that name: Debian keeps those of the server out of PATH."""
    found = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    return max(found, key=lambda path: int(path.split("/")[4])) if found else shutil.which(name)


def as_server():
    """What makes a command run as a user that PostgreSQL accepts: it refuses root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


class PostgresTest(harness.IntegrationTest):
    """`self.port` is the server's, `self.sidelight_process.port` the tap's; the tests' database is `shop`, and `postgres`
    is where they look without being counted."""

    @classmethod
    def setUpClass(cls):
        """Makes the database cluster that each test begins with a copy of."""
        directory = tempfile.TemporaryDirectory(prefix="sidelight-test-")
        cls.addClassCleanup(directory.cleanup)
        cls._fresh = cls._folder(directory.name) / "data"
        made = subprocess.run([*as_server(), program("initdb"), "-D", cls._fresh, "-U", "tester", "-A", "trust", "-E", "UTF8",
                               "--no-locale", "--no-sync"], capture_output=True, text=True, timeout=120, check=False)
        if made.returncode:
            raise AssertionError(f"initdb failed:\n{made.stdout}{made.stderr}")

    @staticmethod
    def _folder(directory):
        """A new folder there that is the server's."""
        folder = pathlib.Path(directory) / "postgres"
        folder.mkdir()
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            os.chmod(directory, 0o711)
        return folder

    def postgres(self, *settings):
        """Starts a server of one's own with these settings; `self.direct` is a cursor that does not go through a tap."""
        home = self._folder(self.directory)
        data = home / "data"
        subprocess.run(["cp", "-a", self._fresh, data], check=True)
        # The first line that fits decides; all of the tests' users but guest come in as they are.
        hosts = data / "pg_hba.conf"
        hosts.write_text("host all guest 127.0.0.1/32 scram-sha-256\n" + hosts.read_text())
        if "ssl=on" in settings:
            self.certificate(data)
        self.port = harness.free_port()
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={home}", "fsync=off",
                   "shared_preload_libraries=pg_stat_statements", "max_connections=50", *settings]
        server = self.start("postgres", *as_server(), program("postgres"), "-D", data,
                            *(word for option in options for word in ("-c", option)))
        self.direct = harness.eventually(lambda: self._connected(server), "PostgreSQL takes connections")
        self.direct.execute("CREATE DATABASE shop")
        self.direct.execute("CREATE EXTENSION pg_stat_statements")

    def certificate(self, data):
        made = self.start("openssl", "openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost",
                          "-newkey", "rsa:2048", "-keyout", data / "server.key", "-out", data / "server.crt")
        if made.wait(120):
            self.fail(f"openssl failed:\n{made.log()}")
        os.chmod(data / "server.key", 0o600)
        if os.geteuid() == 0:
            shutil.chown(data / "server.key", "postgres", "postgres")

    def _connected(self, server):
        if not server.running():
            self.fail(f"PostgreSQL ended:\n{server.log()}")
        try:
            connection = psycopg2.connect(self.address("postgres", port=self.port))
        except psycopg2.OperationalError:
            return None
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection.cursor()

    def address(self, database="shop", user="tester", port=None, **more):
        """How to connect through the tap, as libpq reads it."""
        words = {"host": "127.0.0.1", "port": port or self.sidelight_process.port, "dbname": database, "user": user, **more}
        return " ".join(f"{key}='{value}'" for key, value in words.items())

    def start_both(self, *settings, **tap):
        self.postgres(*settings)
        self.sidelight_process = self.sidelight(
            {"name": "db", "protocol": "postgres", "upstream": f"127.0.0.1:{self.port}", **tap})

    def prepare(self, sql):
        """Executes in the tests' database, beside the tap, and forgets what was counted so far."""
        connection = psycopg2.connect(self.address(port=self.port))
        connection.autocommit = True
        connection.cursor().execute(sql)
        connection.close()
        self.forget()

    def forget(self):
        self.direct.execute("SELECT pg_stat_statements_reset()")

    def statements(self):
        """[(query, calls, rows)] of the tests' database as PostgreSQL counted them."""
        self.direct.execute("SELECT s.query, s.calls, s.rows FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
                            "WHERE d.datname = 'shop'")
        return self.direct.fetchall()

    def when_idle(self):
        """A scrape once all connections of the tap are closed and measured."""
        return self.sidelight_process.scrape_when_idle()

    def compare(self, measured, summaries, more=None, rows_of_others=()):
        """Calls and rows by summary are those of pg_stat_statements; returns both. `summaries` says what is what: the
        first pattern that matches the beginning of a query, in one line and lower case, has its summary (with \\1 for a
        group). `more` are the calls, by summary, that we count and pg_stat_statements does not; of `rows_of_others` it
        does not count the rows."""
        calls, rows = dict(more or {}), {}
        for query, its_calls, its_rows in self.statements():
            line = " ".join(query.lower().split())
            summary = next((match.expand(summary) for pattern, summary in summaries if (match := re.match(pattern, line))),
                           None)
            self.assertIsNotNone(summary, f"the test has no summary for {line!r}")
            calls[summary] = calls.get(summary, 0) + its_calls
            if re.match("select|table|with|values|fetch|prepare|.* returning |copy .* to stdout", line):
                rows[summary] = rows.get(summary, 0) + its_rows
        ours, our_rows = {}, {}
        for sample in measured.series(f"{DURATION}_count", db_response_status_code="", error_type=""):
            summary = sample.labels.get("db_query_summary", "")
            if sample.labels.get("db_operation_name") != "CONNECT" and sample.value:
                ours[summary] = ours.get(summary, 0) + int(sample.value)
        for sample in measured.series(f"{ROWS}_sum", db_response_status_code="", error_type=""):
            summary = sample.labels.get("db_query_summary", "")
            if sample.value:
                our_rows[summary] = our_rows.get(summary, 0) + int(sample.value)
        self.maxDiff = None
        self.assertEqual(ours, {summary: count for summary, count in calls.items() if count},
                         "Sidelight's counts and pg_stat_statements' calls, by summary")
        self.assertEqual({summary: count for summary, count in our_rows.items() if summary not in rows_of_others},
                         {summary: count for summary, count in rows.items() if count and summary not in rows_of_others},
                         "Sidelight's rows and pg_stat_statements', by summary")
        self.check_all_was_seen(measured)
        return ours, our_rows

    def check_all_was_seen(self, measured):
        self.assertEqual(measured.sum_by("sidelight_tap_opaque_total", "reason"), {})
        self.assertEqual(measured.sum_by(CONNECTIONS, "db_client_connection_state"), {})

    def errors(self, measured):
        """{SQLSTATE: count}."""
        by_code = measured.sum_by(f"{DURATION}_count", "db_response_status_code")
        return {code: count for (code,), count in by_code.items() if code}
