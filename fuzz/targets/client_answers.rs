//! What the command line is answered by whoever listens where a daemon should.
//!
//! The first line of the input is one of [`COMMANDS`]. After it come answers, one for each request
//! in turn (the last one for all others), parted by lines `%answer`: the status in a line of its
//! own and then the body, or after a line `raw` what is sent byte for byte.
#![no_main]

use std::fs::File;
use std::io::{Read, Seek};
use std::panic;
use std::sync::{Arc, OnceLock};

use fusebox_fuzz::{Script, split_at_line};
use libfuzzer_sys::fuzz_target;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::stdio;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Every command that asks a daemon, in both of its forms where it has two.
const COMMANDS: &[&str] = &[
    "status",
    "status --json",
    "status rag",
    "status rag --json",
    "open rag --reason why",
    "close rag --json",
    "hold rag observe --reason why --for 1h",
    "release rag",
    "reset rag",
    "main",
    "main open --reason why",
    "events",
    "events rag --limit 2 --json",
    "events export 17",
    "audit",
    "audit --limit 2 --json",
    "audit --verify",
    "queue list",
    "queue list --json",
    "queue show rag",
    "queue show rag --json",
    "queue pause rag --reason why",
    "queue pause * --reason why",
    "queue resume rag --group g",
    "dead list",
    "dead list rag --limit 2 --json",
    "dead show 019a0000-0000-7000-8000-000000000001",
    "dead retry --queue rag --key k",
    "dead discard 019a0000-0000-7000-8000-000000000001 --json",
];

const DONE: u8 = 0;
const NO: u8 = 1;
const CANNOT_REACH: u8 = 3;
const REFUSED: u8 = 4;

/// Who answers, and where the command line writes to; used by every input.
struct House {
    script: Arc<Script>,
    out: File,
    err: File,
    // That of libFuzzer.
    own_err: File,
}

/// What a command did.
struct Seen {
    code: u8,
    out: String,
    err: String,
}

fuzz_target!(|text: &str| {
    static HOUSE: OnceLock<House> = OnceLock::new();
    let house = HOUSE.get_or_init(House::new);
    let (command, answers) = text.split_once('\n').unwrap_or((text, ""));
    if !COMMANDS.contains(&command) {
        return;
    }
    let answers = answers_of(answers);
    house
        .script
        .says(answers.iter().map(Answer::wire).collect());
    let seen = house.run(command);
    is_for_people(&seen.out);
    is_for_people(&seen.err);
    let asked = house.script.heads().len();
    assert!(asked > 0 && asked <= answers.len() + 2, "{asked} requests");
    holds(&seen, command, &answers);
});

impl House {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let script = Arc::new(Script::default());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        // Without the machine's roots, which take longer to read than all the rest.
        let environment = [
            ("FUSEBOX_URL", format!("http://{address}/fusebox")),
            ("SSL_CERT_FILE", "/dev/null".to_owned()),
        ];
        for (name, value) in environment {
            // SAFETY: libFuzzer has one thread, and this is its first input.
            unsafe { std::env::set_var(name, value) };
        }
        let serving = Arc::clone(&script).serve(listener);
        std::thread::spawn(move || runtime.block_on(serving));
        let file = |name| File::from(memfd_create(name, MemfdFlags::CLOEXEC).expect("a file"));
        let own_err = stdio::stderr().try_clone_to_owned().expect("its errors");
        let house = Self {
            script,
            out: file("out"),
            err: file("err"),
            own_err: own_err.into(),
        };
        stdio::dup2_stdout(&house.out).expect("its output");
        house.tell_of_panics();
        house
    }

    /// A panic is for libFuzzer's output, not for that of the command.
    fn tell_of_panics(&self) {
        let told = panic::take_hook();
        let own_err = self.own_err.try_clone().expect("its errors");
        panic::set_hook(Box::new(move |what| {
            let _ = stdio::dup2_stderr(&own_err);
            told(what);
        }));
    }

    fn run(&self, command: &str) -> Seen {
        stdio::dup2_stderr(&self.err).expect("its errors");
        let line = ["fusebox"].into_iter().chain(command.split(' '));
        let code = fusebox_server::cli::run_line(line);
        stdio::dup2_stderr(&self.own_err).expect("its errors");
        Seen {
            code,
            out: taken(&self.out),
            err: taken(&self.err),
        }
    }
}

/// What was written; nothing of it stays.
fn taken(mut file: &File) -> String {
    let mut text = String::new();
    file.rewind().expect("a beginning");
    file.read_to_string(&mut text).expect("a text");
    file.rewind().expect("a beginning");
    file.set_len(0).expect("an empty file");
    text
}

enum Answer<'t> {
    Whole { status: u16, body: &'t str },
    Raw(&'t str),
}

fn answers_of(mut text: &str) -> Vec<Answer<'_>> {
    let mut answers = Vec::new();
    loop {
        let (answer, others) = split_at_line(text, "%answer");
        let (first, body) = answer.split_once('\n').unwrap_or((answer, ""));
        answers.push(match first.parse() {
            Ok(status @ 200..=599) => Answer::Whole { status, body },
            _ => Answer::Raw(body),
        });
        if others.is_empty() {
            return answers;
        }
        text = others;
    }
}

impl Answer<'_> {
    fn wire(&self) -> Vec<u8> {
        match self {
            Self::Whole { status, body } => {
                let length = body.len();
                format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}").into()
            }
            Self::Raw(bytes) => bytes.as_bytes().to_vec(),
        }
    }

    fn is_refusal(&self) -> bool {
        match self {
            Self::Whole { status, .. } => !(200..300).contains(status),
            Self::Raw(_) => true,
        }
    }
}

fn holds(seen: &Seen, command: &str, answers: &[Answer<'_>]) {
    let Seen { code, out, err } = seen;
    match *code {
        DONE => {
            assert!(err.is_empty(), "{err}");
            // What was asked for came, and came whole.
            assert!(!out.is_empty());
            if command.ends_with("--json") || command.starts_with("events export") {
                let said: Result<serde_json::Value, _> = serde_json::from_str(out);
                assert!(said.is_ok(), "{out}");
            }
        }
        NO => assert_eq!(command, "audit --verify"),
        CANNOT_REACH => {}
        REFUSED => assert!(answers.iter().any(Answer::is_refusal), "{err}"),
        other => panic!("exit code {other}: {err}"),
    }
    if *code != DONE {
        assert!(out.is_empty() || *code == NO, "{out}");
        assert!(err.starts_with("fusebox: ") && err.ends_with('\n'), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

/// Nothing in it that a terminal obeys, or that hides what is written.
fn is_for_people(text: &str) {
    let harmful = |letter: char| {
        letter.is_control() && !matches!(letter, '\n' | '\t')
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
    };
    assert!(!text.contains(harmful), "{text:?}");
}
