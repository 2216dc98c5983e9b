"""A real Prometheus scrapes a real daemon while things go wrong by script: every query of the
dashboards has to give series, and every alert has to fire and to resolve, in a sixtieth of its time.

    python3 live.py FUSEBOX     the program; `prometheus` is looked for in PATH
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import parts
import upstreams
from upstreams import Caller, Upstream

FASTER = 60
# The longest time of a rule is an hour, here a minute; the rest takes half a minute.
SECONDS_MAX = 170
SECONDS_OF_ONE_STEP = 30
# Five scrapes.
RATE = "5s"
# What nothing may ever be said about.
WELL = "shards"

SETTINGS = """
[server]
listen = "127.0.0.1:{gateway}"
admin = "127.0.0.1:{admin}"
data_dir = "{folder}/data"

[circuits.shards]
branch = {{ key = "path:2", keys_min = 3, keys_max = 8, breaker = {{ consecutive_failures = 2 }} }}
breaker = {{ failure_rate = "50%", slow_call_rate = "90%", slow_call_duration = "50ms", window = "5s" }}

[circuits.opens]
breaker = {{ consecutive_failures = 3, open_for = "1s", open_for_max = "1s" }}

[circuits.fallen]
breaker = {{ consecutive_failures = 3, open_for = "1s", open_for_max = "1s" }}
fallback = {{ body = "not now" }}

[circuits.flaps]
breaker = {{ consecutive_failures = 2, open_for = "300ms", open_for_max = "300ms", half_open_successes = 1 }}

[circuits.undecided]
breaker = {{ consecutive_failures = 2, open_for = "500ms", open_for_max = "500ms" }}

[circuits.near]
breaker = {{ failure_rate = "50%", window = "5s" }}

[circuits.held]

