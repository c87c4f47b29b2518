"""What can be wrong with a dashboard, one function each: it yields a sentence for everything that is."""

import collections
import itertools
import pathlib
import re

from expression import Expression

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATASOURCE = "${datasource}"
NOISE = {"id", "version", "iteration", "gnetId", "pluginVersion", "__inputs", "__requires"}
DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
# Of the data source itself, and not of a scrape of ours.
FOREIGN_METRICS = {"ALERTS", "up", "scrape_duration_seconds"}
FOREIGN_LABELS = {"job", "instance", "le", "__name__", "alertname", "alertstate", "severity"}
OWN_VARIABLES = {"__url_time_range", "__all_variables", "__value"}
WITH_EXEMPLARS = r"(http_(server|client)_request_(duration|time_to_first_byte)|\$\{http_prefix\}_duration)_seconds"
# Grafana's names for those that are used.
UNITS = {"Bps", "bytes", "cps", "dateTimeFromNow", "none", "ops", "percentunit", "reqps", "s", "short"}
COLUMNS = 24


def documented_metrics():
    """{name: type} of docs/metrics.md, with `${...}` for the prefix of naming plain."""
    rows = re.findall(r"^\| `([\w<>]+)` \| (counter|gauge|histogram) \|", (ROOT / "docs/metrics.md").read_text("utf-8"),
                      re.M)
    return {name.replace("<prefix>", "${}"): kind for name, kind in rows}


def documented_labels():
    return set(re.findall(r"`(\w+)`", (ROOT / "docs/metrics.md").read_text("utf-8")))


def recorded_series():
    packs = (ROOT / "rules/packs").glob("*.yaml")
    return set(itertools.chain.from_iterable(re.findall(r"^\s*- record: (\S+)", pack.read_text("utf-8"), re.M)
                                             for pack in packs))


METRICS, LABELS, RECORDED = documented_metrics(), documented_labels(), recorded_series()


def is_known(metric):
    name = re.sub(r"\$\{\w+\}", "${}", metric)
    histogram = re.sub(r"_(bucket|sum|count)$", "", name)
    return name in METRICS or METRICS.get(histogram) == "histogram" or name in RECORDED | FOREIGN_METRICS


def expressions(board):
    """(where, expression) of panels and of marks."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']}, {target['refId']}", target["expr"]
    for note in board["annotations"]["list"]:
        yield f"mark {note['name']}", note["expr"]
        yield f"mark {note['name']}, target", note["target"]["expr"]


def texts(value, key=""):
    """(key, text) of all that is text."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from texts(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part, key)
    elif isinstance(value, str):
        yield key, value


def of_the_whole(board):
    for key in NOISE & set(board):
        yield f"has '{key}', which only Grafana writes"
    if board["schemaVersion"] != 38:
        yield f"schemaVersion is {board['schemaVersion']}, and not Grafana 10.0's 38"
    if not re.fullmatch(DNS_LABEL, board["uid"]) or len(board["uid"]) > 40:
        yield f"uid '{board['uid']}' is no DNS label of at most 40 characters"
    if board["graphTooltip"] != 1:
        yield "has no shared crosshair"
    if "sidelight" not in board["tags"]:
        yield "lacks the tag sidelight, by which the others lead to it"
    if not [link for link in board["links"] if link["type"] == "dashboards" and link["tags"] == ["sidelight"]]:
        yield "has no link to the others"
    if not board["title"] or not board["description"]:
        yield "has no title or no description"


def units(panel):
    """Of the panel and of its columns."""
    yield panel["fieldConfig"]["defaults"].get("unit")
    for override in panel["fieldConfig"]["overrides"]:
        yield from (entry["value"] for entry in override["properties"] if entry["id"] == "unit")


def shows_latency_of_requests(panel):
    asked = " ".join(target["expr"] for target in panel["targets"])
    return re.search(WITH_EXEMPLARS, asked) and (panel["type"] == "heatmap" or "histogram_quantile" in asked)


def has_exemplars(target):
    return target.get("exemplar", False)


