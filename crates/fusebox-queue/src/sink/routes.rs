//! One sink of several, by what a message says.

use std::collections::BTreeMap;

use super::{Reply, Sink};
use crate::message::Leased;

/// Gives each message to the sink that it names. One that names none, or an unknown one, is
/// [unsendable](Reply::Unsendable).
#[derive(Clone, Debug)]
pub struct Routes<S> {
    name_of: fn(&Leased) -> Option<&str>,
    sinks: BTreeMap<String, S>,
}

impl<S: Sink> Routes<S> {
    /// By this name of a message; see [`Leased::attribute`].
    pub const fn by(name_of: fn(&Leased) -> Option<&str>) -> Self {
        Self {
            name_of,
            sinks: BTreeMap::new(),
        }
    }

    /// Adds a sink, in place of one of the same name.
    #[must_use]
    pub fn to(mut self, name: impl Into<String>, sink: S) -> Self {
        self.sinks.insert(name.into(), sink);
        self
    }
}

impl<S: Sink> Sink for Routes<S> {
    async fn deliver(&self, message: &Leased) -> Reply {
        let name = (self.name_of)(message);
        match name.and_then(|name| self.sinks.get(name)) {
            Some(sink) => sink.deliver(message).await,
            None => Reply::Unsendable {
                error: format!("there is no sink {:?}", name.unwrap_or_default()),
            },
        }
    }

    async fn had_no_reply(&self, message: &Leased, class: &'static str, error: &str) {
        if let Some(sink) = (self.name_of)(message).and_then(|name| self.sinks.get(name)) {
            sink.had_no_reply(message, class, error).await;
        }
    }
}
