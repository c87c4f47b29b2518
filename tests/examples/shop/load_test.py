#!/usr/bin/python3
"""The load driver: phases, quantiles, and a run against a shop and against nobody."""

import argparse
import json
import math
import tempfile
import unittest

import program

load = program.load_module("load")


class PartsTest(unittest.TestCase):
    def test_phases(self):
        self.assertEqual(load.parse_phases("10x5, 50x0.5"), [(10, 5), (50, 0.5)])
        for text in ("", "10", "10x", "x5", "10x5,", "0x5", "10x0", "-1x5", "10*5"):
            with self.assertRaises(argparse.ArgumentTypeError, msg=text):
                load.parse_phases(text)

    def test_quantiles(self):
        hundred = range(1, 101)
        table = [([1], 0.5, 1), ([3, 1, 2], 0.5, 2), (hundred, 0.95, 95), (hundred, 0.99, 99), ([1, 2], 1, 2)]
        for values, q, wanted in table:
            self.assertEqual(load.quantile(values, q), wanted, f"{q} of {values}")
        self.assertTrue(math.isnan(load.quantile([], 0.5)))


class RunTest(unittest.TestCase):
    def report(self, port, *flags):
        with tempfile.NamedTemporaryFile("r") as file:
            ended = program.run("load", "--port", str(port), "--json", file.name, "--seed", "3", *flags)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
            return json.load(file)

    def test_phases_are_kept_and_orders_are_got(self):
        with program.RunningShop("--latency-ms", "20", "--tail", "0", "--seed", "3") as shop:
            report = self.report(shop.port, "--phases", "10x0.5,40x1")
        self.assertEqual([phase["arrivals"] for phase in report["phases"]], [5, 40])
        total = report["total"]
        routes = total["routes"]
        self.assertEqual(total["errors"], 0, total)
        posted = routes["POST /api/v1/orders"]
        got = routes["GET /api/v1/orders/{id}"]
        read = routes["GET /api/v1/products/{id}"]
        self.assertEqual(posted["statuses"], {"201": posted["requests"]})
        self.assertEqual(got["statuses"], {"200": posted["requests"]})
        self.assertEqual(posted["requests"] + read["requests"], 45)
        self.assertGreater(read["requests"], 0)
        for route in routes.values():
            self.assertGreaterEqual(route["service_seconds"]["p50"], 0.02)
            self.assertLess(route["service_seconds"]["p50"], 5)

    def test_a_slow_shop_does_not_slow_the_arrivals(self):
        with program.RunningShop("--latency-ms", "1000", "--tail", "0") as shop:
            report = self.report(shop.port, "--phases", "30x0.5", "--product-share", "1")
        self.assertEqual(report["total"]["requests"], 15)
        self.assertLess(report["total"]["routes"]["GET /api/v1/products/{id}"]["latency_seconds"]["p99"], 10)

    def test_reports(self):
        with program.RunningShop() as shop:
            report = self.report(shop.port, "--phases", "20x0.5", "--product-share", "0", "--report-share", "1")
        self.assertEqual({route: row["statuses"] for route, row in report["total"]["routes"].items()},
                         {"GET /api/v1/reports/sales": {"200": 10}})

    def test_the_impatient_hang_up(self):
        with program.RunningShop("--latency-ms", "5000", "--tail", "0") as shop:
            report = self.report(shop.port, "--phases", "20x0.5", "--product-share", "1", "--impatient-share", "1")
        route = report["total"]["routes"]["GET /api/v1/products/{id}"]
        self.assertEqual(route["statuses"], {"none": 10})
        self.assertLess(route["service_seconds"]["p50"], 5)

    def test_failures_are_errors(self):
        with program.RunningShop("--error-rate", "1") as shop:
            report = self.report(shop.port, "--phases", "20x0.5")
        statuses = {route: row["statuses"] for route, row in report["total"]["routes"].items()}
        self.assertEqual(report["total"]["errors"], 10, statuses)
        self.assertEqual({status for row in statuses.values() for status in row}, {"503"})
        report = self.report(shop.port, "--phases", "20x0.5")  # The shop is gone.
        self.assertEqual((report["total"]["requests"], report["total"]["errors"]), (10, 10))

    def test_the_table(self):
        with program.RunningShop() as shop:
            ended = program.run("load", "--port", str(shop.port), "--phases", "20x0.5", "--seed", "1")
        self.assertEqual(ended.returncode, 0)
        self.assertRegex(ended.stdout, r"20/s for 0.5 s +POST /api/v1/orders +\d+ +0 ")
        self.assertRegex(ended.stdout, r"10 arrivals, \d+ requests, 0 errors")

    def test_wrong_flags(self):
        ended = program.run("load", "--phases", "fast")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("RATExSECONDS", ended.stderr)


if __name__ == "__main__":
    unittest.main()
