#!/usr/bin/python3
"""What the rendered objects say: the sidecar's place and its probes, what is scraped and where, what the copies of
rules and dashboards hold, who may connect, and when pods are replaced."""

import json
import re
import unittest

import yaml

import examples
import helm
import matrix
import release

BASE = {"config": {"taps": [matrix.HTTP_TAP]}}
# What keys of the configuration are changed to, where the chart asks for a form.
CHANGED = {"listen": "0.0.0.0:1", "probe_listen": "0.0.0.0:2", "rule_files": ["a.yaml"], "storage.path": "/changed",
           "taps": matrix.SWITCHES["taps"][1]["config"]["taps"]}
POD_FIELDS = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "POD_UID": "metadata.uid",
              "NODE_NAME": "spec.nodeName"}


def objects(values, render=examples.team):
    return [item for _, item in helm.objects(render(matrix.merged(BASE, values)))]


def of_kind(values, kind):
    return [item for item in objects(values) if item["kind"] == kind]


def pod(values):
    return next(pod for _, pod in release.pods(objects(values)))


def sidecar(of_pod):
    return next(container for container in release.containers(of_pod) if "startupProbe" in container)


class PodTest(unittest.TestCase):
    def test_a_native_sidecar_starts_first_and_stays(self):
        first = pod({})["spec"]["initContainers"][0]
        self.assertEqual((first["name"], first["restartPolicy"]), ("sidelight", "Always"))

    def test_on_an_older_cluster_it_is_a_container_like_others(self):
        spec = pod({"nativeSidecar": False})["spec"]
        self.assertNotIn("initContainers", spec)
        self.assertNotIn("restartPolicy", spec["containers"][1])
        self.assertEqual(spec["containers"][1]["name"], "sidelight")

    def test_the_probes_ask_what_only_the_proxy_path_answers(self):
        container = sidecar(pod({"config": {"probe_listen": "0.0.0.0:19465"}}))
        asked = {probe: container[probe]["httpGet"] for probe in release.PROBES}
        port = next(port["name"] for port in container["ports"] if port["containerPort"] == 19465)
        self.assertEqual(asked, {"startupProbe": {"path": "/-/ready", "port": port},
                                 "readinessProbe": {"path": "/-/ready", "port": port},
                                 "livenessProbe": {"path": "/-/healthy", "port": port}})
        self.assertEqual(container["startupProbe"]["periodSeconds"], 1)

    def test_nothing_is_done_before_it_is_told_to_end(self):
        """A preStop hook of a sidecar runs while the backend still works."""
        self.assertNotIn("lifecycle", sidecar(pod({})))

    def test_it_is_given_as_long_as_it_drains(self):
        for limits, seconds in (({}, 30), ({"drain": "40s"}, 40), ({"drain": "1m", "drain_delay": "10s"}, 70),
                                ({"drain": "1h"}, 3600), ({"drain": "28s", "drain_delay": "1500ms"}, 30)):
            with self.subTest(limits=limits):
                granted = pod({"config": {"limits": limits}})["spec"]["terminationGracePeriodSeconds"]
                self.assertGreaterEqual(granted, seconds)
                self.assertLessEqual(granted, seconds + 15)

    def test_it_is_told_which_pod_it_is_of(self):
        given = {variable["name"]: variable for variable in sidecar(pod({"containerName": "proxy"}))["env"]}
        self.assertEqual({name: given[name]["valueFrom"]["fieldRef"]["fieldPath"] for name in POD_FIELDS}, POD_FIELDS)
        self.assertEqual(given["CONTAINER_NAME"]["value"], "proxy")

    def test_each_address_that_others_reach_is_a_port(self):
        ports = {port["containerPort"]: port["name"] for port in sidecar(pod(matrix.SWITCHES["taps"][1]))["ports"]}
        self.assertEqual(ports, {9464: "sidelight", 9465: "sidelight-probe", 8080: "api", 8443: "v6"})

    def test_pods_are_replaced_for_what_takes_a_restart_only(self):
        def annotation(values):
            return pod(values)["metadata"]["annotations"]["sidelight/restarts-with"]

        page = (helm.ROOT / "docs/configuration.md").read_text("utf-8")
        table = dict(re.findall(r"^\| (at a reload|after a restart) \| (.*) \|$", page, re.MULTILINE))
        self.assertEqual(len(table), 2, "the table of docs/configuration.md has other words")
        without = annotation({})
        for values in ({"rules": matrix.RULES}, {"podMonitor": {"enabled": True}}):
            self.assertEqual(annotation(values), without, values)
        for when, keys in table.items():
            for key in re.findall(r"`([^`]+)`", keys):
                # The one that may come with a new destination, which needs no restart, stays out.
                waits = when == "after a restart" and not key.endswith(".max_shards")
                config = CHANGED.get(key, "changed")
                for part in reversed(key.replace("[]", "").split(".")):
                    config = {part: config}
                self.assertEqual(annotation({"config": config}) != without, waits, f"{key} {when}")

    def test_storage_is_where_the_configuration_looks_for_it(self):
        of_pod = pod({"config": {"storage": {"path": "/data/metrics"}}})
        mount, = (mount for mount in sidecar(of_pod)["volumeMounts"] if mount["mountPath"] == "/data/metrics")
        volume, = (volume for volume in of_pod["spec"]["volumes"] if volume["name"] == mount["name"])
        self.assertEqual(volume["emptyDir"], {"sizeLimit": "512Mi"})

    def test_storage_may_be_turned_off(self):
        off = {"storage": {"volume": "none"}}
        for values, wanted in ((off, None), ({**off, "config": {"storage": {"memory": "16MiB"}}}, {"memory": "16MiB"})):
            of_pod = pod(values)
            names = [item["name"] for item in of_pod["spec"]["volumes"] + sidecar(of_pod)["volumeMounts"]]
            self.assertNotIn("sidelight-storage", names)
            config, = (item["data"]["sidelight.yaml"] for item in of_kind(values, "ConfigMap"))
            self.assertEqual(yaml.safe_load(config).get("storage"), wanted)


