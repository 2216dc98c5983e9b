//! An endpoint for Prometheus on a plain socket: `Accept` chooses the format. By itself it asks
//! once for each; given a number, it prints its address and serves so many scrapes to others.
//!
//! ```sh
//! cargo run -p fusebox-telemetry --example metrics_endpoint
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{CircuitBreaker, Outcome, Settlement};
use fusebox_telemetry::{Fact, Facts, accepted};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, SystemTime};

struct Host;

impl Facts for Host {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        visit(Fact::ConfigLastReloadSuccess(true));
    }
}

fn answer(mut stream: TcpStream, circuit: &CircuitBreaker) -> std::io::Result<()> {
    let lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let fields = head.iter().filter_map(|line| line.split_once(':'));
    let mut accepts = fields.filter(|(name, _)| name.eq_ignore_ascii_case("accept"));
    let exporter = accepted(accepts.next().map_or("", |(_, value)| value));
    let (kind, now) = (exporter.content_type(), SystemTime::now());
    println!("{kind}");
    let text = exporter.export_with(circuit, &Host, now);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{text}"
    )
}

fn scrape(address: SocketAddr, accept: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /metrics HTTP/1.1\r\naccept: {accept}\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map(|_| text)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rag = CircuitBreaker::builder("rag").build()?;
    let settlement = Settlement::new(Outcome::Success).took(Duration::from_millis(40));
    rag.acquire()?.settle(settlement);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    println!("http://{address}/metrics");
    let scrapes = std::env::args().nth(1).map(|n| n.parse()).transpose()?;
    let mut streams = listener.incoming().take(scrapes.unwrap_or(2));
    let asking = scrapes.is_none().then(|| {
        let both = ["application/openmetrics-text", "*/*"];
        std::thread::spawn(move || both.map(|accept| scrape(address, accept)))
    });
    streams.try_for_each(|stream| answer(stream?, &rag))?;
    if let Some(asking) = asking {
        let [open_metrics, classic] = asking.join().map_err(|_| "nobody asked")?;
        assert!(open_metrics?.ends_with("\n# EOF\n"));
        assert!(classic?.contains("\ncircuit_breaker_state{"));
    }
    Ok(())
}
