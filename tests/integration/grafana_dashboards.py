"""What Grafana does with a dashboard's JSON: it asks for the values of the variables, puts these into the expressions,
and sends each panel's queries to the data source. As Grafana's own data source for Prometheus does it (version 13.1),
without Grafana.
"""

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request

DATA_SOURCE_VARIABLE = "${datasource}"
# [[name:format]], ${name:format} or $name; the format is optional. $1 is of label_replace() and no variable.
REFERENCE = re.compile(r"\[\[(\w+)(?::(\w+))?\]\]|\$\{(\w+)(?::(\w+))?\}|\$([a-zA-Z_]\w*)")
LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?([a-zA-Z_]\w*)\)", re.DOTALL)
QUERY_RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)
# metric{label="value"}, and each of its matchers.
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{((?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"(?:[^\"\\]|\\.)*\"")
PANELS_WITHOUT_QUERIES = {"row", "text", "alertlist", "dashlist", "news"}
FORMATS = {"time_series", "table", "heatmap"}


class DashboardError(Exception):
    """The dashboard is wrong, whatever the data source has."""


class QueryError(Exception):
    """The data source refused a query."""


class Source:
    """A data source of type Prometheus at a port of this machine."""

    def __init__(self, name, port):
        self.name = name
        self._url = f"http://127.0.0.1:{port}/api/v1/"

    def ask(self, path, **parameters):
        """What stands under `data` in the answer to a GET of /api/v1/`path`."""
        url = self._url + path + "?" + urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise QueryError(f"{self.name} answers {error.code} to {path}: "
                                 f"{error.read().decode(errors='replace')}") from None
        try:
            return json.loads(body)["data"]
        except (ValueError, KeyError):
            raise QueryError(f"{self.name} answers {path} with {body[:500]!r}") from None


class TimeRange:
    """What a dashboard shows: from, to, in seconds since 1970; and how often the data source scrapes, in seconds."""

    def __init__(self, start, end, scrape_interval):
        self.start, self.end, self.scrape_interval = start, end, scrape_interval

    def step(self, shortest=""):
        """The distance of two points; not below the scrape interval, nor `shortest`, which a query may name."""
        return max(self.scrape_interval, seconds(shortest) if shortest else 0)

    def values(self, shortest=""):
        """The variables that Grafana itself has."""
        step, shown = self.step(shortest), self.end - self.start
        rate_interval = max(step + self.scrape_interval, 4 * self.scrape_interval)
        return {"__interval": written(step), "__interval_ms": f"{1000 * step:.0f}",
                "__rate_interval": written(rate_interval), "__rate_interval_ms": f"{1000 * rate_interval:.0f}",
                "__range": f"{shown:.0f}s", "__range_s": f"{shown:.0f}", "__range_ms": f"{1000 * shown:.0f}",
                "__from": f"{1000 * self.start:.0f}", "__to": f"{1000 * self.end:.0f}"}


def seconds(duration):
    match = re.fullmatch(r">?(\d+)(ms|s|m|h|d)", duration)
    if not match:
        raise DashboardError(f"{duration!r} is no duration")
    return int(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def written(duration):
    return f"{duration:.0f}s" if duration == int(duration) else f"{1000 * duration:.0f}ms"


class Chosen:
    """The values that are chosen of a variable. `raw` is put in as it is: "All" and its allValue."""

    def __init__(self, values, many=False, raw=None):
        self.values, self.many, self.raw = values, many, raw

    def formatted(self, how):
        if self.raw is not None:
            return self.raw
        if how in ("raw", "text"):
            return self.values[0] if len(self.values) == 1 else "{" + ",".join(self.values) + "}"
        if how in ("csv", "pipe"):
            return {"csv": ",", "pipe": "|"}[how].join(self.values)
        if how == "regex":
            return alternatives([re.sub(r"[\\^$*+?.()|[\]{}/]", r"\\\g<0>", value) for value in self.values])
        if how:
            raise DashboardError(f"this test does not know the format {how!r} of a variable")
        if not self.many:
            return self.values[0].replace("\\", "\\\\").replace("'", "\\\\'")
        return alternatives([re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))
                             for value in self.values])


def alternatives(patterns):
    return patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"


def interpolate(text, values):
    """`text` with the variables replaced. A reference to one that is not there is an error, and not left as it is."""
    def replaced(match):
        name = match[1] or match[3] or match[5]
        if name not in values:
            raise DashboardError(f"there is no variable {name!r}, which is in {text!r}")
        value = values[name]
        return value if isinstance(value, str) else value.formatted(match[2] or match[4])

    return REFERENCE.sub(replaced, text)


class Dashboard:
    """A file of dashboards/grafana."""

    def __init__(self, path):
        self.path = path
        self.content = json.loads(path.read_text(encoding="utf-8"))
        self.title = self.content["title"]

    def variables(self):
        return self.content.get("templating", {}).get("list", [])

    def panels(self):
        """Every panel, those of collapsed rows too."""
        for panel in self.content["panels"]:
            yield panel
            yield from panel.get("panels", [])

    def faults(self):
        """What is wrong with the queries' form, as sentences."""
        found = []
        for panel in self.panels():
            place = f"{self.title} / {panel.get('title')!r}"
            targets = panel.get("targets", [])
            if bool(targets) == (panel["type"] in PANELS_WITHOUT_QUERIES):
                found.append(f"{place}: {len(targets)} queries in a panel of type {panel['type']}")
            references = [target.get("refId") for target in targets]
            if len(set(references)) != len(references) or not all(references):
                found.append(f"{place}: the refIds {references} are not one for each query")
            for target in targets:
                found += [f"{place}, query {target.get('refId')}: {fault}" for fault in target_faults(panel, target)]
        for variable in self.variables():
            if variable["type"] == "query" and source_of(variable) != DATA_SOURCE_VARIABLE:
                found.append(f"{self.title}, variable {variable['name']}: asks {source_of(variable)!r}, "
                             f"not {DATA_SOURCE_VARIABLE}")
        return found


def source_of(part):
    source = part.get("datasource")
    return source.get("uid") if isinstance(source, dict) else source


def target_faults(panel, target):
    if not target.get("expr", "").strip():
        yield "it has no expression"
    for part, what in ((panel, "the panel"), (target, "the query")):
        if source_of(part) != DATA_SOURCE_VARIABLE:
            yield f"{what} asks {source_of(part)!r}, not {DATA_SOURCE_VARIABLE}"
    for key in ("instant", "range", "exemplar", "hide"):
        if not isinstance(target.get(key, False), bool):
            yield f"{key} is {target[key]!r}, not true or false"
    if not (target.get("instant") or target.get("range")):
        yield "it is neither instant nor range"
    if target.get("format", "time_series") not in FORMATS:
        yield f"its format is {target['format']!r}, not one of {sorted(FORMATS)}"
    if (panel["type"] == "heatmap") != (target.get("format") == "heatmap"):
        yield f"format {target.get('format')!r} in a panel of type {panel['type']}"
    if target.get("exemplar") and not target.get("range"):
        yield "it asks for exemplars and for no range"


class Options:
    """The options of a dashboard's variables as a data source has them, one variable after the other, as later ones
    depend on those before."""

    def __init__(self, dashboard, source, time_range):
        self.empty = []  # sentences about variables that have no option
        self.values = dict(time_range.values())
        for variable in dashboard.variables():
            self.values[variable["name"]] = self._chosen(variable, source, time_range)
            if not self.values[variable["name"]].values:
                self.empty.append(f"{dashboard.title}, variable {variable['name']}: {source.name} has no value for "
                                  f"{interpolate(query_of(variable), self.values)}")
                self.values[variable["name"]].values = ["nothing"]

    def _chosen(self, variable, source, time_range):
        kind = variable["type"]
        if kind == "datasource":
            return Chosen([source.name])
        if kind == "query":
            options = self._asked(variable, source, time_range)
        elif kind in ("custom", "constant", "textbox", "interval"):
            options = [option["value"] for option in variable.get("options", []) if option["value"] != "$__all"]
            options = options or [variable["query"]]
        else:
            raise DashboardError(f"this test does not know variables of type {kind!r}")
        current = variable.get("current", {}).get("value")
        many = variable.get("multi", False) or variable.get("includeAll", False)
        if current in ("$__all", ["$__all"]):
            return Chosen(options, many, variable.get("allValue") or None)
        # What a new dashboard shows: the saved value if it is an option, else the first.
        return Chosen([current] if current in options else options[:1], many)

    def _asked(self, variable, source, time_range):
        query = interpolate(query_of(variable), self.values)
        times = {"start": time_range.start, "end": time_range.end}
        if match := LABEL_VALUES.fullmatch(query):
            selector = {"match[]": match[1]} if match[1] else {}
            found = source.ask(f"label/{match[2]}/values", **selector, **times)
        elif match := QUERY_RESULT.fullmatch(query):
            found = [row_text(row, time_range.end) for row in source.ask("query", query=match[1],
                                                                         time=time_range.end)["result"]]
        else:
            raise DashboardError(f"this test does not know the variable's query {query!r}")
        return sorted(set(filtered(found, variable.get("regex", ""))))


def query_of(variable):
    query = variable.get("query", "")
    return query["query"] if isinstance(query, dict) else query


def row_text(row, when):
    labels = ",".join(f'{name}="{value}"' for name, value in row["metric"].items() if name != "__name__")
    return f"{row['metric'].get('__name__', '')}{{{labels}}} {row['value'][1]} {1000 * when:.0f}"


def filtered(options, expression):
    """Options that a variable's /regex/ finds, each as the first group of it where there is one."""
    if not expression:
        return options
    pattern = re.compile(re.sub(r"^/(.*)/[a-z]*$", r"\1", expression, flags=re.DOTALL))
    found = (pattern.search(option) for option in options)
    return [match[1] if pattern.groups else match[0] for match in found if match]


class Query:
    """One expression of a dashboard, as it is sent to a data source."""

    def __init__(self, place, expression, kind, step, heatmap=False):
        self.place, self.expression, self.kind, self.step, self.heatmap = place, expression, kind, step, heatmap

    def __str__(self):
        return f"{self.place} ({self.kind}): {' '.join(self.expression.split())}"

    def missing(self, source, time_range):
        """Why the panel would show nothing of this, or "" when it would."""
        try:
            return self._missing(source, time_range)
        except QueryError as error:
            return str(error)

    def shows_only_zeros(self, source, time_range):
        if self.kind == "exemplars":
            return False
        values = [value for one in self._series(source, time_range) for value in values_of(one)]
        return all(float(value) == 0 for value in values if is_number(value))

    def now(self, source, time_range):
        """The series at the end, each {"metric", and "value" or "histogram"}."""
        data = source.ask("query", query=self.expression, time=time_range.end)
        return [{"metric": {}, "value": data["result"]}] if data["resultType"] == "scalar" else data["result"]

    def over_time(self, source, time_range):
        """The series of the whole range, each {"metric", "values" and "histograms"}. Times are full multiples of the
        step, as Grafana asks for them."""
        start, end = (math.floor(when / self.step) * self.step for when in (time_range.start, time_range.end))
        return source.ask("query_range", query=self.expression, start=start, end=end, step=self.step)["result"]

    def _series(self, source, time_range):
        return (self.now if self.kind == "instant" else self.over_time)(source, time_range)

    def _missing(self, source, time_range):
        if self.kind == "exemplars":
            found = source.ask("query_exemplars", query=self.expression, start=time_range.start, end=time_range.end)
            exemplars = [exemplar for series in found for exemplar in series["exemplars"]]
            traced = [exemplar for exemplar in exemplars if exemplar["labels"].get("trace_id")]
            return "" if traced else f"{len(exemplars)} exemplars, {len(traced)} of them with a trace_id"
        series = self._series(source, time_range)
        if not series:
            return "no series"
        if not any(is_number(value) for one in series for value in values_of(one)):
            return f"{len(series)} series, and no number in them"
        if self.heatmap and not all("le" in one["metric"] or "histograms" in one for one in series):
            return "series that are neither a histogram nor a bucket with the label le"
        return ""


def selectors(expression):
    """[(metric, labels that are matched)] of the selectors with braces."""
    return [(match[1], MATCHER.findall(match[2])) for match in SELECTOR.finditer(expression)]


def values_of(series):
    """All values of a series; a native histogram counts as its count."""
    points = [series["value"]] if "value" in series else series.get("values", [])
    histograms = [series["histogram"]] if "histogram" in series else series.get("histograms", [])
    return [value for _, value in points] + [histogram["count"] for _, histogram in histograms]


def is_number(text):
    return math.isfinite(float(text))


def queries(dashboard, options, time_range):
    """Every query that Grafana sends for the dashboard: those of its annotations and of its panels."""
    for annotation in dashboard.content.get("annotations", {}).get("list", []):
        expression = annotation.get("expr") or annotation.get("target", {}).get("expr")
        if expression:
            step = time_range.step()
            values = {**options.values, **time_range.values()}
            place = f"{dashboard.title} / annotation {annotation['name']!r}"
            yield Query(place, interpolate(expression, values), "range", step)
    for panel in dashboard.panels():
        for repeated in repetitions(panel, options.values):
            for target in panel.get("targets", []):
                yield from target_queries(dashboard, panel, target, {**options.values, **repeated}, time_range)


def repetitions(panel, values):
    """Of a panel that is repeated for each value of a variable: that one value, for each."""
    name = panel.get("repeat")
    return [{name: Chosen([value])} for value in values[name].values] if name else [{}]


def target_queries(dashboard, panel, target, values, time_range):
    shortest = interpolate(target.get("interval") or panel.get("interval") or "", values)
    expression = interpolate(target["expr"], {**values, **time_range.values(shortest)})
    place = f"{dashboard.title} / {panel['title']!r} {target['refId']}"
    heatmap = target.get("format") == "heatmap"
    kinds = [("instant", target.get("instant")), ("range", target.get("range")), ("exemplars", target.get("exemplar"))]
    for kind, wanted in kinds:
        if wanted:
            yield Query(place, expression, kind, time_range.step(shortest), heatmap)
