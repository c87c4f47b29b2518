#!/usr/bin/python3
"""Reads our OTLP requests with Google's protobuf library, by a description of the messages of its own, and finds the
numbers that the text exposition of the same snapshot has.

    otlp_independent_test.py PATH_OF_EXPOSITION_DUMP

Needs python3-protobuf and python3-prometheus-client; without one of them it fails.
"""

import base64
import math
import sys
import unittest

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from prometheus_client.parser import text_string_to_metric_families as parse_text

import independent_readers_test as readers

DOUBLE, INT64, INT32, FIXED64, BOOL, STRING, BYTES, UINT32, SFIXED64, SINT32, UINT64 = 1, 3, 5, 6, 8, 9, 12, 13, 16, 17, 4
TIMES = [("start_time_unix_nano", 2, FIXED64), ("time_unix_nano", 3, FIXED64)]

# Message: (field, number, type); a name is another message's, a star a list. From opentelemetry-proto 1.11.
MESSAGES = {
    "AnyValue": [("string_value", 1, STRING), ("bool_value", 2, BOOL), ("int_value", 3, INT64), ("double_value", 4, DOUBLE)],
    "KeyValue": [("key", 1, STRING), ("value", 2, "AnyValue")],
    "Exemplar": [("time_unix_nano", 2, FIXED64), ("as_double", 3, DOUBLE), ("span_id", 4, BYTES), ("trace_id", 5, BYTES),
                 ("as_int", 6, SFIXED64)],
    "NumberDataPoint": TIMES + [("as_double", 4, DOUBLE), ("exemplars", 5, "Exemplar*"), ("as_int", 6, SFIXED64),
                                ("attributes", 7, "KeyValue*"), ("flags", 8, UINT32)],
    "HistogramDataPoint": TIMES + [("count", 4, FIXED64), ("sum", 5, DOUBLE), ("bucket_counts", 6, [FIXED64]),
                                   ("explicit_bounds", 7, [DOUBLE]), ("exemplars", 8, "Exemplar*"),
                                   ("attributes", 9, "KeyValue*"), ("flags", 10, UINT32)],
    "Buckets": [("offset", 1, SINT32), ("bucket_counts", 2, [UINT64])],
    "ExponentialHistogramDataPoint": TIMES + [
        ("attributes", 1, "KeyValue*"), ("count", 4, FIXED64), ("sum", 5, DOUBLE), ("scale", 6, SINT32),
        ("zero_count", 7, FIXED64), ("positive", 8, "Buckets"), ("negative", 9, "Buckets"), ("flags", 10, UINT32),
        ("exemplars", 11, "Exemplar*"), ("zero_threshold", 14, DOUBLE)],
    "ValueAtQuantile": [("quantile", 1, DOUBLE), ("value", 2, DOUBLE)],
    "SummaryDataPoint": TIMES + [("count", 4, FIXED64), ("sum", 5, DOUBLE), ("quantile_values", 6, "ValueAtQuantile*"),
                                 ("attributes", 7, "KeyValue*"), ("flags", 8, UINT32)],
    "Gauge": [("data_points", 1, "NumberDataPoint*")],
    "Sum": [("data_points", 1, "NumberDataPoint*"), ("aggregation_temporality", 2, INT32), ("is_monotonic", 3, BOOL)],
    "Histogram": [("data_points", 1, "HistogramDataPoint*"), ("aggregation_temporality", 2, INT32)],
    "ExponentialHistogram": [("data_points", 1, "ExponentialHistogramDataPoint*"), ("aggregation_temporality", 2, INT32)],
    "Summary": [("data_points", 1, "SummaryDataPoint*")],
    "Metric": [("name", 1, STRING), ("description", 2, STRING), ("unit", 3, STRING), ("gauge", 5, "Gauge"),
               ("sum", 7, "Sum"), ("histogram", 9, "Histogram"), ("exponential_histogram", 10, "ExponentialHistogram"),
               ("summary", 11, "Summary")],
    "Scope": [("name", 1, STRING), ("version", 2, STRING)],
    "ScopeMetrics": [("scope", 1, "Scope"), ("metrics", 2, "Metric*")],
    "Resource": [("attributes", 1, "KeyValue*")],
    "ResourceMetrics": [("resource", 1, "Resource"), ("scope_metrics", 2, "ScopeMetrics*")],
    "Request": [("resource_metrics", 1, "ResourceMetrics*")],
}


