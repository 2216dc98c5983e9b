//! How a keyed circuit tells its branches apart (R19).

use std::fmt;

use fusebox::{BranchSettings, BranchSettingsBuilder, SettingsError};
use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use super::problem::Place;
use super::section::Section;
use super::tree::Value;
use super::{breaker, keys};
use std::time::Duration;

/// A segment further back is a slip.
const SEGMENT_MAX: u16 = 100;

/// What is set for the branches of one circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Where the key stands in a request.
    pub key: BranchKey,
    /// How the breaker keeps and judges branches.
    pub settings: BranchSettings,
}

/// Where the key of a call's branch stands in its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchKey {
    /// The value of this header.
    Header(HeaderName),
    /// This segment of the path, from 1, as the client sent it.
    Path(u16),
    /// The value of this parameter of the query.
    Query(String),
}

impl fmt::Display for BranchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Path(segment) => write!(f, "path:{segment}"),
            Self::Query(name) => write!(f, "query:{name}"),
        }
    }
}

impl BranchKey {
    /// Reads `header:X-POS-ID`, `path:2` or `query:shard`.
    ///
    /// # Errors
    /// What is allowed, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "\"header:NAME\", \"path:N\" (the N-th segment, 1 to 100) \
            or \"query:NAME\"";
        let form = || FORM.to_owned();
        match text.split_once(':').ok_or_else(form)? {
            ("header", name) => {
                let name: HeaderName = name.parse().map_err(|_| form())?;
                // Keys are logged and shown.
                if [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(&name) {
                    return Err("a header that holds no secret, for keys are logged".to_owned());
                }
                Ok(Self::Header(name))
            }
            ("path", segment) if segment.bytes().all(|b| b.is_ascii_digit()) => segment
                .parse()
                .ok()
                .filter(|segment| (1..=SEGMENT_MAX).contains(segment))
                .map(Self::Path)
                .ok_or_else(form),
            ("query", name) if !name.is_empty() => Ok(Self::Query(name.to_owned())),
            _ => Err(form()),
        }
    }
}

/// Reads `[circuits.NAME.branch]`; `at` is the place of the table.
pub(super) fn read(section: Section<'_>, at: &Place, timeout: Duration) -> Option<Branch> {
    section.only(keys::BRANCH);
    let key = section.read("key", |node| {
        BranchKey::parse(node.text().unwrap_or_default())
    });
    if !section.has("key") {
        let missing = "missing: where the key is, like \"header:X-POS-ID\"";
        section.report.add(at, section.field("key"), missing);
    }
    let mut settings = BranchSettings::builder();
    for (name, set) in NUMBERS {
        settings = number(section, name, settings, set);
    }
    let path = section.field("breaker");
    if let (Some(table), Some(node)) = (section.table("breaker"), section.table.get("breaker")) {
        let section = Section {
            path: &path,
            table,
            ..section
        };
        settings = settings.breaker(breaker::read(section, &node.key_at, timeout));
    }
    Some(Branch {
        key: key?,
        // Each number was checked by the same builder.
        settings: settings.build().unwrap_or_default(),
    })
}

type Set = fn(BranchSettingsBuilder, u32) -> BranchSettingsBuilder;

const NUMBERS: [(&str, Set); 2] = [
    ("keys_min", BranchSettingsBuilder::keys_min),
    ("keys_max", BranchSettingsBuilder::keys_max),
];

/// Sets a number if the core takes it.
fn number(
    section: Section<'_>,
    key: &str,
    settings: BranchSettingsBuilder,
    set: Set,
) -> BranchSettingsBuilder {
    let number = section.read(key, |node| {
        let number = match node.value {
            Value::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        };
        // What is no number is refused as 0 is: with the core's range.
        let number = number.unwrap_or(0);
        let refused = |error: SettingsError| format!("a whole number, {}", error.allowed());
        let alone = set(BranchSettings::builder(), number);
        alone.build().map(|_| number).map_err(refused)
    });
    match number {
        Some(number) => set(settings, number),
        None => settings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_and_written_alike() {
        for text in [
            "header:x-pos-id",
            "path:1",
            "path:100",
            "query:shard",
            "query:a:b",
        ] {
            assert_eq!(BranchKey::parse(text).unwrap().to_string(), text);
        }
        let capitals = BranchKey::parse("header:X-POS-ID").unwrap();
        assert_eq!(capitals, BranchKey::parse("header:x-pos-id").unwrap());
    }
}
