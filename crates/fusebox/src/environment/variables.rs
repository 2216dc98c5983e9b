//! Where variables come from.

use super::EnvironmentError;
use super::value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Environment variables: the process's own, a list, or a function that looks them up.
///
/// ```
/// use fusebox::environment::Variables;
///
/// let own = Variables::of_process();
/// let listed = Variables::from_iter([("BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "2.5")]);
/// let asked = Variables::asked(|name| name.starts_with("BCS_").then(|| "5".into()));
/// ```
///
/// A program reads its own settings from them as well. A reader answers `None` for a variable
/// that is not set, and an error that names the variable and what is allowed for a wrong one:
///
/// ```
/// use fusebox::environment::Variables;
/// use std::time::Duration;
///
/// let variables = Variables::from_iter([("CALL_TIMEOUT", "2.5"), ("WORKERS", "many")]);
/// assert_eq!(variables.seconds("CALL_TIMEOUT")?, Some(Duration::from_millis(2500)));
/// assert_eq!(variables.truth("DRY_RUN")?, None);
/// let wrong = variables.whole("WORKERS", 1..=64).unwrap_err();
/// assert_eq!(wrong.to_string(), r#"WORKERS = "many": a whole number, 1 to 64"#);
/// # Ok::<(), fusebox::environment::EnvironmentError>(())
/// ```
pub struct Variables<'a> {
    source: Source<'a>,
}

type LookUp<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

enum Source<'a> {
    Listed(BTreeMap<String, OsString>),
    Asked(Box<LookUp<'a>>),
}

/// A value, and how it is shown in an error.
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) shown: String,
}

impl<'a> Variables<'a> {
    /// Those of this process, as they are now.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Those that a function knows; `None`: not set. They cannot be listed, so misspelt ones are
    /// not found.
    pub fn asked(look_up: impl Fn(&str) -> Option<OsString> + 'a) -> Self {
        Self {
            source: Source::Asked(Box::new(look_up)),
        }
    }

    /// The same, but a variable that is set to nothing counts as not set. Templates of
    /// deployments often leave such variables behind.
    #[must_use]
    pub fn without_empty(self) -> Self {
        let source = match self.source {
            Source::Listed(mut variables) => {
                variables.retain(|_, text| !text.is_empty());
                Source::Listed(variables)
            }
            Source::Asked(look_up) => Source::Asked(Box::new(move |name| {
                look_up(name).filter(|text| !text.is_empty())
            })),
        };
        Self { source }
    }

    /// The names of all variables; empty where they cannot be listed.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let listed = match &self.source {
            Source::Listed(variables) => Some(variables),
            Source::Asked(_) => None,
        };
        listed
            .into_iter()
            .flat_map(|variables| variables.keys().map(String::as_str))
    }

    /// A truth value: `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`.
    ///
    /// # Errors
    /// It is none.
    pub fn truth(&self, name: &str) -> Result<Option<bool>, EnvironmentError> {
        self.read(name, value::TRUTH_FORM, value::truth)
    }

    /// A whole number in a range.
    ///
    /// # Errors
    /// It is no number, or outside.
    pub fn whole(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, EnvironmentError> {
        let allowed = format!("a whole number, {} to {}", range.start(), range.end());
        let inside = |number: &u32| range.contains(number);
        self.read(name, &allowed, |text| value::whole(text).filter(inside))
    }

    /// A number of seconds above 0 (`60`, `2.5`), or a duration with a unit (`500ms`, `2m`).
    ///
    /// # Errors
    /// It is neither.
    pub fn seconds(&self, name: &str) -> Result<Option<Duration>, EnvironmentError> {
        self.read(name, value::SECONDS_FORM, value::seconds)
    }

    /// Any other value: `parse` answers `None` for a text that is not `allowed`, which is told in
    /// the error.
    ///
    /// # Errors
    /// The text is not allowed, or no Unicode.
    pub fn read<T>(
        &self,
        name: &str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, EnvironmentError> {
        let given = self.given(name, allowed, parse)?;
        Ok(given.map(|given| given.value))
    }

    /// The same for a variable that has to be set.
    ///
    /// # Errors
    /// It is not set, or not to what is allowed.
    pub fn required<T>(
        &self,
        name: &str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, EnvironmentError> {
        let read = self.read(name, allowed, parse)?;
        read.ok_or_else(|| EnvironmentError::new(name, "", format!("is to be set: {allowed}")))
    }

    /// A secret, such as a key: visible ASCII characters. It has to be set; no error shows it.
    ///
    /// # Errors
    /// It is not set, or has other characters.
    pub fn secret(&self, name: &str) -> Result<String, EnvironmentError> {
        let is_one = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        let read = |text: &str| is_one(text).then(|| text.to_owned());
        let told = |_| EnvironmentError::new(name, "", "is to be set to visible ASCII characters");
        self.required(name, "", read).map_err(told)
    }

    /// As [`read`](Self::read), with the text as an error shows it.
    pub(super) fn given<T>(
        &self,
        name: &str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<Given<T>>, EnvironmentError> {
        let found = match &self.source {
            Source::Listed(variables) => variables.get(name).cloned(),
            Source::Asked(look_up) => look_up(name),
        };
        let Some(text) = found else {
            return Ok(None);
        };
        let shown = format!("{text:?}");
        match text.to_str().map(read) {
            Some(Some(value)) => Ok(Some(Given { value, shown })),
            Some(None) => Err(EnvironmentError::new(name, shown, allowed)),
            None => {
                let allowed = format!("not Unicode; allowed is {allowed}");
                Err(EnvironmentError::new(name, shown, allowed))
            }
        }
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Variables<'_> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        // A name that is not Unicode is none of ours.
        let named = |(name, value): (K, V)| Some((name.into().into_string().ok()?, value.into()));
        Self {
            source: Source::Listed(variables.into_iter().filter_map(named).collect()),
        }
    }
}

/// Shows no values: an environment holds secrets.
impl fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Listed(variables) => format!("{} listed", variables.len()),
            Source::Asked(_) => "asked one by one".to_owned(),
        };
        f.debug_tuple("Variables").field(&source).finish()
    }
}
