# The sprint service through outages of all three services it calls, and a kill -9 in the middle of
# a creation.
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

start_service() {
    begin service sprint-service PORT=0 DATA_DIR="$stage/data" BROKEN_TIME=2 CALL_TIMEOUT=1 \
        PROJECT_SERVICE_URL="$project" BACKLOG_SERVICE_URL="$backlog" \
        CHRONICLE_SERVICE_URL="$chronicle"
}
of_stand_in() { sed -n "s/^$1-service listens on //p" "$stage/stand_ins.out"; }
# turn URL JSON: switches a stand-in.
turn() { [ "$(post "$1/switches" "$2" | tail -n 1)" = 200 ] || lost "$1 is switched"; }
create() { post "$service_url/sprints/$1" '{"sprint_name": "Falcon", "duration_weeks": 2}'; }
# answers PROJECT STATUS TEXT: a creation is answered so.
answers() {
    local answer
    answer=$(create "$1")
    [ "${answer##*$'\n'}" = "$2" ] && grep -qF -- "$3" <<<"$answer"
}
retry_after() {
    curl -sS -o "$stage/body" -D - -H 'Content-Type: application/json' \
        -d '{"sprint_name": "Falcon", "duration_weeks": 2}' "$service_url/sprints/$1" |
        tr -d '\r' | sed -n 's/^retry-after: //p'
}
circuit_is() { holds "$service_url/fusebox/api/v1/circuit-breakers/$1" "\"state\":\"$2\""; }
calls_of() { get "$1/switches" | grep -o '"calls":[0-9]*'; }
no_project='{"detail":"Project Service is currently unavailable or project not found."}'
no_backlog='{"detail":"Backlog Service is currently unavailable."}'

begin stand_ins sprint-stand-ins
project=$(of_stand_in project) backlog=$(of_stand_in backlog) chronicle=$(of_stand_in chronicle)
start_service
say "sprint-service at $service_url; error_ratio 0.5 of 5 calls or more, broken_time 2 s"

turn "$chronicle" '{"mode": "fail"}'
say 'chronicle-service is down; nobody notices'
answers ZEP010 201 '"sprint_id":"ZEP010-S01","assigned_tasks_count":10' || lost 'ZEP010-S01'
say 'ZEP010-S01 has its ten tasks'

turn "$project" '{"mode": "drop"}'
for _ in 1 2 3 4 5; do answers NYX001 503 "$no_project" || lost 'a 503'; done
circuit_is project-service open || lost 'its circuit is open'
say 'project-service is down: 503 five times, then its circuit is open'
reached=$(calls_of "$project")
wait_s=$(retry_after NYX001)
[ -n "$wait_s" ] || lost 'Retry-After'
[ "$(calls_of "$project")" = "$reached" ] || lost 'nothing is sent'
say "further calls fail at once, with Retry-After: $wait_s, and nothing is sent"
turn "$project" '{"mode": "well"}'
see 5 'it is back; after broken_time NYX001-S01 is started' answers NYX001 201 '"NYX001-S01"'
circuit_is project-service closed || lost 'its circuit is closed'

turn "$backlog" '{"mode": "hang", "at": "answer", "only": "/assignments"}'
reached=$(calls_of "$backlog")
create ORB002 >/dev/null 2>&1 &
two_calls() { [ "$(calls_of "$backlog" | cut -d: -f2)" -ge $((${reached#*:} + 2)) ]; }
within 5 two_calls || lost 'the assignment is under way'
strike "$service_pid"
say 'backlog-service assigned the tasks of ORB002 and hangs before it says so: kill -9 of sprint-service'
holds "$backlog/backlogs/ORB002?status=unassigned" '[]' || lost 'the tasks are assigned'
start_service
holds "$service_url/sprints/ORB002" '{"sprints":[],"unsettled":1}' || lost 'no sprint is started'
say 'started again: the sprint is not there while nobody knows'
turn "$backlog" '{"mode": "well"}'
see 5 'backlog-service is back: the sprint is finished within 5 s' \
    holds "$service_url/sprints/ORB002" '"sprint_id":"ORB002-S01"'
answers ORB002 201 '"sprint_id":"ORB002-S01","assigned_tasks_count":6' || lost 'ORB002-S01'
say 'who asks again gets it, and no second one'

turn "$backlog" '{"mode": "fail"}'
answers ZEP010 503 "$no_backlog" || lost 'a 503 of backlog-service'
say 'backlog-service is down: 503, and no sprint'
turn "$backlog" '{"mode": "well"}'

turn "$chronicle" '{"mode": "well"}'
told() { [ "$(get "$chronicle/events" | grep -o '"event":"sprint_started"' | wc -l)" = 3 ]; }
see 10 'chronicle-service is back: all three events are told, once' told
say 'done'
