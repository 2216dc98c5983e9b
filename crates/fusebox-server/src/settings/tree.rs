//! The settings as a tree in which every key and value knows where it was said.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::problem::{Place, Report};

/// A message stays readable; no value that is right is longer.
const SHOWN_CHARS_MAX: usize = 200;

/// One key with its value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) key_at: Place,
    pub(super) at: Place,
    pub(super) value: Value,
    /// The text as written, where it came from the environment or a flag: `8080` is then a text
    /// too.
    pub(super) raw: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Array(Vec<Node>),
    Table(Table),
    /// A date, or a number too large to be of use: as it was written.
    Other(String),
}

/// Entries in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub(super) Vec<(String, Node)>);

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, node)| node)
    }

    pub(super) fn table(&self, key: &str) -> Option<&Table> {
        match &self.get(key)?.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Puts `node` at `path`, making tables on the way. A value in the way that is no table stays:
    /// reading it later reports it.
    pub(super) fn set(&mut self, path: &[String], node: Node) {
        let Some((key, rest)) = path.split_first() else {
            return;
        };
        let place = match self.0.iter().position(|(k, _)| k == key) {
            Some(place) => place,
            None => {
                let (key_at, at) = (node.key_at.clone(), node.at.clone());
                let empty = Node {
                    key_at,
                    at,
                    value: Value::Table(Self::default()),
                    raw: None,
                };
                self.0.push((key.clone(), empty));
                self.0.len() - 1
            }
        };
        let found = &mut self.0[place].1;
        if rest.is_empty() {
            *found = node;
        } else if let Value::Table(table) = &mut found.value {
            table.set(rest, node);
        }
    }
}

impl Node {
    /// The value as a message shows it, shortened where it is no value but a mishap.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) => match text.char_indices().nth(SHOWN_CHARS_MAX) {
                Some((end, _)) => format!("{:?}...", &text[..end]),
                None => format!("{text:?}"),
            },
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Array(_) => "an array".into(),
            Value::Table(_) => "a table".into(),
            Value::Other(text) => text.clone(),
        }
    }

    /// The value where a text is wanted.
    pub(super) fn text(&self) -> Option<&str> {
        match (&self.raw, &self.value) {
            (Some(raw), _) => Some(raw),
            (None, Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A value from outside the file: read as TOML where it is TOML (`3`, `true`, `["5xx"]`), else
    /// as plain text.
    pub(super) fn from_outside(place: Place, raw: String) -> Self {
        let value = match DeValue::parse(&raw) {
            Ok(parsed) => convert(parsed.into_inner(), &|_| place.clone()),
            Err(_) => Value::Text(raw.clone()),
        };
        // `"60s"` in quotes is a TOML text; its raw form is what stands between them.
        let raw = match &value {
            Value::Text(text) => text.clone(),
            _ => raw,
        };
        Self {
            key_at: place.clone(),
            at: place,
            value,
            raw: Some(raw),
        }
    }
}

/// Parses a file. Every mistake in its syntax goes to the report; then nothing else is worth
/// reading.
pub(super) fn parse(text: &str, name: &Arc<str>, report: &Report) -> Option<Table> {
    let lines = Lines::new(text);
    let place = |span: Range<usize>| {
        let (line, column) = lines.position(span.start);
        Place::File {
            name: name.clone(),
            line,
            column,
        }
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Some(table(document.into_inner(), &place));
    }
    for error in errors {
        // Too deep a nesting is told without a place.
        let at = place(error.span().unwrap_or(0..0));
        report.add(&at, "", error.message().replace('\n', ", "));
    }
    None
}

fn table(entries: DeTable<'_>, place: &dyn Fn(Range<usize>) -> Place) -> Table {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let node = |(key, value): (toml::Spanned<_>, toml::Spanned<_>)| {
        let key_at = place(key.span());
        let at = place(value.span());
        let key: std::borrow::Cow<'_, str> = key.into_inner();
        let value = convert(value.into_inner(), place);
        (
            key.into_owned(),
            Node {
                key_at,
                at,
                value,
                raw: None,
            },
        )
    };
    Table(entries.into_iter().map(node).collect())
}

fn convert(value: DeValue<'_>, place: &dyn Fn(Range<usize>) -> Place) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(small) => Value::Integer(small),
            Err(_) => Value::Other(number.to_string()),
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(float) => Value::Float(float),
            Err(_) => Value::Other(number.to_string()),
        },
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(date) => Value::Other(date.to_string()),
        DeValue::Array(items) => {
            let node = |item: toml::Spanned<DeValue<'_>>| {
                let at = place(item.span());
                Node {
                    key_at: at.clone(),
                    at,
                    value: convert(item.into_inner(), place),
                    raw: None,
                }
            };
            Value::Array(items.into_iter().map(node).collect())
        }
        DeValue::Table(entries) => Value::Table(table(entries, place)),
    }
}

/// Turns byte offsets into lines and columns.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let column = self
            .text
            .get(start..offset)
            .map_or(offset - start, |before| before.chars().count());
        (line, column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_without_end_is_shown_by_its_beginning() {
        let place = Place::Flag("--listen");
        let shown = |text: String| Node::from_outside(place.clone(), text).shown();
        assert_eq!(shown("ö".repeat(200)), format!("{:?}", "ö".repeat(200)));
        assert_eq!(shown("ö".repeat(201)), format!("{:?}...", "ö".repeat(200)));
    }
}
