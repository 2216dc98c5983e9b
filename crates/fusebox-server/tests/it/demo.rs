//! `fusebox demo` from outside. These tests run on the wall clock, as the demo itself does; they
//! stand in docs/wall-clock-tests.md.

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::Instant;

/// `demo --once` promises 30 s; the rest is for a busy machine to start a process.
const ONCE_WITHIN: Duration = Duration::from_secs(35);

/// The first circuit opens after about 3 s.
const FIRST_OPENING_WITHIN: Duration = Duration::from_secs(15);

/// From Ctrl-C to the end of the process.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A running demo that does not outlive its test.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Demo {
    fn command(args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusebox"));
        command.arg("demo").args(args).stdin(Stdio::null());
        command
    }

    fn start(mut command: Command) -> Demo {
        Demo(command.spawn().expect("the binary starts"))
    }

    fn interrupt(&self) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::INT).expect("the demo still runs");
    }

    fn stdout(&mut self) -> ChildStdout {
        self.0.stdout.take().expect("its output is a pipe")
    }

    /// For a demo whose output has ended: the process is ending too.
    fn status(&mut self) -> ExitStatus {
        self.0.wait().expect("the demo was started by us")
    }
}

/// What a stream has said so far. It is read by a thread of its own, so that waiting has a bound.
struct Output {
    pieces: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Output {
    fn of(mut stream: impl Read + Send + 'static) -> Output {
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // A terminal whose program has ended reads as an error: an end like any other.
            while let Ok(n @ 1..) = stream.read(&mut piece) {
                if sender.send(piece[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Output {
            pieces,
            bytes: Vec::new(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Reads on until it has said `words`, or ended; panics when neither comes in time.
    fn until(&mut self, words: &str, within: Duration) {
        self.read(within, |text| text.contains(words));
    }

    /// Reads to its end.
    fn all(&mut self, within: Duration) -> String {
        self.read(within, |_| false);
        self.text()
    }

    fn read(&mut self, within: Duration, enough: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + within;
        while !enough(&self.text()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.bytes.extend(piece),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("still waiting after {within:?}:\n{}", self.text())
                }
            }
        }
    }
}

/// Circuit name to its object in the summary.
fn circuit<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let circuits = summary["circuits"].as_array().expect("circuits are a list");
    circuits
        .iter()
        .find(|circuit| circuit["name"] == name)
        .expect(name)
}

fn number(circuit: &Value, key: &str) -> u64 {
    circuit[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} of {circuit}"))
}

#[test]
fn the_arenas_page_is_made_from_the_sources_as_they_are() {
    // One build makes both pages from all sources, and a test of the console's crate holds the hash
    // against these.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let hash = |folder: &str| std::fs::read_to_string(here.join(folder).join("sources.sha256"));
    assert_eq!(
        hash("src/demo/arena/dist").expect("a hash"),
        hash("../fusebox-admin/console/dist").expect("a hash"),
        "the arena's page is stale: run `scripts/console build` and commit what it writes"
    );
}

#[test]
fn whole_script_opens_the_sick_circuits_and_closes_them_after_healing() {
    let mut command = Demo::command(&["--once", "--json"]);
    let folder = EmptyFolder::new("demo");
    command.current_dir(&folder.0);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut demo = Demo::start(command);
    let mut talk = Output::of(demo.0.stderr.take().unwrap());
    let json = Output::of(demo.stdout()).all(ONCE_WITHIN);
    let lines = talk.all(END_WITHIN);
    assert!(demo.status().success(), "{lines}");

    let summary: Value = serde_json::from_str(&json).expect("one JSON object");
    let seconds = summary["seconds"].as_f64().unwrap();
    assert!((15.0..=30.0).contains(&seconds), "{seconds}");
    assert_eq!(summary["circuits"].as_array().unwrap().len(), 4);
    assert_eq!(summary["arena"], Value::Null, "there is none");
    for circuit in summary["circuits"].as_array().unwrap() {
        clients_and_breaker_agree(circuit);
    }
    healthy_circuit_never_opened(circuit(&summary, "catalog"));
    for name in ["search", "reports", "payments"] {
        sick_circuit_opened_and_closed(circuit(&summary, name));
    }
    dead_service_was_left_alone(circuit(&summary, "payments"));
    let search = circuit(&summary, "search");
    assert!(
        number(search, "fallbacks") > number(search, "rejected"),
        "failures fall back too"
    );
    assert_eq!(
        number(&search["answers"], "failed"),
        0,
        "clients of search never see an error"
    );
    lines_tell_the_story(&lines);
    let left = std::fs::read_dir(&folder.0).unwrap().count();
    assert_eq!(
        left, 0,
        "nothing is written where somebody looks at the demo"
    );
}

/// Where a demo is run, removed at the end.
struct EmptyFolder(PathBuf);

impl EmptyFolder {
    fn new(name: &str) -> Self {
        let name = format!("fusebox-{name}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for EmptyFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The three who count are independent of each other; what they say must fit.
fn clients_and_breaker_agree(circuit: &Value) {
    let requests = number(circuit, "requests");
    assert!(requests > 200, "steady traffic: {circuit}");
    let answers = &circuit["answers"];
    assert_eq!(
        number(answers, "none"),
        0,
        "every client got an answer: {circuit}"
    );
    let keys = ["served", "failed", "rejected", "fallback"];
    let answered: u64 = keys.iter().map(|key| number(answers, key)).sum();
    assert_eq!(answered, requests, "{circuit}");
    let rejected = number(circuit, "rejected");
    assert_eq!(
        number(circuit, "let_through"),
        requests - rejected,
        "{circuit}"
    );
    let judged = ["success", "failure", "ignored", "late"];
    let judged: u64 = judged.iter().map(|key| number(circuit, key)).sum();
    assert_eq!(
        judged + rejected,
        requests,
        "the breaker saw what the clients sent: {circuit}"
    );
    assert!(
        number(circuit, "reached_upstream") <= requests - rejected,
        "{circuit}"
    );
    assert_eq!(number(circuit, "gateway_requests"), requests, "{circuit}");
}

fn healthy_circuit_never_opened(circuit: &Value) {
    assert_eq!(circuit["state"], "closed");
    for key in ["opened", "transitions", "rejected", "fallbacks", "failure"] {
        assert_eq!(number(circuit, key), 0, "{key}: {circuit}");
    }
    assert_eq!(
        number(circuit, "reached_upstream"),
        number(circuit, "requests")
    );
}

fn sick_circuit_opened_and_closed(circuit: &Value) {
    assert!(number(circuit, "opened") >= 1, "{circuit}");
    assert!(number(circuit, "closed") >= 1, "{circuit}");
    assert_eq!(circuit["state"], "closed", "{circuit}");
    assert!(number(circuit, "rejected") > 0, "{circuit}");
    assert!(
        number(circuit, "reached_upstream") < number(circuit, "requests"),
        "{circuit}"
    );
    let trouble = &circuit["trouble"];
    assert!(trouble["seconds"].as_f64().unwrap() > 2.0, "{circuit}");
    assert!(
        number(trouble, "let_through") < number(trouble, "requests") / 2,
        "{circuit}"
    );
}

/// Five failures open it; besides these only trials, and calls that were on their way when it
/// opened.
fn dead_service_was_left_alone(circuit: &Value) {
    let trouble = &circuit["trouble"];
    assert!(number(trouble, "requests") > 50, "{circuit}");
    let found_it_dead = number(circuit, "let_through") - number(circuit, "reached_upstream");
    assert!((5..=15).contains(&found_it_dead), "{circuit}");
    assert!(number(trouble, "let_through") <= 15, "{circuit}");
}

fn lines_tell_the_story(lines: &str) {
    assert!(!lines.contains('\x1b'), "plain lines have no escapes");
    for said in [
        "gateway http://127.0.0.1:",
        "admin http://127.0.0.1:",
        "service payments dies",
        "circuit payments opens: 5 failures in a row",
        "circuit payments is half-open",
        "circuit payments closes",
        "circuit search opens",
        "circuit reports opens",
    ] {
        assert!(lines.contains(said), "{said:?} is missing in:\n{lines}");
    }
    let seconds = lines.lines().filter(|line| line.contains("catalog closed"));
    assert!(
        (15..=30).contains(&seconds.count()),
        "a line a second:\n{lines}"
    );
}

#[test]
fn interrupted_demo_without_a_terminal_ends_with_a_summary() {
    let mut command = Demo::command(&["--port", "0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut demo = Demo::start(command);
    let mut output = Output::of(demo.stdout());
    output.until("circuit payments opens", FIRST_OPENING_WITHIN);
    demo.interrupt();
    let text = output.all(END_WITHIN);
    assert_eq!(demo.status().code(), Some(0), "{text}");
    assert!(
        !text.contains('\x1b'),
        "plain lines have no escapes:\n{text}"
    );
    assert!(
        text.starts_with("Break it yourself: http://127.0.0.1:"),
        "the page's address comes first:\n{text}"
    );
    for said in [
        "gateway http://",
        "try: curl",
        "Summary after",
        "upstream saw",
        "of trouble",
        "with breakers     without",
        "users answered",
        "calls wasted                    0           0",
    ] {
        assert!(text.contains(said), "{said:?} is missing in:\n{text}");
    }
}

#[test]
fn a_port_that_is_taken_is_refused_where_it_is_named_and_told_where_it_is_not() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = other.local_addr().unwrap().port().to_string();
    let mut command = Demo::command(&["--port", &port]);
    let refused = command.output().expect("the binary starts");
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains(&format!("127.0.0.1:{port}: ")), "{told}");
    assert!(told.contains("--port 0 takes any that is free"), "{told}");

    // Whoever has it: a test that runs beside this one, if not this one.
    let _usual = TcpListener::bind("127.0.0.1:9799");
    let mut command = Demo::command(&[]);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut demo = Demo::start(command);
    let mut output = Output::of(demo.stdout());
    output.until("fusebox demo: gateway", FIRST_OPENING_WITHIN);
    let text = output.text();
    assert!(
        text.contains("Port 9799 is taken, so this is another one; --port names one."),
        "{text}"
    );
}

#[test]
fn the_summary_for_programs_has_the_scores_of_the_arena() {
    let mut command = Demo::command(&["--json", "--port", "0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut demo = Demo::start(command);
    let mut talk = Output::of(demo.0.stderr.take().unwrap());
    talk.until("  1.0 s", FIRST_OPENING_WITHIN);
    demo.interrupt();
    let json = Output::of(demo.stdout()).all(END_WITHIN);
    let summary: Value = serde_json::from_str(&json).expect("one JSON object");
    for side in ["with", "without"] {
        let score = &summary["arena"][side];
        assert!(number(score, "answered") > 5, "{summary}");
        assert_eq!(number(score, "wasted"), 0, "{summary}");
    }
}

#[test]
fn interrupted_demo_gives_the_terminal_back() {
    let (master, slave) = terminal();
    let desktop = Desktop::new();
    let mut command = Demo::command(&["--port", "0"]);
    desktop.around(&mut command);
    command
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env("LC_ALL", "C.UTF-8");
    command.stdout(slave).stderr(Stdio::inherit());
    // The command holds our copy of the terminal's other side; it goes with it, so that the end is
    // seen.
    let mut demo = Demo::start(command);
    let mut output = Output::of(std::fs::File::from(master));
    output.until("○ open, trial in", FIRST_OPENING_WITHIN);
    let page = desktop.opened();
    demo.interrupt();
    let text = output.all(END_WITHIN);
    assert_eq!(demo.status().code(), Some(0), "{text}");
    assert!(
        page.starts_with("http://127.0.0.1:") && text.contains(&page),
        "the page that was told is opened: {page}"
    );

    let entered = text.find("\x1b[?1049h").expect("the second screen is used");
    let left = text.rfind("\x1b[?1049l").expect("and left");
    assert!(entered < left);
    assert!(
        text[..left].contains("\x1b[?25l") && text[..left].contains("\x1b[?25h"),
        "the cursor"
    );
    let after = &text[left..];
    assert!(
        after.contains("Summary after"),
        "the summary stays on the first screen:\n{after}"
    );
    assert!(
        !after.contains("\x1b[H"),
        "nothing is drawn after leaving:\n{after}"
    );
    pages_fit(&text[entered..left]);
}

/// A graphical session whose program for opening pages writes down what it is asked to open.
struct Desktop(EmptyFolder);

impl Desktop {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = EmptyFolder::new("desktop");
        for opener in ["xdg-open", "open"] {
            let path = folder.0.join(opener);
            // The name comes last, so that who sees it sees all of it.
            let script =
                "#!/bin/sh\ncd \"${0%/*}\" && echo \"$1\" > page.new && mv page.new page\n";
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        Self(folder)
    }

    fn around(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.0.0.clone()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).unwrap();
        command.env("PATH", path).env("DISPLAY", ":9");
        command.env_remove("SSH_CONNECTION");
    }

    /// The address, to be asked for when the demo has run for some seconds.
    fn opened(&self) -> String {
        let page = std::fs::read_to_string(self.0.0.join("page"));
        page.expect("the page was opened").trim().to_owned()
    }
}

/// No page is higher than the terminal, no line wider.
fn pages_fit(drawn: &str) {
    let pages: Vec<&str> = drawn.split("\x1b[H").skip(1).collect();
    assert!(pages.len() > 5, "it is drawn again and again");
    for page in pages {
        let lines: Vec<String> = page.split("\r\n").map(without_escapes).collect();
        assert!(lines.len() <= 24, "{lines:#?}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= 80),
            "{lines:#?}"
        );
        assert!(
            lines.iter().any(|line| line.contains("Ctrl-C")),
            "{lines:#?}"
        );
    }
}

fn without_escapes(line: &str) -> String {
    let mut pieces = line.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let end = piece
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(piece.len(), |end| end + 1);
        text + &piece[end..]
    })
}

/// Both sides of a new terminal of 80 by 24.
fn terminal() -> (rustix::fd::OwnedFd, Stdio) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let name = name.into_string().unwrap();
    let slave = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name)
        .unwrap();
    (master, Stdio::from(slave))
}
