#!/usr/bin/python3
"""Reads our expositions with other people's readers and compares what they found with what went in.

    independent_readers_test.py PATH_OF_EXPOSITION_DUMP

Needs promtool (package prometheus), python3-prometheus-client and python3-protobuf; without one of them it fails.
"""

import json
import math
import subprocess
import sys
import unittest

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

DUMP = None


def dump(*arguments):
    return subprocess.run([DUMP, *arguments], check=True, stdout=subprocess.PIPE).stdout


def text_of(hexadecimal):
    """What must come out of the bytes that went in: UTF-8, with U+FFFD for what is broken."""
    return bytes.fromhex(hexadecimal).decode("utf-8", errors="replace")


def truth():
    families = json.loads(dump("truth"))
    for family in families:
        family["name"] = text_of(family["name"])
        family["help"] = text_of(family["help"])
        for metric in family["metrics"]:
            metric["labels"] = {name: text_of(value) for name, value in metric["labels"].items()}
            if "value" in metric:
                metric["value"] = float(metric["value"])
    return families


def underscored(name):
    """The name under the scheme `underscores`, as far as the names in exposition_dump.cc need it."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_:") else "_" for c in name)


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def wanted_samples(family, openmetrics):
    """(name, labels, value) of every line that the family should have, `_created` apart."""
    name = underscored(family["name"])
    for metric in family["metrics"]:
        labels = {underscored(key): value for key, value in metric["labels"].items()}
        if family["type"] == "histogram":
            total = 0
            for bound, count in zip(metric["bounds"] + [math.inf], metric["counts"]):
                total += count
                yield name + "_bucket", {**labels, "le": bound}, total
            yield name + "_sum", labels, metric["sum"]
            yield name + "_count", labels, metric["count"]
        elif family["type"] == "summary":
            for quantile, value in metric["quantiles"]:
                yield name, {**labels, "quantile": quantile}, value
            yield name + "_sum", labels, metric["sum"]
            yield name + "_count", labels, metric["count"]
        else:
            yield name, labels, metric["value"]
        if openmetrics and metric["start"]:
            created = name[: -len("_total")] if family["type"] == "counter" else name
            yield created + "_created", labels, metric["start"] / 1000


class IndependentReaders(unittest.TestCase):
    maxDiff = None

    def compare(self, parsed, openmetrics):
        """`parsed`: families of prometheus_client."""
        found = {}
        for family in parsed:
            self.assertNotIn(family.name, found, "a family name may occur once")
            found[family.name] = family
        for family in truth():
            name = underscored(family["name"])
            if family["type"] == "counter":
                name = name[: -len("_total")]  # prometheus_client strips it in both formats
            self.assertIn(name, found)
            got = found.pop(name)
            self.assertEqual(got.type, family["type"], name)
            # prometheus_client's reader of the text format drops white space at the help's ends.
            self.assertEqual(got.documentation if openmetrics else got.documentation.strip(),
                             family["help"] if openmetrics else family["help"].strip(), name)
            if openmetrics:
                self.assertEqual(got.unit, family["unit"], name)
            wanted = list(wanted_samples(family, openmetrics))
            self.assertEqual(len(got.samples), len(wanted), name)
            for sample, (sample_name, labels, value) in zip(sorted_samples(got.samples), sorted_wanted(wanted)):
                self.assertEqual(sample.name, sample_name)
                read = {k: float(v) if k in ("le", "quantile") else v for k, v in sample.labels.items()}
                self.assertEqual(read, labels)
                self.assertTrue(same(sample.value, value), f"{sample} instead of {value}")
        self.assertEqual(found, {}, "families that nobody asked for")

    def test_text(self):
        body = dump("text", "underscores").decode("utf-8")
        self.compare(parse_text(body), openmetrics=False)

    def test_openmetrics(self):
        body = dump("openmetrics", "underscores").decode("utf-8")
        self.assertTrue(body.endswith("\n# EOF\n"))
        self.compare(parse_openmetrics(body), openmetrics=True)

    def test_openmetrics_exemplars(self):
        body = dump("openmetrics", "underscores").decode("utf-8")
        found = [s.exemplar for f in parse_openmetrics(body) for s in f.samples if s.exemplar]
        wanted = [e for f in truth() for m in f["metrics"] for e in m.get("exemplars", [])]
        native_only = next(f for f in truth() if f["name"] == "native_only")
        # With one bucket there is room for one exemplar, the last.
        wanted.remove(native_only["metrics"][0]["exemplars"][0])
        as_tuple = [(e.labels["trace_id"], e.labels["span_id"], e.value, round(float(e.timestamp) * 1000))
                    for e in found]
        self.assertEqual(sorted(as_tuple),
                         sorted((e["trace_id"], e["span_id"], e["value"], e["time"]) for e in wanted))

    def test_promtool(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=dump("text", "underscores"),
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((checked.returncode, checked.stdout.decode()), (0, ""))

    def test_promtool_finds_something_where_there_is_something(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=b"# TYPE a counter\na 1\n",
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertNotEqual(checked.returncode, 0)

    def test_protobuf(self):
        for escaping in ("underscores", "allow-utf-8"):
            expose = underscored if escaping == "underscores" else str
            found = {family.name: family for family in read_protobuf(dump("protobuf", escaping))}
            for family in truth():
                got = found.pop(expose(family["name"]))
                self.assertEqual(got.help, family["help"])
                self.assertEqual(got.unit, family["unit"])
                types = {"counter": 0, "gauge": 1, "summary": 2, "unknown": 3, "histogram": 4}
                self.assertEqual(got.type, types[family["type"]])
                self.assertEqual(len(got.metric), len(family["metrics"]))
                for one, metric in zip(got.metric, family["metrics"]):
                    labels = {pair.name: pair.value for pair in one.label}
                    self.assertEqual(labels, {expose(k): v for k, v in metric["labels"].items()})
                    self.compare_value(family["type"], one, metric)
            self.assertEqual(found, {})

    def compare_value(self, kind, got, metric):
        if kind in ("gauge", "unknown", "counter"):
            message = getattr(got, "untyped" if kind == "unknown" else kind)
            self.assertTrue(same(message.value, metric["value"]))
        if kind == "counter":
            self.compare_time(got.counter.created_timestamp, metric["start"])
            exemplars = [got.counter.exemplar] if got.counter.HasField("exemplar") else []
            self.compare_exemplars(exemplars, metric.get("exemplars", []))
        if kind == "summary":
            self.assertEqual(got.summary.sample_count, metric["count"])
            self.assertEqual(got.summary.sample_sum, metric["sum"])
            self.assertEqual([[q.quantile, q.value] for q in got.summary.quantile], metric["quantiles"])
            self.compare_time(got.summary.created_timestamp, metric["start"])
        if kind == "histogram":
            histogram = got.histogram
            self.assertEqual(histogram.sample_count, metric["count"])
            self.assertEqual(histogram.sample_sum, metric["sum"])
            self.compare_time(histogram.created_timestamp, metric["start"])
            if metric["bounds"]:
                self.assertEqual([b.upper_bound for b in histogram.bucket], metric["bounds"] + [math.inf])
                counts = [b.cumulative_count for b in histogram.bucket]
                self.assertEqual([b - a for a, b in zip([0] + counts, counts)], metric["counts"])
                classic = [b.exemplar for b in histogram.bucket if b.HasField("exemplar")]
                self.compare_exemplars(classic, metric["exemplars"])
            self.assertEqual(histogram.schema, metric["schema"])
            self.assertEqual(histogram.zero_threshold, metric["zero_threshold"])
            self.assertEqual(histogram.zero_count, metric["zero_count"])
            self.assertEqual([[s.offset, s.length] for s in histogram.positive_span], metric["spans"])
            counts, last = [], 0
            for delta in histogram.positive_delta:
                last += delta
                counts.append(last)
            self.assertEqual(counts, metric["native"])
            self.compare_exemplars(histogram.exemplars, metric["exemplars"])

    def compare_time(self, timestamp, milliseconds):
        self.assertEqual((timestamp.seconds, timestamp.nanos), (milliseconds // 1000, milliseconds % 1000 * 10**6))

    def compare_exemplars(self, found, wanted):
        self.assertEqual(len(found), len(wanted))
        for got, want in zip(found, wanted):
            self.assertEqual({p.name: p.value for p in got.label},
                             {"trace_id": want["trace_id"], "span_id": want["span_id"]})
            self.assertEqual(got.value, want["value"])
            self.compare_time(got.timestamp, want["time"])


def sorted_samples(samples):
    return sorted(samples, key=lambda s: (s.name, sorted((k, sort_value(k, v)) for k, v in s.labels.items())))


def sorted_wanted(samples):
    return sorted(samples, key=lambda s: (s[0], sorted((k, sort_value(k, v)) for k, v in s[1].items())))


def sort_value(name, value):
    return repr(float(value)) if name in ("le", "quantile") else value


def read_protobuf(body):
    """The families of a delimited exposition, read with Google's library by the field numbers of metrics.proto."""
    family_class = metric_family_class()
    position = 0
    while position < len(body):
        size, shift = 0, 0
        while True:
            byte = body[position]
            position += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        family = family_class()
        family.ParseFromString(body[position : position + size])
        assert not has_unknown_fields(family)
        position += size
        yield family


