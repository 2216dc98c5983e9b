//! The settings of the adapter, from environment variables.

use std::path::PathBuf;
use std::time::Duration;

use fusebox::Rate;
use fusebox::environment::{EnvironmentError, Variables};
use fusebox_queue::QueueSettings;
use http::Uri;

use crate::hosting::{data_dir, http_url};
use crate::kept::Failed;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Receipts are found for as long as fiscal documents have to be kept: five years, and leap days.
const RECEIPTS_KEPT: u32 = 5 * 366;
/// Registers may sell for 30 days without the OFD; after that the receipt is a person's business.
const OFFLINE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// A receipt is small; more than this is none.
pub(super) const RECEIPT_BYTES_MAX: usize = 256 << 10;

/// All settings; their variables and defaults stand in `systems/docs/fiscal-adapter.md`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where buffer and state are kept.
    pub data_dir: PathBuf,
    /// Where the OFD is; `None`: the stand-in is started.
    pub ofd_url: Option<Uri>,
    /// The time for one answer of the OFD.
    pub ofd_timeout: Duration,
    /// Every `pos_id` has a branch of its own.
    pub is_per_terminal: bool,
    /// When the circuit opens, tries again and closes.
    pub breaker: fusebox::Settings,
    /// How much the buffer holds, and for how long.
    pub buffer: QueueSettings,
}

impl Settings {
    /// Reads the variables.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn from_environment(variables: &Variables<'_>) -> Result<Self, Failed> {
        let recovery = variables.seconds("RECOVERY_TIMEOUT")?;
        let recovery = recovery.unwrap_or(Duration::from_secs(60));
        let ofd_timeout = variables.seconds("OFD_TIMEOUT")?;
        let ofd_timeout = ofd_timeout.unwrap_or(Duration::from_secs(10));
        let url = "an address like http://ofd.example:8080";
        let is_per_terminal = variables.truth("OFD_CIRCUIT_PER_TERMINAL")?;
        Ok(Self {
            data_dir: data_dir(variables, "fiscal-adapter")?,
            ofd_url: variables.read("OFD_URL", url, http_url)?,
            ofd_timeout,
            is_per_terminal: is_per_terminal.unwrap_or(false),
            breaker: breaker(variables, recovery, ofd_timeout)?,
            buffer: buffer(variables, recovery)?,
        })
    }
}

fn breaker(
    variables: &Variables<'_>,
    recovery: Duration,
    ofd_timeout: Duration,
) -> Result<fusebox::Settings, Failed> {
    let share = |text: &str| Rate::parse(text).ok();
    let jitter = variables.read("RECOVERY_JITTER", "a percentage like 20%", share)?;
    let factor = |text: &str| text.parse().ok().filter(|factor| *factor >= 1.0);
    let backoff = variables.read("RECOVERY_BACKOFF", "a number of 1 or more", factor)?;
    let failures = variables.whole("FAILURE_THRESHOLD", 1..=1_048_576)?;
    let successes = variables.whole("HALF_OPEN_MAX_CALLS", 1..=64)?;
    let recovery_max = variables.seconds("RECOVERY_TIMEOUT_MAX")?;
    let settings = fusebox::Settings::builder()
        .consecutive_failures(failures.unwrap_or(5))
        .open_for(recovery)
        .open_for_max(recovery_max.unwrap_or(recovery.saturating_mul(8)))
        .backoff(backoff.unwrap_or(1.0))
        .jitter(jitter.unwrap_or(Rate::ZERO))
        .half_open_successes(successes.unwrap_or(2))
        // A trial ends by its own time-out.
        .half_open_timeout(ofd_timeout.saturating_mul(2));
    Ok(settings.build()?)
}

