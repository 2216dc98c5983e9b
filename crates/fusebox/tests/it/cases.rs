//! How many cases a property test runs.

/// `FUSEBOX_LONG=1` multiplies by fifty, for the hours of `--long`.
pub(crate) fn cases(usual: u32) -> u32 {
    if std::env::var_os("FUSEBOX_LONG").is_some_and(|value| value == "1") {
        usual * 50
    } else {
        usual
    }
}
