//! Metrics and transitions for a collector: OTLP, protobuf over HTTP.
//!
//! Where to, with which headers and how often, the standard variables `OTEL_*` say: headers may
//! hold a secret, and a cluster sets the rest for all of its services alike.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fusebox::Source;
use fusebox_telemetry::otel::{Observed, TransitionSpans, observe};
use fusebox_telemetry::{Facts, Names};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::circuits::Circuits;
use crate::circuits::upstream::{Tls, TlsError};

/// For one try; the exporter's own time-out only says until when it tries again.
const SENT_WITHIN: Duration = Duration::from_secs(10);
/// A collector answers with a few bytes, or with why it refused some.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The SDK's provider of meters and that of tracers, each with a thread of its own that sends.
pub(super) struct Otlp {
    meters: SdkMeterProvider,
    tracers: SdkTracerProvider,
    spans: TransitionSpans<SdkTracer>,
    /// Without it the meters show nothing.
    _observed: Observed,
}

/// Why nothing can be sent, ever.
#[derive(Debug, thiserror::Error)]
pub(super) enum OtlpError {
    #[error("telemetry.otlp: {0}")]
    Exporter(#[from] ExporterBuildError),
    #[error("telemetry.otlp: {0}")]
    Tls(#[from] TlsError),
}

impl Otlp {
    /// Sends from now on. Whether a collector is there shows later, in the log.
    pub(super) fn start(
        circuits: &Arc<Circuits>,
        facts: Arc<dyn Facts>,
        names: Names,
    ) -> Result<Self, OtlpError> {
        let client = Sender::new(Handle::current())?;
        let metrics = MetricExporter::builder().with_http();
        let meters = SdkMeterProvider::builder()
            .with_resource(resource())
            .with_periodic_exporter(metrics.with_http_client(client.clone()).build()?)
            .build();
        let spans = SpanExporter::builder().with_http();
        let tracers = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(spans.with_http_client(client).build()?)
            .build();
        let source: Arc<dyn Source> = Arc::clone(circuits) as _;
        Ok(Self {
            _observed: observe(&meters, source, facts, names),
            spans: TransitionSpans::new(&tracers, circuits.events().subscribe()),
            meters,
            tracers,
        })
    }

    /// Makes spans of transitions until `stop`, then sends what has come by then.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::select! {
            never = self.spans.run() => match never {},
            () = stop => {}
        }
        self.spans.drain();
        // The SDK waits for its threads.
        let sent = spawn_blocking(move || {
            let ended = [self.tracers.shutdown(), self.meters.shutdown()];
            for error in ended.into_iter().filter_map(Result::err) {
                tracing::warn!(%error, "the last telemetry was not sent");
            }
        });
        super::report(&sent.await);
    }
}

/// Who sends: what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say, else `fusebox`.
fn resource() -> Resource {
    const NAME: &str = "service.name";
    let told = Resource::builder().build();
    let name = told.get_ref(&NAME.into()).map(ToString::to_string);
    // The SDK's word where nothing names the service.
    let is_named = name.is_some_and(|name| !name.starts_with("unknown_service"));
    let builder = Resource::builder();
    match is_named {
        true => builder.build(),
        false => builder.with_service_name("fusebox").build(),
    }
}

/// The client of both exporters. They call from threads outside of the runtime.
#[derive(Clone, Debug)]
struct Sender {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
}

impl Sender {
    fn new(runtime: Handle) -> Result<Self, TlsError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(Tls::default().config()?.as_ref().clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, runtime })
    }
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let exchange = async move {
            let answer = client.request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
            Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
        };
        // The timer, too, is begun there: the exporter's thread has no runtime.
        let sent = self
            .runtime
            .spawn(async { timeout(SENT_WITHIN, exchange).await? });
        sent.await?
    }
}
