//! A real `redis-server` of the test's own: a free port of the loopback address, a folder of its
//! own, gone with the value, also when the test panics.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fusebox_store::Redis;
use rustix::process::{Pid, Signal, kill_process};

use crate::wire::Wire;

/// For everything that is waited for.
const BOUND: Duration = Duration::from_secs(20);

/// A free port may be another program's a moment later.
const STARTS_MAX: u32 = 5;

pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
    options: Vec<String>,
}

impl Server {
    /// One that keeps nothing when it ends.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// The same with options more, such as `--requirepass`.
    pub(crate) fn with(options: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fusebox-redis-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder of the test's own");
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        for _ in 0..STARTS_MAX {
            let port = free_port();
            let child = spawn(port, &folder, &options);
            let mut server = Self {
                child,
                port,
                folder: folder.clone(),
                options: options.clone(),
            };
            if server.answers() {
                return server;
            }
            // It ended: somebody else took the port. The folder is made anew after the drop.
            drop(server);
            fs::create_dir_all(&folder).expect("a folder of the test's own");
        }
        panic!("redis-server did not start; options {options:?}");
    }

    /// Waits until it answers; false: it ended.
    fn answers(&mut self) -> bool {
        let mut ended = false;
        until("redis-server answers", || {
            ended = self.child.try_wait().expect("a child").is_some();
            ended || Wire::try_to(self.port).is_some_and(|mut wire| wire.is_awake())
        });
        !ended
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn storage(&self) -> Redis {
        Redis::open(&self.url()).expect("a URL")
    }

    /// A connection that knows nothing of the storage's code.
    pub(crate) fn wire(&self) -> Wire {
        Wire::to(self.port)
    }

    /// It hangs: the system takes connections and bytes for it, and nothing answers.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Killed, as by kill -9; what it knew is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    /// At the same port again, empty.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.port, &self.folder, &self.options);
        assert!(
            self.answers(),
            "redis-server ended when it was started again"
        );
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the server still runs");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A stopped process can be killed too.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn spawn(port: u16, folder: &Path, options: &[String]) -> Child {
    let started = Command::new("redis-server")
        .args(["--port", &port.to_string()])
        .args(["--bind", "127.0.0.1", "--daemonize", "no"])
        .args(["--save", "", "--appendonly", "no"])
        .args(["--dir", &folder.display().to_string()])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if started.is_err() {
        let _ = fs::remove_dir_all(folder);
    }
    match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "missing: the program `redis-server` (Debian, Ubuntu: the package redis-server); \
             `scripts/test --full` installs it"
        ),
        Err(error) => panic!("redis-server cannot be started: {error}"),
    }
}

/// Waits until a condition holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = now();
    while !holds() {
        assert!(begun.elapsed() < BOUND, "not within the bound: {what}");
        pause();
    }
}

/// A real server answers in real time.
#[allow(clippy::disallowed_methods)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods)]
fn pause() {
    // tidy-allow(sleep): the bounded wait itself looks at its condition again and again
    std::thread::sleep(Duration::from_millis(5));
}
