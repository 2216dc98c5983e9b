//! Metric families as plain data: read once, written in any format.

use std::sync::Arc;

/// The kind decides the suffix of the sample: counters end in `_total`, infos in `_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

/// All samples of one metric name.
#[derive(Debug)]
pub(crate) struct Family {
    /// Without the suffix of its kind.
    pub(crate) name: String,
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
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Whole(u64),
    Real(f64),
    Spread(Box<Spread>),
}

/// The values of a histogram: how many are at most as large as each bound, but larger than the one
/// before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spread {
    /// Rising; the last is infinite.
    pub(crate) buckets: Vec<(f64, u64)>,
    pub(crate) sum: f64,
}

impl Spread {
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// Each bound with how many values are at most as large.
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        self.buckets.iter().scan(0, |sum, (bound, count)| {
            *sum += count;
            Some((*bound, *sum))
        })
    }
}

/// A circuit's two labels, if the sample belongs to a circuit, and the metric's own.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) circuit: Option<Arc<CircuitLabels>>,
    pub(crate) own: Own,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct CircuitLabels {
    pub(crate) service_name: String,
    pub(crate) circuit_name: String,
}

/// Labels beside those of the circuit. Most samples have one at most: it needs no memory of its
/// own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Own {
    None,
    One(&'static str, Word),
    Many(Box<[(&'static str, Word)]>),
}

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    Fixed(&'static str),
    /// A kind of fallback, which the host's code names.
    Named(Box<str>),
}

impl Word {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Fixed(word) => word,
            Self::Named(word) => word,
        }
    }
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
        circuit.chain(self.own.pairs())
    }
}

impl Own {
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (one, many): (_, &[_]) = match self {
            Self::None => (None, &[]),
            Self::One(label, word) => (Some((*label, word.as_str())), &[]),
            Self::Many(pairs) => (None, pairs),
        };
        let many = many.iter().map(|(label, word)| (*label, word.as_str()));
        one.into_iter().chain(many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_counts_up_to_each_bound() {
        let spread = Spread {
            buckets: vec![(0.001, 3), (0.5, 0), (f64::INFINITY, 2)],
            sum: 7.25,
        };
        let cumulative: Vec<_> = spread.cumulative().collect();
        assert_eq!(cumulative, [(0.001, 3), (0.5, 3), (f64::INFINITY, 5)]);
        assert_eq!(spread.count(), 5);
    }
}
