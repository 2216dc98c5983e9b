//! The client's body on its way to the upstream, watched so that the client's faults stay its own.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a request, streamed through as it comes.
    #[derive(Debug)]
    pub struct RequestBody {
        #[pin]
        inner: Option<Incoming>,
        // All of it, of a call that is kept at hand; else none.
        held: Option<Bytes>,
        progress: Progress,
        repeats: bool,
    }
}

/// How far the client has sent its body. Shared with the exchange; costs nothing where there is no
/// body.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Option<Arc<AtomicU8>>);

/// The body has more to come, and the upstream has not asked for it.
const OPEN: u8 = 0;
/// The upstream would take more, but the client has not sent it.
const WAITING: u8 = 1;
/// The client went away in the middle.
const BROKEN: u8 = 2;
/// All was sent.
const SENT: u8 = 3;

impl Progress {
    // Relaxed everywhere: the word stands for itself, and the body's task writes it before it lets
    // the exchange know of an error by a channel, which orders them.
    fn set(&self, to: u8) {
        if let Some(word) = &self.0 {
            word.store(to, Ordering::Relaxed);
        }
    }

    fn get(&self) -> u8 {
        self.0
            .as_ref()
            .map_or(SENT, |word| word.load(Ordering::Relaxed))
    }

    /// Whether it is the client that does not go on.
    pub(super) fn is_up_to_client(&self) -> bool {
        matches!(self.get(), WAITING | BROKEN)
    }

    /// Whether the client broke off.
    pub(super) fn is_broken(&self) -> bool {
        self.get() == BROKEN
    }

    /// Whether all was sent.
    pub(super) fn is_sent(&self) -> bool {
        self.get() == SENT
    }
}

impl RequestBody {
    /// Passes a client's body on.
    #[must_use]
    pub fn new(incoming: Incoming) -> Self {
        if incoming.is_end_stream() {
            return Self::empty();
        }
        Self {
            inner: Some(incoming),
            held: None,
            progress: Progress(Some(Arc::new(AtomicU8::new(OPEN)))),
            repeats: false,
        }
    }

    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::held(Bytes::new())
    }

    /// One that is here already.
    #[must_use]
    pub fn held(bytes: Bytes) -> Self {
        Self {
            inner: None,
            held: Some(bytes).filter(|bytes| !bytes.is_empty()),
            progress: Progress::default(),
            repeats: false,
        }
    }

    /// Whether a request without a body may be sent twice: only while nothing is wrong with the
    /// circuit, so that a sick upstream sees one request for each call, and one for each trial.
    #[must_use]
    pub fn repeats(mut self, allowed: bool) -> Self {
        self.repeats = allowed;
        self
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.repeats && self.inner.is_none() && self.held.is_none()
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(this.held.take().map(|bytes| Ok(Frame::data(bytes))));
        };
        this.progress.set(WAITING);
        let frame = ready!(inner.as_mut().poll_frame(cx));
        this.progress.set(match &frame {
            Some(Err(_)) => BROKEN,
            Some(Ok(_)) if !inner.is_end_stream() => OPEN,
            _ => SENT,
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Some(inner) => inner.is_end_stream(),
            None => self.held.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.as_ref().map_or(0, Bytes::len);
        // A usize is at most a u64 on every machine that Rust has.
        let held = u64::try_from(held).unwrap_or(u64::MAX);
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(held), Body::size_hint)
    }
}
