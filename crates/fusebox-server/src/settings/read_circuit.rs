//! Reading of one `[circuits.NAME]` table.

use std::path::Path;
use std::time::Duration;

use fusebox::Outcome;

use super::branch::Branch;
use super::circuit::{CircuitSettings, Fallback, StatusPattern, Trouble, WhenUnavailable, outcome};
use super::problem::{Place, Report};
use super::queue::CircuitQueue;
use super::section::Section;
use super::tree::{Node, Table, Value};
use super::upstream::Upstream;
use super::{branch, breaker, fallback, keys, next, queue, route};

/// Long enough for a slow page, short enough that callers still wait.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Two lost SYN packets are one second apart; three say that nobody is there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// RULES R1.
const SETTLE_AFTER: Duration = Duration::from_secs(5);
/// Neither critical nor the least.
const PRIORITY: u8 = 2;

/// Reads one of the `circuits`. What is wrong goes to the report; the result is then only good for
/// finding more.
pub(super) fn read(
    name: &str,
    node: &Node,
    circuits: &Table,
    folder: &Path,
    report: &Report,
) -> Option<CircuitSettings> {
    let path = format!("circuits.{name}");
    let Value::Table(table) = &node.value else {
        report.add(
            &node.at,
            path,
            format!("{} is not allowed; allowed is a table", node.shown()),
        );
        return None;
    };
    let section = Section {
        path: &path,
        table,
        report,
    };
    check_name(name, node, section);
    section.only(keys::CIRCUIT);

    let upstream = upstream(section, &node.key_at);
    let times = times(section);
    let route = route::read(section, name);
    let priority = section
        .whole("priority", 1..=3)
        .and_then(|n| u8::try_from(n).ok())
        .unwrap_or(PRIORITY);
    let next = next::read(section, name, circuits);
    let unavailable = unavailable(section, next, folder);
    let breaker = breaker(section, &node.key_at, times.total);
    let branch = branch(section, times.total);
    // Everything is read before anything is given up, so that every mistake is told.
    let classify = classify(section);
    let settle_after = section.time_or_zero("settle_after").unwrap_or(SETTLE_AFTER);
    Some(CircuitSettings {
        name: name.to_owned(),
        upstream: upstream?,
        timeout: times.total,
        connect_timeout: times.connect,
        head_timeout: times.head,
        path: route.path,
        strip_path: route.strip_path,
        host: route.host,
        priority,
        when_unavailable: unavailable.when,
        fallback_on: unavailable.on,
        next: unavailable.next,
        next_uncertain: unavailable.next_uncertain,
        classify,
        settle_after,
        trips_main: section.truth("trips_main").unwrap_or(false),
        breaker,
        branch,
        fallback: unavailable.fallback,
        queue: unavailable.queue,
    })
}

fn check_name(name: &str, node: &Node, section: Section<'_>) {
    if let Err(error) = fusebox::check_name(name) {
        let message = format!(
            "{} is not a name of a circuit: {}",
            error.value(),
            error.allowed()
        );
        section.report.add(&node.key_at, section.path, message);
    }
}

fn upstream(section: Section<'_>, at: &Place) -> Option<Upstream> {
    let Some(node) = section.table.get("upstream") else {
        section.report.add(
            at,
            section.field("upstream"),
            "missing: a URL like \"http://rag:8000\"",
        );
        return None;
    };
    let form = || "a URL like \"http://rag:8000\"".to_owned();
    let error = match node.text().ok_or_else(form).and_then(Upstream::parse) {
        Ok(upstream) => return Some(upstream),
        Err(allowed) => allowed,
    };
    if node.text().is_some_and(|text| text.contains('@')) {
        // The value is not shown: it may hold a password.
        section.report.add(
            &node.at,
            section.field("upstream"),
            format!("the value is not allowed; allowed is {error}"),
        );
    } else {
        section.refuse("upstream", node, &error);
    }
    None
}

struct Times {
    total: Duration,
    connect: Duration,
    head: Option<Duration>,
}

fn times(section: Section<'_>) -> Times {
    let total = section.time("timeout").unwrap_or(TIMEOUT);
    let connect = section.time("connect_timeout");
    let head = section.time("head_timeout");
    for (key, time) in [("connect_timeout", connect), ("head_timeout", head)] {
        if time.is_some_and(|time| time > total) {
            let total = fusebox::duration::format(total);
            section.inert(
                key,
                &format!("it is longer than timeout, {total}, which ends the call before"),
            );
        }
    }
    Times {
        total,
        connect: connect.unwrap_or(CONNECT_TIMEOUT.min(total)),
        head,
    }
}

fn breaker(section: Section<'_>, at: &Place, timeout: Duration) -> fusebox::Settings {
    let empty = Table::default();
    let path = section.field("breaker");
    let table = section.table("breaker").unwrap_or(&empty);
    let at = section.table.get("breaker").map_or(at, |node| &node.key_at);
    breaker::read(
        Section {
            path: &path,
            table,
            ..section
        },
        at,
        timeout,
    )
}

fn branch(section: Section<'_>, timeout: Duration) -> Option<Branch> {
    let path = section.field("branch");
    let (table, node) = (section.table("branch")?, section.table.get("branch")?);
    let section = Section {
        path: &path,
        table,
        ..section
    };
    branch::read(section, &node.key_at, timeout)
}

struct Unavailable {
    when: WhenUnavailable,
    on: Vec<Trouble>,
    fallback: Option<Fallback>,
    queue: Option<CircuitQueue>,
    next: Vec<String>,
    next_uncertain: bool,
}

