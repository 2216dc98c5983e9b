//! `fusebox demo`: what a circuit breaker does, to be watched live with nothing else installed.
//!
//! Four real services listen on loopback sockets of this process, and get ill and well by a
//! script. In front of them is the real gateway with the settings of `demo.toml`; steady clients
//! call through it. The terminal shows what happens to each circuit and why; at the end comes a
//! summary. Nothing is acted: a dead service's port refuses connections, and every number was
//! counted by clients, upstreams or breakers.
//!
//! Unless it is played once, there is the arena besides: a page on which whoever looks breaks
//! services himself.

mod arena;
mod browser;
mod error;
mod health;
mod picture;
mod script;
mod seen;
mod servers;
mod stage;
mod stop;
mod summary;
mod tally;
mod traffic;
mod upstream;
mod view;
mod words;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use fusebox::{Event, EventKind, Received, State};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use arena::Arena;
use error::DemoError;
use picture::Happening;
use script::{Cue, Player};
use stage::Stage;
use stop::Stop;
use summary::Summary;
use view::{Paint, Tone, View};

/// Between two drawings: smooth for a countdown in tenths of a second, and next to no work.
const BEAT: Duration = Duration::from_millis(200);

/// How the demo is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    /// Play the script once, which takes about 20 s, instead of until Ctrl-C.
    pub once: bool,
    /// The summary as one JSON object on standard output; everything else goes to standard error.
    pub json: bool,
    /// Open the arena's page by itself, where somebody sits in front of a graphical session.
    pub browser: bool,
    /// Where the arena's page is; 0: at any port that is free. Where none is named: at 9799, or if
    /// that is taken at any that is free.
    pub port: Option<u16>,
}

/// Runs the demo to its end, or until Ctrl-C or SIGTERM. Returns the exit code of the process: 0,
/// or 2 and 3 as of every command, with the reason on standard error.
pub async fn run(options: DemoOptions) -> u8 {
    match show(options).await {
        Ok(()) => 0,
        Err(error) if error.is_closed_pipe() => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fusebox demo: {error}");
            error.exit_code()
        }
    }
}

async fn show(options: DemoOptions) -> Result<(), DemoError> {
    let mut stop = Stop::listen().map_err(DemoError::Signals)?;
    let arena = match options.once {
        true => None,
        false => Some(Arena::start(options.port).await?),
    };
    let mut stage = Stage::set(options.once).await?;
    stage.addresses.arena = arena.as_ref().map(Arena::address);
    stage.addresses.is_elsewhere = options.port.is_none()
        && stage
            .addresses
            .arena
            .is_some_and(|page| page.port() != arena::PORT);
    let mut view = View::choose(options.json);
    view.begin(stage.addresses, options.once)
        .map_err(DemoError::Write)?;
    if let Some(address) = stage.addresses.arena.filter(|_| options.browser) {
        browser::open(&format!("http://{address}/"));
    }
    play(&mut stage, &mut view, &mut stop, options.once).await?;
    let elapsed = stage.elapsed();
    tokio::select! {
        () = stage.hush() => {}
        // Asked twice: the summary is of what is known by now.
        () = stop.asked() => {}
    }
    // Gives the terminal back before the summary is written.
    drop(view);
    let summary = Summary::of(&stage, elapsed, arena.as_ref().map(Arena::scores));
    let written = write(&summary, options.json);
    let close = async {
        if let Some(arena) = arena {
            arena.close().await;
        }
        stage.close().await;
    };
    tokio::select! {
        () = close => {}
        () = stop.asked() => {}
    }
    written.map_err(DemoError::Write)
}

/// Plays until the script is over or somebody stops it.
async fn play(
    stage: &mut Stage,
    view: &mut View,
    stop: &mut Stop,
    once: bool,
) -> Result<(), DemoError> {
    let mut player = Player::start(stage.began(), once);
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.asked() => return Ok(()),
            () = view.suspended() => view.suspend().map_err(DemoError::Write)?,
            () = sleep_until(player.due()) => {
                let (tone, text) = match player.cue() {
                    Cue::Scene(scene) => {
                        stage.play(&scene);
                        (Tone::Strong, format!("service {} {}", scene.circuit, scene.says))
                    }
                    Cue::Again => (Tone::Quiet, "the script begins again".to_owned()),
                    Cue::End => return Ok(()),
                };
                let now = Happening { at: stage.elapsed(), tone, text, more: None };
                view.tell(now).map_err(DemoError::Write)?;
            }
            received = stage.events.next() => {
                view.tell(happening(stage, received)).map_err(DemoError::Write)?;
            }
            _ = beat.tick() => view.show(&stage.picture()).map_err(DemoError::Write)?,
        }
    }
}

fn happening(stage: &Stage, received: Received) -> Happening {
    match received {
        Received::Event(event) => Happening {
            at: stage.since_start(event.at),
            tone: tone(&event),
            text: words::sentence(&event),
            more: words::next(&event),
        },
        Received::Missed(count) => Happening {
            at: stage.elapsed(),
            tone: Tone::Quiet,
            text: format!("{count} events were missed"),
            more: None,
        },
    }
}

fn tone(event: &Event) -> Tone {
    match event.kind {
        EventKind::Transition {
            to: State::Open, ..
        } => Tone::Bad,
        EventKind::Transition {
            to: State::Closed, ..
        } => Tone::Good,
        _ => Tone::Trying,
    }
}

fn write(summary: &Summary, json: bool) -> io::Result<()> {
    let stdout = io::stdout();
    let paint = Paint::choose(stdout.is_terminal());
    let mut out = stdout.lock();
    if json {
        writeln!(out, "{}", summary.to_json())?;
        out.flush()
    } else {
        summary.write(&mut out, paint)
    }
}
