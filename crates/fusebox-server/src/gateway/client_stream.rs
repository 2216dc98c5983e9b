//! A client's connection: closed when the client stops reading, and closed so that it can read the
//! answer.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long a client that is still sending is listened to after the answer.
const LINGER_FOR: Duration = Duration::from_secs(1);

pin_project! {
    /// A stream with two habits of its own.
    ///
    /// It fails once a write has been stuck for too long: a client that takes no more bytes would
    /// hold its connection, its request and the upstream's answer for ever.
    ///
    /// And after its end it takes, for a moment, what the client still sends: closed with unread
    /// bytes, TCP would reset the connection and take an answer away that the client has not read
    /// yet. That is every rejected call with a large body.
    #[derive(Debug)]
    pub(crate) struct ClientStream<S> {
        #[pin]
        inner: S,
        stalled_for: Duration,
        timer: Option<Pin<Box<Sleep>>>,
        ended: bool,
    }
}

impl<S> ClientStream<S> {
    pub(crate) fn new(inner: S, stalled_for: Duration) -> Self {
        Self {
            inner,
            stalled_for,
            timer: None,
            ended: false,
        }
    }
}

/// Starts the timer where a write has to wait, stops it where bytes went out.
fn watch<T>(
    timer: &mut Option<Pin<Box<Sleep>>>,
    stalled_for: Duration,
    cx: &mut Context<'_>,
    written: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    if written.is_ready() {
        *timer = None;
        return written;
    }
    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(stalled_for)));
    match timer.as_mut().poll(cx) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(()) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
    }
}

impl<S: AsyncRead> AsyncRead for ClientStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncWrite for ClientStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        let written = this.inner.poll_write(cx, buf);
        watch(this.timer, *this.stalled_for, cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        let written = this.inner.poll_write_vectored(cx, bufs);
        watch(this.timer, *this.stalled_for, cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        if !*this.ended {
            ready!(this.inner.as_mut().poll_shutdown(cx))?;
            *this.ended = true;
            *this.timer = None;
        }
        let mut scrap = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut scrap);
            let read = this.inner.as_mut().poll_read(cx, &mut buf);
            match (read, this.timer.as_mut()) {
                (Poll::Ready(Ok(())), _) if !buf.filled().is_empty() => {
                    this.timer
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER_FOR)));
                }
                (Poll::Pending, Some(timer)) => return timer.as_mut().poll(cx).map(Ok),
                // The client has ended too, or had sent nothing more: most of them.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
