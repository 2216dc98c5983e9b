//! The interface in words for programs: `OpenAPI` 3.1, made from the routes.

use axum::Json;
use axum::extract::State;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, Header, HeaderBuilder, InfoBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, PathItem, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement, Server,
    Type,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::desk::Desk;
use crate::problem;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(document))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "document",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(crate) async fn document(State(desk): State<Desk>) -> Json<serde_json::Value> {
    Json(serde_json::Value::clone(&desk.openapi))
}

/// What is true of every route, put around what the routes say of themselves.
pub(crate) fn finished(mut routes: OpenApi) -> OpenApi {
    for (path, item) in &mut routes.paths.paths {
        for operation in operations(item) {
            complete(path, operation);
        }
    }
    let info = InfoBuilder::new()
        .title("Fusebox admin")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "State, history and actions of circuit breakers. Every error is problem+json.",
        ));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let bearer = bearer.description(Some("not asked for on loopback where no tokens are set"));
    let own = ComponentsBuilder::new()
        .schema(
            "Problem",
            <problem::Shown<'_> as utoipa::PartialSchema>::schema(),
        )
        .security_scheme("bearer", SecurityScheme::Http(bearer.build()))
        .response("Problem", problem_response())
        .build();
    let mut document = OpenApiBuilder::new()
        .info(info)
        // Relative to this document: right under any prefix.
        .servers(Some([Server::new(".")]))
        .security(Some([
            SecurityRequirement::default(),
            SecurityRequirement::new("bearer", [] as [&str; 0]),
        ]))
        .components(Some(own))
        .build();
    document.merge(routes);
    document
}

/// The operations of a path, each with the word of its method.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ];
    all.into_iter().filter_map(Option::as_mut)
}

/// Errors that follow from the kind of route, so that no handler has to list them.
fn complete(path: &str, operation: &mut Operation) {
    let may_be_refused: &[&str] = &["401", "403", "429"];
    let names: &[&str] = if path.contains('{') { &["404"] } else { &[] };
    let parameters = operation.parameters.iter().flatten();
    let mut parameters = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(&parameter.parameter_in),
        RefOr::Ref(_) => None,
    });
    let has_query = parameters.any(|place| *place == ParameterIn::Query);
    let query: &[&str] = if has_query { &["422"] } else { &[] };
    let body: &[&str] = match operation.request_body {
        Some(_) => &["408", "413", "422"],
        None => &[],
    };
    let responses = &mut operation.responses.responses;
    for status in [may_be_refused, names, query, body].into_iter().flatten() {
        responses
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name("Problem")));
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            fill(status, response);
        }
    }
}

/// An error without a body of its own is a problem; every answer has an id.
fn fill(status: &str, response: &mut Response) {
    if response.content.is_empty() && status.starts_with(['4', '5']) {
        response.content = problem_response().content;
    }
    response
        .headers
        .insert("X-Request-Id".to_owned(), RefOr::T(request_id()));
}

fn request_id() -> Header {
    let id = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some("the request's id"));
    id.build()
}

fn problem_response() -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description("what is wrong, and what would be right")
        .content("application/problem+json", content)
        .header("X-Request-Id", request_id())
        .build()
}
