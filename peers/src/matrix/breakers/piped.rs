//! A breaker of another language at the other end of two pipes: one line asks, one line answers.
//!
//! `new key=value ...`, `begin CALL`, `end CALL OUTCOME NS`, `advance NS`, `hand WHAT`, `state`,
//! `set key=value ...` of a running one.
//! The answer is `ok` and perhaps a word, or `error` and a text. What does not begin with either is
//! the noise of a runtime.

use crate::peer::{Peer, REFUSED};
use crate::settings::{Settings, Window};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

pub(crate) struct Piped(Rc<RefCell<Pipes>>);

struct Pipes {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

thread_local! {
    /// One process for all files: some runtimes take a second to start. `new` makes a new breaker.
    static STARTED: RefCell<HashMap<String, Rc<RefCell<Pipes>>>> = RefCell::default();
}

impl Piped {
    pub(crate) fn start(command: Command, settings: &Settings) -> Result<Box<dyn Peer>, String> {
        let name = format!("{command:?}");
        let started = STARTED.with_borrow(|started| started.get(&name).cloned());
        let pipes = match started {
            Some(pipes) => pipes,
            None => {
                let pipes = Rc::new(RefCell::new(Pipes::open(command, &name)?));
                STARTED.with_borrow_mut(|started| started.insert(name, Rc::clone(&pipes)));
                pipes
            }
        };
        let mut piped = Self(pipes);
        let made = piped.ask(&format!("new {}", told(settings)));
        made.map_err(|problem| format!("{REFUSED}: {problem}"))?;
        Ok(Box::new(piped))
    }

    fn ask(&mut self, line: &str) -> Result<String, String> {
        self.0.borrow_mut().ask(line)
    }
}

impl Pipes {
    fn open(mut command: Command, name: &str) -> Result<Self, String> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|e| format!("cannot start {name}: {e}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name} has no pipes"));
        };
        Ok(Self {
            child,
            to,
            from: BufReader::new(from),
        })
    }

    fn ask(&mut self, line: &str) -> Result<String, String> {
        writeln!(self.to, "{line}")
            .and_then(|()| self.to.flush())
            .map_err(|e| e.to_string())?;
        let mut answer = String::new();
        loop {
            answer.clear();
            let read = self
                .from
                .read_line(&mut answer)
                .map_err(|e| e.to_string())?;
            if read == 0 {
                return Err(format!("no answer to `{line}`"));
            }
            if let Some(rest) = answer.trim().strip_prefix("ok") {
                return Ok(rest.trim().to_owned());
            }
            if let Some(rest) = answer.trim().strip_prefix("error") {
                return Err(format!("`{line}`: {}", rest.trim()));
            }
        }
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is not in force is 0.
fn told(settings: &Settings) -> String {
    let (calls, window) = match settings.window {
        Window::Calls(calls) => (calls, 0),
        Window::Time(ns) => (0, ns),
    };
    let (slow_rate, slow_ns) = settings.slow.unwrap_or((0.0, 0));
    format!(
        "run={} rate={} minimum={} window_calls={calls} window_ns={window} slow_rate={slow_rate} \
         slow_ns={slow_ns} open_ns={} open_max_ns={} backoff={} calls={} successes={}",
        settings.run.unwrap_or(0),
        settings.rate.unwrap_or(0.0),
        settings.minimum,
        settings.open_ns,
        settings.open_max_ns,
        settings.backoff,
        settings.calls,
        settings.successes
    )
}

impl Peer for Piped {
    fn begin(&mut self, call: &str) -> Result<bool, String> {
        Ok(self.ask(&format!("begin {call}"))? == "admitted")
    }

    fn end(&mut self, call: &str, outcome: &str, took_ns: u64) -> Result<(), String> {
        self.ask(&format!("end {call} {outcome} {took_ns}"))
            .map(drop)
    }

    fn leave(&mut self, call: &str) -> Result<(), String> {
        self.ask(&format!("leave {call}")).map(drop)
    }

    fn advance(&mut self, ns: u64) -> Result<(), String> {
        self.ask(&format!("advance {ns}")).map(drop)
    }

    fn hand(&mut self, what: &str) -> Result<(), String> {
        self.ask(&format!("hand {what}")).map(drop)
    }

    fn set(&mut self, settings: &Settings) -> Result<(), String> {
        self.ask(&format!("set {}", told(settings))).map(drop)
    }

    fn state(&mut self) -> Result<String, String> {
        self.ask("state")
    }
}
