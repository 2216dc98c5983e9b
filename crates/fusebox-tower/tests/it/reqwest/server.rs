//! Servers on loopback: one that speaks HTTP as hyper does, and one that says what it is told.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A server that ends with its value.
pub(super) struct Server {
    address: SocketAddr,
    asked: Arc<Asked>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Asked {
    times: AtomicU32,
    again: Notify,
}

impl Asked {
    fn once_more(&self) {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.again.notify_one();
    }
}

/// What follows when everything is said.
#[derive(Clone, Copy)]
pub(super) enum Then {
    HangUp,
    Hold,
}

impl Server {
    /// Answers every request with what `answer` makes of it.
    pub(super) async fn answering<F>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> Response<Full<Bytes>> + Send + Sync + 'static,
    {
        let answer = Arc::new(answer);
        Self::serving(move |stream, asked| {
            let answer = Arc::clone(&answer);
            async move {
                let service = service_fn(|request| {
                    asked.once_more();
                    let response = answer(request);
                    async { Ok::<_, Infallible>(response) }
                });
                let server = hyper::server::conn::http1::Builder::new();
                // A client that hangs up is none of the server's business.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            }
        })
        .await
    }

    /// Says exactly this to every request, each on a connection of its own.
    pub(super) async fn saying(said: &'static str, then: Then) -> Self {
        Self::serving(move |mut stream, asked| async move {
            let mut read = Vec::new();
            while !read.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => read.push(byte),
                    Err(_) => return,
                }
            }
            asked.once_more();
            let _ = stream.write_all(said.as_bytes()).await;
            if let Then::Hold = then {
                // Ends when the client hangs up.
                let _ = stream.read_u8().await;
            }
        })
        .await
    }

    async fn serving<F, T>(serve: F) -> Self
    where
        F: Fn(TcpStream, Arc<Asked>) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Asked>::default();
        let seen = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen)));
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests came.
    pub(super) fn asked(&self) -> u32 {
        self.asked.times.load(Ordering::SeqCst)
    }

    /// Waits for a request that nobody waited for yet.
    pub(super) async fn is_asked(&self) {
        self.asked.again.notified().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
