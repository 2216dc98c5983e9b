//! Redis' protocol by hand, so that what is in the server is not seen with the storage's own eyes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const BOUND: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Text(String),
    Number(i64),
    List(Vec<Self>),
    Nothing,
    Error(String),
}

pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    pub(crate) fn to(port: u16) -> Self {
        Self::try_to(port).expect("a connection")
    }

    pub(crate) fn try_to(port: u16) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(BOUND)).expect("a time-out");
        Some(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Whether there is an answer to PING: also one that a password is wanted first.
    pub(crate) fn is_awake(&mut self) -> bool {
        match self.send(&["PING"]).and_then(|()| self.read()) {
            Some(Answer::Error(error)) => error.starts_with("NOAUTH"),
            answer => answer.is_some(),
        }
    }

    /// A command given as words between spaces, and its answer.
    pub(crate) fn ask(&mut self, command: &str) -> Answer {
        let words: Vec<&str> = command.split(' ').collect();
        self.words(&words)
    }

    /// The same, for words with spaces in them.
    pub(crate) fn words(&mut self, words: &[&str]) -> Answer {
        self.send(words).expect("sent");
        self.read().expect("an answer")
    }

    pub(crate) fn text(&mut self, command: &str) -> String {
        match self.ask(command) {
            Answer::Text(text) => text,
            other => panic!("{command}: {other:?}"),
        }
    }

    pub(crate) fn number(&mut self, command: &str) -> i64 {
        match self.ask(command) {
            Answer::Number(number) => number,
            other => panic!("{command}: {other:?}"),
        }
    }

    pub(crate) fn texts(&mut self, command: &str) -> Vec<String> {
        let Answer::List(items) = self.ask(command) else {
            panic!("{command}: no list");
        };
        let text = |item| match item {
            Answer::Text(text) => text,
            other => panic!("{command}: {other:?}"),
        };
        items.into_iter().map(text).collect()
    }

    fn send(&mut self, words: &[&str]) -> Option<()> {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend(format!("${}\r\n", word.len()).bytes());
            bytes.extend(word.bytes());
            bytes.extend(b"\r\n");
        }
        self.stream.get_mut().write_all(&bytes).ok()
    }

    fn read(&mut self) -> Option<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        let line = line.trim_end_matches("\r\n");
        let (kind, rest) = line.split_at_checked(1)?;
        Some(match kind {
            "+" => Answer::Text(rest.to_owned()),
            "-" => Answer::Error(rest.to_owned()),
            ":" => Answer::Number(rest.parse().ok()?),
            "$" | "*" if rest == "-1" => Answer::Nothing,
            "$" => {
                let mut bytes = vec![0; rest.parse::<usize>().ok()? + 2];
                self.stream.read_exact(&mut bytes).ok()?;
                bytes.truncate(bytes.len() - 2);
                Answer::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
            "*" => {
                let count: usize = rest.parse().ok()?;
                let items: Option<Vec<Answer>> = (0..count).map(|_| self.read()).collect();
                Answer::List(items?)
            }
            _ => return None,
        })
    }
}
