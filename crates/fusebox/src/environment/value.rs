//! What the text of a variable means.

use crate::settings::duration;
use std::time::Duration;

pub(super) const TRUTH_FORM: &str = "true, false, 1, 0, yes, no, on or off";
pub(super) const SECONDS_FORM: &str =
    "seconds above 0 like 60 or 2.5, or a duration like 500ms (units ns, us, ms, s, m, h)";

pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Digits only: no sign, no blanks.
pub(super) fn whole(text: &str) -> Option<u32> {
    Some(text)
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?
        .parse()
        .ok()
}

/// A number without a unit is a number of seconds. Not zero.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
    let read = if has_unit {
        duration::parse(text)
    } else {
        duration::parse(&format!("{text}s"))
    };
    read.ok().filter(|time| !time.is_zero())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_numbers_or_durations() {
        let read = |text| seconds(text).map(|time| time.as_millis());
        let good = [
            ("60", 60_000),
            ("2.5", 2_500),
            ("060", 60_000),
            ("60s", 60_000),
            ("250ms", 250),
            ("2m", 120_000),
        ];
        for (text, millis) in good {
            assert_eq!(read(text), Some(millis), "{text:?}");
        }
        let bad = [
            "",
            "0",
            "0.0",
            "0s",
            "-1",
            "-1s",
            "+5",
            "1e3",
            "abc",
            "60 ",
            " 60",
            "60 s",
            "5.",
            ".5",
            "1,5",
            "1d",
            "NaN",
            "inf",
            "60\u{e4}",
            "99999999999999999999999999",
        ];
        for text in bad {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn whole_numbers_have_digits_only() {
        assert_eq!(whole("5"), Some(5));
        assert_eq!(whole("007"), Some(7));
        for text in ["", "+5", "-5", "5.0", "5 ", "five", "0x5", "4294967296"] {
            assert_eq!(whole(text), None, "{text:?}");
        }
    }
}
