//! Stand-ins for AI providers, each in its provider's own wire format, with the streams that they
//! send and the errors that they answer.
//!
//! Besides the switches of all stand-ins there is the [`Stream`], over HTTP:
//! `POST /stream` with `{"stream": "stalls"}`.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use hyper::body::Frame;
use serde::Deserialize;
use serde_json::{Value, json};

use super::essay_services::{KEY, StandIn};

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Messages.
    Anthropic,
    /// Chat completions.
    OpenAi,
    /// `streamGenerateContent`.
    Google,
    /// As `OpenAI`, and comments.
    OpenRouter,
}

/// How a stream goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// As it should.
    #[default]
    Well,
    /// It begins, and its connection breaks.
    Breaks,
    /// It begins, and ends in order before it is over.
    Stops,
    /// It begins, and nothing more comes.
    Stalls,
    /// It begins, and tells of an error.
    Errs,
    /// It is over without a word.
    Empty,
    /// None: 429, to come back in 7 s.
    Limited,
    /// None: 413.
    TooLong,
    /// None: 400, as for what its policy forbids.
    Refused,
    /// None: the key is no longer one. 401, but for Google: 400 with that as its reason.
    KeyRevoked,
    /// It begins, and a filter ends it; Google's has nothing but the reason.
    Filtered,
}

/// One provider.
#[derive(Debug)]
pub struct AiProvider {
    /// The server.
    pub stand_in: StandIn,
    wire: Wire,
    stream: Arc<Mutex<Stream>>,
}

impl AiProvider {
    pub(super) async fn start(wire: Wire) -> io::Result<Self> {
        let stream = Arc::<Mutex<Stream>>::default();
        let desk = Desk {
            wire,
            stream: Arc::clone(&stream),
        };
        let path = match wire {
            Wire::Anthropic => "messages",
            Wire::OpenAi | Wire::OpenRouter => "chat/completions",
            Wire::Google => "models/{call}",
        };
        let routes = Router::new()
            .route(&format!("{}/{path}", wire.begins()), post(answer))
            .route("/stream", post(turn))
            .with_state(desk);
        Ok(Self {
            stand_in: StandIn::start(routes).await?,
            wire,
            stream,
        })
    }

    /// Where its API begins.
    pub fn api(&self) -> String {
        self.stand_in.url() + self.wire.begins()
    }

    /// Switches the stream.
    pub fn turn(&self, stream: Stream) {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = stream;
    }
}

#[derive(Clone)]
struct Desk {
    wire: Wire,
    stream: Arc<Mutex<Stream>>,
}

#[derive(Deserialize)]
struct Turn {
    stream: Stream,
}

async fn turn(State(desk): State<Desk>, Json(turn): Json<Turn>) -> StatusCode {
    *desk.stream.lock().unwrap_or_else(PoisonError::into_inner) = turn.stream;
    StatusCode::OK
}

