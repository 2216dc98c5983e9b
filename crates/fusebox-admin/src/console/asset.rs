//! The page and its files, over HTTP.

use axum::extract::{OriginalUri, Path};
use axum::http::header::{self, HeaderMap};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bundle::{BUNDLE, File};
use crate::desk::Desk;
use crate::problem::Problem;

/// Scripts, styles and requests of the page's own origin, and nothing else; nothing inline, nothing
/// evaluated, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A name with a hash in it never stands for anything else.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// The page itself may be another one after an update: asked for each time, by its tag.
pub(crate) const ASK_AGAIN: &str = "no-cache";

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(page))
        .routes(routes!(asset))
}

/// The console.
///
/// It needs no token: what it shows, it asks for with the one that its user enters.
#[utoipa::path(get, path = "/", tag = "console", operation_id = "console", security(()),
    responses(
        (status = 200, description = "the page", body = String, content_type = "text/html"),
        (status = 304, description = "the page that `If-None-Match` names is the newest"),
    ))]
pub(crate) async fn page(OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    match last_part(&uri) {
        None => served(&BUNDLE.page, &headers, ASK_AGAIN),
        Some(last) => served(&BUNDLE.page_below(last), &headers, ASK_AGAIN),
    }
}

/// Script and style of the console.
#[utoipa::path(get, path = "/assets/{file}", tag = "console", operation_id = "asset",
    security(()),
    params(("file" = String, Path, description = "a name with a hash in it, as the page says it")),
    responses(
        (status = 200, description = "the file", content(
            (String = "text/javascript"),
            (String = "text/css"),
        )),
        (status = 304, description = "the one that `If-None-Match` names"),
    ))]
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let found = BUNDLE.assets.iter().find(|file| file.name == name);
    match found {
        Some(file) => served(file, &headers, FOR_GOOD),
        None => {
            let detail = format!("the console has no file {name:?}");
            Problem::not_found("unknown-path", "Unknown path", detail).into_response()
        }
    }
}

/// The last part of the path, where no slash ends it: a browser takes what the page names relative
/// to the part before. What could not stand in an attribute as it is, is none of a host's prefixes.
fn last_part(uri: &Uri) -> Option<&str> {
    let (_, last) = uri.path().rsplit_once('/')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
    (!last.is_empty() && last.chars().all(is_plain)).then_some(last)
}

/// The file, or that the client has it.
pub(crate) fn served(file: &File, headers: &HeaderMap, keep: &'static str) -> Response {
    let head = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(file.media_type),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (header::ETAG, file.tag.clone()),
    ];
    if is_known(file, headers) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, file.body.clone()).into_response()
}

fn is_known(file: &File, headers: &HeaderMap) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH);
    let mut known = known.iter().filter_map(|value| value.to_str().ok());
    let tag = file.tag.as_bytes();
    known.any(|value| {
        let mut tags = value.split(',').map(str::trim);
        // A proxy that compresses makes a strong tag a weak one.
        tags.any(|one| one == "*" || one.trim_start_matches("W/").as_bytes() == tag)
    })
}
