//! Metric families as plain data: read once, written in either format.

use std::borrow::Cow;
use std::sync::Arc;

/// The kind decides the suffix of the sample: counters end in `_total`, infos in `_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Info,
}

/// All samples of one metric name.
#[derive(Debug)]
pub(crate) struct Family {
    /// Without the suffix of its kind.
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) labels: Labels,
    pub(crate) value: Value,
}

/// Whole numbers stay whole, so that a counter above 2^53 is still exact.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Whole(u64),
    Real(f64),
}

/// A circuit's two labels, if the sample belongs to a circuit, and the metric's own.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) circuit: Option<Arc<CircuitLabels>>,
    pub(crate) own: Vec<(&'static str, Cow<'static, str>)>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct CircuitLabels {
    pub(crate) service_name: String,
    pub(crate) circuit_name: String,
}

impl Labels {
    /// Name and value of each label, in the order in which they are written.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let circuit = self.circuit.iter().flat_map(|circuit| {
            [
                ("service_name", circuit.service_name.as_str()),
                ("circuit_name", circuit.circuit_name.as_str()),
            ]
        });
        circuit.chain(self.own.iter().map(|(name, value)| (*name, value.as_ref())))
    }
}
