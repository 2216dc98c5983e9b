//! What a collector is told: a real OTLP receiver over HTTP, asked by a real daemon.

use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{NumberDataPoint, metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use rustix::process::Signal;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::daemon::{Daemon, Folder, Process, send};
use crate::house::{rag, within};

const SETTINGS: &str = "[telemetry]\notlp = true\n";

/// What arrived.
struct Received {
    metrics: UnboundedReceiver<(HeaderMap, ExportMetricsServiceRequest)>,
    traces: UnboundedReceiver<(HeaderMap, ExportTraceServiceRequest)>,
}

/// A receiver of OTLP on a free port.
async fn collector() -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (metrics, came_metrics) = unbounded_channel();
    let (traces, came_traces) = unbounded_channel();
    let router = Router::new()
        .route("/v1/metrics", post(take::<ExportMetricsServiceRequest>))
        .with_state(Arc::new(metrics))
        .merge(
            Router::new()
                .route("/v1/traces", post(take::<ExportTraceServiceRequest>))
                .with_state(Arc::new(traces)),
        );
    tokio::spawn(async move { axum::serve(listener, router).await });
    let received = Received {
        metrics: came_metrics,
        traces: came_traces,
    };
    (url, received)
}

/// An answer without content is the OTLP message that says that all was taken.
async fn take<T: Message + Default + 'static>(
    State(came): State<Arc<UnboundedSender<(HeaderMap, T)>>>,
    headers: HeaderMap,
    body: Bytes,
) {
    let message = T::decode(body).expect("protobuf");
    // A test that has seen enough reads no more.
    let _ = came.send((headers, message));
}

fn command(folder: &Folder, env: &[(&str, &str)]) -> Command {
    let addresses = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let args = [&["serve", "fusebox.toml"][..], &addresses].concat();
    let mut command = folder.command(&args);
    let standard = std::env::vars().filter(|(name, _)| name.starts_with("OTEL_"));
    for (name, _) in standard {
        command.env_remove(name);
    }
    command.envs(env.iter().copied());
    command
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|pair| pair.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn service(resource: Option<&Resource>) -> Option<&str> {
    text(&resource?.attributes, "service.name")
}

/// The points of a gauge.
fn points<'a>(
    request: &'a ExportMetricsServiceRequest,
    name: &str,
) -> impl Iterator<Item = &'a NumberDataPoint> {
    let resources = request.resource_metrics.iter();
    let scopes = resources.flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics);
    let found = metrics.filter(move |metric| metric.name == name);
    found.flat_map(|metric| match &metric.data {
        Some(metric::Data::Gauge(gauge)) => gauge.data_points.as_slice(),
        _ => &[],
    })
}

/// `circuit_breaker_state` of the circuit `rag`.
fn state(request: &ExportMetricsServiceRequest) -> Option<f64> {
    let mut points = points(request, "circuit_breaker_state");
    let rag = points.find(|point| text(&point.attributes, "circuit_name") == Some("rag"))?;
    match rag.value? {
        number_data_point::Value::AsDouble(value) => Some(value),
        number_data_point::Value::AsInt(_) => None,
    }
}

fn spans(request: &ExportTraceServiceRequest) -> Vec<Span> {
    let resources = request.resource_spans.iter();
    let scopes = resources.flat_map(|resource| &resource.scope_spans);
    scopes.flat_map(|scope| scope.spans.clone()).collect()
}

