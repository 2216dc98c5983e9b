//! Bodies that are read to their end before their calls are made: what was streamed on could be
//! neither kept nor sent again.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::body::AnswerBody;
use super::problem::{Kind, about_circuit};
use crate::circuits::upstream::RequestBody;
use crate::circuits::{Answer, BodyBudget, Circuit, Flight};

/// Why a body was not taken.
pub(super) type Refusal = (Kind, &'static str);

/// Reads the body of a call of this circuit.
pub(super) async fn read(
    body: RequestBody,
    circuit: &Circuit,
    budget: &Arc<BodyBudget>,
) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    // What cannot come to its end need not begin.
    let announced = body.size_hint().lower();
    if announced > bytes_max(circuit) {
        return Err(too_large(circuit));
    }
    if !budget.fits(announced) {
        return Err(NO_ROOM);
    }
    let read = to_end(body, circuit, budget);
    let late = Err((Kind::RequestTimeout, "the client did not go on"));
    timeout(circuit.set().timeout, read).await.unwrap_or(late)
}

async fn to_end(
    mut body: RequestBody,
    circuit: &Circuit,
    budget: &Arc<BodyBudget>,
) -> Result<Bytes, Refusal> {
    let mut held = budget.body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BROKEN)?;
        // Else trailers.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        held.push(&data).map_err(|_| NO_ROOM)?;
        if held.len() > bytes_max(circuit) {
            return Err(too_large(circuit));
        }
    }
    Ok(held.into_bytes())
}

/// Tells the client that its body was not taken.
pub(super) fn refuse((kind, detail): Refusal, mut flight: Flight) -> Response<AnswerBody> {
    flight.answered(match kind {
        Kind::BufferFull => Answer::NoRoom,
        _ => Answer::Client,
    });
    about_circuit(kind, detail, flight)
}

const NO_ROOM: Refusal = (
    Kind::BufferFull,
    "the calls of all clients hold as many bytes as they may (server.buffered_bytes_max)",
);

const BROKEN: Refusal = (
    Kind::BadRequest,
    "the body of the request breaks off or cannot be read",
);

fn bytes_max(circuit: &Circuit) -> u64 {
    circuit.set().held_bytes_max().unwrap_or(0)
}

fn too_large(circuit: &Circuit) -> Refusal {
    let detail = if circuit.queue().is_some() {
        "the body is larger than the circuit's queue keeps (queue.message_bytes_max)"
    } else {
        "the body is larger than is held for the next circuit (8 MiB)"
    };
    (Kind::TooLarge, detail)
}
