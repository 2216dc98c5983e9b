"""Holds dashboards, rules and runbooks against what they have to be. Needs `promtool` for the
expressions. Grafana itself is not asked: it need not be here."""

import json
import re
import subprocess
import sys
import tempfile

import parts
from dashboards import ALL

GOLDEN = parts.HERE.parent / "crates/fusebox-telemetry/tests/golden/classic.txt"
# Metrics that Prometheus makes of each scrape, and of alerts.
PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS"}
UNITS = {"bytes", "cps", "none", "percentunit", "reqps", "s", "short"}
SECTIONS = ["## What it means", "## What callers see", "## Where to look", "## What to do",
            "## When it is harmless"]
RUNBOOK_LINES_MAX = 60


def written(page):
    return json.dumps(page, indent=1, ensure_ascii=False) + "\n"


def build():
    folder = parts.HERE / "dashboards"
    for file in folder.glob("*.json"):
        file.unlink()
    for name, make in ALL.items():
        (folder / f"{name}.json").write_text(written(make()))


def stale():
    """The files are what dashboards.py makes."""
    have = {file.stem: file.read_text() for file in (parts.HERE / "dashboards").glob("*.json")}
    for name in sorted(have.keys() | ALL.keys()):
        if name not in ALL or have.get(name) != written(ALL[name]()):
            yield f"dashboards/{name}.json is not what dashboards.py makes: scripts/monitoring build"


def pages(all_pages):
    """What every page and panel has to have, or Grafana shows something else elsewhere."""
    uids = [page["uid"] for page in all_pages.values()]
    for name, page in all_pages.items():
        if uids.count(page["uid"]) > 1:
            yield f"{name}: uid {page['uid']} is not its own"
        first = page["templating"]["list"][:1]
        if [variable["type"] for variable in first] != ["datasource"]:
            yield f"{name}: its first variable does not choose the data source"
        known = {variable["name"] for variable in page["templating"]["list"]}
        asked = " ".join([*(expr for _, expr in parts.queries(page)),
                          *(selector for _, selector, _ in parts.variables(page))])
        used = set(re.findall(r"\$\{?(\w+)", asked)) - {"__rate_interval", "__range"}
        for variable in sorted(used - known):
            yield f"{name}: ${variable} is no variable of the page"
        for variable in sorted(known - used - {"datasource"}):
            yield f"{name}: nothing uses the variable {variable}"
        ids = [panel["id"] for panel in page["panels"]]
        for panel in page["panels"]:
            where = f"{name}: panel {panel['title']}"
            if ids.count(panel["id"]) > 1:
                yield f"{where}: id {panel['id']} is not its own"
            if panel["type"] != "row":
                yield from (f"{where}: {what}" for what in panel_faults(panel))
        for mark in page["annotations"]["list"]:
            if mark["datasource"]["uid"] != "${datasource}":
                yield f"{name}: annotation {mark['name']}: a data source of its own"


def panel_faults(panel):
    if not panel["description"].endswith("."):
        yield "no description that is a sentence"
    if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
        yield "no unit that is known"
    if not panel["targets"]:
        yield "no query"
    for part in [panel, *panel["targets"]]:
        if part["datasource"]["uid"] != "${datasource}":
            yield "a data source of its own"
    place = panel["gridPos"]
    if place["x"] + place["w"] > 24:
        yield "it does not fit on the page"


def expressions(all_pages):
    """Ranges fit the resolution, and nothing is chosen but by variables."""
    for name, page in all_pages.items():
        for where, expr in parts.queries(page):
            for function, span in re.findall(r"\b(\w+)\([^()]*\[([^\]]*)\]", expr):
                if span not in ("$__rate_interval", "$__range"):
                    yield f"{name}: {where}: {function} over [{span}]"
            for label in re.findall(r'\b(job|instance|service_name|circuit_name|queue)=~?"(?!\$)', expr):
                yield f"{name}: {where}: a fixed {label}"
            if "job=~" not in expr:
                yield f"{name}: {where}: jobs are not chosen"


def metrics_of(expr):
    """The metrics that an expression names."""
    return set(re.findall(r"\b((?:circuit_breaker|fusebox)_\w+|up(?=\{)|scrape_\w+|ALERTS)", expr))


