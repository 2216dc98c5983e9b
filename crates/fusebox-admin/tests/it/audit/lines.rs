//! What the program writes into its log while a test runs.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

/// The lines of this thread's log, as long as it lives.
pub(crate) struct Lines {
    bytes: Bytes,
    _here: DefaultGuard,
    /// While there is only one subscriber, a test on another thread that comes first to a line of
    /// the log would switch it off for all threads; with a second, everyone is asked.
    _second: Dispatch,
}

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Begins to listen, to everything that there is.
    pub(crate) fn listen() -> Self {
        let bytes = Bytes::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(bytes.clone())
            .finish();
        Self {
            bytes,
            _here: tracing::subscriber::set_default(subscriber),
            _second: Dispatch::new(NoSubscriber::default()),
        }
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        let bytes = self.bytes.0.lock().expect("no panic before").clone();
        String::from_utf8(bytes).expect("text")
    }

    /// The fields of the lines that say so.
    pub(crate) fn saying(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            line["fields"].clone()
        });
        lines
            .filter(|fields| fields["message"] == message)
            .collect()
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic before").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Bytes {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
