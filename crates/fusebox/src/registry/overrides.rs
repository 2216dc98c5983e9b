//! Settings that somebody put over those of a definition, for a time or until they are ended.
//!
//! The definition stays the truth: an override is shown as what it is, ends like a hold, and lies
//! on top of whatever definition comes.

use super::{Entry, Registry, RegistryError};
use crate::clock::Tick;
use crate::event::{Author, EventKind};
use crate::saved::ago;
use crate::settings::SettingsChange;
use std::sync::Arc;
use std::time::Duration;

/// Settings to be put over those of a circuit's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct OverrideRequest {
    /// What is to change.
    pub change: SettingsChange,
    /// Why.
    pub reason: String,
    /// Who sets it.
    pub author: Author,
    /// After what time it ends; `None`: when somebody ends it.
    pub for_: Option<Duration>,
    /// How long it has been in force, of one that a store restores; `None`: it is new.
    pub age: Option<Duration>,
}

/// Settings in force over those of a circuit's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// What it changes.
    pub change: SettingsChange,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub author: Author,
    /// Since when.
    pub since: Tick,
    /// When it ends; `None`: when somebody ends it.
    pub until: Option<Tick>,
}

impl Registry {
    /// Puts settings over those of a circuit's definition, live (R21), in place of any other
    /// override of it. Definitions that come later lie under it; one that it does not fit ends it.
    ///
    /// ```
    /// use fusebox::{Author, OverrideRequest, Registry, SettingsChange, Value};
    /// use std::time::Duration;
    ///
    /// let registry = Registry::new();
    /// let rag = registry.add("rag".into())?;
    /// let by = Author::new("ada");
    /// registry.set_override("rag", OverrideRequest {
    ///     change: SettingsChange::new().set("open_for", Value::Text("20s")),
    ///     reason: "slow to come back today".into(),
    ///     author: by.clone(),
    ///     for_: Some(Duration::from_secs(3600)),
    ///     age: None,
    /// })?;
    /// assert_eq!(rag.settings().open_for(), Duration::from_secs(20));
    /// registry.end_override("rag", &by)?;
    /// assert_eq!(rag.settings().open_for(), Duration::from_secs(5));
    /// # Ok::<(), fusebox::RegistryError>(())
    /// ```
    ///
    /// # Errors
    /// [`RegistryError::UnknownCircuit`], settings that are refused,
    /// [`RegistryError::TooManyChanges`].
    pub fn set_override(&self, name: &str, request: OverrideRequest) -> Result<(), RegistryError> {
        let bench = self.bench();
        let Some(entry) = self.by_name().get(name).cloned() else {
            return Err(self.unknown(name));
        };
        let settings = self.base(&entry).changed_by(&request.change);
        let settings = settings.map_err(|error| RegistryError::Settings {
            circuit: name.to_owned(),
            error,
        })?;
        let circuit = entry.circuit;
        let restored = request.age.is_some();
        let refused = |_| RegistryError::TooManyChanges {
            circuit: name.to_owned(),
        };
        circuit
            .put_settings(settings, &request.author, restored)
            .map_err(refused)?;
        let now = self.inner.clock.now();
        let over = Arc::new(Override {
            change: request.change,
            reason: request.reason,
            author: request.author,
            since: ago(now, request.age.unwrap_or_default()),
            until: request.for_.map(|time| now.saturating_add(time)),
        });
        let set = EventKind::OverrideSet(Arc::clone(&over));
        self.tell_as(circuit, set, restored);
        let over = Some(over);
        self.by_name_mut()
            .insert(circuit.name(), Entry { over, ..entry });
        self.end(bench);
        Ok(())
    }

    /// Ends a circuit's override: its definition alone is in force. `false`: there was none.
    ///
    /// # Errors
    /// [`RegistryError::UnknownCircuit`], [`RegistryError::TooManyChanges`].
    pub fn end_override(&self, name: &str, by: &Author) -> Result<bool, RegistryError> {
        self.take_override(name, Some(by), |_| true)
    }

    /// Ends the overrides whose time is over, and says of how many circuits. A registry has no
    /// timer: whoever has one calls this now and then, and until then such an override is in
    /// force. The admin interface and the stores do.
    pub fn settle_overrides(&self) -> usize {
        let now = self.inner.clock.now();
        let due = |over: &Override| over.until.is_some_and(|until| until <= now);
        let circuits = self.by_name();
        let over = circuits
            .values()
            .filter(|entry| entry.over.as_deref().is_some_and(due));
        let names: Vec<&str> = over.map(|entry| entry.circuit.name()).collect();
        drop(circuits);
        // One that cannot be changed back (4,096 changes) is tried again the next time.
        let end = |name: &&str| self.take_override(name, None, due).unwrap_or(false);
        names.into_iter().filter(end).count()
    }

    fn take_override(
        &self,
        name: &str,
        by: Option<&Author>,
        is_meant: impl FnOnce(&Override) -> bool,
    ) -> Result<bool, RegistryError> {
        let bench = self.bench();
        let Some(entry) = self.by_name().get(name).cloned() else {
            return Err(self.unknown(name));
        };
        if !entry.over.as_deref().is_some_and(is_meant) {
            return Ok(false);
        }
        let circuit = entry.circuit;
        let author = by.cloned().unwrap_or_else(Author::system);
        let refused = |_| RegistryError::TooManyChanges {
            circuit: name.to_owned(),
        };
        circuit
            .change_settings(self.base(&entry).clone(), &author)
            .map_err(refused)?;
        self.tell(circuit, ended(by));
        let entry = Entry {
            over: None,
            ..entry
        };
        self.by_name_mut().insert(circuit.name(), entry);
        self.end(bench);
        Ok(true)
    }
}

/// An override ended: by somebody, or else by its time.
pub(super) fn ended(by: Option<&Author>) -> EventKind {
    EventKind::OverrideEnded {
        expired: by.is_none(),
        by: by.cloned(),
    }
}
