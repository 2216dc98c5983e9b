//! Takes samples: threads on cores of their own, begun together, and timed each for itself.

use crate::case::{Calls, Case};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A sample is about so long: far longer than its start takes, shorter than the slice of time that
/// a thread is given, so that most samples fit between two interruptions.
const SAMPLE_NS: f64 = 2_000_000.0;
/// So often a disturbed sample is taken anew before it is taken as it is.
const TRIES: usize = 10;
const WARM_UP: u64 = 1_000;

/// A breaker that is set up, with its samples so far.
pub(crate) struct Stand {
    name: String,
    calls: Arc<Calls>,
    threads: usize,
    /// Calls of each thread in a sample.
    times: u64,
    samples: Vec<f64>,
    /// Samples that were kept although the system took a core away.
    pub(crate) disturbed: usize,
}

/// What one thread saw.
struct Seen {
    ns: f64,
    preempted: bool,
    right: bool,
}

impl Stand {
    pub(crate) fn set_up(case: &Case, threads: usize) -> Result<Self, String> {
        let mut stand = Self {
            name: format!("{}, {} ({})", case.row.title(), case.peer, case.how),
            calls: Arc::new((case.make)()),
            threads,
            times: WARM_UP,
            samples: Vec::new(),
            disturbed: 0,
        };
        // Twice: the first look is at a breaker that has never been called.
        for _ in 0..2 {
            let (ns, _) = stand.once()?;
            stand.times = ((SAMPLE_NS / ns) as u64).clamp(100, 50_000_000);
        }
        Ok(stand)
    }

    pub(crate) fn sample(&mut self) -> Result<(), String> {
        let mut taken = self.once()?;
        for _ in 1..TRIES {
            if !taken.1 {
                break;
            }
            taken = self.once()?;
        }
        self.disturbed += usize::from(taken.1);
        self.samples.push(taken.0);
        Ok(())
    }

    pub(crate) fn median(&mut self) -> f64 {
        self.samples.sort_by(f64::total_cmp);
        self.samples[self.samples.len() / 2]
    }

    /// One sample: ns for each call, the mean of the threads, and whether it was disturbed.
    fn once(&self) -> Result<(f64, bool), String> {
        let ready = AtomicUsize::new(0);
        let seen: Vec<Seen> = std::thread::scope(|scope| {
            let ready = &ready;
            let threads: Vec<_> = (0..self.threads)
                .map(|core| scope.spawn(move || self.on(core, ready)))
                .collect();
            let ends = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            ends.collect::<Result<Result<Vec<_>, String>, _>>()
        })
        .map_err(|_| format!("{}: a thread panicked", self.name))??;
        if let Some(wrong) = seen.iter().position(|seen| !seen.right) {
            let name = &self.name;
            return Err(format!(
                "{name}: thread {wrong} got other answers than the row is about"
            ));
        }
        let ns = seen.iter().map(|seen| seen.ns).sum::<f64>() / seen.len() as f64;
        Ok((ns, seen.iter().any(|seen| seen.preempted)))
    }

    // The bench is what the ban on real clocks is not about.
    #[allow(clippy::disallowed_methods)]
    fn on(&self, core: usize, ready: &AtomicUsize) -> Result<Seen, String> {
        let mut cores = CpuSet::new();
        cores.set(core);
        sched_setaffinity(None, &cores).map_err(|e| format!("cannot pin to core {core}: {e}"))?;
        let warm = WARM_UP.min(self.times);
        let mut right = (self.calls)(warm) == warm;
        let before = preemptions();
        // SeqCst on both sides: whoever sees the last one ready starts.
        ready.fetch_add(1, Ordering::SeqCst);
        while ready.load(Ordering::SeqCst) < self.threads {
            std::hint::spin_loop();
        }
        let began = Instant::now();
        right &= (self.calls)(self.times) == self.times;
        let took = began.elapsed();
        Ok(Seen {
            ns: took.as_nanos() as f64 / self.times as f64,
            preempted: preemptions() != before,
            right,
        })
    }
}

/// How often the system took the core away from this thread. A thread that waits for a lock gives
/// it away itself, which is not counted.
fn preemptions() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}
