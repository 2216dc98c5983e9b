//! The terminal itself: its size, its second screen, and leaving it as it was found.

use std::env;
use std::io::{self, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The second screen, no cursor, no wrapping of long lines, an empty page.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
/// The same backwards.
const LEAVE: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Whether the screen is ours now. A process has one terminal, so this is one for the process: the
/// panic hook must know it whatever thread panics.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Lines and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) lines: usize,
}

/// The second screen of the terminal on standard output. Dropping it, or a panic anywhere, gives
/// the first one back.
#[derive(Debug)]
pub(super) struct Screen(());

impl Screen {
    pub(super) fn enter() -> io::Result<Screen> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                leave();
                before(info);
            }));
        });
        ENTERED.store(true, SeqCst);
        let screen = Screen(());
        write(ENTER)?;
        Ok(screen)
    }

    /// Replaces what is on the screen. One write, so that nothing half-drawn is seen.
    pub(super) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        if !ENTERED.load(SeqCst) {
            // Another thread panicked; the screen is no longer ours.
            return Ok(());
        }
        let mut page = String::from("\x1b[H");
        for (n, line) in lines.iter().enumerate() {
            if n > 0 {
                page.push('\n');
            }
            page.push_str(line);
            page.push_str("\x1b[K");
        }
        page.push_str("\x1b[J");
        write(&page)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    if ENTERED.swap(false, SeqCst) {
        // If the terminal is gone there is nothing to restore.
        let _ = write(LEAVE);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whether the terminal understands movements of the cursor.
pub(super) fn can_move() -> bool {
    cfg!(unix) && env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// The size now; it is asked for at every drawing, so a resized window needs no signal.
pub(super) fn size() -> Size {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(io::stdout())
        && size.ws_col > 0
        && size.ws_row > 0
    {
        return Size {
            columns: size.ws_col.into(),
            lines: size.ws_row.into(),
        };
    }
    // What terminals without a known size are taken for everywhere.
    Size {
        columns: 80,
        lines: 24,
    }
}
