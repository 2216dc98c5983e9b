//! An upstream's answer whose head has come: what came of its body with it, and how it breaks off.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use fusebox_tower::BreakerError;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower_service::Service;

use crate::circuits::upstream::{RequestBody, UpstreamError};
use crate::circuits::{Circuit, Forwarded};

/// Calls the upstream of a circuit through its breaker. An answer that has broken off right behind
/// its head is none, unless the head alone says what became of the call: then it goes to the client
/// as it is.
pub(super) async fn call(
    circuit: &Circuit,
    request: Request<RequestBody>,
) -> Result<Response<Begun<Forwarded>>, BreakerError<UpstreamError>> {
    // The layer is always ready: it rejects in `call`, and the upstream behind it waits in its
    // future.
    let (head, body) = circuit.protected().call(request).await?.into_parts();
    let is_open = body.outcome().is_none() && head.status.as_u16() < 400;
    let mut body = Begun::read(body).await;
    match body.broken.take_if(|_| is_open) {
        Some(error) => Err(BreakerError::Inner(error)),
        None => Ok(Response::from_parts(head, body)),
    }
}

/// A body of which was read what had come, without waiting for any of it.
///
/// An error waits for one turn of its reader: hyper throws away what it has not sent yet when a
/// body fails, and would send neither the head nor the parts that came in the same turn.
#[derive(Debug)]
pub(super) struct Begun<B: Body> {
    body: B,
    first: Option<Frame<B::Data>>,
    broken: Option<B::Error>,
    has_waited: bool,
}

impl<B: Body + Unpin> Begun<B> {
    async fn read(mut body: B) -> Self {
        let (mut first, mut broken) = (None, None);
        if !body.is_end_stream() {
            let come = poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx))).await;
            match come {
                Poll::Ready(Some(Ok(frame))) => first = Some(frame),
                Poll::Ready(Some(Err(error))) => broken = Some(error),
                Poll::Ready(None) | Poll::Pending => {}
            }
        }
        Self {
            body,
            first,
            broken,
            has_waited: false,
        }
    }
}

impl<B: Body + Unpin> Body for Begun<B>
where
    B::Data: Unpin,
    B::Error: Unpin,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        if let Some(frame) = this.first.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if this.broken.is_none() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Err(error)) => this.broken = Some(error),
                come => return Poll::Ready(come),
            }
        }
        if !std::mem::replace(&mut this.has_waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(this.broken.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.broken.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().and_then(Frame::data_ref);
        let first = first.map_or(0, bytes::Buf::remaining);
        // A usize is at most a u64 on every machine that Rust has.
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint.set_lower(hint.lower().saturating_add(first));
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;

    use bytes::Bytes;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Has these parts at these polls; where there is none, it is not ready.
    struct Parts(VecDeque<Option<Result<&'static str, &'static str>>>);

    impl Body for Parts {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            match self.0.pop_front() {
                Some(Some(part)) => {
                    Poll::Ready(Some(part.map(|text| Frame::data(Bytes::from(text)))))
                }
                Some(None) => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(None),
            }
        }

        fn size_hint(&self) -> SizeHint {
            let parts = self.0.iter().flatten();
            // More than comes, where it fails.
            let bytes = parts.map(|part| part.map_or(9, str::len) as u64);
            SizeHint::with_exact(bytes.sum())
        }
    }

    fn parts<const N: usize>(parts: [Option<Result<&'static str, &'static str>>; N]) -> Parts {
        Parts(VecDeque::from(parts))
    }

    /// What a client sees of an answer with this body.
    async fn seen(body: Parts) -> String {
        let body = Begun::read(body).await;
        let body = std::sync::Mutex::new(Some(body));
        let service = service_fn(|_| {
            let body = body.lock().unwrap().take().unwrap();
            async { Ok::<_, Infallible>(Response::new(body)) }
        });
        let (mut client, server) = tokio::io::duplex(4096);
        let served = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        let asked = async {
            let request = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
            client.write_all(request).await.unwrap();
            let mut all = String::new();
            client.read_to_string(&mut all).await.unwrap();
            all
        };
        // Served to its end and dropped: only then does the client see the end.
        let (_, all) = tokio::join!(async { drop(served.await) }, asked);
        all
    }

    #[tokio::test]
    async fn a_body_that_fails_before_any_of_it_came_leaves_its_head() {
        let begun = Begun::read(parts([Some(Err("broken"))])).await;
        assert_eq!(begun.broken, Some("broken"));
        let head = seen(parts([Some(Err("broken"))])).await;
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head:?}");
    }

    #[tokio::test]
    async fn what_came_with_the_head_counts_towards_the_length() {
        let seen = seen(parts([Some(Ok("one")), None, Some(Ok("two"))])).await;
        assert!(seen.contains("content-length: 6"), "{seen}");
        assert!(seen.ends_with("\r\n\r\nonetwo"), "{seen}");
    }

    #[tokio::test]
    async fn a_body_that_fails_in_the_turn_of_the_head_takes_nothing_along() {
        let head = seen(parts([None, Some(Err("broken"))])).await;
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head:?}");
        let begun = parts([Some(Ok("one")), Some(Ok("two")), Some(Err("broken"))]);
        let begun = seen(begun).await;
        assert!(begun.ends_with("onetwo"), "{begun:?}");
    }
}
