//! A server that says what it was told to, byte for byte.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it says, and what it was sent.
#[derive(Debug, Default)]
pub struct Script(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    answers: Vec<Vec<u8>>,
    heads: Vec<String>,
}

impl Script {
    /// From now on each request gets the next of these answers, and the last one again and again.
    pub fn says(&self, answers: Vec<Vec<u8>>) {
        *self.said() = Said {
            answers,
            heads: Vec::new(),
        };
    }

    /// The heads of the requests since then.
    pub fn heads(&self) -> Vec<String> {
        self.said().heads.clone()
    }

    /// Answers one request of each connection and closes it, for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(Arc::clone(&self).answer(stream));
        }
    }

    async fn answer(self: Arc<Self>, mut stream: TcpStream) {
        let mut head = Vec::new();
        let mut buffer = [0; 4096];
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(read @ 1..) => head.extend_from_slice(&buffer[..read]),
                _ => return,
            }
        }
        let text = String::from_utf8_lossy(&head);
        let end = text.find("\r\n\r\n").unwrap_or(text.len());
        let answer = self.next(&text[..end]);
        let _ = stream.write_all(&answer).await;
    }

    fn next(&self, head: &str) -> Vec<u8> {
        let mut said = self.said();
        let turn = said.heads.len();
        said.heads.push(head.to_owned());
        let answer = said.answers.get(turn).or(said.answers.last());
        answer.cloned().unwrap_or_default()
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