class ScrapeTest(unittest.TestCase):
    def test_annotations_name_the_port_of_metrics(self):
        self.assertEqual([key for key in pod({})["metadata"]["annotations"] if key.startswith("prometheus.io/")], [])
        annotated = pod({"prometheusAnnotations": {"enabled": True}, "config": {"listen": "0.0.0.0:1234"}})
        annotations = annotated["metadata"]["annotations"]
        self.assertEqual({key: annotations[f"prometheus.io/{key}"] for key in ("scrape", "port", "path")},
                         {"scrape": "true", "port": "1234", "path": "/metrics"})

    def test_monitors_carry_what_selects_and_tunes_them(self):
        for kind, endpoints in release.MONITORS.items():
            with self.subTest(kind=kind):
                values = {"service": {"enabled": True}, kind[0].lower() + kind[1:]: {"enabled": True, **matrix.MONITOR}}
                monitor, = of_kind(values, kind)
                self.assertEqual(monitor["metadata"]["labels"]["release"], "prometheus")
                self.assertEqual(monitor["spec"]["sampleLimit"], 100000)
                endpoint, = monitor["spec"][endpoints]
                self.assertEqual((endpoint["port"], endpoint["path"], endpoint["interval"], endpoint["scrapeTimeout"],
                                  endpoint["honorLabels"]), ("sidelight", "/metrics", "5s", "4s", True))
                self.assertEqual(endpoint["metricRelabelings"], matrix.KEEP_ALL)
                self.assertEqual(endpoint["relabelings"][-1:], matrix.KEEP_ALL)
                self.assertIn({"action": "labeldrop", "regex": "endpoint"}, endpoint["relabelings"])


