//! Random orders, with crashes in between: every answer is that of the model, and what holds of any
//! history holds of this one.
//!
//! The model stands beside the storage and gets the same orders; only tokens differ. Beside it
//! stand promises that need no model, so that the model itself is held to something.

mod promises;
mod steps;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::Bench;
use super::bench::BEGIN;
use crate::message::Leased;
use crate::record::Query;
use crate::storage::{Done, LeasesTaken, Memory, Order, Settle, Storage};
use promises::Promises;
use steps::{QUEUES, Step, step};

/// The storage, the model and who holds what.
pub(super) struct World<'a> {
    bench: &'a mut Bench,
    model: Memory,
    /// What was leased by the storage and, the same, by the model; settled ones, too.
    leased: Vec<(Leased, Leased)>,
    promises: Promises,
}

pub(super) fn random_orders_with_crashes_in_between_keep_every_promise(bench: &mut Bench) {
    let config = Config {
        cases: 64,
        max_shrink_iters: 2000,
        failure_persistence: None,
        ..Config::default()
    };
    let bench = std::cell::RefCell::new(bench);
    let run = TestRunner::new(config).run(&vec(step(), 1..120), |steps| {
        let bench = &mut **bench.borrow_mut();
        bench.anew();
        let mut world = World {
            bench,
            model: Memory::new(),
            leased: Vec::new(),
            promises: Promises::default(),
        };
        for step in &steps {
            world.take(step)?;
        }
        world.drain()
    });
    run.expect("every promise is kept");
}

type Checked = Result<(), TestCaseError>;

impl World<'_> {
    fn take(&mut self, step: &Step) -> Checked {
        match step {
            Step::Reopen => {
                self.bench.reopen();
                self.model = self.model.reopen();
                Ok(())
            }
            Step::Wait(millis) => {
                self.bench.now += millis;
                Ok(())
            }
            Step::Orders(steps) => {
                let orders = steps.iter().map(|step| step.order(self.bench));
                let orders: Vec<_> = orders.collect();
                self.commit(&orders, &orders)
            }
            Step::Settle(which, ending) => {
                if self.leased.is_empty() {
                    return Ok(());
                }
                let (here, there) = &self.leased[which.index(self.leased.len())];
                let at = self.bench.now;
                let order = |leased: &Leased| {
                    Order::Settle(Settle {
                        id: leased.id,
                        token: leased.token,
                        at,
                        ending: ending.of(at),
                    })
                };
                let (here, there) = ([order(here)], [order(there)]);
                self.commit(&here, &there)
            }
        }
    }

    fn commit(&mut self, here: &[Order], there: &[Order]) -> Checked {
        let done = self.bench.commit(here);
        let expected = self.model.commit(there).expect("the model commits");
        for ((order, done), expected) in here.iter().zip(done).zip(expected) {
            self.promises.keep(order, &done)?;
            if let (Done::Lease(here), Done::Lease(there)) = (&done, &expected) {
                let pairs = here.leased.iter().zip(&there.leased);
                let pairs = pairs.map(|(here, there)| (here.clone(), there.clone()));
                self.leased.extend(pairs);
            }
            let (done, expected) = (without_tokens(done), without_tokens(expected));
            prop_assert_eq!(format!("{:?}", done), format!("{:?}", expected));
        }
        self.compare()?;
        self.promises.check(&mut *self.bench.reader())
    }

    /// Whether everything looks the same from outside.
    fn compare(&mut self) -> Checked {
        let mut here = self.bench.reader();
        let mut there = self.model.reader().expect("a reader");
        prop_assert_eq!(here.depths(), there.depths());
        prop_assert_eq!(here.pauses(), there.pauses());
        for dead in [false, true] {
            let query = Query {
                dead,
                limit: 1000,
                ..Query::default()
            };
            prop_assert_eq!(here.messages(&query), there.messages(&query));
        }
        for id in self.promises.pushed() {
            prop_assert_eq!(here.message(id), there.message(id));
        }
        prop_assert_eq!(here.check(), Ok(vec![]));
        Ok(())
    }

    /// In the end everything can be delivered that was not discarded.
    fn drain(&mut self) -> Checked {
        self.take(&Step::Reopen)?;
        self.bench.now = BEGIN + 1_000_000_000;
        self.bench.pushed_after = 0;
        let resumes = steps::resumes(self.bench.now);
        self.commit(&resumes, &resumes)?;
        let mut left = u64::MAX;
        // Each round delivers at least one of each queue, which holds at most twelve.
        for _ in 0..20 {
            for queue in QUEUES {
                let retry = [steps::retry_all(queue, self.bench.now)];
                self.commit(&retry, &retry)?;
                let lease = [self.bench.lease_order(queue, 50)];
                let before = self.leased.len();
                self.commit(&lease, &lease)?;
                for which in before..self.leased.len() {
                    let (here, there) = &self.leased[which];
                    let at = self.bench.now;
                    let (here, there) = ([steps::deliver(here, at)], [steps::deliver(there, at)]);
                    self.commit(&here, &there)?;
                }
            }
            let depths = self.bench.reader().depths().expect("read");
            left = depths.iter().map(|depth| depth.messages + depth.dead).sum();
        }
        prop_assert_eq!(left, 0, "some can never be delivered");
        Ok(())
    }
}

fn without_tokens(done: Done) -> Done {
    match done {
        Done::Lease(taken) => {
            let leased = taken.leased.into_iter();
            let leased = leased.map(|leased| Leased { token: 0, ..leased });
            Done::Lease(LeasesTaken {
                leased: leased.collect(),
                ..taken
            })
        }
        other => other,
    }
}
