"""What is on the dashboards. `scripts/monitoring build` writes dashboards/*.json from this.

A panel says in its description what to read off it. Every expression chooses by the variables at the
top of the page, and sums over what the page does not show apart.
"""

from grafana import (NO_YES, STATES, YES_NO, annotation, bars, choice, dashboard, graph, heatmap, row,
                     shares, stat, timeline)

RATE = "$__rate_interval"
FAILURE = ', result="failure"'
SUCCESS = ', result="success"'


def rate(metric, by, selector, more=""):
    """Events a second, summed by some labels."""
    return f"sum by ({by}) (rate(circuit_breaker_{metric}{{{selector}{more}}}[{RATE}]))"


def quantile(q, metric, by, selector):
    return f"histogram_quantile({q}, sum by ({by}) (rate({metric}_bucket{{{selector}}}[{RATE}])))"


def overview():
    of = 'job=~"$job", service_name=~"$service"'
    each = "service_name, circuit_name"
    name = "{{service_name}} / {{circuit_name}}"

    def state(filtered):
        # One circuit of many instances is as its worst instance is.
        return f"max by ({each}) (circuit_breaker_state{{{of}}}{filtered})"

    def all_calls(by):
        return f"({rate('rejected_total', by, of)} + {rate('outcomes_total', by, of)})"

    judged = rate("calls_total", each, of, ', result=~"success|failure"')
    recoveries = rate("recovery_attempts_total", each, of)
    return dashboard(
        "fusebox-overview", "Fusebox: overview", "All circuits: which are not closed, and what it costs.",
        [
            choice("job", "Job", "label_values(circuit_breaker_state, job)"),
            choice("service", "Service",
                   'label_values(circuit_breaker_state{job=~"$job"}, service_name)'),
        ],
        [
            stat("Circuits", "How many circuits there are.", "none",
                 (f"count({state('')})", "")),
            stat("Not closed", "Circuits that are open or half-open somewhere.", "none",
                 (f"count({state(' > 0')}) or vector(0)", ""), bad_from=1),
            stat("Held", "Circuits under an operator's hold: forced open, disabled or observed.", "none",
                 (f"count(max by ({each}) (circuit_breaker_hold_active{{{of}}} == 1)) or vector(0)", ""),
                 bad_from=1),
            stat("Rejected", "Share of all calls that no upstream was asked for.", "percentunit",
                 (f"sum(rate(circuit_breaker_rejected_total{{{of}}}[{RATE}])) / "
                  f"(sum(rate(circuit_breaker_rejected_total{{{of}}}[{RATE}])) + "
                  f"sum(rate(circuit_breaker_outcomes_total{{{of}}}[{RATE}])))", ""), bad_from=0.05),
            stat("Branches open", "Keys that are open or half-open in circuits that have keys.", "none",
                 (f"sum(circuit_breaker_branches_open{{{of}}}) or vector(0)", ""), bad_from=1),
            stat("Calls", "Calls a second, rejected ones included.", "reqps",
                 (f"sum(rate(circuit_breaker_rejected_total{{{of}}}[{RATE}])) + "
                  f"sum(rate(circuit_breaker_outcomes_total{{{of}}}[{RATE}]))", "")),
            timeline("State of each circuit", "As callers feel it: a forced-open circuit is open, a "
                     "disabled or observed one is closed. Of several instances, the worst.",
                     (state(""), name), mappings=STATES),
            row("What is worst now"),
            bars("Rejections", "The ten circuits that reject the largest share of their calls.",
                 "percentunit",
                 (f"topk(10, {rate('rejected_total', each, of)} / {all_calls(each)})", name), max=1),
            bars("Failures", "The ten circuits that see the largest share of failures among the answers.",
                 "percentunit",
                 (f"topk(10, {rate('calls_total', each, of, FAILURE)} / {judged})", name), max=1),
            bars("Time open", "The ten circuits that were open for the largest share of the page's time.",
                 "percentunit",
                 (f"topk(10, max by ({each}) (rate(circuit_breaker_open_seconds_total{{{of}}}[$__range])))",
                  name), max=1),
            row("Calls"),
            graph("Calls by result", "Blocked ones were rejected. Ignored outcomes are in no result.",
                  "reqps", (rate("calls_total", "result", of), "{{result}}"), stacked=True),
            graph("Rejections by reason", "open, half_open and ramp come from the breaker, main and "
                  "forced_open from an operator.", "reqps",
                  (rate("rejected_total", "reason", of), "{{reason}}"), stacked=True),
            graph("Fallbacks by type", "Calls that got something else than the upstream's answer.",
                  "reqps", (rate("fallback_total", "fallback_type", of), "{{fallback_type}}"),
                  stacked=True),
            shares("Failure share", "Failures among the answers that were judged, by circuit.",
                   (f"{rate('calls_total', each, of, FAILURE)} / {judged}", name)),
            graph("Slow end of the answers", "95th percentile of the time from admission to the head "
                  "of the answer, by circuit.", "s",
                  (quantile(0.95, "circuit_breaker_call_duration_seconds", f"{each}, le", of), name)),
            graph("Openings", "Openings in each step: from closed, and after failed trials.", "short",
                  (f"sum by ({each}, from) (increase(circuit_breaker_transitions_total"
                   f'{{{of}, to="open"}}[{RATE}]))', f"{name} from {{{{from}}}}")),
            row("Recovery and agreement"),
            shares("Recovery success", "Share of the times in half-open that ended closed.",
                   (f"{rate('recovery_attempts_total', each, of, SUCCESS)} / {recoveries}", name)),
            shares("Instances that are not closed", "Between 0 and 1 the instances do not agree: a "
                   "sick machine, or a sick path to the upstream.",
                   (f"avg by ({each}) (circuit_breaker_state{{{of}}} > bool 0)", name)),
            timeline("Holds", "Circuits on which an operator's hold is set, by its mode.",
                     (f"max by ({each}, mode) (circuit_breaker_hold_active{{{of}}}) > 0",
                      f"{name} {{{{mode}}}}"), width=8, mappings=NO_YES),
        ])