def request_class():
    file = descriptor_pb2.FileDescriptorProto(name="otlp.proto", package="sidelight_test", syntax="proto2")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number, label=1)
            if isinstance(kind, str):
                field.type = 11
                field.type_name = ".sidelight_test." + kind.rstrip("*")
                field.label = 3 if kind.endswith("*") else 1
            elif isinstance(kind, list):
                field.type = kind[0]
                field.label = 3
            else:
                field.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("sidelight_test.Request"))


REQUEST = request_class()


def read(encoding, form):
    body = readers.dump("otlp", encoding, form)
    request = REQUEST()
    if encoding == "json":
        # Strict: a field that the description does not have, or a value of the wrong type, is an error.
        json_format.Parse(body, request)
    else:
        request.ParseFromString(body)
        assert not readers.has_unknown_fields(request)
    return request


def data_of(metric):
    kinds = [f.name for f, _ in metric.ListFields() if f.name not in ("name", "description", "unit")]
    assert len(kinds) == 1, kinds
    return kinds[0], getattr(metric, kinds[0])


def attributes_of(point):
    out = {}
    for attribute in point.attributes:
        assert attribute.value.HasField("string_value"), attribute
        assert attribute.key not in out, "an attribute comes twice"
        out[attribute.key] = attribute.value.string_value
    return out


def samples_of(name, kind, point):
    """(name, labels, value) as the text exposition has them."""
    labels = {readers.underscored(k): v for k, v in attributes_of(point).items()}
    if kind in ("gauge", "sum"):
        yield name, labels, point.as_double
    elif kind == "summary":
        for q in point.quantile_values:
            yield name, {**labels, "quantile": q.quantile}, q.value
    if kind in ("histogram", "summary", "exponential_histogram"):
        yield name + "_sum", labels, point.sum
        yield name + "_count", labels, point.count
    if kind == "histogram":
        total = 0
        for bound, count in zip(list(point.explicit_bounds) + [math.inf], point.bucket_counts):
            total += count
            yield name + "_bucket", {**labels, "le": bound}, total


def key(sample):
    name, labels, _ = sample
    return name, sorted((k, readers.sort_value(k, v)) for k, v in labels.items())


