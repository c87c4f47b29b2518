"""Prometheus' HTTP API as its OpenAPI description says it is: where the description is, and whether an answer is of the
shape that it gives for a path.

The description is not in the tree: it is http_api/openapi_3.1_golden.yaml of the conformance data, which
$SIDELIGHT_CONFORMANCE names, or which is found beside the tree.
"""

import datetime
import json
import os
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

TREE = pathlib.Path(__file__).resolve().parents[2]
DESCRIPTION = pathlib.Path("http_api") / "openapi_3.1_golden.yaml"


def conformance_file(name):
    """A file of the conformance data; ends the program as skipped when it is not there."""
    named = os.environ.get("SIDELIGHT_CONFORMANCE")
    for place in ([pathlib.Path(named)] if named else []) + [TREE.parent / "shared" / "conformance"]:
        if (place / name).is_file():
            return place / name
    print(f"skipped: {name} of the conformance data was not found; SIDELIGHT_CONFORMANCE names its folder")
    sys.exit(77)


def ask(port, path, parameters=(), method="GET"):
    """(status, the answer's JSON) of a request; a POST sends its parameters as a form."""
    form = urllib.parse.urlencode(parameters)
    url = f"http://127.0.0.1:{port}{path}"
    if method == "GET":
        request = urllib.request.Request(f"{url}?{form}" if form else url)
    else:
        request = urllib.request.Request(url, data=form.encode(), method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def is_date_time(value):
    """Whether it is a moment as RFC 3339 writes it, in UTC."""
    if not isinstance(value, str):
        return True
    try:
        datetime.datetime.fromisoformat(value.removesuffix("Z"))
    except ValueError:
        return False
    return value.endswith("Z")


class Description:
    """The paths of the description, and its schemas."""

    def __init__(self):
        # Here, so that whoever only asks needs neither of them.
        try:
            import jsonschema
            import yaml
        except ImportError as missing:
            print(f"skipped: {missing}; script/bootstrap test installs python3-jsonschema and python3-yaml")
            sys.exit(77)
        self.document = yaml.safe_load(conformance_file(DESCRIPTION).read_text())
        self.paths = self.document["paths"]
        self._formats = jsonschema.FormatChecker(formats=())
        self._formats.checks("date-time")(is_date_time)
        self._validator = jsonschema.Draft202012Validator
        self._resolver = jsonschema.RefResolver.from_schema(self.document)

    def operations(self):
        """(path, method) of all that there is."""
        return [(path, method.upper()) for path, methods in self.paths.items() for method in methods]

    def problems(self, path, method, status, answer):
        """What is wrong with an answer, a line each; none when it is as described."""
        responses = self.paths[path][method.lower()]["responses"]
        response = responses.get(str(status), responses["default"])
        schema = response["content"]["application/json"]["schema"]
        validator = self._validator(schema, resolver=self._resolver, format_checker=self._formats)
        return [f"{'/'.join(map(str, error.absolute_path)) or 'the answer'}: {error.message[:300]}"
                for error in validator.iter_errors(answer)]
