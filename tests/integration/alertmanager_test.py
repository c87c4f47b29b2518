#!/usr/bin/python3
"""Sidelight with Debian's real Alertmanager: what it takes, what its webhook then tells, and that one Alertmanager that
is away, hangs or refuses costs the others nothing.

The alert is `Busy`: it fires while a request is under way, and the test holds one as long as it likes.
"""

import crypt
import datetime
import json
import pathlib
import signal
import socket
import subprocess
import time

import alertmanagers
import harness
from alertmanagers import Alertmanager

RULES = {"groups": [{"name": "busy", "interval": "200ms", "rules": [
    {"alert": "Busy", "expr": "sum by (tap) (http_server_active_requests) > 0",
     "labels": {"severity": "page", "internal": "yes"},
     "annotations": {"summary": "{{ $value }} under way in {{ $labels.tap }}"}}]}]}
PASSWORD = "hunter2-and-more"
# An alert holds for four of them after it was told: longer than a busy machine may take to tell it again.
RESEND = {"resend_delay": "5s"}


def when(text):
    """Seconds since 1970 of an RFC 3339 text."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def seconds_of(text):
    """The digits behind the second's point: Alertmanager leaves zeros at the end out."""
    return len(text.partition(".")[2].rstrip("Z"))


class AlertmanagerTest(harness.IntegrationTest):
    def watched(self, *destinations, **alerting):
        """A Sidelight with the rule, which sends to these."""
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text(json.dumps(RULES))
        return self.sidelight({"name": "api", "upstream": self.backend().upstream}, service="shop", interval="200ms",
                              rule_files=[str(rules)], external_labels={"pod": "shop-0"},
                              external_url="http://sidelight.example:9464",
                              alerting={"alertmanagers": list(destinations), **alerting})

    def hold(self, sidelight):
        """A request that is under way until it is closed."""
        request = harness.Connection(sidelight.port)
        self.addCleanup(request.close)
        request.send(b"GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
        return request

    def await_told(self, alertmanager, status):
        return harness.eventually(lambda: alertmanager.webhook.alerts(status), f"the webhook is told: {status}")[0]

    def test_what_it_takes_and_tells(self):
        alertmanager = Alertmanager(self, "alertmanager")
        sidelight = self.watched({"url": alertmanager.url}, **RESEND, alert_relabel_configs=[
            {"action": "labeldrop", "regex": "internal"}, {"target_label": "team", "replacement": "on-call"}])
        before = time.time()
        request = self.hold(sidelight)
        told = self.await_told(alertmanager, "firing")
        labels = {"alertname": "Busy", "tap": "api", "severity": "page", "team": "on-call", "service": "shop",
                  "pod": "shop-0"}
        self.assertEqual(told["labels"], labels)
        self.assertEqual(told["annotations"], {"summary": "1 under way in api"})
        self.assertTrue(told["generatorURL"].startswith("http://sidelight.example:9464/graph?g0.expr=sum+by+"),
                        told["generatorURL"])

        shown, = alertmanager.alerts()
        self.assertEqual(shown["labels"], labels)
        self.assertEqual(shown["generatorURL"], told["generatorURL"])
        started, ends = when(shown["startsAt"]), when(shown["endsAt"])
        self.assertTrue(before - 1 < started < time.time(), (before, shown))
        self.assertLessEqual(seconds_of(shown["startsAt"]), 3, shown)
        # Four resend delays after the evaluation that sent it.
        self.assertTrue(started + 20 <= ends <= time.time() + 20, (shown, time.time()))

        # It is told again before that, so it goes on for longer.
        harness.eventually(lambda: when(alertmanager.alerts()[0]["endsAt"]) >= ends + 5, "it is told again")
        self.assertEqual(alertmanager.webhook.alerts("resolved"), [])
        self.assertEqual(when(alertmanager.alerts()[0]["startsAt"]), started)

        left = time.time()
        request.reset()
        resolved = self.await_told(alertmanager, "resolved")
        self.assertEqual(resolved["labels"], labels)
        self.assertEqual(when(resolved["startsAt"]), started)
        self.assertTrue(left - 1 < when(resolved["endsAt"]) < time.time(), (left, resolved))
        harness.eventually(lambda: not alertmanager.alerts(), "no alert holds any more")
        self.assertEqual([alert["status"] for alert in alertmanager.webhook.alerts()], ["firing", "resolved"])

        metrics = sidelight.scrape()
        endpoint = alertmanager.url + "/api/v2/alerts"
        self.assertGreaterEqual(metrics.sum("sidelight_notifications_sent_total", alertmanager=endpoint), 3)
        self.assertEqual(metrics.sum("sidelight_notifications_errors_total"), 0)
        self.assertEqual(metrics.sum("sidelight_notifications_dropped_total"), 0)
        self.assertEqual(metrics.sum("sidelight_notifications_alertmanagers_discovered"), 1)

    def test_one_that_is_away_or_hangs_delays_nobody(self):
        good = [Alertmanager(self, "good-1"), Alertmanager(self, "good-2")]
        hangs = Alertmanager(self, "hangs")
        hangs.process.send(signal.SIGSTOP)
        self.addCleanup(hangs.process.send, signal.SIGCONT)
        away = f"http://127.0.0.1:{harness.free_port()}"
        # Takes the connection, and no request out of it, for longer than the test runs.
        never = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(never.close)
        never_url = f"http://127.0.0.1:{never.getsockname()[1]}"
        sidelight = self.watched({"url": never_url, "timeout": "1h"}, {"url": hangs.url, "timeout": "1s"}, {"url": away},
                                 {"static_configs": [{"targets": [f"127.0.0.1:{one.port}" for one in good]}],
                                  "scheme": "http", "api_version": "v2"}, **RESEND)
        request = self.hold(sidelight)
        for one in good:
            self.await_told(one, "firing")
        errors = "sidelight_notifications_errors_total"
        for url in (hangs.url, away):
            harness.eventually(lambda: sidelight.scrape().sum(errors, alertmanager=f"{url}/api/v2/alerts") >= 2,
                               f"two errors of {url}")
        turns = "sidelight_rule_group_iterations_total"
        before = sidelight.scrape().sum(turns)
        harness.eventually(lambda: sidelight.scrape().sum(turns) >= before + 10, "rules do not wait for the one that hangs")
        # Each resend repairs what failed.
        hangs.process.send(signal.SIGCONT)
        self.await_told(hangs, "firing")
        harness.eventually(lambda: "takes alerts again" in sidelight.log(), "a line in the log")
        request.reset()
        for one in (*good, hangs):
            self.await_told(one, "resolved")
            self.assertEqual([alert["status"] for alert in one.webhook.alerts()], ["firing", "resolved"])
        lines = [json.loads(line) for line in sidelight.log().splitlines()]
        for url, turns in ((hangs.url, ["the Alertmanager does not take alerts", "the Alertmanager takes alerts again"]),
                           (away, ["the Alertmanager does not take alerts"]), (never_url, [])):
            self.assertEqual([line["msg"] for line in lines if line.get("alertmanager") == f"{url}/api/v2/alerts"],
                             turns, url)
        for one in good:
            self.assertEqual(sidelight.scrape().sum(errors, alertmanager=f"{one.url}/api/v2/alerts"), 0)

        # The end does not wait for those that hang.
        hangs.process.send(signal.SIGSTOP)
        sidelight.send(signal.SIGTERM)
        self.assertEqual(sidelight.wait(60), 0)

    def test_one_connection_for_all_batches(self):
        alertmanager = Alertmanager(self, "alertmanager")
        sidelight = self.watched({"url": alertmanager.url}, resend_delay="500ms")

        def taken():
            self.assertEqual(sidelight.scrape().sum("sidelight_notifications_errors_total"), 0)
            return sidelight.scrape().sum("sidelight_notifications_sent_total")

        request = self.hold(sidelight)
        harness.eventually(lambda: taken() >= 1, "the first batch")
        client, = alertmanager.clients()
        harness.eventually(lambda: taken() >= 4, "three resends")
        self.assertEqual(alertmanager.clients(), {client})
        request.reset()
        self.await_told(alertmanager, "resolved")
        self.assertEqual(alertmanager.clients(), {client})

    def test_a_restart_between_two_batches_costs_none(self):
        alertmanager = Alertmanager(self, "alertmanager")
        sidelight = self.watched({"url": alertmanager.url}, resend_delay="10m")
        sent, errors = ("sidelight_notifications_sent_total", "sidelight_notifications_errors_total")
        request = self.hold(sidelight)
        self.await_told(alertmanager, "firing")
        harness.eventually(lambda: sidelight.scrape().sum(sent) == 1, "it is counted")
        self.assertEqual(len(alertmanager.clients()), 1)
        alertmanager.restart()
        # The next batch says that it is resolved: a resend is minutes away.
        request.reset()
        harness.eventually(lambda: sidelight.scrape().sum(sent) >= 2, "it is told that it is resolved")
        self.assertEqual(sidelight.scrape().sum(errors), 0)

    def test_a_reload_takes_others_over(self):
        old, new = Alertmanager(self, "old"), Alertmanager(self, "new")
        sidelight = self.watched({"url": old.url}, **RESEND)
        request = self.hold(sidelight)
        self.await_told(old, "firing")
        config = json.loads(sidelight.config.read_text())
        config["alerting"]["alertmanagers"] = [{"url": new.url, "alert_relabel_configs": [
            {"target_label": "told", "replacement": "by the new settings"}]}]
        sidelight.config.write_text(json.dumps(config))
        sidelight.send(signal.SIGHUP)
        # The same alert, told again, and no page for a start of its own.
        told = self.await_told(new, "firing")
        self.assertEqual(told["labels"].pop("told"), "by the new settings")
        first = old.webhook.alerts("firing")[0]
        self.assertEqual((told["labels"], when(told["startsAt"])), (first["labels"], when(first["startsAt"])))
        request.reset()
        self.await_told(new, "resolved")
        self.assertEqual([alert["status"] for alert in old.webhook.alerts()], ["firing"])
        self.assertEqual(sidelight.scrape().sum("sidelight_notifications_alertmanagers_discovered"), 1)

    def certificate(self):
        home = pathlib.Path(self.directory)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1,DNS:alertmanager.test", "-keyout", home / "key.pem",
                        "-out", home / "cert.pem"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return home / "cert.pem", home / "key.pem"

    def test_tls_and_basic_auth(self):
        certificate, key = self.certificate()
        hashed = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
        web = {"tls_server_config": {"cert_file": str(certificate), "key_file": str(key)},
               "basic_auth_users": {"sidelight": hashed}}
        taken, refused, doubted = (Alertmanager(self, name, web, "https") for name in ("taken", "refused", "doubted"))
        password = pathlib.Path(self.directory, "password")
        password.write_text(PASSWORD + "\n")
        user = {"basic_auth": {"username": "sidelight", "password_file": str(password)}}
        trust = {"tls_config": {"ca_file": str(certificate)}}
        sidelight = self.watched(
            {"url": taken.url, **user, **trust},
            {"url": refused.url, "basic_auth": {"username": "sidelight", "password": PASSWORD + "-no"}, **trust},
            {"url": doubted.url, **user}, **RESEND)
        request = self.hold(sidelight)
        self.await_told(taken, "firing")
        errors = "sidelight_notifications_errors_total"
        for one in (refused, doubted):
            harness.eventually(lambda: sidelight.scrape().sum(errors, alertmanager=f"{one.url}/api/v2/alerts") > 0,
                               f"{one.url} is not content with us, or we with it")
        request.reset()
        self.await_told(taken, "resolved")
        self.assertEqual((refused.webhook.told, doubted.webhook.told), ([], []))
        self.assertEqual(sidelight.scrape().sum(errors, alertmanager=f"{taken.url}/api/v2/alerts"), 0)
        reasons = {line["alertmanager"]: line["error"] for line in map(json.loads, sidelight.log().splitlines())
                   if line["msg"] == "the Alertmanager does not take alerts"}
        self.assertIn("401", reasons[f"{refused.url}/api/v2/alerts"])
        self.assertIn("certificate", reasons[f"{doubted.url}/api/v2/alerts"])
        _, _, exposed = harness.fetch(sidelight.metrics_port, "/metrics")
        for text in (sidelight.log(), exposed.decode()):
            self.assertNotIn(PASSWORD, text)


if __name__ == "__main__":
    alertmanagers.needed()
    harness.main()
