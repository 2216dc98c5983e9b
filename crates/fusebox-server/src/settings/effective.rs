//! The settings in force as JSON, defaults filled in: what `fusebox check --json` prints.

use serde_json::{Map, Value, json};

use fusebox::duration::format;
use fusebox::{Outcome, Settings};

use super::queue::UNLIMITED;
use super::size;
use super::{AdminTls, Branch, CircuitQueue, CircuitSettings, Config};

impl Config {
    /// The settings in force, with the names of the file.
    pub fn effective(&self) -> Value {
        let circuits: Map<String, Value> = self
            .circuits
            .iter()
            .map(|circuit| (circuit.name.clone(), circuit.effective()))
            .collect();
        json!({
            "server": {
                "listen": self.server.listen.to_string(),
                "admin": self.server.admin.to_string(),
                "admin_tls": self.server.admin_tls.as_ref().map(AdminTls::effective),
                "data_dir": self.server.data_dir.display().to_string(),
                "buffered_bytes_max": size::format(self.server.buffered_bytes_max),
            },
            "store": {"kind": self.store.as_str()},
            "metrics": {"names": self.metric_names.as_str()},
            "telemetry": {"otlp": self.otlp},
            "circuits": circuits,
        })
    }
}

impl AdminTls {
    fn effective(&self) -> Value {
        let (cert, key) = (self.cert.display(), self.key.display());
        json!({"cert": cert.to_string(), "key": key.to_string()})
    }
}

impl CircuitSettings {
    /// The settings in force of this circuit, with the names of the file. Of the fallback's body
    /// only the size.
    pub fn effective(&self) -> Value {
        let classify: Map<String, Value> = self
            .classify
            .iter()
            .map(|(pattern, outcome)| (pattern.to_string(), outcome_word(*outcome).into()))
            .collect();
        let fallback = self.fallback.as_ref().map(|fallback| {
            let names: Vec<&str> = fallback
                .headers
                .keys()
                .map(http::HeaderName::as_str)
                .collect();
            let (status, bytes) = (fallback.status.as_u16(), fallback.body.len());
            json!({"status": status, "headers": names, "body_bytes": bytes})
        });
        let fallback_on: Vec<&str> = self.fallback_on.iter().map(|on| on.as_str()).collect();
        json!({
            "upstream": self.upstream.to_string(),
            "timeout": format(self.timeout),
            "connect_timeout": format(self.connect_timeout),
            "head_timeout": self.head_timeout.map(format),
            "path": self.path,
            "strip_path": self.strip_path,
            "host": self.host,
            "priority": self.priority,
            "when_unavailable": self.when_unavailable.as_str(),
            "fallback_on": fallback_on,
            "next": self.next,
            "next_uncertain": (!self.next.is_empty()).then_some(self.next_uncertain),
            "classify": classify,
            "settle_after": format(self.settle_after),
            "trips_main": self.trips_main,
            "breaker": breaker(&self.breaker),
            "branch": self.branch.as_ref().map(Branch::effective),
            "fallback": fallback,
            "queue": self.queue.as_ref().map(CircuitQueue::effective),
        })
    }
}

impl Branch {
    fn effective(&self) -> Value {
        json!({
            "key": self.key.to_string(),
            "keys_min": self.settings.keys_min(),
            "keys_max": self.settings.keys_max(),
            "breaker": self.settings.breaker().map(breaker),
        })
    }
}

impl CircuitQueue {
    fn effective(&self) -> Value {
        let set = &self.settings;
        let headers: Vec<&str> = self.headers.iter().map(http::HeaderName::as_str).collect();
        json!({
            "messages_max": set.messages_max,
            "bytes_max": set.bytes_max,
            "message_bytes_max": set.message_bytes_max,
            "age_max": set.age_max.map_or_else(|| UNLIMITED.to_owned(), format),
            "attempts_max": limit(set.attempts_max),
            "crashes_max": limit(set.crashes_max),
            "key": self.key.as_ref().map(ToString::to_string),
            "headers": headers,
            "uncertain": self.uncertain,
        })
    }
}

fn limit(limit: Option<u32>) -> Value {
    limit.map_or_else(|| UNLIMITED.into(), Value::from)
}

fn breaker(settings: &Settings) -> Map<String, Value> {
    let entries = settings.entries().into_iter();
    entries
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure(_) => "failure",
        Outcome::Ignored => "ignored",
    }
}
