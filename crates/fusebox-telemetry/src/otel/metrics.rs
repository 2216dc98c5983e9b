//! Instruments that read the circuits when they are collected.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use fusebox::Source;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter, MeterProvider};

use crate::Names;
use crate::facts::Facts;
use crate::family::{Family, Kind, Labels, Sample, Spread, Value};
use crate::scrape::{Scrape, described};

/// Registers an observable instrument for every metric: counters as counters, all else as gauges.
///
/// A collection reads the source once, however many instruments there are. It goes on until the
/// [`Observed`] is dropped or the provider is shut down.
///
/// ```
/// use fusebox::Registry;
/// use fusebox_telemetry::{Names, otel};
/// use opentelemetry_sdk::metrics::SdkMeterProvider;
/// use std::sync::Arc;
///
/// let registry = Registry::new();
/// let provider = SdkMeterProvider::builder().build(); // With a reader that pushes, say OTLP.
/// let source = Arc::new(registry.clone());
/// let observed = otel::observe(&provider, source, Arc::new(()), Names::Standard);
/// # drop(observed);
/// ```
pub fn observe(
    provider: &impl MeterProvider,
    source: Arc<dyn Source>,
    facts: Arc<dyn Facts>,
    names: Names,
) -> Observed {
    let families = described(names);
    let collected = Collected {
        number: 0,
        families: Arc::default(),
        seen: Vec::new(),
    };
    let reader = Arc::new(Reader {
        source,
        facts,
        names,
        collected: Mutex::new(collected),
    });
    let meter = provider.meter_with_scope(super::scope());
    for (index, family) in families.iter().enumerate() {
        let watch = |part| Watch {
            reader: Arc::downgrade(&reader),
            family: index,
            instrument: PARTS * index + part,
        };
        register(&meter, family, watch);
    }
    Observed(reader)
}

/// As long as it lives, the instruments show something; dropped, they stay and are empty.
#[must_use = "dropped, the instruments show nothing"]
pub struct Observed(#[allow(dead_code)] Arc<Reader>); // Held, not read: the callbacks do.

impl std::fmt::Debug for Observed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}

/// What all instruments of one registration share.
struct Reader {
    source: Arc<dyn Source>,
    facts: Arc<dyn Facts>,
    names: Names,
    collected: Mutex<Collected>,
}

/// The last reading, until an instrument asks for its second look at it: that is the next
/// collection. The provider does not say where one ends.
struct Collected {
    number: u64,
    families: Arc<Vec<Family>>,
    /// The number of the reading that each instrument has seen.
    seen: Vec<u64>,
}

