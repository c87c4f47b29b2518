"""Reads remote write requests, 1.0 and 2.0, with Google's protobuf library and a reader of snappy's block format of its
own: nothing of it is ours. `check` holds a 2.0 request to what the specification demands of senders.

Sources: https://github.com/google/snappy/blob/main/format_description.txt, prometheus/prometheus prompb/types.proto and
prompb/io/prometheus/write/v2/types.proto, https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ .
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DOUBLE, INT64, INT32, STRING, UINT32, SINT32, SINT64, UINT64 = 1, 3, 5, 9, 13, 17, 18, 4

HISTOGRAM = [
    ("count_int", 1, UINT64), ("count_float", 2, DOUBLE), ("sum", 3, DOUBLE), ("schema", 4, SINT32),
    ("zero_threshold", 5, DOUBLE), ("zero_count_int", 6, UINT64), ("zero_count_float", 7, DOUBLE),
    ("negative_spans", 8, "Span*"), ("negative_deltas", 9, [SINT64]), ("negative_counts", 10, [DOUBLE]),
    ("positive_spans", 11, "Span*"), ("positive_deltas", 12, [SINT64]), ("positive_counts", 13, [DOUBLE]),
    ("reset_hint", 14, INT32), ("timestamp", 15, INT64), ("custom_values", 16, [DOUBLE])]
SPAN = [("offset", 1, SINT32), ("length", 2, UINT32)]

MESSAGES_1 = {
    "Label": [("name", 1, STRING), ("value", 2, STRING)],
    "Sample": [("value", 1, DOUBLE), ("timestamp", 2, INT64)],
    "Exemplar": [("labels", 1, "Label*"), ("value", 2, DOUBLE), ("timestamp", 3, INT64)],
    "Span": SPAN,
    "Histogram": HISTOGRAM,
    "TimeSeries": [("labels", 1, "Label*"), ("samples", 2, "Sample*"), ("exemplars", 3, "Exemplar*"),
                   ("histograms", 4, "Histogram*")],
    "Metadata": [("type", 1, INT32), ("family", 2, STRING), ("help", 4, STRING), ("unit", 5, STRING)],
    "Request": [("timeseries", 1, "TimeSeries*"), ("metadata", 3, "Metadata*")],
}
MESSAGES_2 = {
    "Sample": [("value", 1, DOUBLE), ("timestamp", 2, INT64), ("start_timestamp", 3, INT64)],
    "Exemplar": [("labels_refs", 1, [UINT32]), ("value", 2, DOUBLE), ("timestamp", 3, INT64)],
    "Span": SPAN,
    "Histogram": HISTOGRAM + [("start_timestamp", 17, INT64)],
    "Metadata": [("type", 1, INT32), ("help_ref", 3, UINT32), ("unit_ref", 4, UINT32)],
    "TimeSeries": [("labels_refs", 1, [UINT32]), ("samples", 2, "Sample*"), ("histograms", 3, "Histogram*"),
                   ("exemplars", 4, "Exemplar*"), ("metadata", 5, "Metadata")],
    "Request": [("symbols", 4, [STRING]), ("timeseries", 5, "TimeSeries*")],
}


def _request_class(messages, package):
    file = descriptor_pb2.FileDescriptorProto(name=package + ".proto", package=package, syntax="proto2")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number, label=1)
            if isinstance(kind, str):
                field.type = 11
                field.type_name = f".{package}." + kind.rstrip("*")
                field.label = 3 if kind.endswith("*") else 1
            elif isinstance(kind, list):
                field.type = kind[0]
                field.label = 3
            else:
                field.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(package + ".Request"))


_REQUEST_1 = _request_class(MESSAGES_1, "remote_write_1")
_REQUEST_2 = _request_class(MESSAGES_2, "remote_write_2")


def uncompress(block):
    """Snappy's block format. A broken block raises."""
    size, shift, at = 0, 0, 0
    while True:
        byte = block[at]
        at += 1
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    out = bytearray()
    while at < len(block):
        tag = block[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(block[at : at + extra], "little")
                at += extra
            length += 1
            out += block[at : at + length]
            at += length
            continue
        if tag & 3 == 1:
            length, offset = 4 + (tag >> 2 & 7), (tag >> 5) << 8 | block[at]
            at += 1
        else:
            wide = 2 if tag & 3 == 2 else 4
            length, offset = 1 + (tag >> 2), int.from_bytes(block[at : at + wide], "little")
            at += wide
        if not 0 < offset <= len(out):
            raise ValueError("a snappy copy from before the beginning")
        for _ in range(length):
            out.append(out[-offset])
    if len(out) != size:
        raise ValueError(f"{len(out)} bytes in a snappy block that says {size}")
    return bytes(out)


def _known_only(message):
    """Raises for a field that the description does not have."""
    known = type(message)()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    if known.ByteSize() != message.ByteSize():
        raise ValueError("fields that no one knows")
    return message


def read1(body):
    return _known_only(_REQUEST_1.FromString(uncompress(body)))


def read2(body):
    return _known_only(_REQUEST_2.FromString(uncompress(body)))


def labels_of(request, refs):
    """The labels that references stand for, in their order."""
    return [(request.symbols[refs[i]], request.symbols[refs[i + 1]]) for i in range(0, len(refs) - 1, 2)]


def check(request):
    """What is wrong with a 2.0 request, as sentences; none where it is as the specification wants it."""
    wrong = []
    symbols = request.symbols
    if not symbols or symbols[0] != "":
        wrong.append("the first symbol is not empty")
    if len(set(symbols)) != len(symbols):
        wrong.append("a symbol comes twice")
    for number, series in enumerate(request.timeseries):
        where = f"series {number}: "
        for refs in [series.labels_refs] + [e.labels_refs for e in series.exemplars]:
            if len(refs) % 2:
                wrong.append(where + "an odd number of label references")
            if any(ref >= len(symbols) for ref in refs):
                wrong.append(where + "a reference beyond the symbols")
                return wrong
        labels = labels_of(request, series.labels_refs)
        names = [name.encode() for name, _ in labels]
        if names != sorted(names):
            wrong.append(where + "labels are not in order")
        if len(set(names)) != len(names):
            wrong.append(where + "a label comes twice")
        if any(not name or not value for name, value in labels):
            wrong.append(where + "an empty label")
        if b"__name__" not in names:
            wrong.append(where + "no name")
        if bool(series.samples) == bool(series.histograms):
            wrong.append(where + "neither samples nor histograms, or both")
        times = [s.timestamp for s in series.samples] or [h.timestamp for h in series.histograms]
        if times != sorted(times):
            wrong.append(where + "times are not in order")
        if any(not 10**12 < time < 10**16 for time in times):
            wrong.append(where + "a time that is not in milliseconds")
        if any(s.start_timestamp > s.timestamp for s in list(series.samples) + list(series.histograms)):
            wrong.append(where + "a start after the sample")
        if any(e.timestamp <= 0 for e in series.exemplars):
            wrong.append(where + "an exemplar without a time")
        if max(series.metadata.help_ref, series.metadata.unit_ref) >= len(symbols):
            wrong.append(where + "metadata refers beyond the symbols")
    return wrong