fn buffer(variables: &Variables<'_>, recovery: Duration) -> Result<QueueSettings, Failed> {
    let mut buffer = QueueSettings::default();
    let whole = |name, default| -> Result<u32, EnvironmentError> {
        let given = variables.whole(name, 1..=u32::MAX)?;
        Ok(given.unwrap_or(default))
    };
    buffer.messages_max = whole("BUFFER_MAX", 100_000)?.into();
    buffer.message_bytes_max = 2 * RECEIPT_BYTES_MAX as u64;
    buffer.age_max = Some(OFFLINE_MAX);
    // Failed trials do not count, so no outage uses these up: only an OFD that answers others.
    buffer.attempts_max = Some(whole("MAX_TRIES", 1_000)?);
    // Receipts are all alike. What was being sent when the power went is no poison.
    buffer.crashes_max = buffer.attempts_max;
    // So that a receipt is due again by the time that the circuit lets a trial pass.
    buffer.retry_after = buffer.retry_after.min(recovery);
    buffer.retry_after_max = recovery;
    buffer.remember_for = DAY * whole("RECEIPTS_KEPT_DAYS", RECEIPTS_KEPT)?;
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(variables: [(&str, &str); N]) -> Result<Settings, String> {
        let settings = Settings::from_environment(&variables.into_iter().collect());
        settings.map_err(|error| error.to_string())
    }

    #[test]
    fn without_variables_it_is_five_failures_sixty_seconds_two_successes() {
        let settings = read([]).unwrap();
        let breaker = &settings.breaker;
        assert_eq!(breaker.consecutive_failures(), Some(5));
        assert_eq!(breaker.failure_rate(), None);
        assert_eq!(breaker.open_for(), Duration::from_secs(60));
        assert_eq!(breaker.half_open_successes(), 2);
        assert_eq!((breaker.backoff(), breaker.jitter()), (1.0, Rate::ZERO));
        assert!(!settings.is_per_terminal && settings.ofd_url.is_none());
        assert!(settings.buffer.check().is_ok());
    }

    #[test]
    fn every_setting_has_its_variable() {
        let settings = read([
            ("FAILURE_THRESHOLD", "3"),
            ("RECOVERY_TIMEOUT", "0.5"),
            ("HALF_OPEN_MAX_CALLS", "1"),
            ("RECOVERY_BACKOFF", "2"),
            ("RECOVERY_TIMEOUT_MAX", "4s"),
            ("RECOVERY_JITTER", "10%"),
            ("OFD_CIRCUIT_PER_TERMINAL", "true"),
            ("OFD_URL", "http://ofd.example:81/api"),
            ("OFD_TIMEOUT", "3"),
            ("BUFFER_MAX", "10"),
            ("MAX_TRIES", "7"),
            ("DATA_DIR", "somewhere"),
        ]);
        let settings = settings.unwrap();
        let breaker = &settings.breaker;
        assert_eq!(breaker.consecutive_failures(), Some(3));
        assert_eq!(breaker.open_for(), Duration::from_millis(500));
        assert_eq!(breaker.open_for_max(), Duration::from_secs(4));
        assert_eq!(breaker.half_open_successes(), 1);
        assert_eq!(breaker.backoff(), 2.0);
        assert_eq!(breaker.jitter().to_string(), "10%");
        assert!(settings.is_per_terminal);
        assert_eq!(settings.ofd_url.unwrap().host(), Some("ofd.example"));
        assert_eq!(settings.ofd_timeout, Duration::from_secs(3));
        let buffer = &settings.buffer;
        assert_eq!((buffer.messages_max, buffer.attempts_max), (10, Some(7)));
        assert_eq!(settings.data_dir, PathBuf::from("somewhere"));
    }

    #[test]
    fn a_wrong_setting_is_told_with_its_variable() {
        for (name, value) in [
            ("FAILURE_THRESHOLD", "five"),
            ("FAILURE_THRESHOLD", "0"),
            ("RECOVERY_TIMEOUT", "0"),
            ("HALF_OPEN_MAX_CALLS", "65"),
            ("RECOVERY_JITTER", "much"),
            ("OFD_URL", "/no/host"),
            ("OFD_CIRCUIT_PER_TERMINAL", "perhaps"),
            ("BUFFER_MAX", "-1"),
        ] {
            let error = read([(name, value)]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
