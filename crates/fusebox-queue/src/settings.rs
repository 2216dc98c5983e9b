//! How much a queue holds, for how long, and how often it tries.

use std::time::Duration;

use thiserror::Error;

use crate::clock::{Millis, millis_of};

/// Settings of one queue. They may change at every start; what is in the queue stays.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QueueSettings {
    /// Messages that it holds at most, dead letters included. Default 100,000.
    pub messages_max: u64,
    /// Bytes that it holds at most, dead letters included. Default 1 GiB.
    pub bytes_max: u64,
    /// Bytes of one message at most. Default 16 MiB.
    pub message_bytes_max: u64,
    /// A message that could not be delivered for so long is a dead letter; `None`: it never grows
    /// too old. Default 72 h.
    pub age_max: Option<Duration>,
    /// A message that failed so often is a dead letter; putting off because a circuit lets nothing
    /// pass is no attempt. `None`: it is tried until it arrives or is refused. Default 20.
    pub attempts_max: Option<u32>,
    /// A message whose sender crashed so often is a dead letter; `None`: none is, and one that
    /// kills its sender does so for ever. Default 5.
    pub crashes_max: Option<u32>,
    /// The wait after the first failed attempt; it doubles with each one. Default 1 s.
    pub retry_after: Duration,
    /// The longest wait between attempts. Default 5 min.
    pub retry_after_max: Duration,
    /// How long a delivered message, its answer and its idempotency key are remembered; zero: not
    /// at all. Default 24 h.
    pub remember_for: Duration,
    /// Bytes of an answer's body that are kept. Default 64 KiB.
    pub response_bytes_max: usize,
}

impl Default for QueueSettings {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3600);
        Self {
            messages_max: 100_000,
            bytes_max: 1 << 30,
            message_bytes_max: 16 << 20,
            age_max: Some(72 * HOUR),
            attempts_max: Some(20),
            crashes_max: Some(5),
            retry_after: Duration::from_secs(1),
            retry_after_max: Duration::from_secs(300),
            remember_for: 24 * HOUR,
            response_bytes_max: 64 << 10,
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field}: {allowed}")]
pub struct QueueSettingsError {
    /// The field.
    pub field: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

impl QueueSettings {
    /// Whether all of it can be.
    ///
    /// # Errors
    /// The first field that cannot be, and what it may be.
    pub fn check(&self) -> Result<(), QueueSettingsError> {
        let at_least_1 = "at least 1";
        let over_0 = "over 0";
        let refuse = |field, allowed| Err(QueueSettingsError { field, allowed });
        if self.messages_max == 0 {
            return refuse("messages_max", at_least_1);
        }
        if self.bytes_max == 0 {
            return refuse("bytes_max", at_least_1);
        }
        if self.message_bytes_max == 0 {
            return refuse("message_bytes_max", at_least_1);
        }
        if self.age_max == Some(Duration::ZERO) {
            return refuse("age_max", over_0);
        }
        if self.attempts_max == Some(0) {
            return refuse("attempts_max", at_least_1);
        }
        if self.crashes_max == Some(0) {
            return refuse("crashes_max", at_least_1);
        }
        if self.retry_after.is_zero() {
            return refuse("retry_after", over_0);
        }
        if self.retry_after_max < self.retry_after {
            return refuse("retry_after_max", "at least retry_after");
        }
        Ok(())
    }

    /// What was pushed before this instant is too old; nothing is where there is no limit.
    pub(crate) fn too_old_before(&self, now: Millis) -> Millis {
        let age_max = self.age_max.map(millis_of);
        age_max.map_or(0, |age_max| now.saturating_sub(age_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_and_no_limits_can_be_and_zeros_cannot() {
        assert_eq!(QueueSettings::default().check(), Ok(()));
        type Zero = fn(&mut QueueSettings);
        let zeros: [(&str, Zero); 8] = [
            ("messages_max", |s| s.messages_max = 0),
            ("bytes_max", |s| s.bytes_max = 0),
            ("message_bytes_max", |s| s.message_bytes_max = 0),
            ("age_max", |s| s.age_max = Some(Duration::ZERO)),
            ("attempts_max", |s| s.attempts_max = Some(0)),
            ("crashes_max", |s| s.crashes_max = Some(0)),
            ("retry_after", |s| s.retry_after = Duration::ZERO),
            ("retry_after_max", |s| s.retry_after_max = Duration::ZERO),
        ];
        for (field, zero) in zeros {
            let mut settings = QueueSettings::default();
            zero(&mut settings);
            let refused = settings.check().map_err(|error| error.field);
            assert_eq!(refused, Err(field));
        }
        let endless = QueueSettings {
            age_max: None,
            attempts_max: None,
            crashes_max: None,
            ..QueueSettings::default()
        };
        assert_eq!(endless.check(), Ok(()));
    }
}
