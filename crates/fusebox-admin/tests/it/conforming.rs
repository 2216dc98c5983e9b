//! Holds every answer that a test sees against the document of the interface.
//!
//! A small check of our own: it knows the keywords that the document uses and fails on any other,
//! so that nothing is passed over in silence.

use axum::http::{Method, StatusCode, header};
use serde_json::Value;

use super::asking::Answer;

/// Fails where the answer is one that the document does not tell of.
pub(super) fn check(document: &Value, method: &Method, path: &str, answer: &Answer) {
    if let Err(wrong) = checked(document, method, path, answer) {
        panic!(
            "{method} {path} answered {}: {wrong}\n{}",
            answer.status, answer.text
        );
    }
}

fn checked(document: &Value, method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
    if !answer.headers.contains_key("x-request-id") {
        return Err("no X-Request-Id".to_owned());
    }
    let is_head = *method == Method::HEAD;
    let word = if is_head { "get" } else { method.as_str() }.to_lowercase();
    let (status, refused) = (answer.status, [401, 403, 429]);
    let Some(template) = template(document, path) else {
        let is_told = status == StatusCode::NOT_FOUND || refused.contains(&status.as_u16());
        return is_told
            .then_some(())
            .ok_or("there is no such path".to_owned());
    };
    let Some(operation) = document["paths"][&template].get(&word) else {
        let is_told =
            status == StatusCode::METHOD_NOT_ALLOWED || refused.contains(&status.as_u16());
        return is_told
            .then_some(())
            .ok_or("it takes no such method".to_owned());
    };
    let response = operation["responses"].get(status.as_str());
    let response = followed(document, response.ok_or("no such status")?)?;
    if response.get("content").is_none() && answer.text.is_empty() {
        return Ok(());
    }
    let media_type = answer.header(header::CONTENT_TYPE);
    let media_type = media_type.split(';').next().unwrap_or_default();
    let content = response["content"].get(media_type);
    let content = content.ok_or_else(|| format!("no content of type {media_type:?}"))?;
    if is_head || !media_type.ends_with("json") {
        return Ok(());
    }
    let body: Value = serde_json::from_str(&answer.text).map_err(|error| error.to_string())?;
    fits(document, &content["schema"], &body, "body")
}

/// The path of the document that this one fits: as many fixed parts as can be.
pub(super) fn template(document: &Value, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<_> = path.split('/').collect();
    let names = document["paths"].as_object()?.keys();
    let fitting = names.filter(|name| {
        let named: Vec<_> = name.split('/').collect();
        let fits = |(a, b): (&&str, &&str)| a == b || (a.starts_with('{') && !b.is_empty());
        named.len() == parts.len() && named.iter().zip(&parts).all(fits)
    });
    fitting
        .min_by_key(|name| name.matches('{').count())
        .cloned()
}

fn followed<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value, String> {
    match value.get("$ref").and_then(Value::as_str) {
        None => Ok(value),
        Some(to) => {
            let pointer = to.strip_prefix('#').ok_or("a reference to elsewhere")?;
            let found = document.pointer(pointer);
            found.ok_or_else(|| format!("{to} leads nowhere"))
        }
    }
}

/// Whether the value fits the schema; the error says where it does not.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(schema) => schema,
        other => return Err(format!("{at}: no schema: {other}")),
    };
    for (keyword, rule) in schema {
        let rules = || rule.as_array().into_iter().flatten();
        let wrong = |what: &str| Err(format!("{at}: {value} {what} {rule}"));
        match keyword.as_str() {
            "$ref" => fits(
                document,
                followed(document, &Value::Object(schema.clone()))?,
                value,
                at,
            )?,
            "allOf" => rules().try_for_each(|each| fits(document, each, value, at))?,
            "oneOf" => {
                let fitting = rules().filter(|one| fits(document, one, value, at).is_ok());
                if fitting.count() != 1 {
                    return wrong("does not fit exactly one of");
                }
            }
            "type" => {
                let mut words = rules().chain(rule.is_string().then_some(rule));
                if !words.any(|word| is_a(value, word.as_str().unwrap_or_default())) {
                    return wrong("is no");
                }
            }
            "enum" if !rules().any(|one| one == value) => return wrong("is none of"),
            "minimum" if value.as_f64() < rule.as_f64() && value.is_number() => {
                return wrong("is below");
            }
            "maximum" if value.as_f64() > rule.as_f64() && value.is_number() => {
                return wrong("is above");
            }
            "required" => {
                let lacking =
                    rules().find(|key| value.get(key.as_str().unwrap_or_default()).is_none());
                if let (Some(key), true) = (lacking, value.is_object()) {
                    return Err(format!("{at}: {key} is missing"));
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    fits(document, rule, item, &format!("{at}[{index}]"))?;
                }
            }
            // The first two are looked at with the fields; the rest says nothing that is checked.
            "properties"
            | "additionalProperties"
            | "enum"
            | "minimum"
            | "maximum"
            | "minLength"
            | "maxLength"
            | "format"
            | "propertyNames"
            | "description" => {}
            other => return Err(format!("{at}: the check does not know {other}")),
        }
    }
    fields_fit(document, schema, value, at)
}

fn fields_fit(
    document: &Value,
    schema: &serde_json::Map<String, Value>,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    for (key, field) in value.as_object().into_iter().flatten() {
        let named = schema.get("properties").and_then(|all| all.get(key));
        let at = format!("{at}.{key}");
        match (named, schema.get("additionalProperties")) {
            (None, Some(Value::Bool(false))) => return Err(format!("{at}: not in the schema")),
            (Some(rule), _) | (None, Some(rule)) => fits(document, rule, field, &at)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn is_a(value: &Value, word: &str) -> bool {
    match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[test]
fn the_check_can_fail() {
    let document = serde_json::json!({"components": {"schemas": {"State": {
        "type": "string", "enum": ["open", "closed"]
    }}}});
    let schema = serde_json::json!({
        "type": "object",
        "required": ["state"],
        "additionalProperties": false,
        "properties": {
            "state": {"$ref": "#/components/schemas/State"},
            "count": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
            "list": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "null"}]}},
            "both": {"allOf": [{"type": "number"}, {"type": "integer"}]},
        },
    });
    let fits = |value: Value| fits(&document, &schema, &value, "body");
    for good in [
        serde_json::json!({"state": "open"}),
        serde_json::json!({"state": "open", "count": null, "list": ["a", null], "both": 1}),
    ] {
        assert_eq!(fits(good.clone()), Ok(()), "{good}");
    }
    for bad in [
        serde_json::json!({}),
        serde_json::json!([]),
        serde_json::json!({"state": "ajar"}),
        serde_json::json!({"state": null}),
        serde_json::json!({"state": "open", "other": 1}),
        serde_json::json!({"state": "open", "count": -1}),
        serde_json::json!({"state": "open", "count": 10}),
        serde_json::json!({"state": "open", "count": 1.5}),
        serde_json::json!({"state": "open", "list": [1]}),
        serde_json::json!({"state": "open", "both": 1.5}),
    ] {
        assert!(fits(bad.clone()).is_err(), "{bad}");
    }
    let strange = serde_json::json!({"pattern": "x"});
    assert!(super::conforming::fits(&document, &strange, &Value::Null, "").is_err());
}
