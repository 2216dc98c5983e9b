//! A replay file, what it asks of a breaker, and whether it can be asked of this one.
//!
//! What a file is about shows by leaving it out: if the file still holds for our own breaker with
//! another setting, it does not need that setting, and a breaker without it may run the file.

use crate::peer::{Described, Feature, Trials};
use crate::policy;
use crate::settings::{Settings, Window, nanoseconds};
use fusebox_sim::replay::Script;
use serde_json::{Map, Value, json};

/// Long enough for every file, and for a duration.
const NEVER: &str = "100000h";

/// Longer files are not asked: a matrix that takes minutes is not run. Each is run some twenty
/// times, to find what it is about.
const CALLS_MAX: u64 = 10_000;

/// A file with what a caller sees and nothing else: `admitted` and `state`.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) breaker: Map<String, Value>,
    pub(crate) steps: Vec<Map<String, Value>>,
    late: bool,
}

impl File {
    /// `None` where nothing is left that a caller could see, that is a matter of our own settings,
    /// or that is too long.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let (Some(id), Some(breaker)) = (value["id"].as_str(), value["breaker"].as_object()) else {
            return Err("no replay file".to_owned());
        };
        let Some(steps) = value["steps"].as_array() else {
            return Ok(None);
        };
        let calls = steps
            .iter()
            .filter_map(|step| step["times"].as_u64())
            .sum::<u64>();
        if calls > CALLS_MAX {
            return Ok(None);
        }
        let late = |step: &Value| step["expect"]["late"].as_u64().is_some_and(|late| late > 0);
        let late = value["rule"] == "R12" || steps.iter().any(late);
        let mut seen = false;
        let mut kept = Vec::new();
        for step in steps {
            let mut step = step.as_object().cloned().unwrap_or_default();
            if let Some(expect) = step.get_mut("expect").and_then(Value::as_object_mut) {
                // An expectation of a branch says so with a `key`.
                let of_branch = expect.contains_key("key");
                expect.retain(|key, _| !of_branch && (key == "admitted" || key == "state"));
                seen |= !expect.is_empty();
                if expect.is_empty() {
                    step.remove("expect");
                }
            }
            if !step.is_empty() {
                kept.push(step);
            }
        }
        let file = Self {
            id: id.to_owned(),
            breaker: breaker.clone(),
            steps: kept,
            late,
        };
        Ok(seen.then_some(file))
    }

    fn holds(&self) -> bool {
        let value = json!({"id": self.id, "breaker": self.breaker, "steps": self.steps});
        let script = Script::parse(value.to_string().as_bytes());
        script
            .and_then(|script| script.run())
            .is_ok_and(|report| report.ok())
    }

    /// The file with other settings, if it still holds. What it sets while running changes alike.
    fn with(&self, change: impl Fn(&mut Map<String, Value>)) -> Option<Self> {
        let mut file = self.clone();
        change(&mut file.breaker);
        for step in &mut file.steps {
            if let Some(breaker) = step.get_mut("breaker").and_then(Value::as_object_mut) {
                change(breaker);
            }
        }
        file.holds().then_some(file)
    }

    /// The file in the words of this breaker, or why it cannot be asked.
    pub(crate) fn asked_of(&self, peer: &Described) -> Result<(Self, Settings), &'static str> {
        self.steps_for(peer)?;
        let mut file = self
            .plain()
            .ok_or("jitter, a ramp, manual recovery or a deadline")?;
        file = file
            .with_trials(peer.trials)
            .ok_or("trials are judged otherwise")?;
        let needs_limit = file.with(|b| set(b, "half_open_calls", 64)).is_none();
        if needs_limit && !peer.promises(Feature::Limit) {
            return Err(Feature::Limit.told());
        }
        if !peer.promises(Feature::Backoff) {
            let without = file.with(|b| set(b, "backoff", 1.0));
            file = without.ok_or(Feature::Backoff.told())?;
        }
        file = file.policy_for(peer)?;
        if self.late && !peer.promises(Feature::Late) {
            return Err(Feature::Late.told());
        }
        let settings =
            Settings::read(&file.breaker).map_err(|_| "a setting that cannot be read")?;
        if peer.trials == Trials::Rate && settings.minimum < settings.successes {
            return Err("fewer calls at least than trials");
        }
        let told = self.steps.iter().any(|step| step.contains_key("took"));
        if settings.slow.is_some() && told && !peer.promises(Feature::Told) {
            return Err(Feature::Told.told());
        }
        if let (Window::Time(ns), true) = (settings.window, peer.whole_seconds)
            && settings.run.is_none()
            && ns % 1_000_000_000 != 0
        {
            return Err("a window that is no whole number of seconds");
        }
        Ok((file, settings))
    }

    /// With trials as this breaker can be told to judge them.
    fn with_trials(&self, how: Trials) -> Option<Self> {
        let file = self.with(|b| trials(b, how));
        if how != Trials::Rate || file.is_some() {
            return file;
        }
        // A failed trial decides nothing before the others have ended: the file may need none.
        let all = self.with(|b| trials(b, Trials::Quota))?;
        all.with(|b| set(b, "half_open_failures", 64))
    }

    /// Without jitter, deadlines of trials, ramps and the like.
    fn plain(&self) -> Option<Self> {
        self.with(|b| {
            for key in ["ramp", "recovery", "abandoned_after"] {
                b.remove(key);
            }
            set(b, "jitter", "0%");
            set(b, "half_open_timeout", NEVER);
        })
    }

    fn steps_for(&self, peer: &Described) -> Result<(), &'static str> {
        if self.breaker.contains_key("branch") {
            return Err("keys");
        }
        for step in &self.steps {
            let to = step.get("to").and_then(Value::as_str).unwrap_or_default();
            let feature = match step.get("do").and_then(Value::as_str).unwrap_or_default() {
                "settings" if step["breaker"].get("branch").is_some() => return Err("keys"),
                "settings" => Feature::Settings,
                "main" => return Err("a main breaker"),
                "overdue" => return Err("slow calls in flight"),
                "release" => return Err("the end of a hold"),
                "hold" if step.contains_key("for") => return Err("a hold that expires"),
                "advance" => {
                    let by = step.get("by").and_then(Value::as_str).unwrap_or_default();
                    if nanoseconds(by).is_ok_and(|ns| ns % 1_000_000 != 0) {
                        return Err("instants finer than a millisecond");
                    }
                    continue;
                }
                "transition" | "hold" => hand(to),
                "reset" => Feature::Hand("reset"),
                "drop" => Feature::Leave,
                _ if step.contains_key("retry_after") => return Err("Retry-After"),
                _ if step.get("outcome").is_some_and(|o| o == "ignored") => Feature::Ignored,
                _ => continue,
            };
            if !peer.promises(feature) {
                return Err(feature.told());
            }
        }
        Ok(())
    }

    /// With the policies that this breaker has.
    fn policy_for(&self, peer: &Described) -> Result<Self, &'static str> {
        let settings =
            Settings::read(&self.breaker).map_err(|_| "a setting that cannot be read")?;
        let mut file = self.clone();
        if settings.slow.is_some() && !peer.promises(Feature::Slow) {
            let without = self.with(|b| {
                b.remove("slow_call_rate");
                b.remove("slow_call_duration");
            });
            file = without.ok_or(Feature::Slow.told())?;
        }
        let needed = policy::needed(&settings, peer);
        let stays = |step: &Map<String, Value>| {
            let breaker = step.get("breaker").and_then(Value::as_object);
            let new = breaker.and_then(|breaker| Settings::read(breaker).ok());
            new.is_none_or(|new| policy::needed(&new, peer) == needed)
        };
        if needed.iter().all(|feature| peer.promises(*feature))
            && needed.len() == 1
            && file.steps.iter().all(stays)
        {
            if file.success_opens() && !peer.promises(Feature::SuccessJudges) {
                return Err(Feature::SuccessJudges.told());
            }
            return Ok(file);
        }
        // Another policy that comes to the same in this file.
        policy::others(peer, &settings, file.success_opens())
            .find_map(|other| file.with(other))
            .ok_or(match needed.first() {
                Some(feature) if needed.len() == 1 => feature.told(),
                _ => "two policies at once",
            })
    }

    /// Whether it is a success that opens.
    fn success_opens(&self) -> bool {
        self.steps.iter().any(|step| {
            let success = step
                .get("outcome")
                .is_some_and(|outcome| outcome == "success");
            let expect = step.get("expect");
            let opens = expect.is_some_and(|expect| expect["state"] == "open");
            success && opens && expect.is_some_and(|expect| expect["admitted"] != false)
        })
    }
}

fn hand(to: &str) -> Feature {
    let known = [
        "open",
        "closed",
        "half_open",
        "forced_open",
        "disabled",
        "observe",
    ];
    Feature::Hand(
        known
            .into_iter()
            .find(|name| *name == to)
            .unwrap_or("other"),
    )
}

fn set(breaker: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    breaker.insert(key.to_owned(), value.into());
}

/// Trials as this breaker can be told to judge them.
fn trials(breaker: &mut Map<String, Value>, trials: Trials) {
    let number = |key: &str, default| breaker.get(key).and_then(Value::as_u64).unwrap_or(default);
    let (calls, successes) = (
        number("half_open_calls", 1),
        number("half_open_successes", 2),
    );
    let (calls, successes) = match trials {
        Trials::One => (64, 1),
        Trials::Successes => (64, successes),
        Trials::Quota => (successes, successes),
        Trials::Limited => (calls.max(successes), successes),
        Trials::Rate => (1, 1),
    };
    set(breaker, "half_open_calls", calls.min(64));
    set(breaker, "half_open_successes", successes.min(64));
    set(breaker, "half_open_failures", 1);
}