async fn open(daemon: &Daemon) {
    let path = "/api/v1/circuit-breakers/rag/force-state";
    let answer = send(daemon.admin, "POST", path, &json!({"state": "open"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn metrics_and_transitions_reach_the_collector_that_the_environment_names() {
    let (url, mut received) = collector().await;
    let folder = Folder::new();
    folder.write("fusebox.toml", rag("http://127.0.0.1:9", "") + SETTINGS);
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ];
    let daemon = Daemon::of(Process::start(command(&folder, &env))).await;
    let (headers, first) = within(received.metrics.recv()).await.unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["authorization"], "Bearer x");
    let resource = first.resource_metrics[0].resource.as_ref();
    assert_eq!(service(resource), Some("fusebox"));
    assert_eq!(state(&first), Some(0.0));
    // What hosts know beside the circuits goes there, too.
    for fact in [
        "fusebox_config_last_reload_success",
        "fusebox_store_healthy",
    ] {
        assert_eq!(points(&first, fact).count(), 1, "{fact}");
    }

    open(&daemon).await;
    let (_, told) = within(received.traces.recv()).await.unwrap();
    let resource = told.resource_spans[0].resource.as_ref();
    assert_eq!(service(resource), Some("fusebox"));
    let [span] = spans(&told).try_into().expect("one transition");
    assert_eq!(
        (span.name.as_str(), span.events[0].name.as_str()),
        ("fusebox.transition", "fusebox.transition")
    );
    let told = ["fusebox.circuit", "fusebox.state", "fusebox.decision"];
    assert_eq!(
        told.map(|key| text(&span.attributes, key).unwrap_or_default()),
        ["rag", "open", "hand"]
    );
    // Collections that were under way come before one that knows of it.
    while state(&within(received.metrics.recv()).await.unwrap().1) != Some(1.0) {}
}

#[tokio::test]
async fn what_happened_last_is_sent_at_the_end() {
    let (url, mut received) = collector().await;
    let folder = Folder::new();
    folder.write("fusebox.toml", rag("http://127.0.0.1:9", "") + SETTINGS);
    // No timer fires while the test runs.
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
        ("OTEL_SERVICE_NAME", "till"),
    ];
    let mut daemon = Daemon::of(Process::start(command(&folder, &env))).await;
    open(&daemon).await;
    daemon.process.signal(Signal::TERM);
    assert_eq!(daemon.process.end().await, Some(0));
    let (_, metrics) = within(received.metrics.recv()).await.unwrap();
    assert_eq!(state(&metrics), Some(1.0));
    let (_, traces) = within(received.traces.recv()).await.unwrap();
    assert_eq!(
        service(traces.resource_spans[0].resource.as_ref()),
        Some("till")
    );
    assert_eq!(spans(&traces).len(), 1);
}

#[tokio::test]
async fn a_collector_that_is_away_delays_nobody_and_is_told_in_the_log() {
    let folder = Folder::new();
    let refusing = crate::stand_in::refusing().await;
    folder.write("fusebox.toml", rag("http://127.0.0.1:9", "") + SETTINGS);
    let url = format!("http://{refusing}");
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ];
    let mut daemon = Daemon::of(Process::start(command(&folder, &env))).await;
    let told = daemon.logged_as("PeriodicReader.ExportError").await;
    assert_eq!(told["level"], "ERROR", "{told}");
    open(&daemon).await;
    daemon.process.signal(Signal::TERM);
    assert_eq!(daemon.process.end().await, Some(0));
}

#[tokio::test]
async fn an_endpoint_that_is_none_keeps_the_daemon_from_starting() {
    let folder = Folder::new();
    folder.write("fusebox.toml", SETTINGS);
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url")];
    let mut process = Process::start(command(&folder, &env));
    assert_eq!(process.end().await, Some(2));
    let said = process.err.rest().await;
    let said = said.iter().find(|line| line.starts_with("fusebox: "));
    let said = said.expect("why");
    assert!(
        said.contains("telemetry.otlp: ") && said.contains("OTEL_EXPORTER_OTLP_ENDPOINT"),
        "{said}"
    );
}

#[tokio::test]
async fn without_the_setting_nothing_is_sent_whatever_the_environment_names() {
    let (url, mut received) = collector().await;
    let folder = Folder::new();
    folder.write("fusebox.toml", rag("http://127.0.0.1:9", ""));
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
    ];
    let mut daemon = Daemon::of(Process::start(command(&folder, &env))).await;
    open(&daemon).await;
    daemon.process.signal(Signal::TERM);
    // With the setting, this is when the last of it is sent.
    assert_eq!(daemon.process.end().await, Some(0));
    assert!(received.metrics.try_recv().is_err());
    assert!(received.traces.try_recv().is_err());
}
