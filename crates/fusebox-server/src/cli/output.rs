//! Writing to whoever reads. A reader that went away, as behind `| head`, is no error; data that
//! could not be written is one, whichever command it is of.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use super::CANNOT_WRITE;

/// Why a part of the data was not written, the first time. It is of the process, as standard output
/// is: so no command can forget to look.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// A line of data, on stdout.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    written(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// Takes note of what became of data on stdout.
pub(super) fn written(result: io::Result<()>) {
    if let Err(error) = result
        && error.kind() != ErrorKind::BrokenPipe
    {
        // Only the first counts: the others follow from it.
        let _ = LOST.set(error);
    }
}

/// A line of talk, on stderr.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The exit code of a command that would end with `code`: not 0 where some of its data is lost,
/// which is told then.
pub(super) fn ended(code: u8) -> u8 {
    let Some(error) = LOST.get() else {
        return code;
    };
    tell(&format!("fusebox: cannot write the answer: {error}"));
    if code == 0 { CANNOT_WRITE } else { code }
}
