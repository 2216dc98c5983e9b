"""Grafana's JSON, as far as the dashboards here use it: panels, variables, and their places on the page.

What is the same everywhere is said here once; what is on the pages says dashboards.py.
"""

WIDTH = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
STATES = {
    "0": {"text": "closed", "color": "green"},
    "1": {"text": "open", "color": "red"},
    "2": {"text": "half-open", "color": "yellow"},
}
NO_YES = {"0": {"text": "no", "color": "green"}, "1": {"text": "yes", "color": "orange"}}
YES_NO = {"0": {"text": "no", "color": "red"}, "1": {"text": "yes", "color": "green"}}


def panel(kind, title, description, unit, queries, width, height, options, **defaults):
    """A panel of any kind. `queries` are pairs of an expression and the legend of its series."""
    mappings = defaults.pop("mappings", None)
    fields = {"unit": unit, "mappings": [], **defaults}
    if mappings:
        fields["mappings"] = [{"type": "value", "options": mappings}]
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"w": width, "h": height},
        "fieldConfig": {"defaults": fields, "overrides": []},
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": DATASOURCE,
                "expr": expr,
                "legendFormat": legend,
                "range": kind not in ("stat", "table", "bargauge"),
                "instant": kind in ("stat", "table", "bargauge"),
            }
            for index, (expr, legend) in enumerate(queries)
        ],
    }


def graph(title, description, unit, *queries, width=8, stacked=False, **defaults):
    """Lines over time; areas on each other where the parts make a whole."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 40 if stacked else 10,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults = {"min": 0, "custom": custom, "color": {"mode": "palette-classic"}, **defaults}
    return panel("timeseries", title, description, unit, queries, width, 8, options, **defaults)


def shares(title, description, *queries, **more):
    """Lines between 0 and 1."""
    return graph(title, description, "percentunit", *queries, max=1, **more)


def stat(title, description, unit, *queries, width=4, bad_from=None, text="auto", **defaults):
    """One number for each series, red from `bad_from` on."""
    steps = [{"color": "green", "value": None}]
    if bad_from is not None:
        steps.append({"color": "red", "value": bad_from})
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "textMode": text,
    }
    defaults = {
        "color": {"mode": "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
        **defaults,
    }
    return panel("stat", title, description, unit, queries, width, 4, options, **defaults)


def timeline(title, description, *queries, width=WIDTH, mappings):
    """Which word was true when."""
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.8,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False}
    return panel("state-timeline", title, description, "none", queries, width, 8, options,
                 mappings=mappings, custom=custom, color={"mode": "thresholds"})


def bars(title, description, unit, *queries, width=8, **defaults):
    """The worst of now, longest bar first."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "horizontal",
        "displayMode": "basic",
        "showUnfilled": True,
    }
    defaults = {"min": 0, "color": {"mode": "continuous-GrYlRd"}, **defaults}
    return panel("bargauge", title, description, unit, queries, width, 8, options, **defaults)


def heatmap(title, description, unit, expr, width=12):
    """A histogram over time; `expr` gives its buckets by `le`."""
    options = {
        "calculate": False,
        "yAxis": {"unit": unit, "axisPlacement": "left"},
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False},
    }
    made = panel("heatmap", title, description, unit, [(expr, "{{le}}")], width, 8, options)
    made["targets"][0]["format"] = "heatmap"
    return made


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"w": WIDTH, "h": 1}}


def datasource():
    return {"name": "datasource", "label": "Data source", "type": "datasource",
            "query": "prometheus", "refresh": 1, "hide": 0, "regex": "", "options": [], "current": {}}


def choice(name, label, query, many=True):
    """A variable whose values Prometheus knows; all of them unless only one makes sense."""
    made = {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "values"},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "regex": "",
        "options": [],
        "multi": many,
        "includeAll": many,
        "current": {"text": ["All"], "value": ["$__all"]} if many else {},
    }
    if many:
        made["allValue"] = ".*"
    return made


def annotation(name, expr, text, color):
    """Marks in all panels: an instant at which `expr` has a value."""
    return {"name": name, "datasource": DATASOURCE, "enable": True, "hide": False,
            "iconColor": color, "expr": expr, "titleFormat": name, "textFormat": text, "step": "10s"}


def dashboard(uid, title, description, variables, panels, annotations=()):
    """A page: panels flow from left to right, a row of them as high as its highest."""
    x = y = height = 0
    for number, made in enumerate(panels, start=1):
        place = made["gridPos"]
        if x + place["w"] > WIDTH:
            x, y, height = 0, y + height, 0
        made["id"] = number
        made["gridPos"] = {"x": x, "y": y, **place}
        x, height = x + place["w"], max(height, place["h"])
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["fusebox"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": list(annotations)},
        "links": [{"title": "Fusebox", "type": "dashboards", "tags": ["fusebox"], "asDropdown": True,
                   "includeVars": True, "keepTime": True, "icon": "external link", "targetBlank": False,
                   "tooltip": "", "url": ""}],
        "templating": {"list": [datasource(), *variables]},
        "panels": panels,
    }
