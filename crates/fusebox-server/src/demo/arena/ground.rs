//! Where it is played: both copies, what is wrong in both, and what happened.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusebox::{Clock, Received, Subscription, SystemClock, Tick};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::book::{News, Ticket, User, share};
use super::cast::{Number, SYSTEMS, UPSTREAMS};
use super::course::{Course, Point};
use super::fault::Fault;
use super::journal::{Journal, Tone};
use super::twin::{Side, Twin};
use super::visit::visit;
use crate::demo::traffic::FIRST_ROUND;
use crate::demo::words;

/// Every beat a user comes to one system, in both copies; the systems take turns.
pub(super) const BEAT: Duration = Duration::from_micros(12_500);

/// Everything there is.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) with: Arc<Twin>,
    pub(super) without: Arc<Twin>,
    pub(super) journal: Journal,
    pub(super) course: Course,
    /// The console of the copy with breakers.
    pub(super) console: SocketAddr,
    now: Mutex<Now>,
}

/// The round that is played, and what is wrong in it.
#[derive(Debug)]
struct Now {
    round: u64,
    began: Instant,
    began_tick: Tick,
    faults: [Option<(Fault, Instant)>; UPSTREAMS.len()],
    both: Both,
}

/// Users with whom both copies are done: the same ones, so that neither copy looks the better for
/// those who still wait in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Both {
    users: u64,
    with: u64,
    without: u64,
}

impl Both {
    fn add(&mut self, with: bool, without: bool) {
        self.users += 1;
        self.with += u64::from(with);
        self.without += u64::from(without);
    }

    /// The share of them who were answered; none as long as there are none.
    pub(super) fn answered(self, side: Side) -> Option<f64> {
        let answered = match side {
            Side::With => self.with,
            Side::Without => self.without,
        };
        share(answered, self.users)
    }
}

impl Ground {
    pub(super) fn new(with: Twin, without: Twin, console: SocketAddr) -> Ground {
        Ground {
            with: Arc::new(with),
            without: Arc::new(without),
            journal: Journal::default(),
            course: Course::default(),
            console,
            now: Mutex::new(Now::of_round(FIRST_ROUND)),
        }
    }

    /// Since the round began.
    pub(super) fn elapsed(&self) -> Duration {
        self.now().began.elapsed()
    }

    /// What is wrong with an upstream, and for how long.
    pub(super) fn fault(&self, upstream: Number) -> Option<(Fault, Duration)> {
        self.now().faults[upstream].map(|(fault, since)| (fault, since.elapsed()))
    }

    /// Lets a fault begin or end, in both copies at once.
    pub(super) fn turn(&self, upstream: Number, fault: Option<Fault>) {
        let mut now = self.now();
        let before = now.faults[upstream].map(|(fault, _)| fault);
        if before == fault {
            return;
        }
        let at = Instant::now();
        now.faults[upstream] = fault.map(|fault| (fault, at));
        self.with.turn(upstream, fault, at);
        self.without.turn(upstream, fault, at);
        let says = fault.map_or("is well again", Fault::says);
        let text = format!("{} {says}", UPSTREAMS[upstream].name);
        self.journal.add(at - now.began, upstream, Tone::Act, text);
    }

    /// All upstreams well, all circuits closed, all counts zero.
    pub(super) fn reset(&self) {
        let mut now = self.now();
        *now = Now::of_round(now.round + 1);
        self.with.begin_round(now.round);
        self.without.begin_round(now.round);
        self.journal.clear();
        self.course.clear();
    }

    /// Adds to the course where it is now.
    pub(super) fn go_on(&self) {
        // Held to the end: a point of an earlier round must not come after a reset.
        let now = self.now();
        let point = Point {
            at: now.began.elapsed(),
            is_sick: now.faults.iter().any(Option::is_some),
            with: self.with.book().users_of_all(),
            without: self.without.book().users_of_all(),
        };
        self.course.add(point);
    }

    /// Writes down what the circuits tell, for as long as there are any.
    pub(super) async fn listen(self: Arc<Self>, mut events: Subscription) {
        loop {
            // What is missed in a flood of events is missed in a list of thirty, too.
            if let Received::Event(event) = events.next().await {
                let at = event.at.saturating_since(self.now().began_tick);
                self.journal.add_event(at, &event);
            }
        }
    }

    /// Lets users come until `stop` turns true, then waits until the last has left.
    pub(super) async fn play(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut visits = JoinSet::new();
        let mut number = 0_usize;
        loop {
            tokio::select! {
                // True, or nobody is left to say so: both end it.
                _ = stop.wait_for(|stop| *stop) => break,
                _ = beat.tick() => {}
            }
            while visits.try_join_next().is_some() {}
            let (system, turn) = (number % SYSTEMS.len(), number / SYSTEMS.len());
            let user = User::numbered(system, turn as u64);
            // Both come before either goes on.
            let with = self.with.book().comes(user);
            let without = self.without.book().comes(user);
            visits.spawn(Arc::clone(&self).host(with, without));
            number += 1;
        }
        while visits.join_next().await.is_some() {}
    }

    /// The same user in both copies, to his end in the one that lets him wait longer.
    async fn host(self: Arc<Self>, with: Ticket, without: Ticket) {
        let round = with.round;
        let visits = [
            (Side::With, visit(Arc::clone(&self.with), with)),
            (Side::Without, visit(Arc::clone(&self.without), without)),
        ];
        let [with, without] = visits.map(|(side, visit)| {
            let ground = &self;
            async move {
                let (is_answered, news) = visit.await;
                news.into_iter().for_each(|news| ground.tell(side, news));
                is_answered
            }
        });
        let (with, without) = tokio::join!(with, without);
        let mut now = self.now();
        if now.round == round {
            now.both.add(with, without);
        }
    }

    /// How the users fared with whom both copies are done.
    pub(super) fn both(&self) -> Both {
        self.now().both
    }

    fn tell(&self, side: Side, news: News) {
        let side = match side {
            Side::With => "with breakers",
            Side::Without => "without breakers",
        };
        match news {
            News::Recovered(upstream, took) => {
                let (name, took) = (UPSTREAMS[upstream].name, words::seconds(took));
                let text =
                    format!("{name} answers its users again {side}, {took} after it was well");
                self.journal.add(self.elapsed(), upstream, Tone::Good, text);
            }
            News::Cascade(user) => {
                let system = &SYSTEMS[user.system];
                let path = user.path.name;
                let text = format!(
                    "{}: users who want to {path} fail {side}, and nothing they need is sick",
                    system.name
                );
                self.journal
                    .add_of_system(self.elapsed(), system.name, text);
            }
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // Faults are set whole or not at all.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn of_round(round: u64) -> Now {
        Now {
            round,
            began: Instant::now(),
            began_tick: SystemClock.now(),
            faults: [None; UPSTREAMS.len()],
            both: Both::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_users_with_whom_both_copies_are_done() {
        let mut both = Both::default();
        assert_eq!(both.answered(Side::With), None);
        for (with, without) in [(true, true), (true, false), (false, false), (true, false)] {
            both.add(with, without);
        }
        assert_eq!(both.answered(Side::With), Some(0.75));
        assert_eq!(both.answered(Side::Without), Some(0.25));
    }
}
