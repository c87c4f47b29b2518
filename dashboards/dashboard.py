"""A whole dashboard: its variables, links and notes, and its panels put into the grid."""

from panels import COLUMNS, DATASOURCE
from promql import label_values, series

SCHEMA_VERSION = 38  # Grafana 10.0's; later ones migrate it when they load it.
RUNBOOKS = "https://sidelight.example.com/docs/runbooks"


def choice(name, label, query, *, regex="", everything=True, description=""):
    """A variable with the values that a query gives. With `everything` several may be chosen, and at first all."""
    variable = {
        "current": {},
        "datasource": DATASOURCE,
        "definition": query,
        "description": description,
        "hide": 0,
        "includeAll": everything,
        "label": label,
        "multi": everything,
        "name": name,
        "options": [],
        "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "regex": regex,
        "skipUrlSync": False,
        "sort": 1,
        "type": "query",
    }
    if everything:
        variable |= {"allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}
    return variable


def fixed_choice(name, label, description, chosen, values):
    """A variable with values ({text: value}) that stand here."""
    text = next(text for text, value in values.items() if value == chosen)
    return {
        "current": {"selected": True, "text": text, "value": chosen},
        "description": description,
        "hide": 0,
        "includeAll": False,
        "label": label,
        "multi": False,
        "name": name,
        "options": [{"selected": value == chosen, "text": text, "value": value} for text, value in values.items()],
        "query": ",".join(value if text == value else f"{text} : {value}" for text, value in values.items()),
        "skipUrlSync": False,
        "type": "custom",
    }


def _data_source():
    return {"current": {}, "description": "A Prometheus, or a Sidelight itself.", "hide": 0, "includeAll": False,
            "label": "Data source", "multi": False, "name": "datasource", "options": [], "query": "prometheus",
            "refresh": 1, "regex": "", "skipUrlSync": False, "type": "datasource"}


def _runbooks():
    return {"current": {"selected": True, "text": RUNBOOKS, "value": RUNBOOKS},
            "description": "Where the folder docs/runbooks is published, without a slash at the end.", "hide": 2,
            "label": "Runbooks", "name": "runbooks",
            "options": [{"selected": True, "text": RUNBOOKS, "value": RUNBOOKS}],
            "query": RUNBOOKS, "skipUrlSync": True, "type": "textbox"}


def _note(name, expression, color, title):
    """A mark on every graph at the time that is the expression's value, in seconds since 1970. Grafana 10 has the query
    in `expr`, later ones in `target`."""
    milliseconds = f"{expression} * 1000"
    return {"datasource": DATASOURCE, "enable": True, "expr": milliseconds, "hide": False, "iconColor": color,
            "name": name, "step": "60s", "tagKeys": "job,instance",
            "target": {"expr": milliseconds, "interval": "60s", "refId": "Anno"}, "textFormat": "{{instance}}",
            "titleFormat": title, "useValueForTime": True}


def _notes():
    ours = "and on (job, instance) " + series("sidelight_build_info")
    return [
        _note("Starts", f"({series('process_start_time_seconds')} {ours})", "blue", "{{job}} started"),
        _note("Reloads", series("sidelight_config_last_reload_success_timestamp_seconds"), "purple",
              "{{job}} reloaded its configuration"),
    ]


def _placed(panels):
    """From left to right as long as there is room, then below; a row is a line of its own."""
    placed, x, y, line = [], 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        size = panel["gridPos"]
        if x + size["w"] > COLUMNS:
            x, y, line = 0, y + line, 0
        placed.append({**panel, "gridPos": {**size, "x": x, "y": y}, "id": number})
        x, line = x + size["w"], max(line, size["h"])
    return placed


def dashboard(uid, title, description, panels, variables=(), tags=()):
    """The dashboard as its JSON file has it. The file is called like the uid."""
    anchor = "sidelight_build_info"
    chosen = f'{anchor}{{job=~"$job"}}'
    return {
        "annotations": {"list": _notes()},
        "description": description,
        "editable": True,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "links": [{"asDropdown": True, "icon": "external link", "includeVars": True, "keepTime": True,
                   "tags": ["sidelight"], "targetBlank": False, "title": "Sidelight", "tooltip": "The other dashboards",
                   "type": "dashboards", "url": ""}],
        "panels": _placed(panels),
        "refresh": "30s",
        "schemaVersion": SCHEMA_VERSION,
        "tags": ["sidelight", *tags],
        "templating": {"list": [
            _data_source(),
            choice("job", "Service", label_values(anchor, "job"), description="The label job of the scrape."),
            choice("instance", "Instance", label_values(chosen, "instance"),
                   description="The label instance of the scrape: one for each pod."),
            *variables,
            _runbooks(),
        ]},
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "timezone": "",
        "title": title,
        "uid": uid,
        "weekStart": "",
    }