impl Reader {
    /// The families of this collection, for the instrument of this number.
    fn families(&self, instrument: usize) -> Arc<Vec<Family>> {
        if let Some(families) = self.lock().unseen(instrument) {
            return families;
        }
        // Not under the lock: a source is a stranger's code. Two collections at once read twice.
        let scrape = Scrape {
            source: &*self.source,
            facts: &*self.facts,
            wall: SystemTime::now(),
            names: self.names,
        };
        let families = Arc::new(scrape.gather());
        let mut collected = self.lock();
        collected.number += 1;
        collected.families = Arc::clone(&families);
        collected.saw(instrument);
        families
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collected {
    fn unseen(&mut self, instrument: usize) -> Option<Arc<Vec<Family>>> {
        let seen = self.seen.get(instrument).copied().unwrap_or_default();
        (seen < self.number).then(|| {
            self.saw(instrument);
            Arc::clone(&self.families)
        })
    }

    fn saw(&mut self, instrument: usize) {
        if self.seen.len() <= instrument {
            self.seen.resize(instrument + 1, 0);
        }
        self.seen[instrument] = self.number;
    }
}

/// A family has this many instruments at most: a histogram has.
const PARTS: usize = 3;

/// One instrument's way to its family.
struct Watch {
    reader: Weak<Reader>,
    family: usize,
    instrument: usize,
}

impl Watch {
    /// Shows the samples of this collection.
    fn each(&self, mut show: impl FnMut(&Sample)) {
        let Some(reader) = self.reader.upgrade() else {
            return;
        };
        let families = reader.families(self.instrument);
        if let Some(family) = families.get(self.family) {
            family.samples.iter().for_each(&mut show);
        }
    }
}

fn register(meter: &Meter, family: &Family, watch: impl Fn(usize) -> Watch) {
    let name = family.name.as_str();
    let help = family.help;
    match family.kind {
        Kind::Counter if unit(name) == SECONDS => real_counter(meter, (name, help), watch(0), real),
        Kind::Counter => whole_counter(meter, (name, help), watch(0), whole),
        Kind::Gauge => gauge(meter, (name, help), watch(0)),
        Kind::Info => gauge(meter, (&format!("{name}_info"), help), watch(0)),
        Kind::Histogram => histogram(meter, family, watch),
    }
}

fn histogram(meter: &Meter, family: &Family, watch: impl Fn(usize) -> Watch) {
    let (name, help) = (&family.name, family.help);
    let buckets = watch(0);
    let registered = meter.u64_observable_counter(format!("{name}_bucket"));
    registered
        .with_description(help)
        .with_callback(move |instrument| buckets.each(|sample| show_buckets(instrument, sample)))
        .build();
    let count = |value: &Value| spread(value).map(Spread::count);
    whole_counter(meter, (&format!("{name}_count"), help), watch(1), count);
    let sum = |value: &Value| spread(value).map(|spread| spread.sum);
    real_counter(meter, (&format!("{name}_sum"), help), watch(2), sum);
}

fn show_buckets(instrument: &dyn AsyncInstrument<u64>, sample: &Sample) {
    let Some(spread) = spread(&sample.value) else {
        return;
    };
    let mut attributes = attributes(&sample.labels);
    for (bound, count) in spread.cumulative() {
        let bound = match bound.is_finite() {
            true => bound.to_string(),
            false => "+Inf".to_owned(),
        };
        attributes.push(KeyValue::new("le", bound));
        instrument.observe(count, &attributes);
        attributes.pop();
    }
}

fn whole_counter(
    meter: &Meter,
    (name, help): (&str, &'static str),
    watch: Watch,
    value: impl Fn(&Value) -> Option<u64> + Send + Sync + 'static,
) {
    let registered = meter.u64_observable_counter(name.to_owned());
    registered
        .with_description(help)
        .with_callback(move |instrument| watch.each(|sample| show(instrument, sample, &value)))
        .build();
}

fn real_counter(
    meter: &Meter,
    (name, help): (&str, &'static str),
    watch: Watch,
    value: impl Fn(&Value) -> Option<f64> + Send + Sync + 'static,
) {
    let registered = meter.f64_observable_counter(name.to_owned());
    registered
        .with_description(help)
        .with_unit(SECONDS)
        .with_callback(move |instrument| watch.each(|sample| show(instrument, sample, &value)))
        .build();
}

fn gauge(meter: &Meter, (name, help): (&str, &'static str), watch: Watch) {
    let registered = meter.f64_observable_gauge(name.to_owned());
    registered
        .with_description(help)
        .with_unit(unit(name))
        .with_callback(move |instrument| watch.each(|sample| show(instrument, sample, real)))
        .build();
}

fn show<T>(
    instrument: &dyn AsyncInstrument<T>,
    sample: &Sample,
    value: impl Fn(&Value) -> Option<T>,
) {
    if let Some(value) = value(&sample.value) {
        instrument.observe(value, &attributes(&sample.labels));
    }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    let pairs = labels.pairs();
    pairs
        .map(|(label, value)| KeyValue::new(label, value.to_owned()))
        .collect()
}

const SECONDS: &str = "s";

/// The unit that the name says.
fn unit(name: &str) -> &'static str {
    match name.rsplit_once('_') {
        Some((_, "seconds")) => SECONDS,
        Some((_, "ratio")) => "1",
        Some((_, "bytes")) => "By",
        _ => "",
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Whole(whole) => Some(*whole),
        Value::Real(_) | Value::Spread(_) => None,
    }
}

#[allow(clippy::cast_precision_loss)] // Gauges count what is there now: far fewer than 2^53.
fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Whole(whole) => Some(*whole as f64),
        Value::Real(real) => Some(*real),
        Value::Spread(_) => None,
    }
}

fn spread(value: &Value) -> Option<&Spread> {
    match value {
        Value::Spread(spread) => Some(spread),
        Value::Whole(_) | Value::Real(_) => None,
    }
}
