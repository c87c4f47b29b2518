"""The ways in which the tests use the chart: what stands in helm/examples, and a team's chart of the tests' own. Each
gives manifests for values of Sidelight, wherever that way keeps them."""

import helm


def checkout(values=None):
    """The team's own chart of helm/examples."""
    return helm.template(helm.charts() / "helm/examples/checkout", {"sidelight": values or {}})


def demo(values=None):
    """The chart by itself, with the shop."""
    charts = helm.charts() / "helm"
    return helm.template(charts / "sidelight", values or {}, charts / "examples/demo-values.yaml")


def team(values=None, workload="Deployment"):
    """A chart in which Sidelight has an alias and all is off that can be."""
    return helm.template(helm.charts() / "tests/helm/team", {"observer": values or {}, "workload": workload})


EXAMPLES = {"checkout": checkout, "demo": demo}