[circuits.mail]
when_unavailable = "queue"
queue = {{ messages_max = 20 }}
breaker = {{ consecutive_failures = 2, open_for = "500ms", open_for_max = "500ms", half_open_successes = 1 }}
"""

PROMETHEUS = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 500ms
rule_files: [rules.yml]
scrape_configs:
  - job_name: fusebox
    static_configs: [{{targets: ["127.0.0.1:{admin}"]}}]
"""


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def get(url, **asked):
    if asked:
        url += "?" + urllib.parse.urlencode(asked, doseq=True)
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def wait_for(what, is_so, seconds=SECONDS_OF_ONE_STEP):
    """Polls until something is so; what raises is not so yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := is_so():
                return found
        except OSError:
            pass
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.2)


class Run:
    """The processes of one run, in a folder of its own."""

    def __init__(self, fusebox, folder, stack):
        self.fusebox, self.folder, self.stack = fusebox, folder, stack
        self.gateway, self.admin, self.port = free_port(), free_port(), free_port()
        self.acts = {
            "shards": upstreams.slow_or_sick,
            "opens": upstreams.sick,
            "fallen": upstreams.sick,
            "flaps": upstreams.by_turns(0.4),
            "undecided": upstreams.sick,
            "near": upstreams.failing(9, 20),
            "held": upstreams.well,
        }
        self.upstream = Upstream(self.acts)
        self.upstream.open()
        self.mail = Upstream({"mail": upstreams.refuses_one})
        self.settings = self.folder / "fusebox.toml"
        text = SETTINGS.format(gateway=self.gateway, admin=self.admin, folder=folder)
        for circuit in [*self.acts, "mail"]:
            of = self.mail if circuit == "mail" else self.upstream
            text = text.replace(f"[circuits.{circuit}]\n",
                                f'[circuits.{circuit}]\nupstream = "{of.url}"\nstrip_path = false\n')
        self.good = text
        self.settings.write_text(text)

    def spawn(self, name, *command):
        log = self.stack.enter_context(open(self.folder / f"{name}.log", "ab"))
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.stack.callback(ended, process)
        return process

    def start_daemon(self):
        self.daemon = self.spawn("fusebox", self.fusebox, "serve", str(self.settings))
        wait_for("the daemon is ready", lambda: get(f"http://127.0.0.1:{self.admin}/readyz"))

    def start_prometheus(self):
        (self.folder / "rules.yml").write_text(parts.faster(parts.RULES.read_text(), FASTER))
        config = self.folder / "prometheus.yml"
        config.write_text(PROMETHEUS.format(admin=self.admin))
        self.spawn("prometheus", "prometheus", f"--config.file={config}",
                   f"--storage.tsdb.path={self.folder}/db", f"--web.listen-address=127.0.0.1:{self.port}")
        wait_for("Prometheus is ready", lambda: get(f"http://127.0.0.1:{self.port}/-/ready"))

    def cli(self, *arguments):
        env = {**os.environ, "FUSEBOX_URL": f"http://127.0.0.1:{self.admin}"}
        ran = subprocess.run([self.fusebox, *arguments], env=env, capture_output=True, text=True, timeout=20)
        if ran.returncode != 0:
            raise Failed(f"fusebox {' '.join(arguments)}: {ran.stdout}{ran.stderr}")
        return ran.stdout

    def ask(self, path, **asked):
        """Prometheus' HTTP API."""
        try:
            answer = get(f"http://127.0.0.1:{self.port}/api/v1/{path}", **asked)
        except urllib.error.HTTPError as error:
            raise Failed(f"{path} {asked}: {error.read().decode()}") from error
        return json.loads(answer)["data"]

    def firing(self):
        return [alert for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"]


def ended(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def post_mail(run):
    """As much as fills the queue to 90%; one of it will be refused."""
    for number in range(18):
        path = "wrong" if number == 0 else str(number)
        request = urllib.request.Request(f"http://127.0.0.1:{run.gateway}/mail/{path}", b"letter")
        with urllib.request.urlopen(request, timeout=10) as answer:
            if answer.status != 202:
                raise Failed(f"a call to a queue was answered {answer.status}")


def faults(run):
    """Each alert, what it is expected to name, and what mends its cause once it has fired."""
    def circuit(name, mend=lambda: None, **more):
        return {"circuit_name": name, **more}, mend

    def well(name):
        return lambda: run.acts.update({name: upstreams.well})

    def discard():
        run.cli("dead", "discard", "--queue", "mail", "--reason", "a test")

    return {
        "FuseboxCircuitOpen": circuit("opens"),
        "FuseboxRejectionsHigh": circuit("opens"),
        "FuseboxCircuitStuckOpen": circuit("opens", well("opens")),
        "FuseboxFallbacksHigh": circuit("fallen", well("fallen")),
        "FuseboxCircuitFlapping": circuit("flaps", well("flaps")),
        "FuseboxCircuitStuckHalfOpen": circuit("undecided", well("undecided")),
        "FuseboxCircuitNearTripping": circuit("near", well("near")),
        "FuseboxHoldForLong": circuit("held", lambda: run.cli("release", "held"), mode="forced_open"),
        "FuseboxQueueFilling": ({"queue": "mail"}, run.mail.open),
        "FuseboxDeadLetters": ({"queue": "mail"}, discard),
        "FuseboxReloadFailed": ({}, lambda: run.settings.write_text(run.good)),
    }


def same_rules(run):
    """Prometheus has read from the rules what lint.py reads, in a sixtieth of the time."""
    rules = [rule for group in run.ask("rules")["groups"] for rule in group["rules"]]
    units = {"s": 1, "m": 60, "h": 3600}
    told = {name: int(fields["for"][:-1]) * units[fields["for"][-1]] / FASTER
            for name, fields in parts.alerts(parts.RULES.read_text()).items()}
    if {rule["name"]: rule["duration"] for rule in rules} != told:
        raise Failed(f"the rules are not those of the file: {rules}")


def told_whole(alert):
    for name, text in alert["annotations"].items():
        if not text or "<no value>" in text or "error" in text:
            raise Failed(f"{alert['labels']['alertname']}: {name}: {text}")
    about = alert["labels"].get("circuit_name")
    if about == WELL:
        raise Failed(f"{alert['labels']['alertname']} fired for {about}, which is well")


def every_alert_fires_and_resolves(run, begin):
    """Mends each cause once its alert has fired, so that the longest decides how long it takes."""
    open_faults = faults(run)

    def all_fired():
        for alert in run.firing():
            told_whole(alert)
            name, labels = alert["labels"]["alertname"], alert["labels"]
            expected, mend = open_faults.get(name, (None, None))
            if expected is not None and expected.items() <= labels.items():
                print(f"{time.monotonic() - begin:6.1f} s  fires: {name}: {alert['annotations']['summary']}")
                del open_faults[name]
                mend()
        return not open_faults

    try:
        wait_for("every alert has fired", all_fired, 110)
    except Failed as error:
        raise Failed(f"{error}; not yet: {', '.join(open_faults)}") from error
    wait_for_silence(run, begin)


def wait_for_silence(run, begin):
    try:
        wait_for("every alert has resolved", lambda: not run.firing(), 40)
    except Failed as error:
        raise Failed(f"{error}; still firing: {[alert['labels'] for alert in run.firing()]}") from error
    print(f"{time.monotonic() - begin:6.1f} s  every alert has resolved")


def absence_fires_and_resolves(run, begin):
    run.daemon.kill()
    run.daemon.wait()
    for alert in wait_for("FuseboxDaemonAbsent fires", run.firing):
        told_whole(alert)
        if alert["labels"]["alertname"] != "FuseboxDaemonAbsent":
            raise Failed(f"fires though nobody answers: {alert['labels']}")
        print(f"{time.monotonic() - begin:6.1f} s  fires: FuseboxDaemonAbsent: {alert['annotations']['summary']}")
    run.start_daemon()
    wait_for_silence(run, begin)


def has_numbers(result):
    return any(value not in ("NaN", "+Inf", "-Inf") for series in result for _, value in series["values"])


def every_query_gives_series(run, start):
    """Over the time of the whole run: some panels only show what was wrong meanwhile."""
    faults, queries, choices = [], 0, 0
    now = time.time()
    for name, page in parts.dashboards().items():
        for where, expr in parts.queries(page):
            queries += 1
            # The page of one circuit has a choice; a panel may only concern some of them.
            circuits = [*run.acts, "mail"] if "$circuit" in expr else [None]
            if not any(has_numbers(run.ask("query_range", start=start, end=now, step="1s",
                                           query=parts.filled(expr, RATE, "60s", circuit=circuit))["result"])
                       for circuit in circuits):
                faults.append(f"{name}: {where}: no series: {expr}")
        for variable, selector, label in parts.variables(page):
            choices += 1
            if not run.ask(f"label/{label}/values", **{"match[]": parts.filled(selector, circuit="opens")}):
                faults.append(f"{name}: variable {variable} has no values")
    if faults:
        raise Failed("\n".join(faults))
    print(f"every one of {queries} queries gives series, every one of {choices} variables has values")


def main(fusebox):
    # Whatever ends this ends what it started.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda got, _: sys.exit(f"ended by {signal.Signals(got).name}"))
    signal.alarm(SECONDS_MAX)
    begin, start = time.monotonic(), time.time()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="monitoring-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        run = Run(fusebox, folder, stack)
        try:
            run.start_daemon()
            run.start_prometheus()
            same_rules(run)
            run.cli("hold", "held", "forced_open", "--reason", "a test")
            # A fortieth of the keys is dead: what that costs is no alert.
            keys = ["a", "b", "slow", "c"] * 10
            keys[-1] = "dead"
            for circuit in run.acts:
                Caller(run.gateway, circuit, 15, keys if circuit == "shards" else ("",)).start()
            post_mail(run)
            wait_for("the undecided circuit is open",
                     lambda: json.loads(run.cli("status", "undecided", "--json"))["state"] != "closed")
            run.acts["undecided"] = upstreams.limited
            run.settings.write_text(run.good + "this is no setting\n")
            every_alert_fires_and_resolves(run, begin)
            absence_fires_and_resolves(run, begin)
            every_query_gives_series(run, start)
        except BaseException:
            for log in sorted(folder.glob("*.log")):
                print(f"--- the end of {log.name}")
                print("".join(log.read_text(errors="replace").splitlines(True)[-12:]))
            raise


if __name__ == "__main__":
    try:
        main(os.path.abspath(sys.argv[1]))
    except Failed as error:
        sys.exit(f"FAILED: {error}")
