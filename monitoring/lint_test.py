"""Each check of lint.py finds the fault that it is for."""

import copy
import unittest

import lint
import parts

PAGES = parts.dashboards()
RULES = parts.RULES.read_text()
GOLDEN = lint.GOLDEN.read_text()
TESTS = "".join(file.read_text() for file in (parts.HERE / "alerts/tests").glob("*.yml"))
BOOKS = {file.name: file.read_text() for file in parts.RUNBOOKS.glob("*.md")}


def broken(change):
    """The pages after a change of the first one, and of its first panel that asks something."""
    pages = copy.deepcopy(PAGES)
    page = pages["overview"]
    change(page, page["panels"][0])
    return pages


class Lint(unittest.TestCase):
    def finds(self, what, faults):
        faults = list(faults)
        self.assertTrue([fault for fault in faults if what in fault], faults)

    def test_two_pages_with_one_uid(self):
        pages = broken(lambda page, _: page.update(uid=PAGES["circuit"]["uid"]))
        self.finds("uid fusebox-circuit is not its own", lint.pages(pages))

    def test_two_panels_with_one_id(self):
        pages = broken(lambda page, panel: panel.update(id=2))
        self.finds("id 2 is not its own", lint.pages(pages))

    def test_a_page_that_does_not_ask_for_the_data_source(self):
        pages = broken(lambda page, _: page["templating"]["list"].pop(0))
        self.finds("does not choose the data source", lint.pages(pages))

    def test_a_query_and_a_panel_with_a_data_source_of_their_own(self):
        fixed = {"type": "prometheus", "uid": "P1809F7CD0C75ACF3"}
        pages = broken(lambda _, panel: panel["targets"][0].update(datasource=fixed))
        self.finds("a data source of its own", lint.pages(pages))
        pages = broken(lambda _, panel: panel.update(datasource=fixed))
        self.finds("a data source of its own", lint.pages(pages))

    def test_a_variable_that_is_not_there_and_one_that_nothing_uses(self):
        pages = broken(lambda page, _: page["templating"]["list"][1].update(name="jop"))
        self.finds("$job is no variable", lint.pages(pages))
        self.finds("nothing uses the variable jop", lint.pages(pages))

    def test_a_panel_without_description_unit_or_query(self):
        pages = broken(lambda _, panel: panel.update(description="no sentence", targets=[]))
        self.finds("no description", lint.pages(pages))
        self.finds("no query", lint.pages(pages))
        pages = broken(lambda _, panel: panel["fieldConfig"]["defaults"].pop("unit"))
        self.finds("no unit", lint.pages(pages))

    def test_a_panel_beyond_the_edge(self):
        pages = broken(lambda _, panel: panel["gridPos"].update(x=23))
        self.finds("does not fit", lint.pages(pages))

    def expression(self, expr):
        return broken(lambda _, panel: panel["targets"][0].update(expr=expr))

    def test_a_range_that_does_not_follow_the_resolution(self):
        pages = self.expression('sum(rate(circuit_breaker_calls_total{job=~"$job"}[5m]))')
        self.finds("rate over [5m]", lint.expressions(pages))

    def test_a_fixed_instance(self):
        pages = self.expression('up{job=~"$job", instance="a:9797"}')
        self.finds("a fixed instance", lint.expressions(pages))

    def test_a_query_over_the_jobs_of_others(self):
        self.finds("jobs are not chosen", lint.expressions(self.expression("sum(up)")))

    def test_a_metric_that_nothing_exports(self):
        pages = self.expression('circuit_breaker_stat{job=~"$job"}')
        self.finds("nothing exports circuit_breaker_stat", lint.metrics(pages, RULES, GOLDEN))
        rules = RULES.replace("circuit_breaker_failure_ratio[5m]", "circuit_breaker_failure_rate[5m]")
        self.finds("rules: nothing exports circuit_breaker_failure_rate",
                   lint.metrics(PAGES, rules, GOLDEN))

    def test_a_metric_that_no_panel_shows(self):
        golden = GOLDEN + "# TYPE fusebox_new_total counter\n"
        self.finds("no panel shows fusebox_new_total", lint.metrics(PAGES, RULES, golden))

    def test_an_alert_without_severity_or_time(self):
        self.finds("severity is", lint.alert_fields(RULES.replace("severity: info", "severity: sad")))
        self.finds("has no for", lint.alert_fields(RULES.replace("        for: 30m\n", "")))

    def test_runbooks_that_are_missing_left_over_or_incomplete(self):
        less = {name: text for name, text in BOOKS.items() if name != "circuit-open.md"}
        self.finds("there is no runbooks/circuit-open.md", lint.runbooks(RULES, less))
        self.finds("belongs to no alert", lint.runbooks(RULES, {**BOOKS, "other.md": "# Other\n"}))
        short = {**BOOKS, "circuit-open.md": BOOKS["circuit-open.md"].replace("## What to do", "")}
        self.finds("its sections are not", lint.runbooks(RULES, short))
        headed = {**BOOKS, "circuit-open.md": BOOKS["circuit-flapping.md"]}
        self.finds("is not headed `# FuseboxCircuitOpen`", lint.runbooks(RULES, headed))
        long = {**BOOKS, "circuit-open.md": BOOKS["circuit-open.md"] + "\n" * lint.RUNBOOK_LINES_MAX}
        self.finds("lines, 60 are allowed", lint.runbooks(RULES, long))
        elsewhere = RULES.replace(parts.RUNBOOK_BASE, "https://example.org/")
        self.finds("is not below", lint.runbooks(elsewhere, BOOKS))

    def test_an_alert_that_no_test_sees_fire_or_be_silent(self):
        rules = RULES.replace("- alert: FuseboxReloadFailed", "- alert: FuseboxOther")
        self.finds("no test of the rules sees FuseboxOther fire", lint.tested(rules, TESTS))
        self.finds("sees FuseboxOther silent", lint.tested(rules, TESTS))

    def test_an_expression_and_a_rule_that_prometheus_refuses(self):
        self.finds("promtool check rules", lint.promtool(self.expression("sum(")))

    def test_a_dashboard_that_its_source_does_not_make(self):
        made = lint.ALL["overview"]
        try:
            lint.ALL["overview"] = lint.ALL["circuit"]
            self.finds("dashboards/overview.json is not what", lint.stale())
            del lint.ALL["overview"]
            self.finds("dashboards/overview.json is not what", lint.stale())
        finally:
            lint.ALL["overview"] = made

    def test_all_times_of_the_rules_run_faster(self):
        text = "expr: x[5m] + y[1h]\nfor: 30m\nannotations: 5m, [other]\n"
        self.assertEqual(parts.faster(text, 60),
                         "expr: x[5000ms] + y[60000ms]\nfor: 30000ms\nannotations: 5m, [other]\n")


if __name__ == "__main__":
    unittest.main()
