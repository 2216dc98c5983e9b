//! A reqwest client behind a breaker, against a server on loopback that is overloaded: it asks for
//! half a minute of rest, and is left alone for as long.
//!
//! ```sh
//! cargo run -p fusebox-tower --features reqwest --example reqwest
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::CircuitBreaker;
use fusebox_tower::BreakerError;
use fusebox_tower::reqwest::{Error, ProtectedClient};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

static REACHED: AtomicU32 = AtomicU32::new(0);

/// Answers every request with 503, one connection each.
async fn overloaded(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (mut connection, _) = listener.accept().await?;
        REACHED.fetch_add(1, Ordering::Relaxed);
        let _ = connection.read(&mut [0; 4096]).await?;
        let head = "HTTP/1.1 503 Busy\r\nretry-after: 30\r\nconnection: close\r\n\r\n";
        connection.write_all(head.as_bytes()).await?;
    }
}

async fn explain(rag: &ProtectedClient<Arc<CircuitBreaker>>, url: &str) -> Result<String, Error> {
    let answer = rag.get(url).timeout(Duration::from_secs(5)).send().await?;
    Ok(answer.error_for_status()?.text().await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/explain", listener.local_addr()?);
    tokio::spawn(overloaded(listener));

    let circuit = Arc::new(
        CircuitBreaker::builder("rag")
            .consecutive_failures(3)
            .build()?,
    );
    let rag = ProtectedClient::new(reqwest::Client::new(), circuit);

    let mut waits = Vec::new();
    for call in 1..=10 {
        match explain(&rag, &url).await {
            Ok(text) => println!("call {call}: {text}"),
            Err(BreakerError::Inner(error)) => println!("call {call}: failed, {error}"),
            Err(BreakerError::Rejected(no)) => waits.extend(no.retry_after()),
        }
    }
    println!(
        "rejected {} times, the first with {:?} to wait",
        waits.len(),
        waits.first()
    );
    assert_eq!(REACHED.load(Ordering::Relaxed), 3);
    assert_eq!(waits.len(), 7);
    assert!(waits[0] > Duration::from_secs(25)); // the server's wish, not our 5 s
    Ok(())
}
