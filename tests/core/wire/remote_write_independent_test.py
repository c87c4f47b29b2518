#!/usr/bin/python3
"""Reads our remote write requests with a reader that is not ours, and finds what went in.

    remote_write_independent_test.py PATH_OF_EXPOSITION_DUMP

Needs python3-protobuf and python3-prometheus-client; without one of them it fails.
"""

import math
import struct
import sys
import unittest

import independent_readers_test as readers
import remote_write_reader as reader

STALE = 0x7FF0000000000002
TIME = 1520879608789
TYPES = {"unknown": 0, "counter": 1, "gauge": 2, "histogram": 3}


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def wanted():
    """labels -> (family, metric) of every series but those that have ended."""
    out = {}
    for family in readers.truth():
        if family["type"] == "summary":
            continue
        for metric in family["metrics"]:
            labels = {**metric["labels"], "__name__": family["name"]}
            out[tuple(sorted(labels.items(), key=lambda item: item[0].encode()))] = (family, metric)
    return out


class RemoteWriteIndependent(unittest.TestCase):
    maxDiff = None

    def compare(self, series, exemplar_labels, starts):
        """`series`: (labels, message) of each."""
        left = wanted()
        stale = 0
        for labels, message in series:
            if message.samples and bits(message.samples[0].value) == STALE:
                self.assertIn(("route", "/gone"), labels)
                stale += 1
                continue
            family, metric = left.pop(tuple(labels))
            if family["type"] == "histogram":
                self.compare_histogram(message, metric)
            else:
                self.assertEqual(len(message.samples), 1)
                got, want = message.samples[0], metric["value"]
                self.assertTrue(readers.same(got.value, want) and math.copysign(1, got.value) == math.copysign(1, want)
                                or math.isnan(want), f"{got.value} instead of {want}")
            for sample in list(message.samples) + list(message.histograms):
                self.assertEqual(sample.timestamp, TIME)
                if starts:
                    self.assertEqual(sample.start_timestamp, metric["start"])
            self.assertEqual(
                [(dict(exemplar_labels(e)), e.value, e.timestamp) for e in message.exemplars],
                [({"trace_id": e["trace_id"], "span_id": e["span_id"]}, e["value"], e["time"])
                 for e in metric.get("exemplars", [])])
        self.assertEqual(left, {})
        self.assertEqual(stale, 1)

    def compare_histogram(self, message, metric):
        self.assertEqual(len(message.histograms), 1)
        got = message.histograms[0]
        self.assertEqual((got.count_int, got.sum, got.schema, got.zero_threshold, got.zero_count_int),
                         (metric["count"], metric["sum"], metric["schema"], metric["zero_threshold"],
                          metric["zero_count"]))
        self.assertEqual([[s.offset, s.length] for s in got.positive_spans], metric["spans"])
        counts, last = [], 0
        for delta in got.positive_deltas:
            last += delta
            counts.append(last)
        self.assertEqual(counts, metric["native"])

    def test_write_2(self):
        request = reader.read2(readers.dump("remote-write", "2"))
        self.assertEqual(reader.check(request), [])
        self.compare([(reader.labels_of(request, s.labels_refs), s) for s in request.timeseries],
                     lambda e: reader.labels_of(request, e.labels_refs), starts=True)
        families = {f["name"]: f for f in readers.truth()}
        for series in request.timeseries:
            family = families[dict(reader.labels_of(request, series.labels_refs))["__name__"]]
            metadata = series.metadata
            self.assertEqual((metadata.type, request.symbols[metadata.help_ref], request.symbols[metadata.unit_ref]),
                             (TYPES[family["type"]], family["help"], family["unit"]))

    def test_write_1(self):
        request = reader.read1(readers.dump("remote-write", "1"))
        self.compare([([(l.name, l.value) for l in s.labels], s) for s in request.timeseries],
                     lambda e: [(l.name, l.value) for l in e.labels], starts=False)
        self.assertEqual([(m.family, m.type, m.help, m.unit) for m in request.metadata],
                         [(f["name"], TYPES[f["type"]], f["help"], f["unit"]) for f in readers.truth()
                          if f["type"] != "summary"])

    def test_the_check_finds_what_is_wrong(self):
        request = reader.read2(readers.dump("remote-write", "2"))
        request.symbols[0] = "x"
        request.timeseries[0].labels_refs.append(1)
        request.timeseries[1].ClearField("samples")
        request.timeseries[2].samples[0].start_timestamp = TIME + 1
        self.assertEqual(reader.check(request),
                         ["the first symbol is not empty", "series 0: an odd number of label references",
                          "series 1: neither samples nor histograms, or both",
                          "series 2: a start after the sample"])


if __name__ == "__main__":
    readers.DUMP = sys.argv.pop(1)
    unittest.main()
