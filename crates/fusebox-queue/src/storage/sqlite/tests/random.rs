//! Random orders, with opening again between them: nothing is lost, and the storage finds nothing
//! wrong with itself.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{Bench, Scratch, attempt};
use crate::id::MessageId;
use crate::message::{Leased, NewMessage};
use crate::record::{Death, MessageState, Scope, Selection};
use crate::storage::{Done, Ending, Groups, Order, PauseOrder, Storage};

#[derive(Clone, Copy, Debug)]
enum Step {
    Push(Option<u8>, Option<u8>, Option<u8>),
    Lease(usize),
    Settle(usize, u8),
    Retry(usize),
    Discard(usize),
    Expire(i64, usize),
    Forget(usize),
    Pause(u8, bool),
    Pass(i64),
    Tend,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || prop::option::weighted(0.8, 0..4u8);
    let few = || prop::option::weighted(0.3, 0..3u8);
    prop_oneof![
        12 => (key(), few(), few()).prop_map(|(key, group, idem)| Step::Push(key, group, idem)),
        8 => (1..6usize).prop_map(Step::Lease),
        12 => (any::<usize>(), 0..5u8).prop_map(|(at, how)| Step::Settle(at, how)),
        2 => (1..4usize).prop_map(Step::Retry),
        1 => (1..3usize).prop_map(Step::Discard),
        1 => (0..60i64, 1..4usize).prop_map(|(age, max)| Step::Expire(age, max)),
        1 => (1..4usize).prop_map(Step::Forget),
        2 => (0..4u8, any::<bool>()).prop_map(|(scope, on)| Step::Pause(scope, on)),
        3 => (1..40i64).prop_map(Step::Pass),
        1 => Just(Step::Tend),
        1 => Just(Step::Reopen),
    ]
}

/// What is known from outside.
struct Run {
    scratch: Scratch,
    bench: Option<Bench>,
    leased: Vec<Leased>,
    /// Every message that was acknowledged, and whether it may be gone.
    acknowledged: HashMap<MessageId, bool>,
}

impl Run {
    fn bench(&mut self) -> &mut Bench {
        self.bench.as_mut().unwrap()
    }

    fn carry_out(&mut self, step: Step) {
        let at = self.bench().at;
        let oldest = |max| Selection::Oldest {
            queue: "q".to_owned(),
            key: None,
            max,
        };
        match step {
            Step::Push(key, group, idem) => self.push(key, group, idem),
            Step::Lease(max) => {
                let taken = self.bench().lease(max);
                for new in &taken.leased {
                    let is_same = |old: &&Leased| new.key.is_some() && old.key == new.key;
                    // What is leased twice has crashed in between.
                    let open = self.leased.iter().find(is_same);
                    assert!(open.is_none_or(|old| old.until <= crate::clock::time(at + 1)));
                }
                self.leased.extend(taken.leased);
            }
            Step::Settle(which, how) if !self.leased.is_empty() => {
                let leased = self.leased.swap_remove(which % self.leased.len());
                self.settle(&leased, how);
            }
            Step::Settle(..) => {}
            Step::Retry(max) => {
                let selection = oldest(max);
                self.bench().one(Order::Retry { selection, at });
            }
            Step::Discard(max) => {
                let selection = oldest(max);
                self.bench().one(Order::Discard { selection });
            }
            Step::Expire(age, max) => {
                self.bench().one(Order::Expire {
                    queue: "q".into(),
                    before: super::BEGIN + age,
                    at,
                    max,
                });
            }
            Step::Forget(max) => {
                let (queue, before) = ("q".into(), at);
                self.bench().one(Order::Forget { queue, before, max });
            }
            Step::Pause(scope, on) => self.pause(scope, on),
            Step::Pass(millis) => self.bench().at += millis,
            Step::Tend => self.bench().storage.tend().unwrap(),
            Step::Reopen => {
                self.bench = None;
                let mut bench = Bench::new(self.scratch.open());
                bench.at = at;
                self.bench = Some(bench);
                self.leased.clear();
            }
        }
    }

    fn push(&mut self, key: Option<u8>, group: Option<u8>, idem: Option<u8>) {
        let message = NewMessage {
            key: key.map(|key| key.to_string()),
            group: group.map(|group| group.to_string()),
            idempotency_key: idem.map(|idem| format!("{idem} {key:?} {group:?}")),
            ..NewMessage::new("body")
        };
        let order = self.bench().push_order(message);
        let Done::Push(Ok(pushed)) = self.bench().one(order) else {
            panic!("it was refused");
        };
        let before = self.acknowledged.insert(pushed.id, false);
        assert_eq!(before.is_some(), pushed.is_repeat());
    }

    fn settle(&mut self, leased: &Leased, how: u8) {
        let at = self.bench().at;
        let ending = match how {
            0 | 1 => Ending::Delivered { response: None },
            2 => Ending::Again {
                counts: true,
                due: at + 5,
                attempt: attempt(at),
                uncertain: false,
            },
            3 => Ending::Deferred {
                due: None,
                uncertain: false,
            },
            _ => Ending::Dead {
                death: Death::Refused,
                attempt: attempt(at),
                response: None,
                uncertain: false,
            },
        };
        self.bench().settle(leased, ending);
    }

    fn pause(&mut self, scope: u8, on: bool) {
        let scope = match scope {
            0 => Scope::Everything,
            1 => Scope::Queue("q".to_owned()),
            group => Scope::Group("q".to_owned(), (group - 2).to_string()),
        };
        let order = PauseOrder {
            scope,
            groups: Groups::Apart,
            reason: "because".to_owned(),
            by: "test".to_owned(),
            at: self.bench().at,
        };
        self.bench().one(if on {
            Order::Pause(order)
        } else {
            Order::Resume(order, None)
        });
    }

    /// In the end all that is not forgotten or discarded is delivered, each key in order.
    fn end(mut self) {
        for scope in 0..4 {
            self.pause(scope, false);
        }
        self.bench().at += 100_000;
        let mut last: HashMap<String, MessageId> = HashMap::new();
        loop {
            let taken = self.bench().lease(7);
            if taken.leased.is_empty() {
                break;
            }
            for leased in taken.leased {
                if let Some(key) = &leased.key
                    && let Some(last) = last.insert(key.clone(), leased.id)
                {
                    assert!(last < leased.id, "out of order");
                }
                self.settle(&leased, 0);
            }
        }
        assert_eq!(self.bench().problems(), [""; 0]);
        let mut reader = self.bench().storage.reader().unwrap();
        let depths = reader.depths().unwrap();
        assert!(
            depths.iter().all(|d| d.messages == 0 && d.in_flight == 0),
            "{depths:?}"
        );
        for id in self.acknowledged.keys() {
            let ended = reader.message(*id).unwrap().map(|record| record.state);
            let waits = [MessageState::Pending, MessageState::Delivering];
            assert!(ended.is_none_or(|state| !waits.contains(&state)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    })]

    #[test]
    fn after_random_orders_all_adds_up(steps in prop::collection::vec(step(), 1..120)) {
        let scratch = Scratch::new();
        let mut run = Run {
            bench: Some(Bench::new(scratch.open())),
            scratch,
            leased: Vec::new(),
            acknowledged: HashMap::new(),
        };
        for step in steps {
            let told = format!("{step:?}");
            run.carry_out(step);
            prop_assert_eq!(run.bench().problems(), Vec::<String>::new(), "after {}", told);
        }
        run.end();
    }
}
