//! One request through the gateway, and whatever the upstream sends back.
//!
//! The input is a line with method and target, a line each for headers, after an empty line the
//! body; after a line `%answer` stands what the upstream sends, byte for byte, before it closes.
#![no_main]

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fusebox::{Author, State};
use fusebox_fuzz::{Script, split_at_line};
use fusebox_server::circuits::Circuits;
use fusebox_server::gateway::{Gateway, Limits};
use fusebox_server::settings::Config;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// Nothing here takes longer on a busy machine.
const BOUND: Duration = Duration::from_secs(10);
/// A client that has an answer, and from which nothing more is wanted, waits no longer.
const QUIET_FOR: Duration = Duration::from_millis(30);
/// Headers of one hop, which the next one must not see.
const OF_ONE_HOP: [&str; 4] = [
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "upgrade",
];

/// A gateway with one upstream, used by every input.
struct House {
    runtime: Runtime,
    circuits: Arc<Circuits>,
    gateway: SocketAddr,
    script: Arc<Script>,
}

fuzz_target!(|text: &str| {
    static HOUSE: OnceLock<House> = OnceLock::new();
    let house = HOUSE.get_or_init(House::new);
    let (request, answer) = split_at_line(text, "%answer");
    house.script.says(vec![answer.as_bytes().to_vec()]);
    let circuit = house.circuits.get("up").expect("a circuit");
    circuit.breaker().reset(&Author::new("fuzz"));
    let before = circuit.breaker().snapshot().totals;
    let answered = house.runtime.block_on(async {
        let answered = house.asked(&wire(request)).await;
        house.is_at_rest().await;
        answered
    });
    is_an_answer(&answered);
    for head in &house.script.heads() {
        is_for_the_upstream(head);
    }
    let after = circuit.breaker().snapshot();
    assert_eq!((after.state, after.in_flight), (State::Closed, 0));
    let settled =
        |totals: &fusebox::Totals| totals.success + totals.failure + totals.ignored + totals.late;
    let calls = settled(&after.totals) - settled(&before);
    // A head may be seen late, of the input before: its client had gone.
    assert!(calls <= 1, "{calls} calls");
});

impl House {
    fn new() -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let script = Arc::new(Script::default());
        let (circuits, gateway) = runtime.block_on(async {
            let upstream = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let to = upstream.local_addr().expect("an address");
            tokio::spawn(Arc::clone(&script).serve(upstream));
            let text = format!(
                "[circuits.up]\nupstream = \"http://{to}\"\npath = \"/up\"\ntimeout = \"1s\"\n\
                 fallback_on = [\"rejected\"]\nfallback = {{ status = 200, body = \"instead\" }}\n\
                 branch = {{ key = \"query:shard\", keys_max = 8 }}\n\
                 breaker = {{ consecutive_failures = 100 }}\n"
            );
            let config = Config::parse(&text, "fuzz.toml", std::iter::empty()).expect("settings");
            let circuits = Circuits::new(&config).expect("circuits");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let limits = Limits::default().head_read_for(Duration::from_secs(1));
            let gateway = Gateway::new(Arc::clone(&circuits), limits);
            tokio::spawn(gateway.serve(listener, std::future::pending()));
            (circuits, address)
        });
        Self {
            runtime,
            circuits,
            gateway,
            script,
        }
    }

    /// What comes back until the gateway closes, or says no more.
    async fn asked(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.gateway)
            .await
            .expect("a connection");
        // It may answer and close before it has read all.
        let _ = stream.write_all(request).await;
        let mut all = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let within = if all.is_empty() { BOUND } else { QUIET_FOR };
            match timeout(within, stream.read(&mut buffer)).await {
                Ok(Ok(read @ 1..)) => all.extend_from_slice(&buffer[..read]),
                Err(_) if all.is_empty() => panic!("no answer"),
                _ => return all,
            }
        }
    }

    /// Waits until nothing is in flight.
    async fn is_at_rest(&self) {
        let circuit = self.circuits.get("up").expect("a circuit");
        let rest = async {
            while circuit.stats().in_flight() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(BOUND, rest).await.expect("an end");
    }
}

/// A request that says how long it is and that it is the last one.
fn wire(input: &str) -> Vec<u8> {
    let (head, body) = input.split_once("\n\n").unwrap_or((input, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_once(' ').unwrap_or(("GET", first));
    let mut wire = format!("{method} {target} HTTP/1.1\r\nhost: here.example\r\n");
    for line in lines {
        wire.push_str(line);
        wire.push_str("\r\n");
    }
    wire.push_str("connection: close\r\n");
    if !body.is_empty() {
        wire.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    wire.push_str("\r\n");
    wire.push_str(body);
    wire.into_bytes()
}

/// One head after which it is told once how long the body is, and nothing of one hop.
fn is_an_answer(answer: &[u8]) {
    let text = String::from_utf8_lossy(answer);
    let (head, _) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1."));
    let status = status.and_then(|line| line.get(2..5)).expect("a status");
    let status: u16 = status.parse().expect("a number");
    assert!((100..=999).contains(&status), "{head}");
    let names: Vec<_> = lines.map(name).collect();
    let has = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    assert!(
        has("content-length") + has("transfer-encoding") <= 1,
        "{head}"
    );
    if status != 101 {
        for name in OF_ONE_HOP {
            assert_eq!(has(name), 0, "{head}");
        }
    }
}

/// Goes to the upstream by its name, under the path it is to see.
fn is_for_the_upstream(head: &str) {
    let mut lines = head.split("\r\n");
    let first = lines.next().expect("a line");
    let target = first.split(' ').nth(1).expect("a target");
    assert!(target.starts_with('/'), "{head}");
    let path = target.split('?').next().unwrap_or_default();
    assert!(!path.split('/').any(|segment| segment == ".."), "{head}");
    let names: Vec<_> = lines.map(name).collect();
    let has = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    for name in ["host", "x-forwarded-for", "via"] {
        assert_eq!(has(name), 1, "{head}");
    }
    assert!(
        has("content-length") + has("transfer-encoding") <= 1,
        "{head}"
    );
    for name in [
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "expect",
    ] {
        assert_eq!(has(name), 0, "{head}");
    }
}

fn name(line: &str) -> String {
    line.split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}
