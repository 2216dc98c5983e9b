//! Where messages go: the trait that every sink has, and what it answers.
//!
//! A sink does one thing: it sends one message and says what became of it. It retries nothing,
//! waits for nothing else and knows no circuit; that is the relay's.

#[cfg(feature = "http")]
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod routes;

use std::borrow::Cow;
use std::future::{Future, ready};
use std::time::Duration;

use fusebox::FailureClass;

use crate::message::Leased;
use crate::record::Response;

pub use routes::Routes;

#[cfg(feature = "http")]
pub use http::{HttpSink, HttpSinkBuilder, HttpSinkError, Judgement};
#[cfg(feature = "kafka")]
pub(crate) use kafka::{Fate, KafkaRecord, Producer, TOPIC, is_topic};
#[cfg(feature = "kafka")]
pub use kafka::{KafkaSettings, KafkaSettingsError, KafkaSink};

/// Sends messages. An `async` closure is one too: `|message: Leased| async move { … }`.
pub trait Sink: Send + Sync + 'static {
    /// Sends one message and tells what became of it. Many are sent at the same time, never two
    /// with the same key.
    ///
    /// The receiver has to be told the message's id: it tells a repeat by it.
    ///
    /// # Cancel safety
    /// The relay drops the future when its time is over and takes it that the message may have
    /// arrived. A panic is an attempt that failed.
    fn deliver(&self, message: &Leased) -> impl Future<Output = Reply> + Send;

    /// Hears that a message's sending ended without a reply and has failed: its time was over
    /// (class `timeout`), or the sink panicked (`panic`). The relay goes on with the message when
    /// this is done, or after 2.5 s, when it drops the future. By itself it does nothing; a sink
    /// around others hands it on to them.
    fn had_no_reply(
        &self,
        message: &Leased,
        class: &'static str,
        error: &str,
    ) -> impl Future<Output = ()> + Send {
        let _ = (message, class, error);
        ready(())
    }
}

impl<F, Sending> Sink for F
where
    F: Fn(Leased) -> Sending + Send + Sync + 'static,
    Sending: Future<Output = Reply> + Send,
{
    fn deliver(&self, message: &Leased) -> impl Future<Output = Reply> + Send {
        self(message.clone())
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It arrived. The answer is remembered with it.
    Delivered(Option<Response>),
    /// The receiver will never take it: it is a dead letter at once. For the breaker a success,
    /// the receiver answered.
    Refused {
        /// The kind of refusal in a word, for its history: `status`, or the sink's own.
        class: Cow<'static, str>,
        /// Why, in words.
        error: String,
        /// What the receiver answered.
        response: Option<Response>,
    },
    /// It cannot be sent at all: a dead letter at once, and nothing for the breaker, since the
    /// receiver was not asked.
    Unsendable {
        /// Why, in words.
        error: String,
    },
    /// The receiver failed, or was not reached: an attempt, and a failure for the breaker.
    Failed {
        /// The kind of failure.
        class: FailureClass,
        /// What went wrong, in words.
        error: String,
        /// How long the receiver asked to be left alone.
        retry_after: Option<Duration>,
        /// It may have arrived: the time was over, or the connection broke, after it was sent.
        uncertain: bool,
    },
    /// The receiver has no objection but asks for less haste (HTTP 429, 408): no attempt, nothing
    /// for the breaker, and trouble for the pace.
    Throttled {
        /// What it said, in words.
        error: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
        /// It may have arrived all the same.
        uncertain: bool,
    },
}

impl Reply {
    /// It arrived, and there is no answer to remember.
    pub const DELIVERED: Self = Self::Delivered(None);

    /// A failure of this kind after which the message surely did not arrive.
    pub fn failed(class: FailureClass, error: impl Into<String>) -> Self {
        Self::Failed {
            class,
            error: error.into(),
            retry_after: None,
            uncertain: false,
        }
    }

    /// A failure of this kind after which the message may have arrived.
    pub fn uncertain(class: FailureClass, error: impl Into<String>) -> Self {
        Self::Failed {
            class,
            error: error.into(),
            retry_after: None,
            uncertain: true,
        }
    }

    /// A refusal for good.
    pub fn refused(class: impl Into<Cow<'static, str>>, error: impl Into<String>) -> Self {
        Self::Refused {
            class: class.into(),
            error: error.into(),
            response: None,
        }
    }

    /// A wish for less haste.
    pub fn throttled(error: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::Throttled {
            error: error.into(),
            retry_after,
            uncertain: false,
        }
    }
}
