# The agent orchestrator through outages of RAG and of the notifier, a kill -9 with notifications in
# its queue, and a start without the Redis that it was told of.
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

start_orchestrator() {
    begin orchestrator agent-orchestrator PORT=0 DATA_DIR="$stage/data" \
        CIRCUIT_BREAKER_RAG_RECOVERY_TIMEOUT=2 CIRCUIT_BREAKER_NOTIFIER_RECOVERY_TIMEOUT=2 \
        RAG_TIMEOUT=1 RAG_SERVICE_URL="$rag" RULE_GENERATION_SERVICE_URL="$rules" \
        NOTIFIER_SERVICE_URL="$notifier" VMS_SERVICE_URL="$vms" \
        PREDICTION_SERVICE_URL="$prediction" REDIS_URL="${1:-}"
}
of_stand_in() { sed -n "s/^$1 listens on //p" "$stage/stand_ins.out"; }
# turn URL JSON: switches a stand-in.
turn() { [ "$(post "$1/switches" "$2" | tail -n 1)" = 200 ] || lost "$1 is switched"; }
calls_of() { get "$1/switches" | grep -o '"calls":[0-9]*'; }
# orchestrate KEY: one request; the answer is in `answer`.
orchestrate() {
    answer=$(curl -sS --max-time 20 -w '\n%{http_code}' -H 'Content-Type: application/json' \
        -H "Idempotency-Key: $1" -d '{"query": "why is pump 7 hot?"}' \
        "$orchestrator_url/api/v1/orchestrate")
    [ "${answer##*$'\n'}" = 200 ] || lost "request $1 is answered 200: $answer"
}
says() { grep -qF -- "$1" <<<"$answer"; }
circuit_is() {
    holds "$orchestrator_url/api/v1/circuit-breakers/$1" "\"state\":\"$2\""
}
sent() { get "$notifier/notifications" | grep -o '"key"' | wc -l; }

begin stand_ins agent-stand-ins
rag=$(of_stand_in rag) rules=$(of_stand_in rule-generation) notifier=$(of_stand_in notifier)
vms=$(of_stand_in vms) prediction=$(of_stand_in prediction)
start_orchestrator
say "agent-orchestrator at $orchestrator_url, its state in SQLite: no REDIS_URL is set"
orchestrate first
says '"fallback_used":false,"circuits"' && says '"severity":"high"' || lost 'all goes well'
say 'one request: RAG, the rules with its context, the notifier'

turn "$rag" '{"mode": "hang"}'
orchestrate hung
says 'RAG service temporarily unavailable. Using cached response.' || lost "RAG's fallback"
say 'RAG hangs: after the time-out its fallback, word for word; the rules go on with it'
turn "$rag" '{"mode": "fail"}'
orchestrate two && orchestrate three
circuit_is rag_service open || lost 'the circuit of RAG is open'
reached=$(calls_of "$rag")
orchestrate four
[ "$(calls_of "$rag")" = "$reached" ] || lost 'nothing is sent to RAG'
say 'RAG fails: five failures in a row, tries included, and its circuit is open; nothing is sent'

before=$(sent)
turn "$notifier" '{"mode": "drop"}'
for key in n1 n2 n3 n1; do
    orchestrate "$key"
    says '"status":"queued_for_retry"' || lost "notification $key is queued"
done
circuit_is notifier_service open || lost 'the circuit of the notifier is open'
say 'the notifier is away: three notifications are queued, one of them asked for twice'
strike "$orchestrator_pid"
start_orchestrator
circuit_is notifier_service open || lost 'the circuit is open after the restart'
say 'kill -9 of the orchestrator; started again, its circuits are where they were'
turn "$rag" '{"mode": "well"}'
turn "$notifier" '{"mode": "well"}'
all_sent() { [ "$(sent)" = $((before + 3)) ]; }
see 15 'the notifier is back: all three notifications are sent' all_sent
get "$notifier/notifications" | grep -qE '"key":"n[0-9]","times":([2-9]|1[0-9])' &&
    lost 'each is sent once'
say 'each once'
recovered() { orchestrate again && says '"fallback_used":false,"circuits"'; }
see 15 'and RAG answers again' recovered
circuit_is rag_service closed || lost 'the circuit of RAG is closed'

forced=$(post "$orchestrator_url/api/v1/circuit-breakers/vms_service/force-state" \
    '{"state": "open", "reason": "drill"}' | tail -n 1)
[ "$forced" = 200 ] || lost 'force-state'
holds "$orchestrator_url/api/v1/audit" '"drill"' || lost 'it is written down'
forced=$(post "$orchestrator_url/api/v1/circuit-breakers/vms_service/force-state" \
    '{"state": "ajar"}' | tail -n 1)
[ "$forced" -ge 400 ] || lost 'a state that is none is refused'
say "an operator forces VMS's circuit open: it is written down; a state that is none is refused"

strike "$orchestrator_pid"
start_orchestrator redis://127.0.0.1:1
orchestrate without-redis
says '"fallback_used":false,"circuits"' || lost 'all goes well without Redis'
holds "$orchestrator_url/metrics" 'fusebox_store_healthy 0' || lost 'the outage is shown'
say 'with a REDIS_URL where nobody listens: shown in the metrics, and requests go on as ever'
say 'done'
