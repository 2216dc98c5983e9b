//! OTLP as a collector gets it: protobuf in an HTTP request, decoded by a stand-in.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fusebox::{Author, ManualClock, State};
use fusebox_telemetry::Names;
use fusebox_telemetry::otel::{TransitionSpans, observe};
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prost::Message;

use crate::golden::service;
use crate::hosts::{Host, breaker, built};

/// Far more than a request on the loopback takes.
const BOUND: Duration = Duration::from_secs(20);

/// Path and body of a request.
type Posted = (String, Vec<u8>);

/// Answers one request and hands it over.
fn collector() -> (SocketAddr, Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (sender, received) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let posted = read_request(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .expect("the client reads");
        sender.send(posted).expect("the test waits");
    });
    (address, received)
}

fn read_request(stream: &mut TcpStream) -> Posted {
    stream.set_read_timeout(Some(BOUND)).expect("not zero");
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        read.push(byte[0]);
    };
    let head = String::from_utf8(read[..end].to_vec()).expect("a head of text");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().expect("a length"))
    });
    let mut body = vec![0; length.expect("a length")];
    stream.read_exact(&mut body).expect("the whole body");
    let path = head.split(' ').nth(1).expect("a path").to_owned();
    (path, body)
}

/// The lightest client that there is: one request on a connection of its own.
#[derive(Debug)]
struct Plain;

#[async_trait]
impl HttpClient for Plain {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let host = request.uri().authority().expect("an address").as_str();
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(BOUND))?;
        let (path, body) = (request.uri().path(), request.body());
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n"
        )?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        Ok(Response::new(Bytes::new()))
    }
}

#[test]
fn metrics_reach_a_collector_by_otlp() {
    let (address, received) = collector();
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(Plain)
        .with_endpoint(format!("http://{address}/v1/metrics"))
        .build()
        .expect("an endpoint");
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter)
        .build();
    let source = Arc::new(service());
    let _observed = observe(&provider, source, Arc::new(Host), Names::Standard);
    provider.force_flush().expect("the collector takes it");

    let (path, body) = received.recv_timeout(BOUND).expect("a request");
    assert_eq!(path, "/v1/metrics");
    let request = ExportMetricsServiceRequest::decode(&*body).expect("protobuf");
    let scope = &request.resource_metrics[0].scope_metrics[0];
    assert_eq!(scope.scope.as_ref().expect("a scope").name, "fusebox");
    let named = |name: &str| scope.metrics.iter().find(|metric| metric.name == name);

    let opened = named("circuit_breaker_open_seconds").expect("the metric");
    assert_eq!(opened.unit, "s");
    let Some(metric::Data::Sum(sum)) = &opened.data else {
        panic!("{opened:?}");
    };
    assert!(sum.is_monotonic);
    let values: Vec<_> = sum.data_points.iter().map(|point| point.value).collect();
    let seconds = |seconds| Some(number_data_point::Value::AsDouble(seconds));
    assert!(values.contains(&seconds(14.0)), "{values:?}");

    let clients = named("fusebox_stream_clients").expect("the metric");
    let Some(metric::Data::Gauge(gauge)) = &clients.data else {
        panic!("{clients:?}");
    };
    assert_eq!(gauge.data_points[0].value, seconds(2.0));
}

#[test]
fn transitions_reach_a_collector_by_otlp() {
    let (address, received) = collector();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Plain)
        .with_endpoint(format!("http://{address}/v1/traces"))
        .build()
        .expect("an endpoint");
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter)
        .build();
    let rag = built(breaker("rag", &ManualClock::new()));
    let mut spans = TransitionSpans::new(&provider, rag.subscribe());
    rag.transition(State::Open, &Author::new("test"))
        .expect("not observed");
    assert_eq!(spans.drain(), 1);

    let (path, body) = received.recv_timeout(BOUND).expect("a request");
    assert_eq!(path, "/v1/traces");
    let request = ExportTraceServiceRequest::decode(&*body).expect("protobuf");
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(
        (span.name.as_str(), span.events[0].name.as_str()),
        ("fusebox.transition", "fusebox.transition")
    );
    let keys: Vec<_> = span
        .attributes
        .iter()
        .map(|pair| pair.key.as_str())
        .collect();
    assert_eq!(
        keys,
        ["fusebox.circuit", "fusebox.state", "fusebox.decision"]
    );
}
