//! How long something is to last, on the command line: one form for all flags.

use std::time::Duration;

/// Longer ones are slips: a hundred years.
const DAYS_MAX: u64 = 36_500;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A time as in settings, or whole days, longer than 0.
pub(super) fn lasting(text: &str) -> Result<Duration, String> {
    let days = text
        .strip_suffix('d')
        .and_then(|days| days.parse::<u32>().ok());
    let time = match days {
        Some(days) => DAY.saturating_mul(days),
        None => fusebox::duration::parse(text).map_err(|error| {
            format!("{error}; allowed is a time like 30s, or whole days like 90d")
        })?,
    };
    if time.is_zero() {
        return Err("must be longer than 0".to_owned());
    }
    if time.as_secs() > DAYS_MAX * DAY.as_secs() {
        return Err(format!("at most {DAYS_MAX}d"));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_time_of_the_settings_or_whole_days() {
        let hour = 3600;
        for (text, seconds) in [
            ("90d", 90 * 24 * hour),
            ("12h", 12 * hour),
            ("30m", hour / 2),
            ("36500d", 36_500 * 24 * hour),
        ] {
            assert_eq!(lasting(text).map(|time| time.as_secs()), Ok(seconds));
        }
        assert_eq!(lasting("1.5s"), Ok(Duration::from_millis(1500)));
    }

    #[test]
    fn what_is_no_time_or_none_that_is_meant_is_refused() {
        for wrong in [
            "",
            "d",
            "1.5d",
            "-1d",
            "0d",
            "0s",
            "36501d",
            "876001h",
            "99999999999999999999d",
            "5 d",
            "soon",
        ] {
            assert!(lasting(wrong).is_err(), "{wrong}");
        }
    }
}
