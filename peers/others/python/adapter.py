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


pybreaker.datetime = Virtual
breaker, calls = None, {}


def new(**settings):
    global breaker
    breaker = pybreaker.CircuitBreaker(
        fail_max=int(settings["run"]),
        reset_timeout=int(settings["open_ns"]) / 1e9,
        success_threshold=int(settings["successes"]),
    )
    calls.clear()


def begin(name):
    call = breaker.calling()
    try:
        call.__enter__()
    except pybreaker.CircuitBreakerError:
        return "rejected"
    calls[name] = call
    return "admitted"


def end(name, outcome, _took):
    call, failure = calls.pop(name), Failure()
    try:
        if outcome == "success":
            call.__exit__(None, None, None)
        else:
            call.__exit__(Failure, failure, None)
    except (pybreaker.CircuitBreakerError, Failure):
        pass  # the failure of the call, or that it opened the circuit


def advance(ns):
    global now
    now += datetime.timedelta(microseconds=int(ns) / 1000)


def hand(what):
    {"open": breaker.open, "closed": breaker.close, "half_open": breaker.half_open}[what]()


def state():
    return breaker.current_state.replace("-", "_")


for line in sys.stdin:
    act, *words = line.split()
    if act == "new":
        answer = new(**dict(word.split("=") for word in words))
    else:
        answer = globals()[act](*words)
    print("ok", answer or "", flush=True)
