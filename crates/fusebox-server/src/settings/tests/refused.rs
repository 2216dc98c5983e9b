//! Wrong files, each with everything that is said about it.

use super::{RAG, lines, parse};

/// Asserts what is said about [`RAG`] followed by `rest` (which begins in line 3).
fn refuses(rest: &str, said: &[&str]) {
    assert!(!said.is_empty());
    assert_eq!(lines(parse(&format!("{RAG}{rest}"))), said, "for: {rest}");
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    refuses(
        r#"timeot = "3s""#,
        &["f.toml:3:1: circuits.rag.timeot: unknown key (did you mean timeout?)"],
    );
    refuses(
        "retries = 3",
        &[
            "f.toml:3:1: circuits.rag.retries: unknown key (known are upstream, timeout, connect_timeout, head_timeout, path, strip_path, host, priority, when_unavailable, fallback_on, classify, settle_after, trips_main, breaker, fallback)",
        ],
    );
    refuses(
        r#"[circuits.rag.breaker]
open_fro = "60s""#,
        &["f.toml:4:1: circuits.rag.breaker.open_fro: unknown key (did you mean open_for?)"],
    );
    refuses(
        r#"[circuits.rag.breaker]
consecutive_failures = 5
failure_rat = "10%"
window = "10s""#,
        &["f.toml:5:1: circuits.rag.breaker.failure_rat: unknown key (did you mean failure_rate?)"],
    );
    refuses(
        r#"[srver]
listen = 3"#,
        &["f.toml:3:2: srver: unknown key (did you mean server?)"],
    );
}

#[test]
fn syntax_errors_are_all_told_with_line_and_column_in_characters() {
    refuses(
        r#"timeout = "0s"
timeout = "9000h""#,
        &["f.toml:4:1: duplicate key"],
    );
    refuses(
        r#"timeout = 
upstream = "http://b""#,
        &[
            "f.toml:3:11: string values must be quoted, expected literal string",
            "f.toml:4:1: duplicate key",
        ],
    );
    refuses(
        r#"x = "ä", ö"#,
        &["f.toml:3:8: unexpected key or value, expected newline, `#`"],
    );
    refuses(
        r#"timeout = "ä ö" ; x"#,
        &["f.toml:3:17: unexpected key or value, expected newline, `#`"],
    );
}

