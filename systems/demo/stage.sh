# What the stories of systems/demo share: sourced, not run. Programs of the systems are started with
# ports that the system chooses and data in a folder that is gone in the end.
set -u -o pipefail

stage=$(mktemp -d) || exit 2
began=$SECONDS
running=()
trap 'leave' EXIT
trap 'exit 130' INT TERM

# However a story ends, nothing of it is left.
leave() {
    for job in ${running[@]+"${running[@]}"}; do kill -9 "$job" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$stage"
}

say() { printf '%5.1f s  %s\n' "$((SECONDS - began))" "$*"; }

# The end of a story that did not go as it should.
lost() {
    say "NOT SEEN: $*"
    tail -n 5 "$stage"/*.log
    exit 1
}

# begin NAME PROGRAM [VARIABLE=VALUE]...: starts a program, waits until it says where it listens, and
# puts that into the variable NAME_url, the process into NAME_pid.
begin() {
    local name=$1 program=$2
    shift 2
    : >"$stage/$name.out"
    env "$@" "$programs/$program" >"$stage/$name.out" 2>>"$stage/$name.log" &
    printf -v "${name}_pid" '%s' $!
    running+=($!)
    within 10 grep -q ' listens on ' "$stage/$name.out" || lost "$program says where it listens"
    printf -v "${name}_url" '%s' "$(sed -n "s,.* listens on ,,p" "$stage/$name.out" | tail -n 1)"
}

# Ends a program in the middle of whatever it does.
strike() {
    kill -9 "$1" && wait "$1" 2>/dev/null
    return 0
}

# within SECONDS COMMAND...: repeats a command until it succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# see SECONDS TEXT COMMAND...: what a story shows. It is said once it is seen.
see() {
    local seconds=$1 text=$2
    shift 2
    within "$seconds" "$@" || lost "$text"
    say "$text"
}

get() { curl -sS --max-time 5 "$1"; }

# post URL JSON: the answer's body, then its status on a line of its own.
post() {
    curl -sS --max-time 5 -w '\n%{http_code}' -H 'Content-Type: application/json' -d "$2" "$1"
}

# The answer of a URL holds a text. It is read to its end: with `-q`, curl would fail over a long one.
holds() { get "$1" 2>/dev/null | grep -F -- "$2" >/dev/null; }
