# The cash-register adapter through an outage of the OFD, a refusal and two power cuts.
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

start_ofd() { begin ofd ofd-stand-in PORT="${1:-0}" DATA_DIR="$stage/ofd"; }

start_adapter() {
    begin adapter fiscal-adapter PORT=0 DATA_DIR="$stage/adapter" OFD_URL="$ofd_url" \
        RECOVERY_TIMEOUT=2 OFD_TIMEOUT=2
}

# sell POS RECEIPT TOTAL
sell() {
    local answer
    answer=$(post "$adapter_url/v1/receipts" "{\"receipt_id\":\"$2\",\"pos_id\":\"$1\",\"total\":$3}")
    [ "${answer##*$'\n'}" = 202 ] || lost "receipt $2 is taken: $answer"
}

is() { holds "$adapter_url/v1/receipts/$1" "\"state\":\"$2\""; }
circuit_is() { holds "$adapter_url/v1/circuit" "\"state\":\"$1\""; }
documents() { get "$ofd_url/documents" | grep -o '"receipt_id":"[^"]*"' | cut -d'"' -f4; }

start_ofd
start_adapter
say "adapter at $adapter_url, OFD at $ofd_url; opens after 5 failures, tries again after 2 s"

sell pos-1 r-001 10
see 5 'receipt r-001 is taken, sent, and has its fiscal document' is r-001 sent

say 'the OFD is killed; the shop goes on selling at two tills'
ofd_port=${ofd_url##*:}
strike "$ofd_pid"
for number in 002 003 004; do
    sell pos-1 "r-$number" 10
    sell pos-2 "s-$number" 20
done
see 20 'six receipts are taken all the same; the circuit is OPEN' circuit_is OPEN
holds "$adapter_url/v1/health" '"pending":6' || lost 'six receipts wait'
holds "$adapter_url/v1/health" '{"status":"healthy"' || lost 'the adapter is healthy'
say 'health: healthy, 6 pending'

say 'the power of the till goes: kill -9 of the adapter'
strike "$adapter_pid"
start_adapter
see 5 'after its restart the circuit is where it was, not closed' \
    holds "$adapter_url/v1/circuit" 'OPEN"'
holds "$adapter_url/v1/health" '"pending":6' || lost 'six receipts still wait'
say 'and the six receipts are still there'

say 'the OFD is back'
start_ofd "$ofd_port"
see 20 'the last receipts of both tills are sent' eval 'is r-004 sent && is s-004 sent'
see 10 'the circuit is CLOSED' circuit_is CLOSED
for till in r s; do
    order=$(documents | grep "^$till" | tr '\n' ' ')
    [ "$order" = "$(tr ' ' '\n' <<<"$order" | sort -u | tr '\n' ' ' | sed 's/^ //')" ] ||
        lost "the order of till $till holds: $order"
    say "in order, each once: $order"
done

say 'a receipt that the OFD refuses for good, and a well one behind it'
sell pos-1 r-005 -5
sell pos-1 r-006 10
see 10 'r-005 is a dead letter' is r-005 dead
see 10 'r-006 is sent: the till goes on' is r-006 sent
get "$adapter_url/v1/dead-letters/r-005" | grep -qF '"reason":"refused"' || lost 'the reason is told'

say "the OFD's answer gets lost on its way"
post "$ofd_url/switches" '{"mode": "drop", "at": "answer", "times": 1}' >/dev/null
sell pos-2 s-005 20
see 15 's-005 is sent again' is s-005 sent
[ "$(documents | grep -c s-005)" = 1 ] || lost 'one document'
holds "$ofd_url/documents" '"repeats":1' || lost 'the repeat is counted'
say 'it has one fiscal document; the OFD has counted one repeat'

say "all seen"
