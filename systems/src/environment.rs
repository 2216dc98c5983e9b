//! Settings from environment variables, read once at the start.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// Environment variables: the process's own, or a test's.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

/// A variable whose value is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}={value:?}: allowed is {allowed}")]
pub struct WrongVariable {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What is allowed.
    pub allowed: Cow<'static, str>,
}

impl Environment {
    /// The process's own. A variable that is not Unicode is none of ours.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        let unicode = variables.filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.into_string().ok()?))
        });
        unicode.collect()
    }

    /// The text of a variable; one that is set to nothing counts as not set.
    pub fn text(&self, name: &'static str) -> Option<&str> {
        let text = self.variables.get(name).map(String::as_str);
        text.filter(|text| !text.is_empty())
    }

    /// A number, or `default`.
    ///
    /// # Errors
    /// The value is no such number.
    pub fn number<N: FromStr>(&self, name: &'static str, default: N) -> Result<N, WrongVariable> {
        self.read(name, default, "a whole number", |text| text.parse().ok())
    }

    /// A whole number in a range, or `default`.
    ///
    /// # Errors
    /// The value is no such number.
    pub fn whole(
        &self,
        name: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<u32, WrongVariable> {
        let allowed = format!("{} to {}", range.start(), range.end());
        let number = self.text(name).map(str::parse);
        match number {
            None => Ok(default),
            Some(Ok(number)) if range.contains(&number) => Ok(number),
            Some(_) => Err(self.wrong(name, allowed)),
        }
    }

    /// A time in seconds above 0 (`60`, `0.5`), or a duration with a unit (`500ms`, `2m`).
    ///
    /// # Errors
    /// The value is no such time.
    pub fn seconds(
        &self,
        name: &'static str,
        default: Duration,
    ) -> Result<Duration, WrongVariable> {
        let allowed = "seconds above 0 like 60 or 2.5, or a duration like 500ms or 2m";
        self.read(name, default, allowed, |text| {
            let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
            let unit = if has_unit { "" } else { "s" };
            let read = fusebox::duration::parse(&format!("{text}{unit}"));
            read.ok().filter(|time| !time.is_zero())
        })
    }

    /// A truth value, or `default`.
    ///
    /// # Errors
    /// The value is none.
    pub fn truth(&self, name: &'static str, default: bool) -> Result<bool, WrongVariable> {
        let allowed = "true, false, 1 or 0";
        self.read(name, default, allowed, |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    /// Where to listen: `HOST` (127.0.0.1 if it is not set) and `PORT` (or `default_port`; 0: one
    /// that the system chooses).
    ///
    /// # Errors
    /// One of them is wrong.
    pub fn address(&self, default_port: u16) -> Result<SocketAddr, WrongVariable> {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let host = self.read("HOST", loopback, "an IP address", |text| text.parse().ok())?;
        Ok((host, self.number("PORT", default_port)?).into())
    }

    /// The folder for what is kept: `DATA_DIR`, or `data/<system>` in the current folder.
    pub fn data_dir(&self, system: &str) -> PathBuf {
        let given = self.text("DATA_DIR").map(PathBuf::from);
        given.unwrap_or_else(|| PathBuf::from("data").join(system))
    }

    /// Any value, or `default`.
    ///
    /// # Errors
    /// `parse` does not know the value.
    pub fn read<T>(
        &self,
        name: &'static str,
        default: T,
        allowed: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, WrongVariable> {
        match self.text(name).map(parse) {
            None => Ok(default),
            Some(Some(value)) => Ok(value),
            Some(None) => Err(self.wrong(name, allowed)),
        }
    }

    fn wrong(&self, name: &'static str, allowed: impl Into<Cow<'static, str>>) -> WrongVariable {
        WrongVariable {
            name,
            value: self.text(name).unwrap_or_default().to_owned(),
            allowed: allowed.into(),
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let pairs = variables.into_iter();
        Self {
            variables: pairs.map(|(n, v)| (n.into(), v.into())).collect(),
        }
    }
}

/// Shows no values: an environment holds secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str, value: &str) -> Environment {
        [(name, value)].into_iter().collect()
    }

    #[test]
    fn what_is_not_set_or_empty_has_its_default() {
        for given in [Environment::default(), environment("N", "")] {
            assert_eq!(given.number("N", 5), Ok(5));
            assert_eq!(given.truth("N", true), Ok(true));
        }
        let address = Environment::default().address(8080);
        assert_eq!(address, Ok(([127, 0, 0, 1], 8080).into()));
    }

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        let read = |text: &str| environment("T", text).seconds("T", Duration::ZERO);
        assert_eq!(read("60"), Ok(Duration::from_secs(60)));
        assert_eq!(read("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(read("250ms"), Ok(Duration::from_millis(250)));
        assert!(read("0").is_err() && read("soon").is_err() && read("-1").is_err());
    }

    #[test]
    fn a_wrong_value_is_told_with_its_name_and_what_is_allowed() {
        let error = environment("N", "five").number("N", 5).unwrap_err();
        let text = "N=\"five\": allowed is a whole number";
        assert_eq!(error.to_string(), text);
        assert!(environment("B", "maybe").truth("B", true).is_err());
    }
}
