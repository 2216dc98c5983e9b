//! Typed reading of one table. Every mistake goes to the report; reading goes on with the default.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::nearest::nearest;
use super::problem::{Place, Report};
use super::tree::{Node, Table, Value};

/// The longest time-out that is taken: a year. Longer ones are slips.
const TIME_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// One table of the settings with its dotted path.
#[derive(Clone, Copy)]
pub(super) struct Section<'t> {
    pub(super) path: &'t str,
    pub(super) table: &'t Table,
    pub(super) report: &'t Report,
}

impl<'t> Section<'t> {
    /// The dotted path of a key in this table.
    pub(super) fn field(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Refuses every key that is not among `known`.
    pub(super) fn only(&self, known: &[&str]) {
        for (key, node) in &self.table.0 {
            if known.contains(&key.as_str()) {
                continue;
            }
            let message = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("unknown key (did you mean {meant}?)"),
                None => format!("unknown key (known are {})", known.join(", ")),
            };
            self.report.add(&node.key_at, self.field(key), message);
        }
    }

    /// Reports a value of `key` that is not allowed.
    pub(super) fn refuse(&self, key: &str, node: &Node, allowed: &str) {
        let message = format!("{} is not allowed; allowed is {allowed}", node.shown());
        self.report.add(&node.at, self.field(key), message);
    }

    /// Reports that `key` is set but can have no effect.
    pub(super) fn inert(&self, key: &str, why: &str) {
        if let Some(node) = self.table.get(key) {
            self.report.add(
                &node.key_at,
                self.field(key),
                format!("has no effect: {why}"),
            );
        }
    }

    /// Where `key` is, or `otherwise` if it is not set.
    pub(super) fn place_of(&self, key: &str, otherwise: &Place) -> Place {
        self.table
            .get(key)
            .map_or_else(|| otherwise.clone(), |node| node.at.clone())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Reads `key` with `parse`, which gives `Err` with what is allowed instead.
    pub(super) fn read<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&'t Node) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.table.get(key)?;
        parse(node)
            .map_err(|allowed| self.refuse(key, node, &allowed))
            .ok()
    }

    /// A text that `parse` takes.
    pub(super) fn text<T>(
        &self,
        key: &str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.read(key, |node| {
            node.text()
                .and_then(parse)
                .ok_or_else(|| allowed.to_owned())
        })
    }

    /// A time longer than zero and up to a year.
    pub(super) fn time(&self, key: &str) -> Option<Duration> {
        let time = self.time_or_zero(key)?;
        if time.is_zero() {
            let node = self.table.get(key)?;
            self.refuse(key, node, "a time longer than 0s");
            return None;
        }
        Some(time)
    }

    /// A time from zero to a year.
    pub(super) fn time_or_zero(&self, key: &str) -> Option<Duration> {
        const ALLOWED: &str = "a time like \"30s\" (units ns, us, ms, s, m, h), at most 8760h";
        self.text(key, ALLOWED, |text| {
            fusebox::duration::parse(text)
                .ok()
                .filter(|time| *time <= TIME_MAX)
        })
    }

    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        self.read(key, |node| match node.value {
            Value::Bool(truth) => Ok(truth),
            _ => Err("true or false".to_owned()),
        })
    }

    pub(super) fn whole(&self, key: &str, range: RangeInclusive<u16>) -> Option<u16> {
        self.read(key, |node| {
            let number = match node.value {
                Value::Integer(number) => u16::try_from(number).ok(),
                _ => None,
            };
            number
                .filter(|number| range.contains(number))
                .ok_or_else(|| format!("a whole number, {} to {}", range.start(), range.end()))
        })
    }

    /// The table at `key`, if it is set and is one.
    pub(super) fn table(&self, key: &str) -> Option<&'t Table> {
        self.read(key, |node| match &node.value {
            Value::Table(table) => Ok(table),
            _ => Err("a table".to_owned()),
        })
    }

    /// The items of the array at `key`.
    pub(super) fn array(&self, key: &str) -> Option<&'t [Node]> {
        self.read(key, |node| match &node.value {
            Value::Array(items) => Ok(items.as_slice()),
            _ => Err("an array".to_owned()),
        })
    }
}
