//! Bodies that are read to their end before their calls are made: what was streamed on could be
//! neither kept nor sent again.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::problem::Kind;
use crate::circuits::Circuit;
use crate::circuits::upstream::RequestBody;

/// Reads the body of a call of this circuit.
pub(super) async fn read(
    body: RequestBody,
    circuit: &Circuit,
) -> Result<Bytes, (Kind, &'static str)> {
    let bytes_max = circuit.set().held_bytes_max().unwrap_or(0);
    let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    let body = Limited::new(body, bytes_max).collect();
    match timeout(circuit.set().timeout, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(circuit)),
        Ok(Err(_)) => Err((
            Kind::BadRequest,
            "the body of the request breaks off or cannot be read",
        )),
        Err(_) => Err((Kind::RequestTimeout, "the client did not go on")),
    }
}

fn too_large(circuit: &Circuit) -> (Kind, &'static str) {
    let detail = if circuit.queue().is_some() {
        "the body is larger than the circuit's queue keeps (queue.message_bytes_max)"
    } else {
        "the body is larger than is held for the next circuit (8 MiB)"
    };
    (Kind::TooLarge, detail)
}
