//! What the server answers, which nobody vouches for: read into what it has to be, or refused.

use redis::{RedisError, Value};
use serde::de::DeserializeOwned;

use crate::StoreError;

/// A command that the server refused.
pub(super) struct Refusal(RedisError);

/// The refusal, if the answer is one.
pub(super) fn refusal(answer: &Value) -> Option<Refusal> {
    match answer {
        Value::ServerError(error) => Some(Refusal(error.clone().into())),
        _ => None,
    }
}

impl Refusal {
    pub(super) fn at(&self, place: &str) -> StoreError {
        let place = place.to_owned();
        let code = self.0.code().unwrap_or("ERR");
        let said = tame(&format!("{code} {}", self.0.detail().unwrap_or_default()));
        match code {
            "WRONGTYPE" => StoreError::Corrupt {
                place,
                detail: said,
            },
            "NOAUTH" => StoreError::Unavailable {
                place,
                detail: format!("it wants a password, and the URL has none: {said}"),
            },
            "NOPERM" => StoreError::Unavailable {
                place,
                detail: format!("the user of the URL may not do what is needed: {said}"),
            },
            _ => StoreError::Unavailable {
                place,
                detail: said,
            },
        }
    }
}

/// A text of the server for a line of a log: short, and without control characters.
pub(super) fn tame(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let tamed: String = text.chars().take(CHARS_MAX).map(plain).collect();
    tamed.trim().to_owned()
}

/// A text; `None`: there is none, or it is something else.
pub(super) fn text(answer: &Value) -> Option<&str> {
    match answer {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// The items of a list.
pub(super) fn list(answer: &Value) -> Option<&[Value]> {
    match answer {
        Value::Array(items) | Value::Set(items) => Some(items),
        _ => None,
    }
}

/// A list of texts.
pub(super) fn texts(answer: &Value) -> Option<Vec<&str>> {
    list(answer)?.iter().map(text).collect()
}

/// A number, also where it is written as a text.
pub(super) fn number(answer: &Value) -> Option<u64> {
    match answer {
        Value::Int(number) => u64::try_from(*number).ok(),
        other => text(other)?.parse().ok(),
    }
}

/// A record from its JSON.
pub(super) fn record<T: DeserializeOwned>(answer: &Value) -> Option<T> {
    serde_json::from_str(text(answer)?).ok()
}

/// An entry of a stream whose ids are `<number>-0`: its number, and the value of its first field.
pub(super) fn entry(answer: &Value) -> Option<(u64, &Value)> {
    let [id, fields] = list(answer)? else {
        return None;
    };
    let (number, _) = text(id)?.split_once('-')?;
    Some((number.parse().ok()?, list(fields)?.get(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn answers_of_another_shape_are_none_and_never_a_panic() {
        let odd = [
            Value::Nil,
            Value::Int(-1),
            Value::BulkString(vec![0xff]),
            bulk(""),
            bulk("99999999999999999999"),
            Value::Array(vec![]),
            Value::Array(vec![bulk("1-0")]),
            Value::Array(vec![bulk("1-0"), Value::Nil]),
            Value::Array(vec![bulk("1-0"), Value::Array(vec![bulk("event")])]),
            Value::Array(vec![
                bulk("one-0"),
                Value::Array(vec![bulk("a"), bulk("b")]),
            ]),
            Value::Array(vec![Value::Nil, Value::Nil, Value::Nil]),
        ];
        for answer in &odd {
            assert!(entry(answer).is_none(), "{answer:?}");
            assert!(number(answer).is_none(), "{answer:?}");
            assert!(record::<crate::EventRecord>(answer).is_none(), "{answer:?}");
        }
        let fields = Value::Array(vec![bulk("event"), bulk("{}")]);
        let whole = Value::Array(vec![bulk("7-0"), fields]);
        assert_eq!(entry(&whole), Some((7, &bulk("{}"))));
    }

    #[test]
    fn what_a_server_says_is_one_short_line_in_an_error() {
        let said = format!("no\r\n2026 INFO forged {}", "x".repeat(1000));
        let tamed = tame(&said);
        assert!(
            !tamed.contains(['\r', '\n']) && tamed.len() <= 200,
            "{tamed}"
        );
    }
}
