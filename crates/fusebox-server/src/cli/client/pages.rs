//! Lists that come in pages: followed by `next` until they end, or until enough is there.

use serde_json::{Value, json};

use super::path;
use super::service::Service;
use super::shape::Shape;
use super::trouble::Trouble;

/// What the API gives at most at once.
const PAGE_MAX: usize = 1000;
/// More than the longest log has; whoever sends more pages will not stop.
const PAGES_MAX: usize = 100_000;

/// The list under `key` at `path`, whose pages are of this shape, put together from all of them as
/// the one page it would be: `{key: [...], "next": null}`. With `most`, no more than that many;
/// `next` then says where it goes on.
///
/// # Errors
/// As for one page.
pub(super) async fn all(
    service: &Service,
    path: &str,
    (key, shape): &(&str, Shape),
    most: Option<usize>,
) -> Result<Value, Trouble> {
    let mut items: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let left = most.map_or(PAGE_MAX, |most| (most - items.len()).min(PAGE_MAX));
        let limit = left.to_string();
        let mut parameters = vec![("limit", limit.as_str())];
        if let Some(cursor) = &cursor {
            parameters.push(("cursor", cursor));
        }
        let mut page = service.get(&path::with(path, &parameters), shape).await?;
        let Some(Value::Array(more)) = page.get_mut(key).map(Value::take) else {
            return Err(service.without(key));
        };
        items.extend(more);
        let next = page["next"].as_str().map(str::to_owned);
        let enough = most.is_some_and(|most| items.len() >= most);
        // A page may be empty and point on: what is in it is not for this caller. One that points
        // to itself would never end.
        if next.is_none() || enough || next == cursor {
            let next = if enough { next } else { None };
            return Ok(json!({ *key: items, "next": next }));
        }
        cursor = next;
    }
    Err(service.without("last page"))
}
