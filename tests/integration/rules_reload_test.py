#!/usr/bin/python3
"""Rules are exchanged while the program runs: by SIGHUP, by POST /-/reload, by a change of the file and by the way in
which Kubernetes exchanges a ConfigMap. A bad file leaves the old rules running, and says so; at the start it leaves only
its own groups out."""

import json
import os
import pathlib
import signal
import urllib.error
import urllib.request

import harness
from alertmanager_double import AlertmanagerDouble

GOOD = "groups: [{name: %s, rules: [{record: 'loaded:%s', expr: 'vector(%d)'}]}]\n"
BAD = "groups: [{name: broken, rules: [{record: broken, expr: 'sum('}]}]\n"


def rule_file(name, value=1):
    return GOOD % (name, name, value)


class RulesReloadTest(harness.IntegrationTest):
    def sidelight_with(self, *patterns):
        backend = self.backend()
        return self.sidelight({"upstream": backend.upstream}, rule_files=[str(pattern) for pattern in patterns],
                              interval="100ms", evaluation_interval="100ms")

    def groups(self, sidelight):
        status, _, body = harness.fetch(sidelight.metrics_port, "/api/v1/rules")
        self.assertEqual(status, 200, body)
        return sorted(group["name"] for group in json.loads(body)["data"]["groups"])

    def value(self, sidelight, name):
        _, _, body = harness.fetch(sidelight.metrics_port, f"/api/v1/query?query={name}")
        result = json.loads(body)["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def wait_for_groups(self, sidelight, *names):
        harness.eventually(lambda: self.groups(sidelight) == sorted(names), f"the groups are {sorted(names)}")

    def reload(self, sidelight):
        request = urllib.request.Request(f"http://127.0.0.1:{sidelight.metrics_port}/-/reload", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def reloaded_well(self, sidelight):
        return sidelight.scrape().sum("sidelight_config_last_reload_successful") == 1

    def folder(self, name):
        folder = pathlib.Path(self.directory, name)
        folder.mkdir()
        return folder

    def test_a_changed_file_is_read_without_being_told(self):
        folder = self.folder("rules")
        (folder / "a.yaml").write_text(rule_file("a"))
        sidelight = self.sidelight_with(folder / "*.yaml")
        self.wait_for_groups(sidelight, "a")
        (folder / "b.yaml").write_text(rule_file("b"))
        self.wait_for_groups(sidelight, "a", "b")
        (folder / "a.yaml").write_text(rule_file("a", 25))
        harness.eventually(lambda: self.value(sidelight, "loaded:a") == 25, "the changed rule is evaluated")
        (folder / "a.yaml").unlink()
        self.wait_for_groups(sidelight, "b")
        harness.eventually(lambda: self.value(sidelight, "loaded:a") is None, "the rule that is gone leaves no series")

    def test_a_bad_file_leaves_the_old_rules_and_the_taps(self):
        folder = self.folder("rules")
        (folder / "a.yaml").write_text(rule_file("a"))
        sidelight = self.sidelight_with(folder / "*.yaml")
        self.wait_for_groups(sidelight, "a")
        (folder / "b.yaml").write_text(BAD)
        harness.eventually(lambda: not self.reloaded_well(sidelight), "the bad file is noticed")
        status, answer = self.reload(sidelight)
        self.assertEqual(status, 500, answer)
        self.assertIn(f"{folder}/b.yaml:1:", answer)
        self.assertIn("the old one stays in force", answer)
        self.assertEqual(self.groups(sidelight), ["a"])
        self.assertIn("b.yaml:1:", sidelight.log())
        (folder / "b.yaml").write_text(rule_file("b"))
        self.wait_for_groups(sidelight, "a", "b")
        harness.eventually(lambda: self.reloaded_well(sidelight), "the reload is over")

    def test_a_bad_file_at_the_start_leaves_its_own_groups_out(self):
        folder = self.folder("rules")
        (folder / "a.yaml").write_text(rule_file("a"))
        (folder / "b.yaml").write_text(BAD)
        sidelight = self.sidelight_with(folder / "*.yaml", folder / "missing.yaml")
        self.wait_for_groups(sidelight, "a")
        self.assertEqual(sidelight.scrape().sum("sidelight_rule_files", state="failed"), 2)
        self.assertIn("missing.yaml", sidelight.log())
        with harness.Connection(sidelight.port) as connection:
            connection.send(b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(connection.response("GET")[0], 200)

    def test_sighup_and_post_read_the_files_again(self):
        folder = self.folder("rules")
        (folder / "a.yaml").write_text(rule_file("a"))
        sidelight = self.sidelight_with(folder / "*.yaml")
        self.wait_for_groups(sidelight, "a")
        (folder / "b.yaml").write_text(rule_file("b"))
        self.assertEqual(self.reload(sidelight)[0], 200)
        self.assertEqual(self.groups(sidelight), ["a", "b"])
        (folder / "b.yaml").unlink()
        sidelight.send(signal.SIGHUP)
        self.wait_for_groups(sidelight, "a")

    def test_a_config_map_is_exchanged(self):
        mount = self.folder("mount")
        for version, names in (("..1", ["a"]), ("..2", ["a", "b"])):
            (mount / version).mkdir()
            for name in names:
                (mount / version / f"{name}.yaml").write_text(rule_file(name, len(names)))
        (mount / "..data").symlink_to("..1")
        (mount / "a.yaml").symlink_to("..data/a.yaml")
        sidelight = self.sidelight_with(mount / "*.yaml")
        self.wait_for_groups(sidelight, "a")
        (mount / "..data_tmp").symlink_to("..2")
        os.replace(mount / "..data_tmp", mount / "..data")
        (mount / "b.yaml").symlink_to("..data/b.yaml")
        self.wait_for_groups(sidelight, "a", "b")
        harness.eventually(lambda: self.value(sidelight, "loaded:a") == 2, "the new version is evaluated")

    def test_what_goes_with_alerts_is_taken_over(self):
        alertmanager = AlertmanagerDouble()
        self.addCleanup(alertmanager.close)
        rules = pathlib.Path(self.directory, "alert.yaml")
        rules.write_text(json.dumps({"groups": [{"name": "a", "rules": [
            {"alert": "On", "expr": "vector(1)", "annotations": {"where": "{{ $externalLabels.cluster }}"}}]}]}))
        sidelight = self.sidelight({"upstream": self.backend().upstream}, rule_files=[str(rules)], interval="100ms",
                                   evaluation_interval="100ms", external_labels={"cluster": "old"},
                                   alerting={"alertmanagers": [{"url": alertmanager.url}], "resend_delay": "1h"})
        first = harness.eventually(lambda: alertmanager.told("On"), "the alert is told")[0]
        self.assertGreater(first.ends_at - first.at, 3600)
        self.assertEqual((first.annotations["where"], first.labels["cluster"]), ("old", "old"))

        config = json.loads(sidelight.config.read_text())
        config["external_labels"]["cluster"] = "new"
        config["alerting"]["resend_delay"] = "200ms"
        sidelight.config.write_text(json.dumps(config))
        told = lambda: [told for told in alertmanager.told("On") if told.annotations["where"] == "new"]
        harness.eventually(lambda: len(told()) >= 3, "it is told again and again")
        self.assertEqual(told()[-1].labels["cluster"], "new")
        self.assertLess(told()[-1].ends_at - told()[-1].at, 60)
        self.assertEqual(told()[-1].starts_at, first.starts_at)
        for path in ("config", "flags"):
            _, _, body = harness.fetch(sidelight.metrics_port, f"/api/v1/status/{path}")
            self.assertIn("200ms", body.decode(), path)

    def test_a_first_rule_file_that_is_bad_is_refused_too(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream}, interval="100ms", log={"level": "warn"})
        bad = pathlib.Path(self.directory, "bad.yaml")
        bad.write_text(BAD)
        config = json.loads(sidelight.config.read_text())
        sidelight.config.write_text(json.dumps({**config, "rule_files": [str(bad)], "log": {"level": "debug"}}))
        harness.eventually(lambda: not self.reloaded_well(sidelight), "the bad file is refused")
        self.assertEqual(self.groups(sidelight), [])
        _, _, body = harness.fetch(sidelight.metrics_port, "/api/v1/status/config")
        self.assertIn("warn", body.decode())
        bad.write_text(rule_file("a"))
        self.wait_for_groups(sidelight, "a")

    def test_the_configuration_itself_is_watched(self):
        folder = self.folder("rules")
        (folder / "a.yaml").write_text(rule_file("a"))
        (folder / "b.yaml").write_text(rule_file("b"))
        sidelight = self.sidelight_with(folder / "a.yaml")
        self.wait_for_groups(sidelight, "a")
        config = json.loads(sidelight.config.read_text())
        config["rule_files"] = [str(folder / "b.yaml")]
        sidelight.config.write_text(json.dumps(config))
        self.wait_for_groups(sidelight, "b")


if __name__ == "__main__":
    harness.main()