async fn answer(
    State(Desk { wire, stream }): State<Desk>,
    uri: Uri,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> Response {
    let stream = *stream.lock().unwrap_or_else(PoisonError::into_inner);
    if !wire.knows(&headers) {
        return wire.knows_no_such_key();
    }
    let Some(prompt) = wire.prompt(&uri, &headers, &asked) else {
        return wire.refuses(StatusCode::BAD_REQUEST, "invalid_request_error");
    };
    match stream {
        Stream::Limited => {
            let answer = wire.refuses(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error");
            ([("retry-after", "7")], answer).into_response()
        }
        Stream::TooLong => wire.refuses(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
        Stream::KeyRevoked => wire.knows_no_such_key(),
        Stream::Refused => wire.refuses(StatusCode::BAD_REQUEST, "invalid_request_error"),
        stream => wire.streams(stream, prompt),
    }
}

impl Wire {
    const fn begins(self) -> &'static str {
        match self {
            Self::Anthropic | Self::OpenAi => "/v1",
            Self::OpenRouter => "/api/v1",
            Self::Google => "/v1beta",
        }
    }

    fn knows(self, headers: &HeaderMap) -> bool {
        let (name, key) = match self {
            Self::Anthropic => ("x-api-key", KEY.to_owned()),
            Self::OpenAi | Self::OpenRouter => ("authorization", format!("Bearer {KEY}")),
            Self::Google => ("x-goog-api-key", KEY.to_owned()),
        };
        headers
            .get(name)
            .is_some_and(|given| given.as_bytes() == key.as_bytes())
    }

    /// What is asked, if it is asked in this provider's form.
    fn prompt<'a>(self, uri: &Uri, headers: &HeaderMap, asked: &'a Value) -> Option<&'a str> {
        if self == Self::Google {
            let path = uri.path().strip_prefix("/v1beta/models/")?;
            let is_stream = path.ends_with(":streamGenerateContent") && uri.query()? == "alt=sse";
            let content = &asked["contents"][0];
            let is_asked = is_stream && content["role"] == "user";
            return is_asked
                .then(|| content["parts"][0]["text"].as_str())
                .flatten();
        }
        let is_stream = asked["stream"] == true && asked["model"].is_string();
        let is_whole = self != Self::Anthropic
            || headers.contains_key("anthropic-version") && asked["max_tokens"].is_u64();
        let message = &asked["messages"][0];
        let is_asked = is_stream && is_whole && message["role"] == "user";
        is_asked.then(|| message["content"].as_str()).flatten()
    }

    fn refuses(self, status: StatusCode, kind: &str) -> Response {
        let told = format!("{kind}, with words that hold a secret");
        let body = match self {
            Self::Anthropic => {
                json!({ "type": "error", "error": { "type": kind, "message": told } })
            }
            Self::OpenAi => json!({ "error": { "message": told, "type": kind, "code": null } }),
            Self::OpenRouter => json!({ "error": { "code": status.as_u16(), "message": told } }),
            Self::Google => json!({ "error": {
                "code": status.as_u16(), "message": told, "status": "RESOURCE_EXHAUSTED",
            } }),
        };
        (status, Json(body)).into_response()
    }

    fn knows_no_such_key(self) -> Response {
        if self != Self::Google {
            return self.refuses(StatusCode::UNAUTHORIZED, "authentication_error");
        }
        let told = json!({ "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
            }],
        } });
        (StatusCode::BAD_REQUEST, Json(told)).into_response()
    }

    fn streams(self, stream: Stream, prompt: &str) -> Response {
        // With a letter of two bytes, which pieces of the stream cut in half.
        let words = [
            "A good essay",
            " of ",
            &prompt.len().to_string(),
            " bytes, naïve.",
        ];
        let words = words.map(str::to_owned);
        let mut text = self.begin();
        match stream {
            Stream::Empty => {}
            Stream::Well => words.iter().for_each(|word| text += &self.piece(word)),
            _ => text += &self.piece(&words[0]),
        }
        match stream {
            Stream::Errs => text += &self.error(),
            Stream::Well | Stream::Empty => text += &self.end(self.reason()),
            Stream::Filtered if self == Self::Google => {
                let blocked = json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" } });
                text = format!("data: {blocked}\r\n\r\n");
            }
            Stream::Filtered if self == Self::Anthropic => text += &self.end("refusal"),
            Stream::Filtered => text += &self.end("content_filter"),
            _ => {}
        }
        let pieces = text.as_bytes().chunks(7).map(Bytes::copy_from_slice);
        let pieces = Pieces {
            left: pieces.collect(),
            stream,
        };
        let kind = [("content-type", "text/event-stream")];
        (kind, Body::new(pieces)).into_response()
    }

    fn begin(self) -> String {
        match self {
            Self::Anthropic => {
                let message = json!({ "id": "msg_1", "type": "message", "role": "assistant",
                    "content": [], "usage": { "input_tokens": 9, "output_tokens": 1 } });
                let start = json!({ "type": "message_start", "message": message });
                let block = json!({ "type": "content_block_start", "index": 0,
                    "content_block": { "type": "text", "text": "" } });
                let ping = json!({ "type": "ping" });
                format!(
                    "event: message_start\ndata: {start}\n\nevent: content_block_start\n\
                     data: {block}\n\nevent: ping\ndata: {ping}\n\n"
                )
            }
            Self::OpenAi => {
                let choice = json!({ "index": 0, "finish_reason": null,
                    "delta": { "role": "assistant", "content": "" } });
                format!("data: {}\n\n", chunk(&choice))
            }
            Self::OpenRouter => ": OPENROUTER PROCESSING\n\n".repeat(2),
            Self::Google => String::new(),
        }
    }

    fn piece(self, word: &str) -> String {
        match self {
            Self::Anthropic => {
                let data = json!({ "type": "content_block_delta", "index": 0,
                    "delta": { "type": "text_delta", "text": word } });
                format!("event: content_block_delta\ndata: {data}\n\n")
            }
            Self::OpenAi | Self::OpenRouter => {
                let choice =
                    json!({ "index": 0, "delta": { "content": word }, "finish_reason": null });
                format!("data: {}\n\n", chunk(&choice))
            }
            Self::Google => {
                let data = json!({ "candidates": [{ "index": 0,
                    "content": { "parts": [{ "text": word }], "role": "model" } }] });
                format!("data: {data}\r\n\r\n")
            }
        }
    }

    fn error(self) -> String {
        match self {
            Self::Anthropic => {
                let data = json!({ "type": "error",
                    "error": { "type": "overloaded_error", "message": "Overloaded" } });
                format!("event: error\ndata: {data}\n\n")
            }
            Self::OpenAi => {
                let data = json!({ "error": { "type": "server_error", "message": "Overloaded" } });
                format!("data: {data}\n\n")
            }
            Self::OpenRouter => {
                let choice =
                    json!({ "index": 0, "delta": { "content": "" }, "finish_reason": "error" });
                let error = json!({ "code": 502, "message": "Provider disconnected" });
                let data = json!({ "error": error, "choices": [choice] });
                format!("data: {data}\n\n")
            }
            Self::Google => {
                let data = json!({ "error": { "code": 503, "status": "UNAVAILABLE" } });
                format!("data: {data}\r\n\r\n")
            }
        }
    }

    /// Why a stream ends that is whole.
    const fn reason(self) -> &'static str {
        match self {
            Self::Anthropic => "end_turn",
            Self::OpenAi | Self::OpenRouter => "stop",
            Self::Google => "STOP",
        }
    }

    fn end(self, reason: &str) -> String {
        match self {
            Self::Anthropic => {
                let delta = json!({ "type": "message_delta", "delta": { "stop_reason": reason },
                    "usage": { "output_tokens": 12 } });
                let (stop, over) = (
                    json!({ "type": "content_block_stop", "index": 0 }),
                    json!({ "type": "message_stop" }),
                );
                format!(
                    "event: content_block_stop\ndata: {stop}\n\nevent: message_delta\n\
                     data: {delta}\n\nevent: message_stop\ndata: {over}\n\n"
                )
            }
            Self::OpenAi | Self::OpenRouter => {
                let choice = json!({ "index": 0, "delta": {}, "finish_reason": reason });
                format!("data: {}\n\ndata: [DONE]\n\n", chunk(&choice))
            }
            Self::Google => {
                let data = json!({ "candidates": [{ "index": 0, "finishReason": reason,
                    "content": { "parts": [{ "text": "" }], "role": "model" } }] });
                format!("data: {data}\r\n\r\n")
            }
        }
    }
}

/// The pieces of a stream, however they cut its events.
struct Pieces {
    left: VecDeque<Bytes>,
    stream: Stream,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match (self.left.pop_front(), self.stream) {
            (Some(piece), _) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            (None, Stream::Breaks) => Poll::Ready(Some(Err(io::ErrorKind::BrokenPipe.into()))),
            // Woken by nobody; it ends with its connection.
            (None, Stream::Stalls) => Poll::Pending,
            (None, _) => Poll::Ready(None),
        }
    }
}

fn chunk(choice: &Value) -> Value {
    json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice] })
}
