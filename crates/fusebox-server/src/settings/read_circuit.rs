//! Reading of one `[circuits.NAME]` table.

use std::path::Path;
use std::time::Duration;

use fusebox::Outcome;

use super::branch::Branch;
use super::circuit::{CircuitSettings, Fallback, StatusPattern, Trouble, WhenUnavailable, outcome};
use super::problem::{Place, Report};
use super::section::Section;
use super::tree::{Node, Table, Value};
use super::upstream::Upstream;
use super::{branch, breaker, fallback, keys, route};

/// Long enough for a slow page, short enough that callers still wait.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Two lost SYN packets are one second apart; three say that nobody is there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// RULES R1.
const SETTLE_AFTER: Duration = Duration::from_secs(5);
/// Neither critical nor the least.
const PRIORITY: u8 = 2;

/// Reads one circuit. What is wrong goes to the report; the result is then only good for finding
/// more.
pub(super) fn read(
    name: &str,
    node: &Node,
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
    let unavailable = unavailable(section, folder);
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
        classify,
        settle_after,
        trips_main: section.truth("trips_main").unwrap_or(false),
        breaker,
        branch,
        fallback: unavailable.fallback,
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
}

fn unavailable(section: Section<'_>, folder: &Path) -> Unavailable {
    const FORM: &str = "\"reject\" or \"fallback\"";
    let path = section.field("fallback");
    let fallback = section.table("fallback");
    let fallback = fallback.map(|table| {
        fallback::read(
            Section {
                path: &path,
                table,
                ..section
            },
            folder,
        )
    });
    let named = section.read("when_unavailable", |node| match node.text() {
        Some("reject") => Ok(WhenUnavailable::Reject),
        Some("fallback") => Ok(WhenUnavailable::Fallback),
        Some("queue" | "next") => Err(format!("{FORM} (others are {})", keys::NOT_YET)),
        _ => Err(FORM.to_owned()),
    });
    let on = section
        .array("fallback_on")
        .map(|items| troubles(section, items));
    let set = section.has("fallback");
    match named {
        Some(WhenUnavailable::Reject) => {
            section.inert("fallback", "when_unavailable is \"reject\"");
            section.inert("fallback_on", "when_unavailable is \"reject\"");
        }
        Some(WhenUnavailable::Fallback) if !set => {
            let message = "missing: when_unavailable is \"fallback\", so there must be one";
            if let Some(node) = section.table.get("when_unavailable") {
                section
                    .report
                    .add(&node.at, section.field("fallback"), message);
            }
        }
        None if !set && !section.has("when_unavailable") => {
            section.inert("fallback_on", "there is no fallback");
        }
        _ => {}
    }
    match fallback {
        Some(fallback) if named != Some(WhenUnavailable::Reject) => Unavailable {
            when: WhenUnavailable::Fallback,
            on: on.unwrap_or_else(|| Trouble::ALL.to_vec()),
            fallback: Some(fallback),
        },
        _ => Unavailable {
            when: WhenUnavailable::Reject,
            on: Vec::new(),
            fallback: None,
        },
    }
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
