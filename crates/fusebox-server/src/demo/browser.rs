//! Opens a page in the browser of whoever sits in front of this machine. A program that every
//! desktop has does the work, so there is no crate for it.

use std::env;
use std::io::{self, IsTerminal};
use std::process::{Command, Stdio};

/// Opens it, if there is somebody to see it: a terminal in a graphical session. Where that does not
/// work out the page stays closed; its address has been told.
pub(crate) fn open(page: &str) {
    if !io::stdout().is_terminal() || !has_desktop() {
        return;
    }
    let mut opener = opener();
    opener
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Ok(mut child) = opener.spawn() {
        // Some openers stay for as long as the browser does; one that ends must not stay a zombie.
        std::thread::spawn(move || child.wait());
    }
}

#[cfg(target_os = "macos")]
fn opener() -> Command {
    Command::new("open")
}

#[cfg(windows)]
fn opener() -> Command {
    let mut opener = Command::new("rundll32");
    opener.arg("url.dll,FileProtocolHandler");
    opener
}

#[cfg(not(any(target_os = "macos", windows)))]
fn opener() -> Command {
    Command::new("xdg-open")
}

fn has_desktop() -> bool {
    // A shell on another machine may be given a display by a tunnel; its browser would be here.
    let is_remote = env::var_os("SSH_CONNECTION").is_some();
    let display = ["DISPLAY", "WAYLAND_DISPLAY"];
    let has_display = display
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    !is_remote && (has_display || cfg!(any(target_os = "macos", windows)))
}
