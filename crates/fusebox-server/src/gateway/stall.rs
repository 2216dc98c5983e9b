//! Closes a connection whose client has stopped reading.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

pin_project! {
    /// A stream that fails once a write has been stuck for too long. Without it, a client that takes no more
    /// bytes would hold its connection, its request and the upstream's answer for ever.
    #[derive(Debug)]
    pub(super) struct Stall<S> {
        #[pin]
        inner: S,
        stalled_for: Duration,
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<S> Stall<S> {
    pub(super) fn new(inner: S, stalled_for: Duration) -> Self {
        Self { inner, stalled_for, timer: None }
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

impl<S: AsyncRead> AsyncRead for Stall<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buf)
    }
}

impl<S: AsyncWrite> AsyncWrite for Stall<S> {
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
        self.project().inner.poll_shutdown(cx)
    }
}
