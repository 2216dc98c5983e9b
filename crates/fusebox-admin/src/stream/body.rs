//! Pieces that are made one after another as the body of a response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use http_body::Frame;

/// A body that may go on for ever: `next` takes the source, and gives it back with a piece once
/// there is one; `None` ends it. It is asked when the connection has room, so a slow reader holds
/// one piece and not a queue of them. A body that is dropped drops the source.
///
/// ```
/// use axum::body::Bytes;
///
/// let countdown = |n: u8| async move {
///     let left = n.checked_sub(1)?;
///     Some((left, Bytes::from(format!("data: {n}\n\n"))))
/// };
/// let body = fusebox_admin::host::in_pieces(3, countdown);
/// # let text = tokio::runtime::Builder::new_current_thread().build()?;
/// # let text = text.block_on(axum::body::to_bytes(body, 100))?;
/// # assert_eq!(text, "data: 3\n\ndata: 2\n\ndata: 1\n\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn in_pieces<S, F>(source: S, next: impl Fn(S) -> F + Send + 'static) -> Body
where
    S: Send + 'static,
    F: Future<Output = Option<(S, Bytes)>> + Send + 'static,
{
    Body::new(Pieces {
        piece: Some(Box::pin(next(source))),
        next,
    })
}

struct Pieces<F, N> {
    /// The piece that is being made; `None` once it is over.
    piece: Option<Pin<Box<F>>>,
    next: N,
}

// The future has a place of its own, and nothing else is ever pinned.
impl<F, N> Unpin for Pieces<F, N> {}

impl<S, F, N> http_body::Body for Pieces<F, N>
where
    F: Future<Output = Option<(S, Bytes)>>,
    N: Fn(S) -> F,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = &mut self.piece else {
            return Poll::Ready(None);
        };
        let Some((source, text)) = ready!(piece.as_mut().poll(cx)) else {
            self.piece = None;
            return Poll::Ready(None);
        };
        self.piece = Some(Box::pin((self.next)(source)));
        Poll::Ready(Some(Ok(Frame::data(text))))
    }
}
