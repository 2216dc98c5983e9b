//! One pass over a source: every circuit is read once, its numbers go into their families.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox::{Reading, Source};

use crate::Names;
use crate::facts::{DESCRIBED, Fact, Facts};
use crate::family::{CircuitLabels, Family, Kind, Labels, Own, Sample, Value, Word};
use crate::queue_facts::{self, QueueFact};
use crate::table::TABLE;

/// What is read: the same for every format.
#[derive(Clone, Copy)]
pub(crate) struct Scrape<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) facts: &'a dyn Facts,
    pub(crate) wall: SystemTime,
    pub(crate) names: Names,
}

/// One circuit as a metric of the table sees it.
pub(crate) struct Circuit<'a> {
    pub(crate) reading: &'a Reading<'a>,
    /// Wall-clock time of the scrape since 1970.
    pub(crate) wall: Duration,
    pub(crate) names: Names,
}

/// Takes the samples of one metric for one circuit.
pub(crate) struct Out<'a> {
    circuit: &'a Arc<CircuitLabels>,
    samples: &'a mut Vec<Sample>,
}

impl Out<'_> {
    /// A sample without labels of its own.
    pub(crate) fn put(&mut self, value: Value) {
        self.push(Own::None, value);
    }

    /// A sample with one label whose values the core fixes.
    pub(crate) fn put_with(&mut self, label: &'static str, of: &'static str, value: Value) {
        self.push(Own::One(label, Word::Fixed(of)), value);
    }

    /// A sample with any labels of its own.
    pub(crate) fn push(&mut self, own: Own, value: Value) {
        let circuit = Some(Arc::clone(self.circuit));
        self.samples.push(Sample {
            labels: Labels { circuit, own },
            value,
        });
    }
}

impl Scrape<'_> {
    /// The families that have a sample.
    pub(crate) fn read(self) -> Vec<Family> {
        let mut families = self.gather();
        families.retain(|family| !family.samples.is_empty());
        families
    }

    /// All families, each at the same place every time.
    pub(crate) fn gather(self) -> Vec<Family> {
        let mut families = described(self.names);
        let (circuits, others) = families.split_at_mut(TABLE.len());
        self.read_circuits(circuits);
        if let Some((build, facts)) = others.split_last_mut() {
            read_facts(self.facts, facts);
            build.samples.push(version());
        }
        families
    }

    fn read_circuits(&self, families: &mut [Family]) {
        let (wall, names) = (self.wall, self.names);
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut seen = HashSet::new();
        self.source.read(&mut |reading| {
            let labels = Arc::new(CircuitLabels {
                service_name: reading.service.to_owned(),
                circuit_name: reading.snapshot.name.clone(),
            });
            // A doubled series spoils the whole scrape; one circuit unseen is the smaller harm.
            if !seen.insert(Arc::clone(&labels)) {
                return;
            }
            let circuit = Circuit {
                reading,
                wall,
                names,
            };
            for (metric, family) in TABLE.iter().zip(&mut *families) {
                let mut out = Out {
                    circuit: &labels,
                    samples: &mut family.samples,
                };
                (metric.read)(&circuit, &mut out);
            }
        });
    }
}

/// Every family without samples: the circuits' in the order of the table, the host's, and last the
/// build.
pub(crate) fn described(names: Names) -> Vec<Family> {
    let family = |name, help, kind| Family {
        name,
        help,
        kind,
        samples: Vec::new(),
    };
    let circuits = TABLE.iter().map(|metric| {
        let own = names.pick(metric.name, metric.enhanced);
        family(format!("{}{own}", names.prefix()), metric.help, metric.kind)
    });
    let facts = DESCRIBED
        .iter()
        .chain(queue_facts::DESCRIBED)
        .map(|fact| family(fact.name.to_owned(), fact.help, fact.kind));
    let build = family(
        "fusebox_build".to_owned(),
        "Version of Fusebox.",
        Kind::Info,
    );
    circuits.chain(facts).chain([build]).collect()
}

fn read_facts(facts: &dyn Facts, families: &mut [Family]) {
    let mut places: HashMap<(&str, Own), usize> = HashMap::new();
    let mut put = |(name, own, value): (&'static str, Own, Value)| {
        let Some(family) = families.iter_mut().find(|family| family.name == name) else {
            return;
        };
        let place = *places
            .entry((name, own.clone()))
            .or_insert(family.samples.len());
        match family.samples.get_mut(place) {
            None => {
                let labels = Labels { circuit: None, own };
                family.samples.push(Sample { labels, value });
            }
            Some(known) if family.kind == Kind::Counter => add(&mut known.value, &value),
            Some(_) => {}
        }
    };
    facts.facts(&mut |fact: Fact| put(fact.sample()));
    facts.queues(&mut |queue: &str, fact: QueueFact| put(fact.sample(queue)));
}

/// Facts that count are whole numbers.
fn add(sum: &mut Value, value: &Value) {
    if let (Value::Whole(sum), Value::Whole(value)) = (sum, value) {
        *sum = sum.saturating_add(*value);
    }
}

fn version() -> Sample {
    let version = Word::Fixed(env!("CARGO_PKG_VERSION"));
    Sample {
        labels: Labels {
            circuit: None,
            own: Own::One("version", version),
        },
        value: Value::Whole(1),
    }
}
