//! Delivery reports, and who waits for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::bindings::{rd_kafka_message_status, rd_kafka_msg_status_t as Status};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, DeliveryResult, Message};
use rdkafka::producer::ProducerContext;
use tokio::sync::oneshot;

/// What librdkafka says of a record at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// It is in the partition.
    Persisted { partition: i32, offset: i64 },
    /// It is not, or nobody knows.
    Failed {
        code: RDKafkaErrorCode,
        uncertain: bool,
    },
}

/// Those who wait, by the number that a record carries through librdkafka. They are here and not in
/// the record, so that with the producer all of them go and hear of it.
#[derive(Debug, Default)]
pub(super) struct Reports {
    next: AtomicUsize,
    awaited: Mutex<HashMap<usize, oneshot::Sender<Report>>>,
}

impl Reports {
    /// A number for a record, and its report.
    pub(super) fn expect(&self) -> (usize, oneshot::Receiver<Report>) {
        // Numbers nothing but the map, whose lock orders all else.
        let number = self.next.fetch_add(1, Relaxed);
        let (tell, told) = oneshot::channel();
        self.awaited().insert(number, tell);
        (number, told)
    }

    /// The record was not taken.
    pub(super) fn forget(&self, number: usize) {
        self.awaited().remove(&number);
    }

    fn tell(&self, number: usize, report: Report) {
        let tell = self.awaited().remove(&number);
        if let Some(tell) = tell {
            // Who no longer waits has no use for it.
            let _ = tell.send(report);
        }
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<usize, oneshot::Sender<Report>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let report = match result {
            Ok(message) => persisted(message),
            Err((error, message)) => match status(message) {
                Status::RD_KAFKA_MSG_STATUS_PERSISTED => persisted(message),
                status => Report::Failed {
                    code: code(error),
                    uncertain: status != Status::RD_KAFKA_MSG_STATUS_NOT_PERSISTED,
                },
            },
        };
        self.tell(number, report);
    }
}

impl ClientContext for Reports {
    /// The breaker and the reports tell what is wrong; this is for whoever looks closer.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, text: &str) {
        tracing::debug!(target: "librdkafka", facility, "{text}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason, "the producer has trouble");
    }
}

fn persisted(message: &BorrowedMessage<'_>) -> Report {
    Report::Persisted {
        partition: message.partition(),
        offset: message.offset(),
    }
}

pub(super) fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error
        .rdkafka_error_code()
        .unwrap_or(RDKafkaErrorCode::Unknown)
}

/// Whether a record may be in its partition. The error's code does not tell: a record whose time is
/// over may have been on its way or still in the queue. rdkafka has no safe way to ask, so this is
/// the one place of this crate that goes around it.
#[allow(unsafe_code)]
fn status(message: &BorrowedMessage<'_>) -> Status {
    // SAFETY: `message` comes from the event of a delivery report, which owns what it points to and
    // which it keeps alive as long as it is borrowed here. The function reads one field of it.
    unsafe { rd_kafka_message_status(message.ptr()) }
}
