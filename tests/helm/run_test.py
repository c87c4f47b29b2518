#!/usr/bin/python3
"""The pods of the examples start the real program: with the rendered configuration, mounts, environment, ports and
user it becomes ready, answers its probes and shows its metrics; and it takes over a ConfigMap that changed."""

import http.server
import json
import os
import pathlib
import re
import sys
import threading
import unittest

import examples
import helm
import kubelet
import matrix
import release

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import harness  # noqa: E402

SECRETS = {"checkout-alertmanager": {"password": "hunter2"}, "checkout-tenant": {"id": "shop"},
           "alertmanager": {"password": "hunter2"}, "tenant": {"id": "shop"}}
RULES = "groups: [{name: %s, rules: [{record: a:b, expr: vector(1)}]}]\n"


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps the attributes of the resource in OTLP's JSON that it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 4318), Receiver.Handler)
        self.attributes = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            resource = request["resourceMetrics"][0]["resource"]
            self.server.attributes = {pair["key"]: pair["value"].get("stringValue") for pair in resource["attributes"]}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass


class RunTest(harness.IntegrationTest):
    def start_sidecar(self, manifests):
        """The one Sidelight in these manifests, once it is ready."""
        self.objects = [item for _, item in helm.objects(manifests)]
        spec, container = next((pod, container) for _, pod in release.pods(self.objects)
                               for container in release.containers(pod) if container.get("args", [""])[0] == "run")
        self.pod = kubelet.Pod(f"{self.directory}/pod", spec, self.objects, SECRETS)
        self.container = container
        self.ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        image = {"sidelight": [os.path.realpath(os.environ["SIDELIGHT"])]}
        self.sidecar = self.start("sidelight", *self.pod.command(container, image))
        harness.eventually(lambda: self.probed("startupProbe") == 200 or not self.sidecar.running(),
                           "the startup probe succeeds")
        if not self.sidecar.running():
            self.fail(f"Sidelight ended instead of becoming ready:\n{self.sidecar.log()}")

    def probed(self, probe):
        asked = self.container[probe]["httpGet"]
        return harness.fetch(self.ports[asked["port"]], asked["path"])[0]

    def get(self, path):
        status, _, body = harness.fetch(self.ports["sidelight"], path)
        self.assertEqual(status, 200, f"{path}: {body[:500]!r}")
        return body.decode()

    def groups(self):
        return [group["name"] for group in json.loads(self.get("/api/v1/rules"))["data"]["groups"]]

    def runs(self, manifests):
        """Starts it and asks for all that the pod promises."""
        self.start_sidecar(manifests)
        for probe in release.PROBES:
            self.assertEqual(self.probed(probe), 200, probe)
        for name, port in self.ports.items():
            self.assertTrue(harness.listening(port), f"nobody listens at the port {name} ({port})")
        self.assertIn("sidelight_build_info", self.get("/metrics"))

    def write_config_map(self, manifests):
        """What the kubelet does when the release is upgraded."""
        objects = [item for _, item in helm.objects(manifests)]
        (name, volume), = self.pod.config_maps.items()
        volume.write(next(item["data"] for item in objects
                          if (item["kind"], item["metadata"]["name"]) == ("ConfigMap", name)))

    def test_the_example_of_a_team(self):
        self.runs(examples.checkout())
        self.assertIn("checkout", self.groups())
        self.assertEqual(self.sidecar.stop(), 0)
        self.assertNotIn("hunter2", self.sidecar.log())

    def test_every_kind_of_tap_and_address(self):
        values = matrix.merged(matrix.SWITCHES["addresses"][1], matrix.SWITCHES["taps"][1])
        if not kubelet.has_ipv6():
            print("the addresses of IPv6 are replaced by those of IPv4: ::1 cannot be listened on")
            values = json.loads(json.dumps(values).replace("[::]", "0.0.0.0"))
        for more in ({"secrets": matrix.SECRETS}, {"config": matrix.USES_SECRETS}, {"rules": matrix.RULES}):
            values = matrix.merged(values, more)
        self.runs(examples.team(values))
        self.assertEqual(self.groups()[:2], ["team", "text"])

    def test_secrets_are_where_the_configuration_looks_for_them(self):
        self.start_sidecar(examples.checkout())
        config = next(item["data"]["sidelight.yaml"] for item in self.objects if "sidelight.yaml" in item.get("data", {}))
        files = re.findall(r"(?m)^ *\w+_file: (.+)$", config)
        self.assertEqual(len(files), 1)
        for file in files:
            self.assertEqual(pathlib.Path(f"/proc/{self.sidecar.pid}/root{file}").read_text(), "hunter2")

    def test_it_is_as_confined_as_the_pod_says(self):
        self.start_sidecar(examples.checkout())
        process = pathlib.Path(f"/proc/{self.sidecar.pid}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        self.assertEqual((int(status["CapEff"], 16), int(status["CapBnd"], 16), int(status["NoNewPrivs"])), (0, 0, 1))
        if os.environ[kubelet.INSIDE] == "root":
            self.assertEqual(set(status["Uid"].split()), {str(self.container["securityContext"]["runAsUser"])})
        mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
        writable = {fields[4] for fields in mounts if fields[5].startswith("rw")}
        own = {mount["mountPath"]: mount.get("readOnly", False) for mount in self.container["volumeMounts"]}
        self.assertEqual({path: path not in writable for path in own}, own)
        self.assertNotIn("/", writable)

    def test_what_is_sampled_is_kept_in_the_volume(self):
        self.start_sidecar(examples.checkout())
        folder = self.pod.volumes["sidelight-storage"]
        harness.eventually(lambda: list(folder.iterdir()), "something is written to the volume")

    def test_it_knows_which_pod_it_is_of(self):
        receiver = Receiver()
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        destination = {"endpoint": "http://127.0.0.1:4318", "protocol": "http/json", "compression": "none",
                       "interval": "1s"}
        self.start_sidecar(examples.team({
            **matrix.SWITCHES["resourceAttributes"][1], "containerName": "proxy",
            "config": {"taps": [matrix.HTTP_TAP], "exporters": {"otlp": [destination]}}}))
        attributes = harness.eventually(lambda: receiver.attributes, "something is sent to the OTLP receiver")
        wanted = {"k8s.pod.name": kubelet.DOWNWARD["metadata.name"], "k8s.pod.uid": kubelet.DOWNWARD["metadata.uid"],
                  "k8s.namespace.name": "team", "k8s.node.name": "node-3", "k8s.container.name": "proxy",
                  "service.name": "team", "deployment.environment.name": "a, b=c%", "build": "7"}
        self.assertEqual({key: attributes.get(key) for key in wanted}, wanted)

    def test_a_changed_config_map_is_taken_over(self):
        values = {"config": {"taps": [matrix.HTTP_TAP], "interval": "100ms", "evaluation_interval": "100ms"},
                  "rules": {"a.yaml": RULES % "first"}}
        self.start_sidecar(examples.team(values))
        self.assertEqual(self.groups(), ["first"])
        changed = {**values, "rules": {"a.yaml": RULES % "second", "b.yaml": RULES % "third"},
                   "config": {**values["config"], "packs": ["http"]}}
        self.write_config_map(examples.team(changed))
        harness.eventually(lambda: {"second", "third"} <= set(self.groups()) and "first" not in self.groups(),
                           "the changed rules are there")
        self.assertGreater(len(self.groups()), 2, "the pack of the changed configuration is there")
        self.assertIn("sidelight_config_last_reload_successful 1", self.get("/metrics"))
        self.write_config_map(examples.team({**changed, "rules": {"a.yaml": "groups: ["}}))
        harness.eventually(lambda: "sidelight_config_last_reload_successful 0" in self.get("/metrics"),
                           "the broken rules are noticed")
        self.assertLessEqual({"second", "third"}, set(self.groups()), "the rules before stay in force")
        self.write_config_map(examples.team(values))
        harness.eventually(lambda: self.groups() == ["first"], "what is right again is taken over")

    def test_the_demo(self):
        """All of it: the customers find the shop through its Service and its tap, and each route is measured."""
        self.runs(examples.demo())
        # The image has a Python, and no more packages than that.
        image = {"python": ["/usr/bin/python3", "-S"]}
        service = next(item for item in self.objects if item["kind"] == "Service" and "app.kubernetes.io/component" in
                       item["metadata"]["labels"])
        port, = service["spec"]["ports"]
        balancer = kubelet.Service(port["port"], port["targetPort"])
        self.addCleanup(balancer.close)
        for owner, spec in release.pods(self.objects):
            container = spec["spec"]["containers"][0]
            pod = kubelet.Pod(f"{self.directory}/{container['name']}", spec, self.objects, SECRETS)
            self.start(container["name"], *pod.command(container, image))
            self.assertEqual(owner.rsplit("-", 1)[1], container["name"])
        routes = {"/api/v1/orders", "/api/v1/orders/{id}", "/api/v1/products/{id}", "/api/v1/users/{id}/cart"}

        def answered():
            metrics = harness.Metrics(self.get("/metrics"))
            by_route = metrics.sum_by(harness.REQUESTS, "http_route", "http_response_status_code")
            return {route for route, status in by_route if status.startswith("2")}

        harness.eventually(lambda: answered() >= routes, f"requests of {routes} are answered")


if __name__ == "__main__":
    if not os.environ.get("SIDELIGHT"):
        sys.exit("SIDELIGHT must name the program to test; ctest sets it")
    helm.install()
    kubelet.enter_namespaces()
    unittest.main()
