//! Where variables come from.

use super::EnvironmentError;
use super::value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
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

    /// A truth value, if the variable is set.
    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, EnvironmentError> {
        let given = self.given(name, value::TRUTH_FORM, value::truth)?;
        Ok(given.map(|given| given.value))
    }

    /// A whole number, if the variable is set.
    pub(super) fn whole(
        &self,
        name: &str,
        allowed: &str,
    ) -> Result<Option<Given<u32>>, EnvironmentError> {
        self.given(name, allowed, value::whole)
    }

    /// A number of seconds or a duration, if the variable is set.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<Given<Duration>>, EnvironmentError> {
        self.given(name, value::SECONDS_FORM, value::seconds)
    }

    fn given<T>(
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
