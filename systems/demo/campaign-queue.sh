# The campaign queue: the first failure of a paid API stops everything, a kill -9 changes nothing, a
# reset leaves what was stopped, and a person resumes it from where it stood.
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

start_service() {
    begin service campaign-queue PORT=0 DATA_DIR="$stage/data" CALL_TIMEOUT=1 \
        APOLLO_URL="$apollo" PERPLEXITY_URL="$perplexity"
    api=$service_url/api/v1
}
of_stand_in() { sed -n "s/^$1 listens on //p" "$stage/stand_ins.out"; }
# turn URL JSON: switches a stand-in.
turn() { [ "$(post "$1/switches" "$2" | tail -n 1)" = 200 ] || lost "$1 is switched"; }
# create NAME LEADS: the campaign's id.
create() {
    post "$api/campaigns" "{\"name\": \"$1\", \"leads\": [$2], \"services\": [\"apollo\", \"perplexity\"]}" |
        grep -o 'campaign-[0-9a-f]*' | head -n 1
}
# manage PATH STATUS TEXT: an act of queue management is answered so.
manage() {
    local answer
    answer=$(post "$api/queue-management/$1" '{}')
    [ "${answer##*$'\n'}" = "$2" ] && grep -qF -- "$3" <<<"$answer"
}
breaker_is() { holds "$api/queue-management/status" "\"circuit_breaker\":{\"state\":\"$1\""; }
campaign_is() { holds "$api/campaigns/$1" "\"status\":\"$2\",\"status_reason\""; }
calls_of() { get "$1/switches" | grep -o '"calls":[0-9]*'; }
# Jobs that a third party did, each once.
done_by() { get "$1/done" | grep -oE 'campaign-[0-9a-f]+-[0-9]+-[0-9]+' | sort | uniq -c | awk '{n += $1} END {print n + 0}'; }

begin stand_ins third-parties
apollo=$(of_stand_in apollo) perplexity=$(of_stand_in perplexity)
start_service
say "campaign-queue at $service_url; four workers, one global breaker"

spring=$(create spring '"ann", "bob"')
see 10 'the campaign spring is completed: each lead went to apollo, then to perplexity' \
    campaign_is "$spring" completed

turn "$perplexity" '{"mode": "fail", "status": 429, "times": 1}'
summer=$(create summer '"cid", "dan", "eve", "fay", "gus", "hal"')
see 10 'perplexity answers 429, once: the global breaker is open' breaker_is open
campaign_is "$summer" paused || lost 'summer is paused'
holds "$api/campaigns/$summer" 'perplexity failed (status): the answer was 429' || lost 'the reason'
say 'the campaign summer is paused with the reason, in the same transaction'
holds "$service_url/fusebox/api/v1/main" '"state":"open"' || lost 'the main breaker is open'
within 5 holds "$api/queue-management/status" '"running":0' || lost 'what ran has ended'
reached="$(calls_of "$apollo") $(calls_of "$perplexity")"
strike "$service_pid"
start_service
breaker_is open && campaign_is "$summer" paused || lost 'it is as it was'
sleep 1.5
[ "$(calls_of "$apollo") $(calls_of "$perplexity")" = "$reached" ] || lost 'nothing is sent'
say 'kill -9 and a new start: open and paused as before, and nothing is sent'

manage circuit-breakers/perplexity/reset 200 '"state":"closed"' || lost 'the reset'
autumn=$(create autumn '"ida"')
see 10 'reset closes the breaker: a new campaign goes' campaign_is "$autumn" completed
campaign_is "$summer" paused || lost 'summer waits'
say 'summer waits still'

[ "$(post "$service_url/fusebox/api/v1/main" '{"state": "open", "reason": "audit"}' | tail -n 1)" = 200 ] ||
    lost 'the main breaker is opened by hand'
manage resume-queue 409 'the main breaker was opened by' || lost 'a 409'
say 'somebody opened the main breaker by hand: resume-queue is refused (409) and says so'
post "$service_url/fusebox/api/v1/main" '{"state": "closed", "reason": "done"}' >/dev/null
manage resume-queue 200 '"campaigns_resumed":1' || lost 'resume-queue'
see 20 'closed again, resume-queue resumes: summer is completed' campaign_is "$summer" completed
[ "$(done_by "$apollo") $(done_by "$perplexity")" = '9 9' ] || lost 'each job was done once'
say 'nine leads, nine jobs at each API: none lost, none done twice'
say 'done'
