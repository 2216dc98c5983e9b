//! How the demo is shown: live on a terminal, as plain lines anywhere else.

mod live;
mod plain;
mod screen;
mod suspend;

use std::io::{self, IsTerminal};

pub(crate) use crate::paint::{Line, Paint, Tone};

use super::picture::{Addresses, Happening, Picture};
use live::Live;
use plain::Plain;

/// Where the demo is shown.
#[derive(Debug)]
pub(crate) enum View {
    Live(Live),
    Plain(Plain),
}

impl View {
    /// Live where there is a terminal that can move its cursor; plain lines elsewhere. With `json`
    /// standard output belongs to the data, so the talk goes to standard error, in plain lines.
    pub(crate) fn choose(json: bool) -> View {
        let paint = Paint::choose(io::stdout().is_terminal());
        if json {
            View::Plain(Plain::to(Box::new(io::stderr()), Paint::NONE))
        } else if io::stdout().is_terminal() && screen::can_move() {
            View::Live(Live::new(paint))
        } else {
            View::Plain(Plain::to(Box::new(io::stdout()), paint))
        }
    }

    /// Says what is running and where.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(crate) fn begin(&mut self, addresses: Addresses, once: bool) -> io::Result<()> {
        match self {
            View::Live(live) => live.begin(),
            View::Plain(plain) => plain.begin(addresses, once),
        }
    }

    /// Shows something that happened.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(crate) fn tell(&mut self, happening: Happening) -> io::Result<()> {
        match self {
            View::Live(live) => {
                live.remember(happening);
                Ok(())
            }
            View::Plain(plain) => plain.tell(&happening),
        }
    }

    /// Shows how things stand. To be called about five times a second.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(crate) fn show(&mut self, picture: &Picture) -> io::Result<()> {
        match self {
            View::Live(live) => live.draw(picture),
            View::Plain(plain) => plain.second(picture),
        }
    }

    /// Waits for Ctrl-Z where it needs more than what the system does by itself. Cancel safe.
    pub(crate) async fn suspended(&mut self) {
        match self {
            View::Live(live) => live.suspended().await,
            View::Plain(_) => std::future::pending().await,
        }
    }

    /// To be called after [`suspended`](View::suspended); returns when somebody lets the process go
    /// on.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        match self {
            View::Live(live) => live.suspend(),
            View::Plain(_) => Ok(()),
        }
    }
}
