//! What became of a record, in the words of this crate.

use fusebox::FailureClass;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::reports::Report;
use super::settings::KafkaSettings;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is in this partition at this place.
    Delivered { partition: i32, offset: i64 },
    /// It will never be taken.
    Refused { class: &'static str, error: String },
    /// librdkafka refused it before any broker was asked: nothing is said of Kafka.
    Unsendable { class: &'static str, error: String },
    /// librdkafka's own queue is full: nothing is said of Kafka.
    Pressure { error: String },
    /// It was taken back from librdkafka before anybody answered: nothing is said of Kafka. With
    /// `uncertain` it may be there.
    Withdrawn { error: String, uncertain: bool },
    /// It surely is not there, or with `uncertain` it may be.
    Failed {
        class: FailureClass,
        error: String,
        uncertain: bool,
    },
}

impl Fate {
    pub(super) fn of(report: Report, settings: &KafkaSettings) -> Self {
        match report {
            Report::Persisted { partition, offset } => Self::Delivered { partition, offset },
            Report::Failed { code, uncertain } => Self::of_code(code, uncertain, settings),
        }
    }

    /// Of a record that was not taken, or whose report has an error.
    pub(super) fn of_code(code: Code, uncertain: bool, settings: &KafkaSettings) -> Self {
        let error = said(code);
        if code == Code::QueueFull {
            return Self::Pressure { error };
        }
        if matches!(code, Code::PurgeQueue | Code::PurgeInflight) {
            return Self::Withdrawn { error, uncertain };
        }
        // What may be there was not refused, whatever the error says.
        match refusal(code, settings) {
            Some(class) if !uncertain => Self::Refused { class, error },
            _ => Self::Failed {
                class: class(code, uncertain),
                error,
                uncertain,
            },
        }
    }
}

/// The word for a refusal for good.
fn refusal(code: Code, settings: &KafkaSettings) -> Option<&'static str> {
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => Some("too_large"),
        Code::InvalidTopic => Some("topic"),
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            settings.refuses_unknown_topics().then_some("topic")
        }
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            settings.refuses_unauthorized().then_some("authorization")
        }
        Code::InvalidRecord
        | Code::InvalidTimestamp
        | Code::InvalidArgument
        | Code::UnsupportedForMessageFormat
        | Code::PolicyViolation => Some("record"),
        _ => None,
    }
}

fn class(code: Code, uncertain: bool) -> FailureClass {
    match code {
        Code::MessageTimedOut | Code::OperationTimedOut | Code::RequestTimedOut if uncertain => {
            FailureClass::Timeout
        }
        // It waited for a broker all the time.
        Code::MessageTimedOut
        | Code::OperationTimedOut
        | Code::AllBrokersDown
        | Code::Resolve
        | Code::SSL
        | Code::Authentication
        | Code::UnknownBroker => FailureClass::Connect,
        Code::BrokerTransportFailure | Code::NetworkException => FailureClass::Reset,
        Code::UnknownTopic | Code::UnknownPartition => FailureClass::Status,
        // Codes of the protocol: a broker answered.
        code if code as i32 > 0 => FailureClass::Status,
        _ => FailureClass::Other,
    }
}

/// librdkafka's words for it, which are of this program and not from outside.
fn said(code: Code) -> String {
    format!("kafka: {code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(code: Code, uncertain: bool) -> Fate {
        Fate::of_code(code, uncertain, &KafkaSettings::new("host:1"))
    }

    fn class_of(code: Code, uncertain: bool) -> FailureClass {
        match fate(code, uncertain) {
            Fate::Failed {
                class,
                uncertain: told,
                ..
            } => {
                assert_eq!(told, uncertain, "{code:?}");
                class
            }
            other => panic!("{code:?}: {other:?}"),
        }
    }

    #[test]
    fn what_no_try_can_mend_is_refused() {
        for code in [
            Code::MessageSizeTooLarge,
            Code::InvalidTopic,
            Code::InvalidRecord,
        ] {
            let fate = fate(code, false);
            assert!(matches!(fate, Fate::Refused { .. }), "{code:?}: {fate:?}");
        }
    }

    #[test]
    fn what_may_be_there_is_never_refused() {
        for code in [Code::MessageSizeTooLarge, Code::InvalidRecord] {
            class_of(code, true);
        }
    }

    #[test]
    fn a_missing_right_and_a_missing_topic_are_judged_by_the_settings() {
        let code = Code::TopicAuthorizationFailed;
        assert_eq!(class_of(code, false), FailureClass::Status);
        let strict = KafkaSettings::new("host:1").refuse_unauthorized(true);
        let refused = Fate::of_code(code, false, &strict);
        assert!(matches!(
            refused,
            Fate::Refused {
                class: "authorization",
                ..
            }
        ));
        let strict = KafkaSettings::new("host:1").refuse_unknown_topics(true);
        for code in [Code::UnknownTopic, Code::UnknownTopicOrPartition] {
            assert_eq!(class_of(code, false), FailureClass::Status);
            let refused = Fate::of_code(code, false, &strict);
            assert!(matches!(refused, Fate::Refused { class: "topic", .. }));
        }
    }

    #[test]
    fn a_record_whose_time_was_over_in_the_queue_never_reached_a_broker() {
        assert_eq!(
            class_of(Code::MessageTimedOut, false),
            FailureClass::Connect
        );
        assert_eq!(class_of(Code::MessageTimedOut, true), FailureClass::Timeout);
        assert_eq!(
            class_of(Code::BrokerTransportFailure, true),
            FailureClass::Reset
        );
        assert_eq!(
            class_of(Code::NotEnoughReplicas, false),
            FailureClass::Status
        );
        assert_eq!(class_of(Code::Fatal, false), FailureClass::Other);
    }

    #[test]
    fn what_is_taken_back_from_librdkafka_says_nothing_of_kafka() {
        for (code, uncertain) in [(Code::PurgeQueue, false), (Code::PurgeInflight, true)] {
            let fate = fate(code, uncertain);
            let told = matches!(fate, Fate::Withdrawn { uncertain: told, .. } if told == uncertain);
            assert!(told, "{fate:?}");
        }
    }

    #[test]
    fn a_full_queue_of_librdkafka_says_nothing_of_kafka() {
        assert!(matches!(
            fate(Code::QueueFull, false),
            Fate::Pressure { .. }
        ));
    }
}
