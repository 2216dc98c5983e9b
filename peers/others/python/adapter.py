"""The adapter of pybreaker: lines in, lines out (see src/matrix/breakers/piped.rs)."""

import datetime
import sys

import pybreaker

now = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)


class Virtual(datetime.datetime):
    """What pybreaker asks for the time."""

    @classmethod
    def now(cls, tz=None):
        return now


class Failure(Exception):
    pass


class Ignored(Exception):
    pass


pybreaker.datetime = Virtual
breaker, calls = None, {}


def new(**settings):
    global breaker
    breaker = pybreaker.CircuitBreaker(
        fail_max=int(settings["run"]),
        reset_timeout=int(settings["open_ns"]) / 1e9,
        success_threshold=int(settings["successes"]),
        exclude=[Ignored],
    )
    calls.clear()


def set(**settings):
    breaker.fail_max = int(settings["run"])
    breaker.reset_timeout = int(settings["open_ns"]) / 1e9
    breaker.success_threshold = int(settings["successes"])


def begin(name):
    call = breaker.calling()
    try:
        call.__enter__()
    except pybreaker.CircuitBreakerError:
        return "rejected"
    calls[name] = call
    return "admitted"


def end(name, outcome, _took):
    call = calls.pop(name)
    raised = {"success": None, "failure": Failure(), "ignored": Ignored()}[outcome]
    try:
        call.__exit__(raised and type(raised), raised, None)
    except (pybreaker.CircuitBreakerError, Failure, Ignored):
        pass  # what the call raised, or that it opened the circuit


def advance(ns):
    global now
    now += datetime.timedelta(microseconds=int(ns) / 1000)


def hand(what):
    {"open": breaker.open, "closed": breaker.close, "half_open": breaker.half_open}[what]()


def state():
    return breaker.current_state.replace("-", "_")


for line in sys.stdin:
    act, *words = line.split()
    if act in ("new", "set"):
        answer = globals()[act](**dict(word.split("=") for word in words))
    else:
        answer = globals()[act](*words)
    print("ok", answer or "", flush=True)
