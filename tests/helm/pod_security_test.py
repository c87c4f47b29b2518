#!/usr/bin/python3
"""The statement of the Pod Security Standards that the other tests of the chart rely on catches each violation, and
nothing else. Needs neither helm nor a registry."""

import copy
import unittest

import pod_security
from fields import with_field

RESTRICTED_CONTEXT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def container(name):
    return {"name": name, "image": "example.com/program:1", "securityContext": copy.deepcopy(RESTRICTED_CONTEXT),
            "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
            "lifecycle": {"preStop": {"httpGet": {"path": "/", "port": 80}}}, "ports": [{"containerPort": 80}]}


def admitted():
    """A pod that uses all that is allowed."""
    pod = {
        "metadata": {"name": "pod", "annotations": {f"{pod_security.APPARMOR_ANNOTATION}app": "localhost/profile"}},
        "spec": {
            "securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}], "runAsUser": 1000,
                                "seLinuxOptions": {"type": "container_t"}, "appArmorProfile": {"type": "RuntimeDefault"}},
            "initContainers": [container("first")], "containers": [container("app")],
            "ephemeralContainers": [container("debugger")],
            "volumes": [{"name": kind, kind: {}} for kind in sorted(pod_security.VOLUME_TYPES)],
        },
    }
    pod["spec"]["containers"][0]["securityContext"]["capabilities"]["add"] = ["NET_BIND_SERVICE"]
    return pod


# (control, where in the pod, value): "*" stands for each kind of container in turn; None takes the field away.
VIOLATIONS = (
    ("HostProcess", "spec/securityContext/windowsOptions", {"hostProcess": True}),
    ("HostProcess", "*/securityContext/windowsOptions", {"hostProcess": True}),
    ("Host Namespaces", "spec/hostNetwork", True),
    ("Host Namespaces", "spec/hostPID", True),
    ("Host Namespaces", "spec/hostIPC", True),
    ("Privileged Containers", "*/securityContext/privileged", True),
    ("Capabilities (baseline)", "*/securityContext/capabilities/add", ["NET_RAW"]),
    ("HostPath Volumes", "spec/volumes", [{"name": "host", "hostPath": {"path": "/"}}]),
    ("Host Ports", "*/ports", [{"containerPort": 80, "hostPort": 80}]),
    ("Host Probes / Lifecycle Hooks", "*/livenessProbe/httpGet/host", "10.0.0.1"),
    ("Host Probes / Lifecycle Hooks", "*/readinessProbe", {"tcpSocket": {"host": "10.0.0.1", "port": 80}}),
    ("Host Probes / Lifecycle Hooks", "*/startupProbe", {"httpGet": {"host": "localhost", "port": 80}}),
    ("Host Probes / Lifecycle Hooks", "*/lifecycle/preStop/httpGet/host", "10.0.0.1"),
    ("Host Probes / Lifecycle Hooks", "*/lifecycle/postStart", {"tcpSocket": {"host": "10.0.0.1", "port": 80}}),
    ("AppArmor", "spec/securityContext/appArmorProfile/type", "Unconfined"),
    ("AppArmor", "*/securityContext/appArmorProfile", {"type": "Unconfined"}),
    ("AppArmor", "metadata/annotations", {f"{pod_security.APPARMOR_ANNOTATION}app": "unconfined"}),
    ("SELinux", "spec/securityContext/seLinuxOptions/type", "spc_t"),
    ("SELinux", "*/securityContext/seLinuxOptions", {"user": "root"}),
    ("SELinux", "*/securityContext/seLinuxOptions", {"role": "system_r"}),
    ("/proc Mount Type", "*/securityContext/procMount", "Unmasked"),
    ("Seccomp (baseline)", "spec/securityContext/seccompProfile", {"type": "Unconfined"}),
    ("Seccomp (baseline)", "*/securityContext/seccompProfile/type", "Unconfined"),
    ("Sysctls", "spec/securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    ("Volume Types", "spec/volumes", [{"name": "share", "nfs": {"server": "nfs", "path": "/"}}]),
    ("Privilege Escalation", "*/securityContext/allowPrivilegeEscalation", None),
    ("Privilege Escalation", "*/securityContext/allowPrivilegeEscalation", True),
    ("Running as Non-root", "*/securityContext/runAsNonRoot", None),
    ("Running as Non-root", "*/securityContext/runAsNonRoot", False),
    ("Running as Non-root user", "spec/securityContext/runAsUser", 0),
    ("Running as Non-root user", "*/securityContext/runAsUser", 0),
    ("Seccomp", "*/securityContext/seccompProfile", None),
    ("Capabilities", "*/securityContext/capabilities", None),
    ("Capabilities", "*/securityContext/capabilities/drop", ["NET_RAW"]),
    ("Capabilities", "*/securityContext/capabilities/add", ["CHOWN"]),
)


def places(path):
    if not path.startswith("*"):
        return [path]
    return [f"spec/{kind}/0{path[1:]}" for kind in pod_security.CONTAINER_LISTS]


class PodSecurityTest(unittest.TestCase):
    def test_what_is_allowed_is_admitted(self):
        self.assertEqual(pod_security.violations(admitted()), [])

    def test_each_violation_is_caught_by_its_control(self):
        for control, path, value in VIOLATIONS:
            for place in places(path):
                with self.subTest(control=control, place=place, value=value):
                    found = pod_security.violations(with_field(admitted(), place, value))
                    self.assertTrue(any(sentence.startswith(f"{control}: ") for sentence in found),
                                    f"{place} = {value}: {control} says nothing; all that was said: {found}")

    def test_every_control_has_a_violation(self):
        self.assertEqual({control for control, _, _ in VIOLATIONS}, set(pod_security.CONTROLS))

    def test_what_the_pod_says_holds_for_its_containers(self):
        pod = admitted()
        pod["spec"]["securityContext"].update(runAsNonRoot=True, seccompProfile={"type": "RuntimeDefault"})
        for kind in pod_security.CONTAINER_LISTS:
            del pod["spec"][kind][0]["securityContext"]["runAsNonRoot"]
            del pod["spec"][kind][0]["securityContext"]["seccompProfile"]
        self.assertEqual(pod_security.violations(pod), [])

    def test_a_container_may_not_take_back_what_the_pod_says(self):
        pod = admitted()
        pod["spec"]["securityContext"]["runAsNonRoot"] = True
        pod["spec"]["containers"][0]["securityContext"]["runAsNonRoot"] = False
        self.assertEqual(pod_security.violations(pod),
                         ["Running as Non-root: containers[app]: runAsNonRoot is not true"])


if __name__ == "__main__":
    unittest.main()