class CopiesTest(unittest.TestCase):
    def test_dashboards_link_to_the_runbooks(self):
        for base, wanted in (("https://git.example.com/main/", "https://git.example.com/main/docs/runbooks"),
                             ("", "https://sidelight.example.com/docs/runbooks")):
            values = {"dashboards": {"enabled": True, "naming": ["otel", "plain"]},
                      "prometheusRule": {"runbookBaseUrl": base}}
            dashboards = [json.loads(text) for item in of_kind(values, "ConfigMap") for name, text in item["data"].items()
                          if name.endswith(".json")]
            self.assertTrue(dashboards)
            links = {variable["query"] for dashboard in dashboards for variable in dashboard["templating"]["list"]
                     if variable["name"] == "runbooks"}
            self.assertEqual(links, {wanted})

    def test_every_rule_of_a_pack_is_there_with_a_link_to_its_runbook(self):
        packs = ["cache", "database", "export", "http", "sidelight", "slo"]
        values = {"prometheusRule": {"enabled": True, "packs": packs, "runbookBaseUrl": "https://git.example.com/main/"}}
        rules = {item["metadata"]["name"].rsplit("-", 1)[1]: item["spec"] for item in of_kind(values, "PrometheusRule")}
        self.assertEqual(sorted(rules), packs)
        links = 0
        for pack in packs:
            ours = yaml.safe_load((helm.charts() / f"helm/sidelight/rules/{pack}.yaml").read_text())
            for rendered, group in zip(rules[pack]["groups"], ours["groups"], strict=True):
                self.assertEqual(rendered["name"], group["name"])
                for rule, original in zip(rendered["rules"], group["rules"], strict=True):
                    link = rule.get("annotations", {}).pop("runbook_url", None)
                    path = original.get("annotations", {}).pop("runbook_url", None)
                    self.assertEqual(link, path and f"https://git.example.com/main/{path}")
                    links += path is not None
                    self.assertEqual(str(rule.pop("expr")).strip(), str(original.pop("expr")).strip())
                    self.assertEqual(rule, original)
        self.assertGreater(links, 10)

    def test_every_dashboard_is_there_and_whole(self):
        folder = helm.charts() / "helm/sidelight/dashboards"
        ours = {path.name: json.loads(path.read_text()) for path in folder.rglob("*.json")}
        self.assertGreater(len(ours), 5)
        values = {"dashboards": {"enabled": True, "naming": ["otel", "plain"]}}
        shipped = {}
        for item in of_kind(values, "ConfigMap"):
            if item["metadata"]["labels"].get("grafana_dashboard") == "1":
                self.assertEqual(item["metadata"]["annotations"], {"grafana_folder": "Sidelight"})
                shipped |= {name: json.loads(text) for name, text in item["data"].items()}
        self.assertEqual(sorted(shipped), sorted(ours))
        self.assertEqual([name for name in ours if shipped[name] != ours[name]], [])

    def test_rule_files_arrive_as_they_were_given(self):
        text = "\n   # as it was given, {{ $value }} and all\n\n\tgroups: []"
        config_map, = (item for item in of_kind({"rules": {"text.yaml": text, **matrix.RULES}}, "ConfigMap"))
        self.assertEqual(config_map["data"]["text.yaml"].strip("\n"), text.strip("\n"))
        self.assertEqual(yaml.safe_load(config_map["data"]["team.yaml"]), matrix.RULES["team.yaml"])
        config = yaml.safe_load(config_map["data"]["sidelight.yaml"])
        self.assertEqual(set(config["rule_files"]), {"text.yaml", *matrix.RULES})

    def test_the_configuration_arrives_as_it_was_given(self):
        config = {"taps": [{**matrix.HTTP_TAP, "name": "on", "routes": ["/a/{id}", "/b: #c"]}], "service": "null",
                  "external_labels": {"version": "010", "yes": "no", "time": "12:30:45", "dollar": "$$5 ${env:HOME}"},
                  "limits": {"series": 10000000, "connections": 1},
                  "promql": {"max_samples": 50000000, "experimental": True},
                  "storage": {"path": "/var/lib/sidelight"}}
        config_map, = of_kind({"config": config}, "ConfigMap")
        self.assertEqual(yaml.safe_load(config_map["data"]["sidelight.yaml"]), config)


class WhoMayConnectTest(unittest.TestCase):
    def allowed(self, values):
        policy, = of_kind({"networkPolicy": {"enabled": True, **values}}, "NetworkPolicy")
        spec = policy["spec"]
        allowed = [(port["port"], rule.get("from")) for rule in spec["ingress"] for port in rule["ports"]]
        self.assertEqual(len(allowed), len(dict(allowed)), f"a port is there twice: {allowed}")
        return dict(allowed), spec

    def test_the_taps_are_open_and_the_backend_is_not(self):
        ports, spec = self.allowed({})
        self.assertEqual(ports, {8080: None, 9464: None, 9465: None})
        self.assertEqual(spec["policyTypes"], ["Ingress"])

    def test_each_side_can_be_limited(self):
        ports, spec = self.allowed({"tapsFrom": [{"podSelector": {}}], "metricsFrom": matrix.MONITORING,
                                    "egress": [{"to": matrix.MONITORING}]})
        self.assertEqual(ports, {8080: [{"podSelector": {}}], 9464: matrix.MONITORING, 9465: None})
        self.assertEqual(spec["policyTypes"], ["Ingress", "Egress"])
        self.assertEqual(spec["egress"], [{"to": matrix.MONITORING}])


class NothingTest(unittest.TestCase):
    def test_the_chart_by_itself_is_empty_until_it_is_told_what_to_measure(self):
        self.assertEqual(helm.objects(helm.template(helm.charts() / "helm/sidelight")), [])

    def test_turned_off_it_leaves_nothing(self):
        everything = {}
        for choices in matrix.SWITCHES.values():
            everything = matrix.merged(everything, choices[-1])
        self.assertEqual({item["kind"] for item in objects({**everything, "enabled": False})}, {"Deployment"})
        left = release.containers(pod({**everything, "enabled": False}))
        self.assertEqual([container["name"] for container in left], ["backend"])


if __name__ == "__main__":
    helm.install()
    unittest.main()
