//! Durations, rates and windows: what is written is read back, and errors are short.
#![no_main]

use std::time::Duration;

use fusebox::{Rate, WindowSize, duration};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match duration::parse(text) {
        Ok(parsed) => {
            assert_eq!(duration::parse(&duration::format(parsed)), Ok(parsed));
            // For people: never shorter than it is, and less than a millisecond longer. In the last
            // of the 584 years the next millisecond may be too long to be read.
            match duration::parse(&duration::rounded(parsed)) {
                Ok(rounded) => assert!(rounded - parsed < Duration::from_millis(1)),
                Err(_) => assert!(parsed.as_nanos() > u128::from(u64::MAX) - 1_000_000),
            }
            let seconds = duration::whole_seconds(parsed);
            assert!(seconds >= 1 && seconds >= parsed.as_secs());
            assert!(duration::in_milliseconds(parsed).is_finite());
        }
        Err(why) => says_why(&why, text),
    }
    match Rate::parse(text) {
        Ok(rate) => {
            assert!(Rate::ZERO <= rate && rate <= Rate::WHOLE);
            assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
        }
        Err(why) => says_why(&why, text),
    }
    match WindowSize::parse(text) {
        Ok(window) => assert_eq!(WindowSize::parse(&window.to_string()), Ok(window)),
        Err(why) => says_why(&why, text),
    }
});

/// A reason that is not empty, and little more than the text that it quotes (escaped, a character
/// is at most ten).
fn says_why(why: &str, text: &str) {
    assert!(!why.is_empty());
    assert!(why.len() <= 200 + 10 * text.len(), "{why}");
}
