//! The binary `fusebox` as a process: started, listened to, signalled, and never left behind.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::house::{Answer, get, within};

/// A folder of its own for one test, removed at the end.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "fusebox-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// The binary, to be run here.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusebox"));
        command.args(args).current_dir(&self.0).stdin(Stdio::null());
        for ours in [
            "FUSEBOX_LOG",
            "FUSEBOX_URL",
            "FUSEBOX_TOKEN",
            "FUSEBOX_TOKEN_FILE",
            "FUSEBOX_CA_FILE",
        ] {
            command.env_remove(ours);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, &[]).await
    }

    /// The same with more environment.
    pub(crate) async fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Ended {
        let mut command = self.command(args);
        command.envs(env.iter().copied());
        let mut process = Process::start(command);
        let code = process.end().await;
        Ended {
            code,
            out: process.out.rest().await,
            err: process.err.rest().await,
        }
    }

    /// Starts `serve` with these arguments and waits until it listens.
    pub(crate) async fn serve(&self, args: &[&str]) -> Daemon {
        let all: Vec<&str> = ["serve"].into_iter().chain(args.iter().copied()).collect();
        Daemon::of(Process::start(self.command(&all))).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn address(line: &str, before: &str) -> SocketAddr {
    let url = line
        .strip_prefix(before)
        .unwrap_or_else(|| panic!("{line:?} for {before:?}"));
    let address = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    address.unwrap().parse().unwrap()
}

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
}

/// A process that does not outlive its test.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) out: Lines,
    pub(crate) err: Lines,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process still runs");
    }

    /// Waits for the end and gives the exit code; none after a signal that killed it.
    pub(crate) async fn end(&mut self) -> Option<i32> {
        // Its streams end when it ends; what they still said is kept.
        self.out.until_the_end().await;
        self.err.until_the_end().await;
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a stream, read by a thread of their own, so that waiting for one has a bound.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: UnboundedReceiver<String>,
    kept: VecDeque<String>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            lines,
            kept: VecDeque::new(),
        }
    }

    /// The next line, or the end.
    async fn next(&mut self) -> Option<String> {
        match self.kept.pop_front() {
            Some(line) => Some(line),
            None => within(self.lines.recv()).await,
        }
    }

    async fn until_the_end(&mut self) {
        while let Some(line) = within(self.lines.recv()).await {
            self.kept.push_back(line);
        }
    }

    pub(crate) async fn line(&mut self) -> String {
        self.next().await.expect("a line, not the end")
    }

    /// Everything until the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.next().await {
            lines.push(line);
        }
        lines
    }
}

/// `fusebox serve`, listening.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) process: Process,
    pub(crate) gateway: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Daemon {
    /// `serve`, just started: waits until it listens.
    pub(crate) async fn of(mut process: Process) -> Self {
        let gateway = address(&process.out.line().await, "gateway ");
        let admin = address(&process.out.line().await, "admin ");
        Self {
            process,
            gateway,
            admin,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.gateway, path).await
    }

    /// One circuit as the admin API shows it.
    pub(crate) async fn circuit(&self, name: &str) -> Value {
        ask(self.admin, &format!("/api/v1/circuit-breakers/{name}"))
            .await
            .json()
    }

    /// The next line of the log with this message, whatever comes before it.
    pub(crate) async fn logged(&mut self, message: &str) -> Value {
        self.logged_where(message, |line| line["message"] == message)
            .await
    }

    /// The same by the name that `OpenTelemetry` gives its lines; they have no message.
    #[cfg(feature = "opentelemetry")]
    pub(crate) async fn logged_as(&mut self, name: &str) -> Value {
        self.logged_where(name, |line| line["name"] == name).await
    }

    async fn logged_where(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut before = Vec::new();
        loop {
            let line = self.process.err.next().await;
            let line = line.unwrap_or_else(|| panic!("no {what:?} among {before:#?}"));
            let value: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if is_it(&value) {
                return value;
            }
            before.push(line);
        }
    }
}

/// A GET on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> Answer {
    exchange(address, &get(path, "")).await
}

/// Sends JSON on a connection of its own.
pub(crate) async fn send(address: SocketAddr, method: &str, path: &str, body: &Value) -> Answer {
    let (body, lines) = (
        body.to_string(),
        "host: gateway.example\r\nconnection: close\r\n",
    );
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\n{lines}content-length: {length}\r\n\r\n");
    exchange(address, &(head + &body)).await
}

pub(crate) async fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = within(TcpStream::connect(address)).await.unwrap();
    let request = request.replace("gateway.example", &address.to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    within(stream.read_to_end(&mut all)).await.unwrap();
    Answer::parse(&all)
}
