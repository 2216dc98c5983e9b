//! An axum service that calls another one through a breaker, and protects a slow page of its own.
//! Callers that are not let through get 503, the reason, and the time to try again.
//!
//! ```sh
//! cargo run -p fusebox-tower --features axum --example axum
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::ErrorResponse;
use axum::{Router, routing::get};
use fusebox::{CallError, CircuitBreaker};
use fusebox_tower::axum::{Rejected, protect};
use std::error::Error;
use std::sync::Arc;
use tower::ServiceExt;

/// The other service, which is down.
async fn ask() -> Result<&'static str, &'static str> {
    Err("connection refused")
}

async fn explain(State(rag): State<Arc<CircuitBreaker>>) -> Result<&'static str, ErrorResponse> {
    match rag.call_async(ask()).await {
        Ok(answer) => Ok(answer),
        Err(CallError::Rejected(no)) => Err(Rejected::of(&rag, no).into()),
        Err(CallError::Failed(error)) => Err((StatusCode::BAD_GATEWAY, error).into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let circuit = |name: &str| {
        let builder = CircuitBreaker::builder(name).consecutive_failures(2);
        builder.build().map(Arc::new)
    };
    let service = Router::new()
        .route(
            "/report",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .layer(protect(circuit("reports")?)) // what stands above it
        .route("/explain", get(explain))
        .with_state(circuit("rag")?);

    for (path, expected) in [("/report", [500, 500, 503]), ("/explain", [502, 502, 503])] {
        for status in expected {
            let request = Request::get(path).body(Body::empty())?;
            let answer = service.clone().oneshot(request).await?;
            assert_eq!(answer.status(), status);
            if status == 503 {
                assert_eq!(answer.headers()["fusebox-reason"], "open");
                assert!(answer.headers().contains_key("retry-after"));
            }
            let body = to_bytes(answer.into_body(), 4096).await?;
            println!("{path}: {status} {}", String::from_utf8_lossy(&body));
        }
    }
    Ok(())
}