#[test]
fn times_and_numbers_outside_their_range_are_refused() {
    refuses(
        r#"timeout = "30x""#,
        &[
            r#"f.toml:3:11: circuits.rag.timeout: "30x" is not allowed; allowed is a time like "30s" (units ns, us, ms, s, m, h), at most 8760h"#,
        ],
    );
    refuses(
        "timeout = 30",
        &[
            r#"f.toml:3:11: circuits.rag.timeout: 30 is not allowed; allowed is a time like "30s" (units ns, us, ms, s, m, h), at most 8760h"#,
        ],
    );
    refuses(
        r#"timeout = "9000h""#,
        &[
            r#"f.toml:3:11: circuits.rag.timeout: "9000h" is not allowed; allowed is a time like "30s" (units ns, us, ms, s, m, h), at most 8760h"#,
        ],
    );
    refuses(
        r#"connect_timeout = "31s"
head_timeout = "40s""#,
        &[
            "f.toml:3:1: circuits.rag.connect_timeout: has no effect: it is longer than timeout, 30s, which ends the call before",
            "f.toml:4:1: circuits.rag.head_timeout: has no effect: it is longer than timeout, 30s, which ends the call before",
        ],
    );
    refuses(
        "priority = 0",
        &[
            "f.toml:3:12: circuits.rag.priority: 0 is not allowed; allowed is a whole number, 1 to 3",
        ],
    );
    refuses(
        r#"priority = "high""#,
        &[
            r#"f.toml:3:12: circuits.rag.priority: "high" is not allowed; allowed is a whole number, 1 to 3"#,
        ],
    );
    refuses(
        r#"classify = { "429" = "failed", "6xx" = "failure", "99" = "success", "5xx" = 3 }"#,
        &[
            r#"f.toml:3:22: circuits.rag.classify.429: "failed" is not allowed; allowed is "failure", "ignored" or "success""#,
            r#"f.toml:3:32: circuits.rag.classify.6xx: unknown key (known are statuses from "100" to "599" and classes like "5xx")"#,
            r#"f.toml:3:51: circuits.rag.classify.99: unknown key (known are statuses from "100" to "599" and classes like "5xx")"#,
            r#"f.toml:3:77: circuits.rag.classify.5xx: 3 is not allowed; allowed is "failure", "ignored" or "success""#,
        ],
    );
    refuses(
        r#"settle_after = true
trips_main = true
strip_path = "no""#,
        &[
            r#"f.toml:3:16: circuits.rag.settle_after: true is not allowed; allowed is a time like "30s" (units ns, us, ms, s, m, h), at most 8760h"#,
            "f.toml:4:1: circuits.rag.trips_main: has no effect: the main breaker is not available yet in this version",
            r#"f.toml:5:14: circuits.rag.strip_path: "no" is not allowed; allowed is true or false"#,
        ],
    );
    refuses(
        r#"trips_main = "x""#,
        &[r#"f.toml:3:14: circuits.rag.trips_main: "x" is not allowed; allowed is true or false"#],
    );
}

#[test]
fn what_a_later_version_will_have_is_called_not_available_yet() {
    refuses(
        r#"when_unavailable = "queue""#,
        &[
            r#"f.toml:3:20: circuits.rag.when_unavailable: "queue" is not allowed; allowed is "reject" or "fallback" (others are not available yet in this version)"#,
        ],
    );
    refuses(
        r#"next = ["a"]
[circuits.rag.queue]
messages_max = 1
[circuits.rag.branch]
key = "path:2"
[metrics]
names = "enhanced""#,
        &[
            "f.toml:3:1: circuits.rag.next: not available yet in this version",
            "f.toml:4:15: circuits.rag.queue: not available yet in this version",
            "f.toml:6:15: circuits.rag.branch: not available yet in this version",
            "f.toml:8:2: metrics: not available yet in this version",
        ],
    );
}

#[test]
fn a_fallback_that_can_never_be_given_is_refused() {
    refuses(
        r#"when_unavailable = "fallback""#,
        &[
            r#"f.toml:3:20: circuits.rag.fallback: missing: when_unavailable is "fallback", so there must be one"#,
        ],
    );
    refuses(
        r#"when_unavailable = "retry""#,
        &[
            r#"f.toml:3:20: circuits.rag.when_unavailable: "retry" is not allowed; allowed is "reject" or "fallback""#,
        ],
    );
    refuses(
        r#"fallback_on = ["5xx"]"#,
        &["f.toml:3:1: circuits.rag.fallback_on: has no effect: there is no fallback"],
    );
    refuses(
        r#"fallback_on = ["5xx", "4xx", "5xx"]
fallback = {}"#,
        &[
            r#"f.toml:3:23: circuits.rag.fallback_on: "4xx" is not allowed; allowed is "rejected", "connect", "timeout", "reset" or "5xx""#,
            r#"f.toml:3:30: circuits.rag.fallback_on: "5xx" is not allowed; allowed is each word once"#,
        ],
    );
    refuses(
        r#"fallback_on = []
fallback = {}"#,
        &["f.toml:4:1: circuits.rag.fallback: has no effect: fallback_on is empty"],
    );
    refuses(
        r#"when_unavailable = "reject"
fallback_on = ["5xx"]
[circuits.rag.fallback]
status = 200"#,
        &[
            r#"f.toml:4:1: circuits.rag.fallback_on: has no effect: when_unavailable is "reject""#,
            r#"f.toml:5:15: circuits.rag.fallback: has no effect: when_unavailable is "reject""#,
        ],
    );
}

#[test]
fn a_fallback_that_is_no_answer_is_refused() {
    refuses(
        r#"fallback = "x""#,
        &[r#"f.toml:3:12: circuits.rag.fallback: "x" is not allowed; allowed is a table"#],
    );
    refuses(
        r#"[circuits.rag.fallback]
status = 100
body = "x"
json = 3
file = "none""#,
        &[
            "f.toml:4:10: circuits.rag.fallback.status: 100 is not allowed; allowed is a whole number, 200 to 599",
            "f.toml:6:1: circuits.rag.fallback.json: has no effect: body is set too; keep one of them",
            "f.toml:7:1: circuits.rag.fallback.file: has no effect: body is set too; keep one of them",
        ],
    );
    refuses(
        r#"[circuits.rag.fallback]
status = 204
body = "x""#,
        &[
            "f.toml:5:1: circuits.rag.fallback.body: has no effect: an answer with status 204 has no body",
        ],
    );
    refuses(
        r#"[circuits.rag.fallback]
file = "no-such-file.json""#,
        &[
            r#"f.toml:4:8: circuits.rag.fallback.file: "no-such-file.json" is not allowed; allowed is a file that can be read (No such file or directory (os error 2))"#,
        ],
    );
    refuses(
        r#"[circuits.rag.fallback]
file = "/""#,
        &[r#"f.toml:4:8: circuits.rag.fallback.file: "/" is not allowed; allowed is a plain file"#],
    );
    refuses(
        r#"[circuits.rag.fallback]
json = { at = 2020-01-01, x = 3 }"#,
        &[
            "f.toml:4:8: circuits.rag.fallback.json: a table is not allowed; allowed is JSON, which has no dates and no numbers beyond 64 bits",
        ],
    );
    refuses(
        r#"[circuits.rag.fallback]
json = { at = nan }"#,
        &[
            "f.toml:4:8: circuits.rag.fallback.json: a table is not allowed; allowed is JSON, which has no nan and no inf",
        ],
    );
    refuses(
        r#"[circuits.rag.fallback]
headers = { "a b" = "x", Content-Length = "3", X-A = "1", x-a = "2", y = "a\nb", z = 3 }
sttaus = 3"#,
        &[
            "f.toml:4:13: circuits.rag.fallback.headers.a b: is not a name that a header can have",
            "f.toml:4:26: circuits.rag.fallback.headers.Content-Length: is not allowed: the gateway sets this header",
            "f.toml:4:59: circuits.rag.fallback.headers.x-a: given twice (upper and lower case are the same)",
            "f.toml:4:74: circuits.rag.fallback.headers.y: \"a\\nb\" is not allowed; allowed is a text that a header can have",
            "f.toml:4:86: circuits.rag.fallback.headers.z: 3 is not allowed; allowed is a text that a header can have",
            "f.toml:5:1: circuits.rag.fallback.sttaus: unknown key (did you mean status?)",
        ],
    );
}

#[test]
fn the_breaker_s_settings_are_refused_by_the_core_s_words_at_their_place() {
    refuses(
        r#"[circuits.rag.breaker]
open_for = "0s"
jitter = "120%"
half_open_calls = 65
backoff = 0.5
ramp = []
window = "10 calls"
failure_count = 11
consecutive_failures = 0
recovery = "never"
abandoned_after = "never""#,
        &[
            "f.toml:4:12: circuits.rag.breaker.open_for: 0s is not allowed; allowed is longer than 0s",
            r#"f.toml:5:10: circuits.rag.breaker.jitter: "120%" is not allowed: "120%" is more than 100%; allowed is a percentage like 50% or 0.25% (at most 4 decimals)"#,
            "f.toml:6:19: circuits.rag.breaker.half_open_calls: 65 is not allowed; allowed is 1 to 64",
            "f.toml:7:11: circuits.rag.breaker.backoff: 0.5 is not allowed; allowed is a number of 1 or more",
            "f.toml:8:8: circuits.rag.breaker.ramp: an array is not allowed; allowed is a duration like 250ms, 1.5s, 10m (units ns, us, ms, s, m, h)",
            "f.toml:10:17: circuits.rag.breaker.failure_count: 11 is not allowed; allowed is 1 to 10",
            "f.toml:11:24: circuits.rag.breaker.consecutive_failures: 0 is not allowed; allowed is 1 to 1048576",
            r#"f.toml:12:12: circuits.rag.breaker.recovery: "never" is not allowed; allowed is automatic or manual"#,
            r#"f.toml:13:19: circuits.rag.breaker.abandoned_after: "never" is not allowed: "never" is not a unit of time; allowed is "off" or a duration like 250ms, 1.5s, 10m (units ns, us, ms, s, m, h)"#,
        ],
    );
    refuses(
        r#"[circuits.rag.breaker]
slow_call_rate = "50%""#,
        &[
            "f.toml:4:18: circuits.rag.breaker.slow_call_duration: missing: slow_call_rate needs to know what slow is",
        ],
    );
    refuses(
        r#"[circuits.rag.breaker]
consecutive_failures = 5
window = "10s"
minimum_calls = 3"#,
        &[
            "f.toml:5:10: circuits.rag.breaker.window: 10s is not allowed: no effect: no policy in force reads a window (failure_rate, failure_count and slow_call_rate do)",
        ],
    );
}

#[test]
fn a_route_that_cannot_be_told_from_another_is_refused() {
    refuses(
        r#"path = "api""#,
        &[
            r#"f.toml:3:8: circuits.rag.path: "api" is not allowed; allowed is a path that begins with "/", like "/api""#,
        ],
    );
    refuses(
        r#"path = "/a//b""#,
        &[
            r#"f.toml:3:8: circuits.rag.path: "/a//b" is not allowed; allowed is a path without empty, "." or ".." segments"#,
        ],
    );
    refuses(
        r#"path = "/a/../b""#,
        &[
            r#"f.toml:3:8: circuits.rag.path: "/a/../b" is not allowed; allowed is a path without empty, "." or ".." segments"#,
        ],
    );
    refuses(
        r#"path = "/a?b""#,
        &[
            r#"f.toml:3:8: circuits.rag.path: "/a?b" is not allowed; allowed is a path of characters that a URL's path may have, without ? and #"#,
        ],
    );
    refuses(
        r#"path = "/a b""#,
        &[
            r#"f.toml:3:8: circuits.rag.path: "/a b" is not allowed; allowed is a path of characters that a URL's path may have, without ? and #"#,
        ],
    );
    refuses(
        r#"path = "/.fusebox/x""#,
        &[
            r#"f.toml:3:8: circuits.rag.path: "/.fusebox/x" is not allowed; allowed is a path outside /.fusebox, which is the gateway's own"#,
        ],
    );
    refuses(
        r#"path = "/"
strip_path = true"#,
        &[
            r#"f.toml:4:1: circuits.rag.strip_path: has no effect: the path is "/", there is nothing to take off"#,
        ],
    );
    refuses(
        r#"host = "rag.example:80""#,
        &[
            r#"f.toml:3:8: circuits.rag.host: "rag.example:80" is not allowed; allowed is a host name without a port, like "rag.example""#,
        ],
    );
    refuses(
        r#"[circuits.api]
upstream = "http://api"
path = "/rag/""#,
        &[
            "f.toml:3:11: circuits.api: has the same route as circuits.rag (/rag); give one of them another path or host",
        ],
    );
    refuses(
        r#"host = "A.example"
[circuits.api]
upstream = "http://api"
host = "a.example.""#,
        &[
            "f.toml:4:11: circuits.api: has the same route as circuits.rag (/ on host a.example); give one of them another path or host",
        ],
    );
}

#[test]
fn a_name_that_cannot_stand_alone_is_refused() {
    refuses(
        r#"[circuits.RAG]
upstream = "http://api""#,
        &[
            "f.toml:3:11: circuits.RAG: has the same environment variable as circuits.rag (FUSEBOX__CIRCUITS__RAG__...); rename one of them",
        ],
    );
    refuses(
        r#"[circuits.rag-1]
upstream = "http://api"
[circuits."rag.1"]
upstream = "http://api""#,
        &[
            "f.toml:5:11: circuits.rag.1: has the same environment variable as circuits.rag-1 (FUSEBOX__CIRCUITS__RAG_1__...); rename one of them",
        ],
    );
    refuses(
        r#"[circuits.health]
upstream = "http://api"
[circuits."a b"]
upstream = "http://api""#,
        &[
            r#"f.toml:3:11: circuits.health: "health" is not a name of a circuit: health and stream are reserved"#,
            r#"f.toml:5:11: circuits.a b: "a b" is not a name of a circuit: 1 to 100 letters, digits, '.', '_', '-', first a letter or digit"#,
        ],
    );
}

#[test]
fn an_upstream_that_is_no_plain_url_is_refused_and_a_password_is_not_shown() {
    refuses(
        "[circuits.x]",
        &[r#"f.toml:3:11: circuits.x.upstream: missing: a URL like "http://rag:8000""#],
    );
    refuses(
        r#"[circuits]
x = 3"#,
        &["f.toml:4:5: circuits.x: 3 is not allowed; allowed is a table"],
    );
    refuses(
        r#"[circuits.x]
upstream = "http://me:pw@x""#,
        &[
            "f.toml:4:12: circuits.x.upstream: the value is not allowed; allowed is a URL without user name and password",
        ],
    );
    refuses(
        r#"[circuits.x]
upstream = 3"#,
        &[
            r#"f.toml:4:12: circuits.x.upstream: 3 is not allowed; allowed is a URL like "http://rag:8000""#,
        ],
    );
    refuses(
        r#"[circuits.x]
upstream = "ftp://x""#,
        &[
            r#"f.toml:4:12: circuits.x.upstream: "ftp://x" is not allowed; allowed is a URL that begins with http:// or https://"#,
        ],
    );
}

#[test]
fn the_server_s_addresses_are_checked() {
    refuses(
        r#"[server]
listen = "localhost:8080"
admin = "0.0.0.0:9797"
dta_dir = "x""#,
        &[
            r#"f.toml:4:10: server.listen: "localhost:8080" is not allowed; allowed is an IP address with a port, like "127.0.0.1:8080""#,
            r#"f.toml:5:9: server.admin: "0.0.0.0:9797" is not allowed; allowed is a loopback address like "127.0.0.1:9797" (others need access tokens, which this version does not have yet)"#,
            "f.toml:6:1: server.dta_dir: unknown key (did you mean data_dir?)",
        ],
    );
    refuses(
        r#"[server]
listen = "127.0.0.1:9797"
data_dir = """#,
        &[
            r#"f.toml:4:10: server.listen: "127.0.0.1:9797" is not allowed; allowed is an address of its own (server.listen and server.admin are the same)"#,
            r#"f.toml:5:12: server.data_dir: "" is not allowed; allowed is the name of a folder"#,
        ],
    );
    refuses(
        r#"[server]
listen = "127.0.0.1:9797"
admin = "127.0.0.1:9797""#,
        &[
            r#"f.toml:5:9: server.admin: "127.0.0.1:9797" is not allowed; allowed is an address of its own (server.listen and server.admin are the same)"#,
        ],
    );
    refuses(
        r#"[server.listen]
x = 3"#,
        &[
            r#"f.toml:3:1: server.listen: a table is not allowed; allowed is an IP address with a port, like "127.0.0.1:8080""#,
        ],
    );
}
