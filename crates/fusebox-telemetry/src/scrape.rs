//! One pass over a source: every circuit is read once, its numbers go into their families.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox::{Reading, Source};

use crate::family::{CircuitLabels, Family, Kind, Labels, Sample, Value};
use crate::table::TABLE;

/// One circuit as a metric of the table sees it.
pub(crate) struct Circuit<'a> {
    pub(crate) reading: &'a Reading<'a>,
    /// Wall-clock time of the scrape since 1970.
    pub(crate) wall: Duration,
}

/// Takes the samples of one metric for one circuit.
pub(crate) struct Out<'a> {
    circuit: &'a Arc<CircuitLabels>,
    samples: &'a mut Vec<Sample>,
}

impl Out<'_> {
    /// A sample without labels of its own.
    pub(crate) fn put(&mut self, value: Value) {
        self.push(Vec::new(), value);
    }

    /// A sample with one label whose values the core fixes.
    pub(crate) fn put_with(&mut self, label: &'static str, of: &'static str, value: Value) {
        self.push(vec![(label, Cow::Borrowed(of))], value);
    }

    /// A sample with any labels of its own.
    pub(crate) fn push(&mut self, own: Vec<(&'static str, Cow<'static, str>)>, value: Value) {
        let circuit = Some(Arc::clone(self.circuit));
        self.samples.push(Sample {
            labels: Labels { circuit, own },
            value,
        });
    }
}

/// Reads `source` into families; families without a sample are left out.
pub(crate) fn read(source: &dyn Source, wall: SystemTime) -> Vec<Family> {
    let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut families: Vec<Family> = TABLE
        .iter()
        .map(|m| Family {
            name: m.name,
            help: m.help,
            kind: m.kind,
            samples: Vec::new(),
        })
        .collect();
    let mut seen = HashSet::new();
    source.read(&mut |reading| {
        let labels = Arc::new(CircuitLabels {
            service_name: reading.service.to_owned(),
            circuit_name: reading.snapshot.name.clone(),
        });
        // A doubled series spoils the whole scrape; one circuit unseen is the smaller harm.
        if !seen.insert(Arc::clone(&labels)) {
            return;
        }
        let circuit = Circuit { reading, wall };
        for (metric, family) in TABLE.iter().zip(&mut families) {
            let mut out = Out {
                circuit: &labels,
                samples: &mut family.samples,
            };
            (metric.read)(&circuit, &mut out);
        }
    });
    families.push(build());
    families.retain(|family| !family.samples.is_empty());
    families
}

/// Which version this is; the one family that belongs to no circuit.
fn build() -> Family {
    let own = vec![("version", Cow::Borrowed(env!("CARGO_PKG_VERSION")))];
    Family {
        name: "fusebox_build",
        help: "Version of Fusebox.",
        kind: Kind::Info,
        samples: vec![Sample {
            labels: Labels { circuit: None, own },
            value: Value::Whole(1),
        }],
    }
}
