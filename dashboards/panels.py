"""Panels as Grafana's dashboard model has them (schema version 38, panel types as of Grafana 10 and 11).

Each function returns a panel without id and place; dashboard.py gives it both. `width` and `height` are in the columns
and lines of Grafana's grid.
"""

COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"


def query(expression, legend="", exemplars=False):
    """A line over time for each series."""
    target = {"datasource": DATASOURCE, "editorMode": "code", "expr": expression, "instant": False,
              "legendFormat": legend or "__auto", "range": True}
    return {**target, "exemplar": True} if exemplars else target


def now(expression, legend=""):
    """Only the value at the end of the dashboard's time: for numbers and tables."""
    return {**query(expression, legend), "instant": True, "range": False}


def legend(*labels):
    """Their values, one after the other."""
    return " ".join(f"{{{{{label}}}}}" for label in labels)


def steps(*bounds, base=GREEN):
    """Thresholds: the base colour, and from each bound on another: steps((0.01, RED))."""
    return {"mode": "absolute", "steps": [{"color": base, "value": None}]
            + [{"color": color, "value": bound} for bound, color in bounds]}


def runbook(alert):
    return {"targetBlank": True, "title": f"Runbook: {alert}", "url": f"${{runbooks}}/{alert}.md"}


def _panel(kind, title, description, unit, targets, options, *, width, height, target=None, thresholds=None,
           runbooks=(), color="palette-classic", custom=None, decimals=None, high=None, low=None, nothing=None,
           overrides=()):
    """`target` is one of targets.py, `thresholds` are for what has none; `nothing` is shown in place of no data."""
    if target:
        description, thresholds = f"{description} {target.sentence()}", target.thresholds()
    defaults = {"color": {"mode": color}, "mappings": [], "thresholds": thresholds or steps(), "unit": unit}
    optional = {"custom": custom, "decimals": decimals, "max": high, "min": low, "noValue": nothing}
    return {
        "datasource": DATASOURCE,
        "description": description,
        "fieldConfig": {
            "defaults": defaults | {name: value for name, value in optional.items() if value is not None},
            "overrides": list(overrides),
        },
        "gridPos": {"h": height, "w": width},
        "links": [runbook(alert) for alert in runbooks],
        "options": options,
        "targets": [{**asked, "refId": chr(ord("A") + index)} for index, asked in enumerate(targets)],
        "title": title,
        "type": kind,
    }


def graph(title, description, unit, *targets, stacked=False, statistics=True, width=12, height=8, **rest):
    """Lines over time. A target, and thresholds, are dashed lines."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 30 if stacked else 8,
        "lineWidth": 1,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if {"target", "thresholds"} & set(rest) else "off"},
    }
    options = {
        "legend": {"calcs": ["mean", "max", "lastNotNull"] if statistics else [],
                   "displayMode": "table" if statistics else "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", title, description, unit, targets, options, width=width, height=height, low=0,
                  custom=custom, **rest)


def number(title, description, unit, *targets, width=4, height=4, **rest):
    """A number for each query, in the colour of its target or threshold."""
    options = {
        "colorMode": "value" if {"target", "thresholds"} & set(rest) else "none",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    }
    return _panel("stat", title, description, unit, targets, options, width=width, height=height, color="thresholds",
                  **rest)


def spread(numbers):
    """The same numbers, from one side of the grid to the other."""
    width, left = divmod(COLUMNS, len(numbers))
    for index, panel in enumerate(numbers):
        panel["gridPos"]["w"] = width + (index < left)
    return numbers


class Column:
    """A column of a table: what it shows of each row."""

    def __init__(self, name, unit, expression, *, target=None, thresholds=None, decimals=None):
        self.name, self.unit, self.expression, self.decimals = name, unit, expression, decimals
        self.thresholds = target.thresholds() if target else thresholds

    def override(self):
        properties = {"unit": self.unit}
        if self.thresholds:
            properties |= {"thresholds": self.thresholds, "custom.cellOptions": {"type": "color-text"}}
        if self.decimals is not None:
            properties["decimals"] = self.decimals
        return _override(self.name, properties)


def _override(column, properties):
    return {"matcher": {"id": "byName", "options": column},
            "properties": [{"id": name, "value": value} for name, value in properties.items()]}


def table(title, description, labels, *columns, sort=None, links=None, width=24, height=9, **rest):
    """A row for each combination of labels ({label: its heading}, in order), by which expressions are summed up. `sort`
    is a column's name, the first's if there is none; links are {heading: (title, url)}, for the cells of a label."""
    targets = [{**now(column.expression), "format": "table"} for column in columns]
    # So Grafana calls what the queries bring.
    values = ["Value"] if len(columns) == 1 else [f"Value #{chr(ord('A') + index)}" for index in range(len(columns))]
    headings = labels | dict(zip(values, (column.name for column in columns)))
    options = {
        "cellHeight": "sm",
        "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": True, "displayName": sort or columns[0].name}],
    }
    overrides = [column.override() for column in columns] + [
        _override(heading, {"links": [{"targetBlank": False, "title": link_title, "url": url}]})
        for heading, (link_title, url) in (links or {}).items()]
    panel = _panel("table", title, description, "short", targets, options, width=width, height=height,
                   color="thresholds", custom={"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True},
                   overrides=overrides, **rest)
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {
            "excludeByName": {"Time": True},
            "indexByName": {name: index for index, name in enumerate(headings)},
            "renameByName": headings,
        }},
    ]
    return panel


def heatmap(title, description, unit, rate_unit, expression, *, exemplars=False, width=24, height=9, runbooks=()):
    """A histogram over time, native or classic: observations a second, in `rate_unit`, by their size, in `unit`.
    Exemplars are points in it."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": rate_unit},
        "color": {"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": False, "scale": "exponential",
                  "scheme": "Oranges", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "show": True, "showColorScale": True, "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    target = {**query(expression, "{{le}}", exemplars), "format": "heatmap"}
    return _panel("heatmap", title, description, unit, [target], options, width=width, height=height,
                  custom={"scaleDistribution": {"type": "linear"}}, runbooks=runbooks)


def alert_list(title, description, *, width=12, height=8):
    """Grafana's own list of alerts: its own rules' and those of data sources that have rules."""
    options = {
        "alertInstanceLabelFilter": '{job=~"${job:regex}"}',
        "dashboardAlerts": False,
        "groupBy": [],
        "groupMode": "default",
        "maxItems": 20,
        "sortOrder": 3,
        "stateFilter": {"error": True, "firing": True, "noData": False, "normal": False, "pending": True},
        "viewMode": "list",
    }
    return _panel("alertlist", title, description, "none", [], options, width=width, height=height)


def row(title):
    """A heading; the panels after it are below it."""
    return {"collapsed": False, "gridPos": {"h": 1, "w": COLUMNS}, "panels": [], "title": title, "type": "row"}
