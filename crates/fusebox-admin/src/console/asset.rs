//! The page and its files, over HTTP.

use axum::extract::{OriginalUri, Path, Request};
use axum::http::header::{self, HeaderMap};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bundle::{BUNDLE, File};
use crate::desk::Desk;
use crate::problem::{self, Problem};

/// Scripts, styles and requests of the page's own origin, and nothing else; nothing inline, nothing
/// evaluated, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A name with a hash in it never stands for anything else.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// The page itself may be another one after an update: asked for each time, by its tag.
const ASK_AGAIN: &str = "no-cache";

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(page))
        .routes(routes!(asset))
}

/// The console.
///
/// It needs no token: what it shows, it asks for with the one that its user enters. Mounted under a
/// prefix and asked for without the slash at the end, it leads to the address with it.
#[utoipa::path(get, path = "/", tag = "console", operation_id = "console", security(()),
    responses(
        (status = 200, description = "the page", body = String, content_type = "text/html"),
        (status = 304, description = "the page that `If-None-Match` names is the newest"),
        (status = 308, description = "to the address with a slash at the end"),
    ))]
pub(crate) async fn page(OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    if let Some(location) = with_slash(&uri) {
        return (
            StatusCode::PERMANENT_REDIRECT,
            [(header::LOCATION, location)],
        )
            .into_response();
    }
    served(&BUNDLE.page, &headers, ASK_AGAIN)
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

/// Where no route fits. Under a prefix that is also the page, for its address ends in a slash,
/// which the router knows nothing of.
pub(crate) async fn page_or_unknown(uri: Uri, request: Request) -> Response {
    let is_read = request.method().is_safe();
    if uri.path() != "/" || !is_read {
        return problem::unknown_path(uri).await.into_response();
    }
    served(&BUNDLE.page, request.headers(), ASK_AGAIN)
}

/// The last part of the path and a slash, relative to the address that the browser knows: what
/// stands before it may be a proxy's. `None`: the slash is there.
fn with_slash(uri: &Uri) -> Option<HeaderValue> {
    let (_, last) = uri.path().rsplit_once('/')?;
    if last.is_empty() {
        return None;
    }
    // With the dot the browser does not take a colon in it for a scheme.
    HeaderValue::try_from(format!("./{last}/")).ok()
}

fn served(file: &File, headers: &HeaderMap, keep: &'static str) -> Response {
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