def has_unknown_fields(message):
    return len(message.SerializeToString()) != message.ByteSize() or any(
        has_unknown_fields(one)
        for field, value in message.ListFields()
        if field.message_type
        for one in (value if field.label == field.LABEL_REPEATED else [value])
    )


def metric_family_class():
    double, int64, uint64, int32, string, uint32, sint32, sint64 = 1, 3, 4, 5, 9, 13, 17, 18
    messages = {
        "Timestamp": [("seconds", 1, int64), ("nanos", 2, int32)],
        "LabelPair": [("name", 1, string), ("value", 2, string)],
        "Exemplar": [("label", 1, "LabelPair*"), ("value", 2, double), ("timestamp", 3, "Timestamp")],
        "Gauge": [("value", 1, double)],
        "Untyped": [("value", 1, double)],
        "Counter": [("value", 1, double), ("exemplar", 2, "Exemplar"), ("created_timestamp", 3, "Timestamp")],
        "Quantile": [("quantile", 1, double), ("value", 2, double)],
        "Summary": [("sample_count", 1, uint64), ("sample_sum", 2, double), ("quantile", 3, "Quantile*"),
                    ("created_timestamp", 4, "Timestamp")],
        "Bucket": [("cumulative_count", 1, uint64), ("upper_bound", 2, double), ("exemplar", 3, "Exemplar")],
        "BucketSpan": [("offset", 1, sint32), ("length", 2, uint32)],
        "Histogram": [("sample_count", 1, uint64), ("sample_sum", 2, double), ("bucket", 3, "Bucket*"),
                      ("schema", 5, sint32), ("zero_threshold", 6, double), ("zero_count", 7, uint64),
                      ("negative_span", 9, "BucketSpan*"), ("negative_delta", 10, sint64),
                      ("positive_span", 12, "BucketSpan*"), ("positive_delta", 13, sint64),
                      ("created_timestamp", 15, "Timestamp"), ("exemplars", 16, "Exemplar*")],
        "Metric": [("label", 1, "LabelPair*"), ("gauge", 2, "Gauge"), ("counter", 3, "Counter"),
                   ("summary", 4, "Summary"), ("untyped", 5, "Untyped"), ("histogram", 7, "Histogram")],
        "MetricFamily": [("name", 1, string), ("help", 2, string), ("type", 3, int32), ("metric", 4, "Metric*"),
                         ("unit", 5, string)],
    }
    file = descriptor_pb2.FileDescriptorProto(name="metrics.proto", package="sidelight_test", syntax="proto2")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number, label=1)
            if isinstance(kind, str):
                field.type = 11
                field.type_name = ".sidelight_test." + kind.rstrip("*")
            else:
                field.type = kind
            if kind == sint64 or (isinstance(kind, str) and kind.endswith("*")):
                field.label = 3
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(
        pool.FindMessageTypeByName("sidelight_test.MetricFamily"))


if __name__ == "__main__":
    DUMP = sys.argv.pop(1)
    unittest.main()
