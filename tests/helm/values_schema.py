"""Wrong values, made out of a chart's values.schema.json: for each key every type that it does not take, a value
outside of each of its bounds, and a sibling that does not exist."""

import dataclasses
import re

import jsonschema

SAMPLES = {"boolean": True, "number": 7.5, "string": "text", "array": ["item"], "object": {"key": "value"}}
# Text that one pattern or the other does not take.
STRANGE = ("not such a thing!", "", "-", "UPPER_CASE", "a b", "7.5.5")
# Names of keys that one pattern or the other takes.
NAMES = ("example", "cpu", "a.yaml")


@dataclasses.dataclass(frozen=True)
class Wrong:
    path: tuple  # of keys; 0 is the first item of a list
    value: object
    said: str  # what helm's message must have in it


@dataclasses.dataclass(frozen=True)
class Key:
    path: tuple
    schema: dict

    @property
    def name(self):
        return ".".join(map(str, self.path)) or "(root)"

    def takes(self, value):
        return jsonschema.Draft7Validator(self.schema).is_valid(value)


def keys(schema):
    """All keys, items of lists and values of mappings included; the whole comes first."""
    return _keys(_without_references(schema, schema.get("definitions", {})), ())


def _without_references(schema, definitions):
    if isinstance(schema, list):
        return [_without_references(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _without_references(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    return {key: _without_references(value, definitions) for key, value in schema.items() if key != "definitions"}


def _keys(schema, path):
    yield Key(path, schema)
    for name, value in schema.get("properties", {}).items():
        yield from _keys(value, (*path, name))
    if "items" in schema:
        yield from _keys(schema["items"], (*path, 0))
    of_names = dict(schema.get("patternProperties", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        of_names[schema.get("propertyNames", {}).get("pattern", "")] = schema["additionalProperties"]
    for pattern, value in of_names.items():
        yield from _keys(value, (*path, next(name for name in NAMES if re.search(pattern, name))))


def types_taken(key):
    """The names of JSON's types that some value of this key may have."""
    taken = set()
    for schema in (key.schema, *key.schema.get("anyOf", []), *key.schema.get("oneOf", [])):
        if "enum" in schema:
            taken.add("string")
        elif "type" in schema:
            taken |= {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
    return taken | ({"number"} if "integer" in taken else set())


def wrong_types(key):
    for name, value in SAMPLES.items():
        if name not in types_taken(key):
            yield Wrong(key.path, value, f"- {key.name}: ")


def out_of_bounds(key):
    """A value of the right type for each bound that there is: enum, pattern, range, length, repeated items, names of
    keys."""
    said = f"- {key.name}: "
    for schema in (key.schema, *key.schema.get("anyOf", [])):
        if "integer" in types_taken(key) and schema.get("type") == "integer":
            yield Wrong(key.path, 7.5, said)
        for bound, value in (("minimum", -1), ("maximum", 1)):
            if bound in schema and not key.takes(schema[bound] + value):
                yield Wrong(key.path, schema[bound] + value, said)
        if "maxLength" in schema:
            yield Wrong(key.path, "a" * (schema["maxLength"] + 1), said)
        if "enum" in schema or "pattern" in schema:
            yield Wrong(key.path, next(text for text in STRANGE if not key.takes(text)), said)
    if key.schema.get("uniqueItems"):
        item = key.schema["items"]["enum"][0]
        yield Wrong(key.path, [item, item], said)
    if "propertyNames" in key.schema:
        yield Wrong(key.path, {"no such key!": "text"}, said)


def unknown_siblings(key):
    if key.schema.get("additionalProperties") is False:
        yield Wrong((*key.path, "unknwon"), "text", f"- {key.name}: Additional property unknwon is not allowed")


def is_open(key):
    """Whether this is a mapping that takes keys of any name with values of any kind."""
    return types_taken(key) >= {"object"} and "additionalProperties" not in key.schema


def batches(wrong):
    """Sets of values, each with many that are wrong: [(values, [Wrong])]. A wrong value would hide what is below it, so
    those together are equally deep, and no key is in a batch twice."""
    result = []
    for one in wrong:
        for depth, taken, values, members in result:
            if depth == len(one.path) and one.path not in taken:
                break
        else:
            depth, taken, values, members = len(one.path), set(), {}, []
            result.append((depth, taken, values, members))
        taken.add(one.path)
        members.append(one)
        _put(values, one.path, one.value)
    return [(values, members) for _, _, values, members in result]


def _put(holder, path, value):
    for step, following in zip(path, path[1:]):
        inner = [] if following == 0 else {}
        if step == 0 and not holder:
            holder.append(inner)
        holder = holder[0] if step == 0 else holder.setdefault(step, inner)
    if path[-1] == 0:
        holder.append(value)
    else:
        holder[path[-1]] = value
