//! Every key that the settings know, beside those of a breaker ([`fusebox::Settings::KEYS`]).

/// Tables of the whole file.
pub(super) const TOP: &[&str] = &["server", "store", "metrics", "telemetry", "circuits"];

/// `[server]`.
pub(super) const SERVER: &[&str] = &[
    "listen",
    "admin",
    "admin_tls",
    "data_dir",
    "buffered_bytes_max",
];

/// `[server.admin_tls]`.
pub(super) const ADMIN_TLS: &[&str] = &["cert", "key"];

/// `[store]`.
pub(super) const STORE: &[&str] = &["kind"];

/// `[metrics]`.
pub(super) const METRICS: &[&str] = &["names"];

/// `[telemetry]`.
pub(super) const TELEMETRY: &[&str] = &["otlp"];

/// `[circuits.NAME]`.
pub(super) const CIRCUIT: &[&str] = &[
    "upstream",
    "timeout",
    "connect_timeout",
    "head_timeout",
    "path",
    "strip_path",
    "host",
    "priority",
    "when_unavailable",
    "fallback_on",
    "next",
    "next_uncertain",
    "classify",
    "settle_after",
    "trips_main",
    "breaker",
    "branch",
    "fallback",
    "queue",
    "queue_uncertain",
];

/// `[circuits.NAME.branch]`.
pub(super) const BRANCH: &[&str] = &["key", "keys_min", "keys_max", "breaker"];

/// `[circuits.NAME.queue]`.
pub(super) const QUEUE: &[&str] = &[
    "messages_max",
    "bytes_max",
    "message_bytes_max",
    "age_max",
    "attempts_max",
    "crashes_max",
    "key",
    "headers",
];

/// `[circuits.NAME.fallback]`.
pub(super) const FALLBACK: &[&str] = &["status", "headers", "body", "json", "file"];
