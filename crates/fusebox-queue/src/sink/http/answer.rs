//! What an answer means for the message.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fusebox::FailureClass;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::root_cause;
use crate::clock::{SystemWallClock, WallClock};
use crate::message::Attributes;
use crate::record;
use crate::sink::Reply;

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It arrived.
    Delivered,
    /// The receiver will never take it.
    Refused,
    /// The receiver failed: later, perhaps.
    Failed,
    /// The receiver asks for less haste.
    Throttled,
}

impl Judgement {
    /// What a status means unless somebody says otherwise: 5xx failed, except 501 and 505, which
    /// describe the request; 408, 425 and 429 ask for less haste; other 4xx are refusals; all else
    /// is an arrival.
    pub const fn of(status: u16) -> Self {
        match status {
            408 | 425 | 429 => Self::Throttled,
            400..=499 | 501 | 505 => Self::Refused,
            500..=599 => Self::Failed,
            _ => Self::Delivered,
        }
    }
}

type By = dyn Fn(&record::Response) -> Option<Judgement> + Send + Sync;

/// Judges answers, by somebody's own word first.
#[derive(Clone, Default)]
pub(super) struct Judge(Option<Arc<By>>);

impl Judge {
    pub(super) fn by(
        judge: impl Fn(&record::Response) -> Option<Judgement> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(judge)))
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
    }
}

/// Reads an answer as far as it is kept, and says what it means. Of failures and throttles only the
/// head is read, unless somebody wants to judge the rest.
pub(super) async fn read(response: Response<Incoming>, judge: &Judge, max: usize) -> Reply {
    let by_status = Judgement::of(response.status().as_u16());
    let wait = wait(response.headers());
    match (&judge.0, by_status) {
        (Some(judge), _) => {
            let (answer, broke) = whole(response, max).await;
            let judged = judge(&answer).unwrap_or(by_status);
            reply(answer, judged, wait, broke)
        }
        (None, Judgement::Delivered | Judgement::Refused) => {
            let (answer, broke) = whole(response, max).await;
            reply(answer, by_status, wait, broke)
        }
        (None, Judgement::Failed | Judgement::Throttled) => {
            let answer = record::Response {
                status: response.status().as_u16(),
                headers: Attributes::new(),
                body: Bytes::new(),
            };
            reply(answer, by_status, wait, None)
        }
    }
}

fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let now = || SystemWallClock.now();
    fusebox::retry_after(text(RETRY_AFTER)?, text(DATE), now)
}

fn reply(
    answer: record::Response,
    judged: Judgement,
    wait: Option<Duration>,
    broke: Option<hyper::Error>,
) -> Reply {
    let status = answer.status;
    let error = format!("the answer was {status}");
    match judged {
        // Its status says that somebody took it: who that was, nobody knows.
        Judgement::Failed if Judgement::of(status) == Judgement::Delivered => Reply::Failed {
            class: FailureClass::Other,
            error: format!("{error}, and was judged to be a failure"),
            retry_after: wait,
            uncertain: true,
        },
        Judgement::Failed => Reply::Failed {
            class: FailureClass::Status,
            error,
            retry_after: wait,
            uncertain: false,
        },
        Judgement::Throttled => Reply::throttled(error, wait),
        Judgement::Refused => Reply::Refused {
            class: FailureClass::Status.as_str().into(),
            error,
            // A refusal stands, however its body ends.
            response: Some(answer),
        },
        Judgement::Delivered => match broke {
            None => Reply::Delivered(Some(answer)),
            Some(error) => {
                let error = format!("the answer broke off: {}", root_cause(&error));
                Reply::uncertain(FailureClass::Reset, error)
            }
        },
    }
}

/// An answer with as much of its body as is kept, and what broke it off.
async fn whole(
    response: Response<Incoming>,
    max: usize,
) -> (record::Response, Option<hyper::Error>) {
    let (head, body) = response.into_parts();
    let (body, broke) = cut(body, max).await;
    let response = record::Response {
        status: head.status.as_u16(),
        headers: texts(&head.headers),
        body,
    };
    (response, broke)
}

/// The first bytes of a body. The rest is not read: nobody knows how much there is.
async fn cut(mut body: Incoming, max: usize) -> (Bytes, Option<hyper::Error>) {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return (kept.freeze(), Some(error)),
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = max - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            break;
        }
    }
    (kept.freeze(), None)
}

/// Headers as they are kept; those that are no text are left out.
fn texts(headers: &HeaderMap) -> Attributes {
    let texts = headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_meaning() {
        for (status, judgement) in [
            (200, Judgement::Delivered),
            (204, Judgement::Delivered),
            (302, Judgement::Delivered),
            (304, Judgement::Delivered),
            (400, Judgement::Refused),
            (404, Judgement::Refused),
            (408, Judgement::Throttled),
            (409, Judgement::Refused),
            (425, Judgement::Throttled),
            (429, Judgement::Throttled),
            (500, Judgement::Failed),
            (501, Judgement::Refused),
            (502, Judgement::Failed),
            (503, Judgement::Failed),
            (505, Judgement::Refused),
            (599, Judgement::Failed),
        ] {
            assert_eq!(Judgement::of(status), judgement, "{status}");
        }
    }
}
