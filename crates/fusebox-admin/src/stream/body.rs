//! A client's events as the body of a response. The next piece is made when the connection has
//! room for it, so a slow reader holds one piece and not a queue of them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use http_body::Frame;

use super::client::Client;

type Next = Pin<Box<dyn Future<Output = Option<(Client, Bytes)>> + Send>>;

/// The body of the response to `client`. Dropped, it gives the client's seat back.
pub(super) fn of(client: Client) -> Body {
    Body::new(Events {
        next: Box::pin(client.next()),
        is_over: false,
    })
}

struct Events {
    next: Next,
    is_over: bool,
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let Some((client, text)) = ready!(self.next.as_mut().poll(cx)) else {
            self.is_over = true;
            return Poll::Ready(None);
        };
        self.next = Box::pin(client.next());
        Poll::Ready(Some(Ok(Frame::data(text))))
    }
}