fn unavailable(section: Section<'_>, next: Option<Vec<String>>, folder: &Path) -> Unavailable {
    let named = section.read("when_unavailable", |node| match node.text() {
        Some("reject") => Ok(WhenUnavailable::Reject),
        Some("fallback") => Ok(WhenUnavailable::Fallback),
        Some("queue") => Ok(WhenUnavailable::Queue),
        Some("next") => Ok(WhenUnavailable::Next),
        _ => Err("\"reject\", \"fallback\", \"queue\" or \"next\"".to_owned()),
    });
    // Everything is read, so that every mistake is told, also in what is then not used.
    let fallback = inner(section, "fallback", |section| {
        fallback::read(section, folder)
    });
    let on = section
        .array("fallback_on")
        .map(|items| troubles(section, items));
    let next_uncertain = section.truth("next_uncertain").unwrap_or(false);
    let uncertain = section.truth("queue_uncertain").unwrap_or(false);
    let queue = inner(section, "queue", |section| {
        queue::read(Some(section), uncertain)
    });

    let implied = match (named, section.has("when_unavailable"), &fallback) {
        (Some(named), ..) => named,
        (None, false, Some(_)) => WhenUnavailable::Fallback,
        _ => WhenUnavailable::Reject,
    };
    refuse_unused(section, named, implied);
    let when = match implied {
        WhenUnavailable::Fallback if fallback.is_none() => WhenUnavailable::Reject,
        implied => implied,
    };
    let uses_on = matches!(when, WhenUnavailable::Fallback | WhenUnavailable::Next);
    let uses_queue = when == WhenUnavailable::Queue;
    Unavailable {
        when,
        on: match on {
            _ if !uses_on => Vec::new(),
            None => Trouble::ALL.to_vec(),
            Some(on) => on,
        },
        fallback: fallback.filter(|_| when == WhenUnavailable::Fallback),
        queue: uses_queue.then(|| queue.unwrap_or_else(|| queue::read(None, uncertain))),
        next: next
            .filter(|_| when == WhenUnavailable::Next)
            .unwrap_or_default(),
        next_uncertain: next_uncertain && when == WhenUnavailable::Next,
    }
}

/// Refuses what `when_unavailable` makes no use of, and the want of what it needs. It is `named`,
/// or `implied` by what else there is.
fn refuse_unused(section: Section<'_>, named: Option<WhenUnavailable>, implied: WhenUnavailable) {
    let is_silent = !section.has("when_unavailable");
    match named {
        Some(named) if named != WhenUnavailable::Fallback => {
            let why = format!("when_unavailable is \"{}\"", named.as_str());
            section.inert("fallback", &why);
            if named != WhenUnavailable::Next {
                section.inert("fallback_on", &why);
            }
        }
        None if is_silent && !section.has("fallback") => {
            section.inert("fallback_on", "there is no fallback");
        }
        _ => {}
    }
    // Of a word that is none nobody knows what it would have used.
    if named.is_some() || is_silent {
        if implied != WhenUnavailable::Queue {
            let why = "when_unavailable is not \"queue\"";
            section.inert("queue", why);
            section.inert("queue_uncertain", why);
        }
        if implied != WhenUnavailable::Next {
            let why = "when_unavailable is not \"next\"";
            section.inert("next", why);
            section.inert("next_uncertain", why);
        }
    }
    let (key, need) = match named {
        Some(WhenUnavailable::Fallback) => ("fallback", "there must be one"),
        Some(WhenUnavailable::Next) => ("next", "there must be circuits to try"),
        _ => return,
    };
    if let (false, Some(node)) = (section.has(key), section.table.get("when_unavailable")) {
        let message = format!("missing: when_unavailable is \"{key}\", so {need}");
        section.report.add(&node.at, section.field(key), message);
    }
}

/// Reads the table at `key`, if it is set and is one.
fn inner<T>(section: Section<'_>, key: &str, read: impl FnOnce(Section<'_>) -> T) -> Option<T> {
    let (path, table) = (section.field(key), section.table(key)?);
    Some(read(Section {
        path: &path,
        table,
        ..section
    }))
}

fn troubles(section: Section<'_>, items: &[Node]) -> Vec<Trouble> {
    const ALLOWED: &str = "\"rejected\", \"connect\", \"timeout\", \"reset\" or \"5xx\"";
    let mut troubles = Vec::new();
    for item in items {
        match Trouble::ALL
            .into_iter()
            .find(|trouble| Some(trouble.as_str()) == item.text())
        {
            None => section.refuse("fallback_on", item, ALLOWED),
            Some(trouble) if troubles.contains(&trouble) => {
                section.refuse("fallback_on", item, "each word once");
            }
            Some(trouble) => troubles.push(trouble),
        }
    }
    if items.is_empty() {
        section.inert("fallback", "fallback_on is empty");
        section.inert("next", "fallback_on is empty");
    }
    troubles
}

fn classify(section: Section<'_>) -> Vec<(StatusPattern, Outcome)> {
    let Some(table) = section.table("classify") else {
        return Vec::new();
    };
    let path = section.field("classify");
    let section = Section {
        path: &path,
        table,
        ..section
    };
    let mut patterns = Vec::new();
    for (key, node) in &table.0 {
        let word = section.text(key, "\"failure\", \"ignored\" or \"success\"", outcome);
        match (StatusPattern::parse(key), word) {
            (None, _) => {
                let message = "unknown key (known are statuses from \"100\" to \"599\" \
                    and classes like \"5xx\")";
                section
                    .report
                    .add(&node.key_at, section.field(key), message);
            }
            (Some(pattern), Some(outcome)) => patterns.push((pattern, outcome)),
            (Some(_), None) => {}
        }
    }
    patterns
}