def of_panels(board):
    for number, count in collections.Counter(panel["id"] for panel in board["panels"]).items():
        if count > 1:
            yield f"{count} panels have the id {number}"
    for panel in board["panels"]:
        where = f"panel '{panel['title']}'"
        if not panel["title"]:
            yield f"panel {panel['id']} has no title"
        if panel["type"] == "row":
            continue
        if not re.search(r"\w.*[.!?]$", panel["description"]):
            yield f"{where} has no description of whole sentences: '{panel['description']}'"
        for unit in units(panel):
            if unit not in UNITS:
                yield f"{where} has no unit that Grafana knows: '{unit}'"
        for part in (panel, *panel["targets"]):
            if part["datasource"] != {"type": "prometheus", "uid": DATASOURCE}:
                yield f"{where} does not take its data source from the variable"
        if not panel["targets"] and panel["type"] != "alertlist":
            yield f"{where} asks for nothing"
        over_time = panel["type"] in ("timeseries", "heatmap")
        for target in panel["targets"]:
            if (target["range"], target["instant"]) != (over_time, not over_time):
                yield f"{where} asks for the wrong times: range {target['range']}, instant {target['instant']}"
        if over_time and shows_latency_of_requests(panel) and not any(map(has_exemplars, panel["targets"])):
            yield f"{where} shows latency of requests without exemplars"


def of_the_grid(board):
    taken = {}
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > COLUMNS:
            yield f"panel '{panel['title']}' leaves the grid: {place}"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel)
                if other is not panel:
                    yield f"panel '{panel['title']}' lies over '{other['title']}' at {x}, {y}"
                    return


def of_expressions(board):
    for where, text in expressions(board):
        expression = Expression(text)
        for word in sorted(expression.unknown):
            yield f"{where}: '{word}' is no function of Prometheus 2.42, and metrics have braces: {text}"
        for metric, matchers in expression.selectors:
            if not is_known(metric):
                yield f"{where}: docs/metrics.md has no '{metric}': {text}"
            for variable in ("job",) if metric == "ALERTS" else ("job", "instance"):
                if f'{variable}=~"${variable}"' not in matchers:
                    yield f"{where}: '{metric}' is not of the chosen {variable}: {text}"
        for label in sorted(expression.labels - LABELS - FOREIGN_LABELS):
            yield f"{where}: docs/metrics.md has no label '{label}': {text}"
        if not expression.selectors:
            yield f"{where}: asks for no metric: {text}"


def of_variables(board):
    """Each is defined once, and before another that is made of it, and is used."""
    defined, used = [], {"datasource"}
    for variable in board["templating"]["list"]:
        if variable["name"] in defined:
            yield f"variable '{variable['name']}' is there twice"
        query = variable["query"]["query"] if variable["type"] == "query" else ""
        needed = set(re.findall(r"\$\{?(\w+)", query))
        for name in sorted(needed - set(defined)):
            yield f"variable '{variable['name']}' asks for '{name}', which does not stand before it"
        used |= needed
        defined.append(variable["name"])
        if variable.get("includeAll") and (variable["allValue"] != ".*" or not variable["multi"]):
            yield f"variable '{variable['name']}' is not everything that there is with All"
    for key, text in texts([board["panels"], board["annotations"]]):
        names = set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval"} - OWN_VARIABLES
        used |= names
        for name in sorted(names - set(defined)):
            yield f"'{name}' is no variable: {key} {text}"
    for name in sorted(set(defined) - used):
        yield f"variable '{name}' is used by nothing"


def of_links(board, uids):
    for key, text in texts(board):
        if key != "url":
            continue
        for uid in re.findall(r"^/d/([^/?]*)", text):
            if uid not in uids:
                yield f"a link leads to '{uid}', which is no dashboard: {text}"
        for alert in re.findall(r"^\$\{runbooks\}/(\w+)\.md$", text):
            if not (ROOT / "docs/runbooks" / f"{alert}.md").is_file():
                yield f"there is no docs/runbooks/{alert}.md"
        if text and not re.match(r"/d/|\$\{runbooks\}/", text):
            yield f"a link leads neither to a dashboard nor to a runbook: {text}"


def complaints(board, uids):
    checks = (of_the_whole, of_panels, of_the_grid, of_expressions, of_variables)
    return [sentence for check in checks for sentence in check(board)] + list(of_links(board, uids))


def among(paths):
    """Of the files beside each other."""
    names = collections.Counter(pathlib.PurePath(path).name for path in paths)
    for name, count in names.items():
        if count > 1:
            yield f"{count} files are called {name}: a ConfigMap has room for one"
        if not re.fullmatch(DNS_LABEL + r"\.json", name):
            yield f"'{name}' cannot name a ConfigMap"
