//! What the receiver of an HTTP sink sends back.
//!
//! The input is what it sends, byte for byte, before it closes.
#![no_main]

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use fusebox::FailureClass;
use fusebox_fuzz::Script;
use fusebox_queue::sink::{HttpSink, Judgement, Reply, Sink};
use fusebox_queue::{Leased, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use libfuzzer_sys::fuzz_target;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// Little, so that answers are longer.
const BODY_BYTES_MAX: usize = 16;
/// A head may hold no more.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// The longest that an error may be: it is kept with every attempt.
const ERROR_CHARS_MAX: usize = 200;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The receiver says all at once and closes: nothing here is waited for.
const BOUND: Duration = Duration::from_secs(10);

/// Two sinks to one receiver, used by every input.
struct House {
    runtime: Runtime,
    script: Arc<Script>,
    by_status: HttpSink<HttpConnector>,
    by_body: HttpSink<HttpConnector>,
    message: Leased,
}

fuzz_target!(|answer: &[u8]| {
    static HOUSE: OnceLock<House> = OnceLock::new();
    let house = HOUSE.get_or_init(House::new);
    let by_status = house.replied(&house.by_status, answer);
    let by_body = house.replied(&house.by_body, answer);
    for reply in [&by_status, &by_body] {
        holds(reply, answer);
    }
    // What somebody judges is what is judged by status, but for what the judge says.
    match (&by_status, &by_body) {
        (_, Reply::Refused { response, .. }) if is_unwanted(response.as_ref()) => {}
        (Reply::Failed { class, .. }, Reply::Failed { class: same, .. }) => assert_eq!(class, same),
        _ => assert_eq!(by_status, by_body),
    }
});

impl House {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let script = Arc::new(Script::default());
        let address = runtime.block_on(async {
            let receiver = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = receiver.local_addr().expect("an address");
            tokio::spawn(Arc::clone(&script).serve(receiver));
            address
        });
        let builder = || {
            let address = format!("http://{address}/api").parse();
            let builder = HttpSink::builder(address.expect("an address"));
            builder.timeout(BOUND).response_bytes_max(BODY_BYTES_MAX)
        };
        let judge = |answer: &Response| is_unwanted(Some(answer)).then_some(Judgement::Refused);
        Self {
            by_status: builder().build_http().expect("a sink"),
            by_body: builder().judge(judge).build_http().expect("a sink"),
            runtime,
            script,
            message: message(),
        }
    }

    fn replied(&self, sink: &HttpSink<HttpConnector>, answer: &[u8]) -> Reply {
        self.script.says(vec![answer.to_vec()]);
        let reply = self.runtime.block_on(sink.deliver(&self.message));
        // Not twice, whatever comes back: the message may have arrived.
        let heads = self.script.heads();
        assert_eq!(heads.len(), 1, "{heads:?}");
        reply
    }
}

fn message() -> Leased {
    Leased {
        id: "019a0000-0000-7000-8000-000000000001"
            .parse()
            .expect("an id"),
        token: 1,
        until: SystemTime::UNIX_EPOCH,
        queue: "q".into(),
        key: None,
        group: None,
        idempotency_key: None,
        attributes: Vec::new(),
        body: "body".into(),
        attempts: 0,
        deferrals: 0,
        crashes: 0,
        uncertain: false,
    }
}

/// The judge of the second sink.
fn is_unwanted(answer: Option<&Response>) -> bool {
    answer.is_some_and(|answer| answer.body.starts_with(b"<"))
}

/// What is true of every reply to these bytes.
fn holds(reply: &Reply, answer: &[u8]) {
    match reply {
        Reply::Delivered(response) => {
            let response = response.as_ref().expect("an answer");
            is_kept(response, answer);
            assert_eq!(Judgement::of(response.status), Judgement::Delivered);
        }
        Reply::Refused {
            class,
            error,
            response,
        } => {
            let response = response.as_ref().expect("an answer");
            is_kept(response, answer);
            let refused = Judgement::of(response.status) == Judgement::Refused;
            assert!(refused || is_unwanted(Some(response)));
            assert_eq!(class, "status");
            is_told(error);
        }
        Reply::Failed {
            class,
            error,
            retry_after,
            uncertain,
        } => {
            is_told(error);
            is_a_wait(*retry_after);
            // It was connected to and sent: only a status says that it did not arrive.
            assert_eq!(*uncertain, *class != FailureClass::Status);
            let classes = [FailureClass::Status, FailureClass::Reset];
            assert!(classes.contains(class), "{class:?}");
        }
        Reply::Throttled {
            error,
            retry_after,
            uncertain,
        } => {
            is_told(error);
            is_a_wait(*retry_after);
            // It says itself that it has done nothing.
            assert!(!uncertain);
        }
        Reply::Unsendable { error } => panic!("{error}"),
    }
}

/// Nothing is kept that was not sent, and no more than is wanted.
fn is_kept(response: &Response, answer: &[u8]) {
    let sent = String::from_utf8_lossy(answer);
    assert!(sent.contains(&response.status.to_string()), "{response:?}");
    assert!(response.body.len() <= BODY_BYTES_MAX);
    let bytes = response.headers.iter();
    let bytes: usize = bytes.map(|(name, value)| name.len() + value.len()).sum();
    assert!(bytes <= HEAD_BYTES_MAX);
    for (name, value) in &response.headers {
        assert!(sent.to_ascii_lowercase().contains(name), "{name}");
        assert!(sent.contains(value.as_str()), "{value}");
        assert!(!value.contains(is_control), "{value:?}");
    }
}

/// A short line: it is shown and logged.
fn is_told(error: &str) {
    assert!(
        !error.is_empty() && !error.contains(is_control),
        "{error:?}"
    );
    assert!(error.chars().count() <= ERROR_CHARS_MAX, "{error}");
}

/// A tab may stand in a header.
fn is_control(letter: char) -> bool {
    letter.is_control() && letter != '\t'
}

fn is_a_wait(wait: Option<Duration>) {
    assert!(wait.is_none_or(|wait| wait <= DAY));
}
