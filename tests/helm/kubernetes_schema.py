"""Whether objects are as Kubernetes 1.34 and the Prometheus operator define them, unknown fields and nulls refused."""

import json
import os
import subprocess

# The package knows versions too that clusters have long stopped serving.
SERVED = {"v1", "apps/v1", "networking.k8s.io/v1", "policy/v1", "monitoring.coreos.com/v1"}


def errors(objects):
    """For each object a list of sentences, [] when it is right. One call for many: it starts node."""
    script = f"{os.environ['SIDELIGHT_HELM_HOME']}/validate.mjs"
    ended = subprocess.run(["node", script], input=json.dumps(objects), capture_output=True, text=True, timeout=120,
                           check=False)
    if ended.returncode:
        raise AssertionError(f"{script} ended with {ended.returncode}:\n{ended.stderr[-3000:]}")
    verdicts = json.loads(ended.stdout)
    return [verdict if kubernetes_object["apiVersion"] in SERVED else
            [f"{kubernetes_object['apiVersion']} is no version that this test lets a chart use", *verdict]
            for kubernetes_object, verdict in zip(objects, verdicts)]
