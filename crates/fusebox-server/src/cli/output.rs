//! Writing to whoever reads. A reader that went away, as behind `| head`, is no error.

use std::io::{self, Write};

/// A line of data, on stdout.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A line of talk, on stderr.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
