//! What a request asks for, as its handler reads it.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::plain::{plain, plain_value};

/// An ear at the body of a request, among the extensions of those that act; a clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ear(Arc<OnceLock<(Option<String>, Value)>>);

impl Ear {
    /// Told by who reads the body. What is no JSON is kept as the beginning of its text.
    pub(crate) fn hear(&self, body: &[u8]) {
        let mut asked = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(_) if body.is_empty() => Value::Null,
            Err(_) => Value::String(String::from_utf8_lossy(body).into_owned()),
        };
        let reason = asked
            .as_object_mut()
            .and_then(|asked| asked.remove("reason"));
        let why = reason.as_ref().and_then(Value::as_str).map(str::trim);
        let why = why.filter(|why| !why.is_empty()).map(plain);
        // A body is read once; a second time would be the same body.
        let _ = self.0.set((why, plain_value(asked)));
    }

    /// The reason that was given.
    pub(super) fn why(&self) -> Option<&str> {
        self.0.get().and_then(|(why, _)| why.as_deref())
    }

    /// All else that was asked; null where no body was read, or there was nothing in it.
    pub(super) fn asked(&self) -> Value {
        match self.0.get() {
            Some((_, Value::Object(asked))) if asked.is_empty() => Value::Null,
            Some((_, asked)) => asked.clone(),
            None => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_reason_stands_apart_from_what_is_asked() {
        let heard = |body: &str| {
            let ear = Ear::default();
            ear.hear(body.as_bytes());
            (ear.why().map(str::to_owned), ear.asked())
        };
        let why = |text: &str| Some(text.to_owned());
        for (body, expected) in [
            ("", (None, json!(null))),
            ("{}", (None, json!(null))),
            (r#"{"reason": " x\ny "}"#, (why("x\\u{a}y"), json!(null))),
            (r#"{"reason": 1, "a": 2}"#, (None, json!({ "a": 2 }))),
            (r#""open""#, (None, json!("open"))),
            ("{\n", (None, json!("{\\u{a}"))),
            ("\u{0}", (None, json!("\\u{0}"))),
        ] {
            assert_eq!(heard(body), expected, "{body:?}");
        }
    }
}