def circuit():
    of = 'job=~"$job", service_name=~"$service", circuit_name="$circuit", instance=~"$instance"'
    known = 'job=~"$job", service_name=~"$service"'
    duration = "circuit_breaker_call_duration_seconds"

    def gauge(metric, by="instance", how="max", more=""):
        return f"{how} by ({by}) (circuit_breaker_{metric}{{{of}{more}}})"

    return dashboard(
        "fusebox-circuit", "Fusebox: one circuit", "One circuit: its state, why, and what its callers get.",
        [
            choice("job", "Job", "label_values(circuit_breaker_state, job)"),
            choice("service", "Service",
                   'label_values(circuit_breaker_state{job=~"$job"}, service_name)'),
            choice("circuit", "Circuit",
                   f"label_values(circuit_breaker_state{{{known}}}, circuit_name)", many=False),
            choice("instance", "Instance",
                   f'label_values(circuit_breaker_state{{{known}, circuit_name="$circuit"}}, instance)'),
        ],
        [
            stat("State", "As callers feel it. Of several instances, the worst.", "none",
                 (f"max(circuit_breaker_state{{{of}}})", ""), mappings=STATES),
            stat("Hold", "An operator's hold, if one is set.", "none",
                 (f"{gauge('hold_active', 'mode')} == 1", "{{mode}}"), mappings=NO_YES,
                 noValue="none"),
            stat("Next trial in", "Until trials are let through; nothing while that is not known.", "s",
                 (f"min(circuit_breaker_next_trial_timestamp_seconds{{{of}}}) - time()", ""),
                 noValue="-"),
            stat("Admitted", "Share of the calls that are let through; below 1 while traffic comes back "
                 "step by step. In half-open there is none.", "percentunit",
                 (f"min(circuit_breaker_admission_ratio{{{of}}})", ""), noValue="trials"),
            stat("Failing", "Failures among the calls in the window; nothing below minimum_calls.",
                 "percentunit", (f"max(circuit_breaker_failure_ratio{{{of}}})", ""), bad_from=0.4,
                 noValue="too few calls"),
            stat("Open", "Share of the page's time that it was open.", "percentunit",
                 (f"max(rate(circuit_breaker_open_seconds_total{{{of}}}[$__range]))", ""), bad_from=0.01),
            timeline("State by instance", "As callers feel it.", (gauge("state"), "{{instance}}"),
                     mappings=STATES),
            row("What the breaker sees"),
            shares("Window", "What the breaker judges: failures and slow calls among the calls in the "
                   "window, and the share of failures that opens it.",
                   (gauge("failure_ratio"), "failures {{instance}}"),
                   (f"max(circuit_breaker_failure_ratio_threshold{{{of}}})", "opens at"),
                   (gauge("slow_ratio"), "slow {{instance}}")),
            graph("Failures by kind", "connect, timeout and reset: nobody answered. status: somebody "
                  "did, with an error.", "reqps", (rate("failures_total", "class", of), "{{class}}"),
                  stacked=True),
            graph("Transitions by cause", "Each opening and closing in each step, and why.", "short",
                  (f"sum by (from, to, cause) (increase(circuit_breaker_transitions_total{{{of}}}[{RATE}]))",
                   "{{from}} to {{to}}: {{cause}}")),
            graph("Trials", "Calls in half-open, by verdict.", "reqps",
                  (rate("trial_calls_total", "result", of), "{{result}}"), stacked=True),
            shares("Recovery success", "Share of the times in half-open that ended closed.",
                   (f"sum(rate(circuit_breaker_recovery_attempts_total{{{of}{SUCCESS}}}[{RATE}])) / "
                    f"sum(rate(circuit_breaker_recovery_attempts_total{{{of}}}[{RATE}]))", "success")),
            shares("Admission", "Share of the calls that are let through: 0 open, 1 closed, between "
                   "them on the ramp.", (gauge("admission_ratio", how="min"), "{{instance}}")),
            row("What callers get"),
            graph("Calls by result", "Blocked ones were rejected.", "reqps",
                  (rate("calls_total", "result", of), "{{result}}"), stacked=True),
            graph("Rejections by reason", "Why calls did not reach the upstream.", "reqps",
                  (rate("rejected_total", "reason", of), "{{reason}}"), stacked=True),
            graph("Fallbacks by type", "Calls that got something else than the upstream's answer.",
                  "reqps", (rate("fallback_total", "fallback_type", of), "{{fallback_type}}"),
                  stacked=True),
            graph("Duration", "From admission to the head of the answer, of calls that are measured.", "s",
                  *[(quantile(q, duration, "le", of), f"p{q * 100:.0f}") for q in (0.5, 0.95, 0.99)],
                  (f"sum(rate({duration}_sum{{{of}}}[{RATE}])) / sum(rate({duration}_count{{{of}}}[{RATE}]))",
                   "mean"), width=12),
            heatmap("Durations", "How many calls took how long.", "s",
                    f"sum by (le) (increase({duration}_bucket{{{of}}}[{RATE}]))"),
            row("Beside the way"),
            graph("Outcomes that do not count", "Ignored by the classifier; late, of an earlier state; "
                  "abandoned, without an outcome.", "reqps",
                  (f'sum(rate(circuit_breaker_outcomes_total{{{of}, outcome="ignored"}}[{RATE}]))', "ignored"),
                  (f"sum(rate(circuit_breaker_late_outcomes_total{{{of}}}[{RATE}]))", "late"),
                  (f"sum(rate(circuit_breaker_abandoned_total{{{of}}}[{RATE}]))", "abandoned")),
            graph("Slow calls", "Calls that took longer than slow_call_duration.", "reqps",
                  (rate("slow_calls_total", "instance", of), "{{instance}}")),
            graph("Branches", "Keys that have a branch, and those that something is wrong with.", "short",
                  (f"sum(circuit_breaker_branches{{{of}}})", "known"),
                  (f"sum(circuit_breaker_branches_open{{{of}}})", "open"),
                  (f"sum(circuit_breaker_branches_held{{{of}}})", "held")),
            graph("Branches without a place", "Branches that went because keys_max is too small, and "
                  "calls whose key had no place. Open ones that go are forgotten too early.", "cps",
                  (rate("branches_evicted_total", "state", of), "evicted {{state}}"),
                  (f"sum(rate(circuit_breaker_branch_unkept_calls_total{{{of}}}[{RATE}]))", "calls unkept")),
        ],
        [
            annotation("Transition",
                       f"sum by (from, to, cause) (increase(circuit_breaker_transitions_total{{{of}}}[{RATE}])) > 0",
                       "{{from}} to {{to}}: {{cause}}", "orange"),
        ])


