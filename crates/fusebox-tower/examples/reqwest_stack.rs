//! A whole stack on a reqwest client: what fails is asked again, until the circuit opens and the
//! fallback answers. The service is one that answers every request with 500.
//!
//! ```sh
//! cargo run -p fusebox-tower --features reqwest,stack --example reqwest_stack
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use bytes::Bytes;
use fusebox::CircuitBreaker;
use fusebox_tower::reqwest::{ByKind, Exchange};
use fusebox_tower::stack::{FixedResponse, Retry, Stack};
use http::Response;
use reqwest::{Body, Client};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};

static REACHED: AtomicU32 = AtomicU32::new(0);

async fn failing(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (mut connection, _) = listener.accept().await?;
        REACHED.fetch_add(1, Ordering::Relaxed);
        let _ = connection.read(&mut [0; 4096]).await?;
        let head = b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        connection.write_all(head).await?;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/explain", listener.local_addr()?);
    tokio::spawn(failing(listener));

    let rag = CircuitBreaker::builder("rag").consecutive_failures(4);
    let sorry = Response::new(Bytes::from_static(b"not available at the moment"));
    let stack = Stack::new(Arc::new(rag.build()?))
        .classify(ByKind) // a URL that cannot be asked is no failure of the service
        .timeout(Duration::from_secs(2))
        .retry(Retry::default()) // GET and its like, never POST
        .fallback(FixedResponse::new(sorry));
    let client = Client::new();
    let mut service = stack.layer(Exchange(client.clone()));

    // Three attempts; then one more, which opens the circuit; then the fallback.
    for (reached, status) in [(3, 500), (4, 500), (4, 200)] {
        let request = client.get(&url).build()?;
        let answer = service.ready().await?.call(request).await?;
        // The way back: from here on it is reqwest's own response.
        let answer = reqwest::Response::from(answer.map(Body::wrap));
        assert_eq!(answer.status(), status);
        assert_eq!(REACHED.load(Ordering::Relaxed), reached);
        println!(
            "{status} after {reached} attempts: {:?}",
            answer.text().await?
        );
    }
    Ok(())
}
