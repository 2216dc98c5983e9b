# The essay platform without Kafka: the conductor goes, the first AI provider stalls, and everything
# is answered; events wait on the disk, also over a kill -9; then all is back.
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

of_stand_in() { sed -n "s/^$1 listens on //p" "$stage/stand_ins.out"; }
start_platform() {
    begin platform essay-platform PORT=0 DATA_DIR="$stage/data" CALL_TIMEOUT=0.5 \
        AI_STALL_TIMEOUT=0.5 KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1 KAFKA_TIMEOUT=0.5 \
        BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT=2 KAFKA_CIRCUIT_BREAKER_FAILURE_THRESHOLD=1 \
        CONDUCTOR_URL="$(of_stand_in conductor)" CONTENT_URL="$(of_stand_in content)" \
        ANTHROPIC_URL="$(of_stand_in anthropic)/v1" ANTHROPIC_API_KEY=stand-in-key \
        OPENAI_URL="$(of_stand_in openai)/v1" OPENAI_API_KEY=stand-in-key \
        GOOGLE_URL="$(of_stand_in google)/v1beta" GOOGLE_API_KEY=stand-in-key \
        OPENROUTER_URL="$(of_stand_in openrouter)/api/v1" OPENROUTER_API_KEY=stand-in-key
    api=$platform_url/api
}
# turn URL JSON: switches a stand-in.
turn() { [ "$(post "$1" "$2" | tail -n 1)" = 200 ] || lost "$1 is switched"; }
pipeline_from() { post "$api/batch_orchestrator/v1/batches/b1/pipeline" '' | grep -qF "\"source\":\"$1\""; }
assessed_by() { post "$api/cj_assessment/v1/assessments" '{"essay_id": "e1"}' | grep -qF "\"provider\":\"$1\""; }
circuit_is() {
    get "$platform_url/fusebox/metrics" | grep -F "circuit_breaker_state{" | grep -F "\"$1\"" | grep -q " $2\$"
}
events_wait() { get "$platform_url/fusebox/api/v1/queues" | grep -oE '"messages":[0-9]+' | head -n 1; }

begin stand_ins essay-stand-ins
start_platform
say "essay-platform at $platform_url; no Kafka anywhere"

see 10 'the conductor resolves the pipeline of a batch' pipeline_from conductor
see 10 'Kafka is away: its circuit is open, and the platform answers all the same' \
    circuit_is essay_platform.kafka_publisher 1
see 10 'anthropic assesses an essay' assessed_by anthropic

turn "$(of_stand_in conductor)/switches" '{"mode": "hang"}'
for _ in 1 2 3 4 5; do pipeline_from default || lost 'the default pipeline'; done
circuit_is batch_orchestrator.batch_conductor_client 1 || lost 'the circuit is open'
say 'the conductor hangs: five calls wait, the circuit opens, the default pipeline answers'
turn "$(of_stand_in anthropic)/stream" '{"stream": "stalls"}'
assessed_by openai || lost 'openai'
turn "$(of_stand_in openai)/stream" '{"stream": "limited"}'
assessed_by google || lost 'google'
say "anthropic's stream stalls: openai; openai says 429: google"

waiting=$(events_wait)
[ -n "$waiting" ] && [ "$waiting" != '"messages":0' ] || lost 'events wait'
strike "$platform_pid"
start_platform
[ "$(events_wait)" = "$waiting" ] || lost 'the same events wait'
say "kill -9 and a new start: the events that wait for Kafka are there ($waiting)"

turn "$(of_stand_in conductor)/switches" '{"mode": "well"}'
turn "$(of_stand_in anthropic)/stream" '{"stream": "well"}'
see 20 'the conductor is back: it resolves pipelines again' pipeline_from conductor
see 20 'anthropic is back: it assesses again' assessed_by anthropic
say 'done'