def queues_and_daemon():
    of = 'job=~"$job", instance=~"$instance"'
    queue = f'{of}, queue=~"$queue"'
    commits = "fusebox_queue_commit_duration_seconds"

    def pace(metric, by, selector=queue):
        return f"sum by ({by}) (rate(fusebox_{metric}{{{selector}}}[{RATE}]))"

    def total(metric, by="queue", how="sum", selector=queue):
        return f"{how} by ({by}) (fusebox_{metric}{{{selector}}})"

    return dashboard(
        "fusebox-queues-and-daemon", "Fusebox: queues and daemon",
        "What waits for its upstream, what could not be delivered, and how the daemon itself is.",
        [
            choice("job", "Job", "label_values(fusebox_build_info, job)"),
            choice("instance", "Instance", 'label_values(fusebox_build_info{job=~"$job"}, instance)'),
            choice("queue", "Queue", f"label_values(fusebox_queue_depth{{{of}}}, queue)"),
        ],
        [
            stat("Waiting", "Messages that wait for their upstream.", "short",
                 (f'sum(fusebox_queue_depth{{{queue}, state="waiting"}})', "")),
            stat("Dead letters", "Messages that are tried no more, until somebody decides.", "short",
                 (f'sum(fusebox_queue_depth{{{queue}, state="dead"}})', ""), bad_from=1),
            stat("Oldest", "For how long the oldest message has waited; nothing where none does.", "s",
                 (f"max(fusebox_queue_oldest_age_seconds{{{queue}}})", ""), noValue="-"),
            stat("Fullest queue", "Messages or bytes against their bounds, whichever is more. At 100% "
                 "calls are refused.", "percentunit",
                 (f"max(sum without (state) (fusebox_queue_depth{{{queue}}}) / "
                  f"fusebox_queue_limit_messages{{{queue}}} "
                  f"> fusebox_queue_bytes{{{queue}}} / fusebox_queue_limit_bytes{{{queue}}} "
                  f"or fusebox_queue_bytes{{{queue}}} / fusebox_queue_limit_bytes{{{queue}}})", ""),
                 bad_from=0.7),
            stat("Reload", "Whether the last reload of the settings was taken over.", "none",
                 (f"min(fusebox_config_last_reload_success{{{of}}})", ""), mappings=YES_NO),
            stat("Daemons", "Daemons that answer.", "none", (f"sum(up{{{of}}})", "")),
            row("Queues"),
            graph("Messages", "Waiting, being sent, and dead, by queue.", "short",
                  (total("queue_depth", "queue, state"), "{{queue}} {{state}}"), stacked=True),
            shares("Fill", "Messages and bytes against their bounds; dead letters count.",
                   (f"{total('queue_depth')} / {total('queue_limit_messages')}", "{{queue}} messages"),
                   (f"{total('queue_bytes')} / {total('queue_limit_bytes')}", "{{queue}} bytes")),
            graph("Age of the oldest", "How late the upstream is told.", "s",
                  (total("queue_oldest_age_seconds", how="max"), "{{queue}}")),
            graph("In and out", "Messages that came, and those that arrived.", "cps",
                  (pace("queue_pushed_total", "queue"), "{{queue}} taken"),
                  (pace("queue_delivered_total", "queue"), "{{queue}} delivered")),
            graph("Tries that did not deliver", "Failed ones, those of them that are made again, messages "
                  "given back unsent since the circuit is open, and senders that died.", "cps",
                  (pace("queue_failed_total", "queue"), "{{queue}} failed"),
                  (pace("queue_retries_total", "queue"), "{{queue}} retried"),
                  (pace("queue_deferred_total", "queue"), "{{queue}} deferred"),
                  (pace("queue_crashed_total", "queue"), "{{queue}} crashed")),
            graph("Pace", "Messages a second that the relay may send now: it starts slowly.", "cps",
                  (total("queue_drain_rate"), "{{queue}}")),
            graph("Refused", "Calls that were not taken, by reason: a bound, or the disk.", "cps",
                  (pace("queue_rejected_total", "queue, reason"), "{{queue}} {{reason}}"), stacked=True),
            graph("New dead letters", "By the reason why they are tried no more.", "cps",
                  (pace("queue_dead_letters_total", "queue, reason"), "{{queue}} {{reason}}"),
                  stacked=True),
            timeline("Paused", "Queues, and groups of them, of which nothing is sent since an operator "
                     "said so.",
                     (total("queue_paused", how="max"), "{{queue}}"),
                     (f"{total('queue_paused_groups')} > bool 0", "{{queue}} groups"),
                     width=8, mappings=NO_YES),
            graph("Stranded", "Messages of queues that no circuit delivers any more: give one of that name a queue, or "
                  "discard them.", "short",
                  (f"{total('queue_stranded')} or 0 * {total('queue_depth')}", "{{queue}}")),
            row("The file of the queues"),
            graph("Commits", "How long it takes until a message is safe.", "s",
                  *[(quantile(q, commits, "le", of), f"p{q * 100:.0f}") for q in (0.5, 0.99)],
                  (f"sum(rate({commits}_sum{{{of}}}[{RATE}])) / sum(rate({commits}_count{{{of}}}[{RATE}]))",
                   "mean")),
            graph("Disk", "Space that is left, and the write-ahead log.", "bytes",
                  (total("queue_disk_free_bytes", "instance", "min", of), "{{instance}} free"),
                  (total("queue_wal_bytes", "instance", "max", of), "{{instance}} log")),
            graph("Failed commits", "Above 0 messages are refused.", "cps",
                  (pace("queue_commit_failures_total", "instance", of), "{{instance}}")),
            row("Daemon"),
            timeline("Answers, can write its queues, can write its store", "Three lines for each daemon.",
                     (f"max by (instance) (up{{{of}}})", "{{instance}} answers"),
                     (total("queue_storage_healthy", "instance", "min", of), "{{instance}} queues"),
                     (total("store_healthy", "instance", "min", of), "{{instance}} store"),
                     mappings=YES_NO),
            graph("Store", "What waits to be kept, and batches that could not be.", "short",
                  (total("store_pending", "instance", "max", of), "{{instance}} waiting"),
                  (pace("store_writes_total", "instance", of), "{{instance}} written a second"),
                  (pace("store_failures_total", "instance", of), "{{instance}} failed a second")),
            graph("Lag of the store", "For how long the oldest of what waits has waited: so much a "
                  "kill would forget.", "s",
                  (total("store_lag_seconds", "instance", "max", of), "{{instance}}")),
            graph("Since the last reload", "Since settings were last taken over.", "s",
                  (f"time() - {total('config_last_reload_timestamp_seconds', 'instance', 'max', of)}",
                   "{{instance}}")),
            graph("Admin interface", "Requests by action and status.", "reqps",
                  (pace("admin_requests_total", "action, code", of), "{{action}} {{code}}"), stacked=True),
            graph("Consoles", "Clients of the event stream.", "short",
                  (total("stream_clients", "instance", "max", of), "{{instance}}")),
            graph("Scrapes", "How long Prometheus waits for the metrics.", "s",
                  (f"max by (instance) (scrape_duration_seconds{{{of}}})", "{{instance}}")),
            stat("Version", "What runs where.", "none",
                 (f"max by (instance, version) (fusebox_build_info{{{of}}})", "{{instance}} {{version}}"),
                 width=8, text="name"),
        ])


ALL = {
    "overview": overview,
    "circuit": circuit,
    "queues-and-daemon": queues_and_daemon,
}
