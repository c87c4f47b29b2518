"""The targets that panels are measured by: the colour of a number, the dashed line of a graph, and a sentence of the
description. Where it is met stands beside how that is said."""

from dataclasses import dataclass

from panels import GREEN, RED, steps


@dataclass(frozen=True)
class Target:
    bound: float
    said: str
    above: bool = False

    def thresholds(self):
        return steps((self.bound, GREEN), base=RED) if self.above else steps((self.bound, RED))

    def sentence(self):
        return f"Target: {self.said}."


LATENCY = Target(0.2, "P95 below 200 ms")
DATABASE = Target(0.05, "P95 below 50 ms")
CACHE = Target(0.01, "P95 below 10 ms")
ERRORS = Target(0.01, "below 1%")
HITS = Target(0.8, "above 80%", above=True)