def exported(golden):
    """The metrics that the exporter's own test fixes; of histograms, its series."""
    found = set(PROMETHEUS)
    for metric, kind in re.findall(r"(?m)^# TYPE (\w+) (\w+)$", golden):
        found |= {metric + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {metric}
    return found


def metrics(all_pages, rules, golden):
    """Only metrics that exist are asked for, and each that exists is on a page."""
    have, shown = exported(golden), set()
    for name, page in all_pages.items():
        for where, expr in parts.queries(page):
            shown |= metrics_of(expr)
            for metric in sorted(metrics_of(expr) - have):
                yield f"{name}: {where}: nothing exports {metric}"
    for metric in sorted(metrics_of(re.sub(r"(?m)^ *#.*", "", rules)) - have):
        yield f"rules: nothing exports {metric}"
    for metric in sorted(have - shown - PROMETHEUS):
        yield f"no panel shows {metric}"


def alert_fields(rules):
    """Each alert says how bad it is, what is so, and where to read on."""
    for name, fields in parts.alerts(rules).items():
        for field in ("for", "severity", "summary", "description", "runbook_url"):
            if not fields.get(field):
                yield f"alert {name} has no {field}"
        if fields.get("severity") not in ("critical", "warning", "info"):
            yield f"alert {name}: severity is critical, warning or info"


def runbooks(rules, have):
    """Each alert has a page of its own, each page the same parts, and none is left over."""
    wanted = {}
    for name, fields in parts.alerts(rules).items():
        url = fields.get("runbook_url", "")
        if not url.startswith(parts.RUNBOOK_BASE):
            yield f"alert {name}: its page is not below {parts.RUNBOOK_BASE}"
        wanted[url.removeprefix(parts.RUNBOOK_BASE)] = name
    for page in sorted(wanted.keys() | have.keys()):
        if page not in have:
            yield f"alert {wanted[page]}: there is no runbooks/{page}"
        elif page not in wanted:
            yield f"runbooks/{page} belongs to no alert"
        else:
            lines = have[page].splitlines()
            if lines[0] != f"# {wanted[page]}":
                yield f"runbooks/{page} is not headed `# {wanted[page]}`"
            if [line for line in lines if line.startswith("## ")] != SECTIONS:
                yield f"runbooks/{page}: its sections are not {', '.join(SECTIONS)}"
            if len(lines) > RUNBOOK_LINES_MAX:
                yield f"runbooks/{page}: {len(lines)} lines, {RUNBOOK_LINES_MAX} are allowed"


def tested(rules, tests):
    """Each alert is seen firing in a test, and seen not firing before and after."""
    for name in parts.alerts(rules):
        if not re.search(rf'labels: ALERTS{{alertname="{name}", alertstate="firing"', tests):
            yield f"no test of the rules sees {name} fire"
        quiet = re.findall(r'- expr: ALERTS{alertname=(~?)"([^"]*)".*\n.*\n +exp_samples: \[\]', tests)
        if sum(bool(re.fullmatch(alert, name)) for _, alert in quiet) < 2:
            yield f"no test of the rules sees {name} silent both before and after"


def promtool(all_pages):
    """Prometheus takes every expression and rule, and the rules do what their tests say."""
    exprs = [parts.filled(expr) for page in all_pages.values() for _, expr in parts.queries(page)]
    exprs += [parts.filled(selector) for page in all_pages.values()
              for _, selector, _ in parts.variables(page)]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(exprs)]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        # JSON is YAML, too.
        json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)
        file.flush()
        yield from told("check", "rules", file.name)
    yield from told("check", "rules", str(parts.RULES))
    yield from told("test", "rules", *map(str, sorted((parts.HERE / "alerts/tests").glob("*.yml"))))


def told(*arguments):
    ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True)
    if ran.returncode != 0:
        yield f"promtool {' '.join(arguments[:2])}: {ran.stdout}{ran.stderr}"


def check():
    all_pages, rules = parts.dashboards(), parts.RULES.read_text()
    tests = "".join(file.read_text() for file in (parts.HERE / "alerts/tests").glob("*.yml"))
    books = {file.name: file.read_text() for file in parts.RUNBOOKS.glob("*.md")}
    faults = [
        *stale(), *pages(all_pages), *expressions(all_pages),
        *metrics(all_pages, rules, GOLDEN.read_text()), *alert_fields(rules),
        *runbooks(rules, books), *tested(rules, tests), *promtool(all_pages),
    ]
    for fault in faults:
        print(f"error: {fault}")
    queries = sum(len(list(parts.queries(page))) for page in all_pages.values())
    print(f"monitoring: {len(all_pages)} dashboards with {queries} queries, "
          f"{len(parts.alerts(rules))} alerts, {len(books)} runbooks: {len(faults)} errors")
    return bool(faults)


if __name__ == "__main__":
    if sys.argv[1:] == ["build"]:
        build()
    else:
        sys.exit(check())
