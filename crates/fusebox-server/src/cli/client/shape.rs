//! What an answer must be, to be one of the API's. Whoever asks says it with the question: what
//! answers at an address need not be a Fusebox, and to read nothing out of its JSON would look like
//! an answer.

use serde_json::Value;

/// JSON with at least this. More may be there: a newer service says more.
#[derive(Debug)]
pub(super) enum Shape {
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number from 0.
    Count,
    Truth,
    /// Null, or this.
    Nullable(&'static Shape),
    /// A list of these.
    List(&'static Shape),
    /// An object that has these keys.
    Object(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// Where the answer is not this: the path of the first such place, like `circuits.0.name`, and
    /// empty for the answer itself. `None`: nowhere.
    pub(super) fn misfit(&self, value: &Value) -> Option<String> {
        let fits = match self {
            Self::Text => value.is_string(),
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Count => value.is_u64(),
            Self::Truth => value.is_boolean(),
            Self::Nullable(shape) => {
                return if value.is_null() {
                    None
                } else {
                    shape.misfit(value)
                };
            }
            Self::List(shape) => match value.as_array() {
                Some(items) => {
                    let mut items = items.iter().enumerate();
                    return items.find_map(|(at, item)| Some(under(at, &shape.misfit(item)?)));
                }
                None => false,
            },
            Self::Object(keys) => match value.as_object() {
                Some(object) => {
                    return keys.iter().find_map(|(key, shape)| match object.get(*key) {
                        Some(value) => Some(under(key, &shape.misfit(value)?)),
                        None => Some((*key).to_owned()),
                    });
                }
                None => false,
            },
        };
        (!fits).then(String::new)
    }
}

fn under(key: impl std::fmt::Display, path: &str) -> String {
    if path.is_empty() {
        key.to_string()
    } else {
        format!("{key}.{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LIST: Shape = Shape::Object(&[
        (
            "items",
            Shape::List(&Shape::Object(&[
                ("name", Shape::Text),
                ("state", Shape::Word(&["open", "closed"])),
                ("held", Shape::Truth),
            ])),
        ),
        ("next", Shape::Nullable(&Shape::Count)),
    ]);

    #[test]
    fn what_has_all_and_more_fits() {
        let item = json!({"name": "a", "state": "open", "held": false, "more": 1});
        for fits in [
            json!({"items": [], "next": null}),
            json!({"items": [item, item], "next": 7, "more": [1]}),
        ] {
            assert_eq!(LIST.misfit(&fits), None, "{fits}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
        let list = |item: Value| json!({"items": [item], "next": null});
        for (wrong, path) in [
            (json!(null), ""),
            (json!("x"), ""),
            (json!([]), ""),
            (json!({}), "items"),
            (json!({"items": {}, "next": null}), "items"),
            (json!({"items": []}), "next"),
            (json!({"items": [], "next": -1}), "next"),
            (list(json!(7)), "items.0"),
            (list(json!({"name": 7})), "items.0.name"),
            (list(json!({"name": "a", "state": "ajar"})), "items.0.state"),
            (
                list(json!({"name": "a", "state": "open", "held": "no"})),
                "items.0.held",
            ),
        ] {
            assert_eq!(LIST.misfit(&wrong).as_deref(), Some(path), "{wrong}");
        }
    }
}
