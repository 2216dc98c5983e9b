"""What is in this folder, as lint.py and live.py read it: dashboards, rules, and how fast they run."""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
RULES = HERE / "alerts/fusebox.rules.yml"
RUNBOOKS = HERE / "runbooks"
# Before the name of a page in `runbook_url`; whoever installs the rules replaces it.
RUNBOOK_BASE = "https://runbooks.example.com/fusebox/"


def dashboards():
    """All pages by the names of their files."""
    return {file.stem: json.loads(file.read_text()) for file in sorted((HERE / "dashboards").glob("*.json"))}


def queries(page):
    """Every expression of a page, with where it stands."""
    for panel in page["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for mark in page["annotations"]["list"]:
        yield f"annotation {mark['name']}", mark["expr"]


def variables(page):
    """The variables that choose labels, each with its metric, selector and label."""
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            asked = variable["query"]["query"]
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", asked).groups()
            yield variable["name"], selector, label


def filled(expr, rate="5m", all_of="1h", **values):
    """An expression as Grafana sends it. A variable that has no value here stands for all."""
    expr = expr.replace("$__rate_interval", rate).replace("$__range", all_of)
    return re.sub(r"\$(\w+)", lambda found: values.get(found[1], ".*"), expr)


def alerts(text):
    """The alerts of the rules file: name to fields. Its layout is fixed, so no parser is needed;
    live.py compares with what Prometheus reads."""
    found = {}
    for block in re.split(r"(?m)^ +- alert: ", text)[1:]:
        name, _, body = block.partition("\n")
        fields = re.findall(r"(?m)^ +(for|severity|summary|description|runbook_url): *(.*)$", body)
        found[name] = dict(fields)
    return found


def faster(text, times):
    """The rules with every time divided."""
    def divided(found):
        number, unit = int(found[1]), {"s": 1, "m": 60, "h": 3600}[found[2]]
        return f"{number * unit * 1000 // times}ms"
    return re.sub(r"(?<=for: )(\d+)([smh])\b|(?<=\[)(\d+)([smh])(?=\])",
                  lambda found: divided([None, found[1] or found[3], found[2] or found[4]]), text)
