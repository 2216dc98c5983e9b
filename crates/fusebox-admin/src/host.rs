//! For hosts with a page of their own beside the admin interface: served as the console is, with
//! streams as its own, and open to this machine only.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::de::DeserializeOwned;

use crate::access::is_own_page_of_this_machine;
use crate::console::{ASK_AGAIN, File, served};
use crate::problem::{self, Problem};
use crate::{body, guard, request_id};

pub use crate::stream::in_pieces;

/// Routes to a page at `/` and to what it loads, each at its own name, under the console's policy:
/// nothing of other hosts, nothing inline. A browser keeps them and asks again by their tags.
///
/// ```
/// let html = "<script src=\"page.js\"></script>";
/// let files = [("page.js", "document.title = 'here';"), ("page.css", "body { margin: 0 }")];
/// let routes: axum::Router = fusebox_admin::host::page(html, &files);
/// # drop(routes);
/// ```
pub fn page(html: &'static str, files: &[(&'static str, &'static str)]) -> Router {
    let html = File::named("", "text/html; charset=utf-8", html);
    let files = files.iter().map(|(name, text)| {
        let media_type = match name.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        File::named(name, media_type, text)
    });
    std::iter::once(html)
        .chain(files)
        .fold(Router::new(), |routes, file| {
            let path = format!("/{}", file.name);
            let file = Arc::new(file);
            let serve = move |headers: HeaderMap| {
                let file = Arc::clone(&file);
                async move { served(&file, &headers, ASK_AGAIN) }
            };
            routes.route(&path, get(serve))
        })
}

/// Lets in what this machine's user asks for, by a browser whose page comes from here or by any
/// other program: `Host` has to name this machine, and an `Origin`, if there is one, that same
/// host. All else is 403. Every answer, also to what no route takes, is then as the admin
/// interface's are: errors as `application/problem+json`, nothing kept, framed or guessed at.
pub fn this_machine_only(routes: Router) -> Router {
    routes
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn(let_in))
        .layer(middleware::from_fn(request_id::identify))
}

async fn let_in(request: Request, next: Next) -> Response {
    let mut response = match is_own_page_of_this_machine(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    guard::harden(&mut response);
    response
}

/// The body of a request as `T`: JSON, small, and soon there.
///
/// # Errors
/// 415 where the request does not say that it is JSON: a form on a page of another host cannot say
/// so. 422 where it is not, or not a `T`; 413 and 408 where it is too large or does not come.
pub async fn json_body<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    if !is_json(request.headers()) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let title = "Unsupported media type";
        let detail = "Content-Type has to be application/json";
        return Err(Problem::new(status, "media-type", title, detail));
    }
    body::json(request).await
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE);
    named
        .and_then(|named| named.to_str().ok())
        .is_some_and(|named| {
            let essence = named.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("application/json")
        })
}