class OtlpIndependent(unittest.TestCase):
    maxDiff = None

    def metrics(self, request):
        self.assertEqual(len(request.resource_metrics), 1)
        resource = request.resource_metrics[0]
        attributes = {a.key: a.value for a in resource.resource.attributes}
        self.assertEqual(attributes["service.name"].string_value, "hostile")
        self.assertEqual(attributes["cpus"].int_value, -3)
        self.assertEqual(len(resource.scope_metrics), 1)
        scope = resource.scope_metrics[0]
        self.assertEqual((scope.scope.name, scope.scope.version), ("dump", "1"))
        return scope.metrics

    def compare_with_text(self, request, form):
        got = []
        for metric in self.metrics(request):
            kind, data = data_of(metric)
            if kind in ("sum", "histogram", "exponential_histogram"):
                self.assertEqual(data.aggregation_temporality, 2)
            for point in data.data_points:
                if point.flags == 1:
                    self.assertEqual(attributes_of(point), {"route": "/gone"})
                    continue
                got.extend(samples_of(readers.underscored(metric.name), kind, point))
        wanted = []
        body = readers.dump("text", "underscores").decode("utf-8")
        for family in parse_text(body):
            for s in family.samples:
                labels = {k: float(v) if k in ("le", "quantile") else v for k, v in s.labels.items()}
                # A histogram that has only a native form has one bucket in the text, and none here.
                exponential = form == "exponential" or s.name.startswith("native_only")
                if exponential and s.name.endswith("_bucket"):
                    continue
                wanted.append((s.name, labels, s.value))
        self.assertEqual(len(got), len(wanted))
        for mine, theirs in zip(sorted(got, key=key), sorted(wanted, key=key)):
            self.assertEqual(mine[:2], theirs[:2])
            self.assertTrue(readers.same(mine[2], theirs[2]), f"{mine} instead of {theirs}")

    def compare_with_truth(self, request, ids):
        """What the text does not say: kinds, units, times, exemplars and native buckets."""
        found = {}
        for metric in self.metrics(request):
            self.assertNotIn(metric.name, found)
            found[metric.name] = metric
        kinds = {"counter": {"sum"}, "gauge": {"gauge"}, "unknown": {"gauge"}, "summary": {"summary"},
                 "histogram": {"histogram", "exponential_histogram"}}
        units = {"": "", "seconds": "s", "bytes": "By"}
        for family in readers.truth():
            metric = found.pop(family["name"])
            kind, data = data_of(metric)
            self.assertIn(kind, kinds[family["type"]])
            self.assertEqual(metric.description, family["help"])
            self.assertEqual(metric.unit, units[family["unit"]])
            if kind == "sum":
                self.assertTrue(data.is_monotonic)
            points = [p for p in data.data_points if p.flags == 0]
            self.assertEqual(len(points), len(family["metrics"]))
            for point, truth in zip(points, family["metrics"]):
                self.assertEqual(attributes_of(point), truth["labels"])
                self.assertEqual(point.start_time_unix_nano, truth["start"] * 10**6)
                self.assertEqual(point.time_unix_nano, 1520879608789 * 10**6)
                if kind != "summary":
                    self.compare_exemplars(point.exemplars, truth.get("exemplars", []), ids)
                if kind == "exponential_histogram":
                    self.compare_native(point, truth)
        self.assertEqual(found, {})

    def compare_exemplars(self, found, wanted, ids):
        self.assertEqual([(e.as_double, e.time_unix_nano, ids(e.trace_id), ids(e.span_id)) for e in found],
                         [(e["value"], e["time"] * 10**6, e["trace_id"], e["span_id"]) for e in wanted])

    def compare_native(self, point, truth):
        self.assertEqual((point.scale, point.zero_count, point.zero_threshold),
                         (truth["schema"], truth["zero_count"], truth["zero_threshold"]))
        # Prometheus' bucket i ends where OTLP's begins, so it is OTLP's i - 1.
        wanted, index, counts = {}, 0, iter(truth["native"])
        for offset, length in truth["spans"]:
            index += offset
            for _ in range(length):
                wanted[index - 1] = next(counts)
                index += 1
        got = {point.positive.offset + i: n for i, n in enumerate(point.positive.bucket_counts)}
        self.assertEqual({i: n for i, n in got.items() if n}, {i: n for i, n in wanted.items() if n})
        self.assertEqual(sum(got.values()) + point.zero_count + sum(point.negative.bucket_counts), point.count)

    def test_protobuf(self):
        for form in ("explicit", "exponential"):
            request = read("protobuf", form)
            self.compare_with_text(request, form)
            self.compare_with_truth(request, bytes.hex)

    def test_json(self):
        # json_format takes the ids for base64; turned back they are the hex that stands there.
        def ids(value):
            return base64.b64encode(value).decode()

        for form in ("explicit", "exponential"):
            request = read("json", form)
            self.compare_with_text(request, form)
            self.compare_with_truth(request, ids)


if __name__ == "__main__":
    readers.DUMP = sys.argv.pop(1)
    unittest.main()
