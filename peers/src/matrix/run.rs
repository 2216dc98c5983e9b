//! Runs a file with a breaker: step by step, until something is seen that should not be.

use crate::file::File;
use crate::peer::{Described, Peer, REFUSED};
use crate::settings::{Settings, nanoseconds};
use serde_json::Value;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passes,
    /// In which step, and what was seen instead.
    Wrong(String),
    Unsupported(&'static str),
}

/// Time goes this much further with each `advance`. At the very instant when the open time is over
/// some breakers are open and some are not, and none says which.
const NUDGE_NS: u64 = 1_000;

pub(crate) fn run(file: &File, described: &Described) -> Result<Verdict, String> {
    if let Some((_, why)) = described.not_promised.iter().find(|(id, _)| *id == file.id) {
        return Ok(Verdict::Unsupported(why));
    }
    let (file, settings) = match file.asked_of(described) {
        Ok(asked) => asked,
        Err(why) => return Ok(Verdict::Unsupported(why)),
    };
    let peer = match (described.make)(&settings) {
        Err(problem) if problem.starts_with(REFUSED) => {
            return Ok(Verdict::Unsupported("its builder refuses the settings"));
        }
        made => made,
    };
    let wrong = peer.and_then(|peer| steps(&file, described, peer));
    let wrong = wrong.map_err(|e| format!("{} with {}: {e}", described.name, file.id))?;
    Ok(wrong.map_or(Verdict::Passes, Verdict::Wrong))
}

/// The first thing that is not as expected.
fn steps(
    file: &File,
    described: &Described,
    mut peer: Box<dyn Peer>,
) -> Result<Option<String>, String> {
    for (index, step) in file.steps.iter().enumerate() {
        let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
        let act = text("do");
        let times = step.get("times").and_then(Value::as_u64).unwrap_or(1);
        let took = if text("took").is_empty() {
            0
        } else {
            nanoseconds(text("took"))?
        };
        let mut admitted = None;
        match act {
            "call" => {
                for _ in 0..times {
                    let passes = peer.begin("call")?;
                    if passes {
                        peer.end("call", text("outcome"), took)?;
                    }
                    admitted = Some(passes);
                }
            }
            "begin" => admitted = Some(peer.begin(text("call"))?),
            "end" => peer.end(text("call"), text("outcome"), took)?,
            "drop" => peer.leave(text("call"))?,
            "advance" => peer.advance(nanoseconds(text("by"))? + NUDGE_NS)?,
            "transition" | "hold" => peer.hand(text("to"))?,
            "reset" => peer.hand("reset")?,
            "settings" => {
                let breaker = step.get("breaker").and_then(Value::as_object);
                peer.set(&Settings::read(breaker.ok_or("no settings")?)?)?;
            }
            _ => {}
        }
        let called = admitted.is_some();
        let Some(expect) = step.get("expect") else {
            continue;
        };
        if let (Some(wanted), Some(seen)) = (expect["admitted"].as_bool(), admitted)
            && wanted != seen
        {
            let word = |admitted| if admitted { "admitted" } else { "rejected" };
            return Ok(Some(format!(
                "step {}: {}, expected {}",
                index + 1,
                word(seen),
                word(wanted)
            )));
        }
        if let Some(wanted) = expect["state"].as_str() {
            let seen = peer.state()?;
            let waits = described.lazy && !called && wanted == "half_open" && seen == "open";
            if wanted != seen && !waits {
                return Ok(Some(format!(
                    "step {}: {seen}, expected {wanted}",
                    index + 1
                )));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{Feature, Trials};

    /// Opens at the second failure, closes at the first success after its time, or is wrong.
    struct Simple {
        failures: u64,
        opened: Option<u64>,
        now: u64,
        open_ns: u64,
        wrong: bool,
    }

    impl Peer for Simple {
        fn begin(&mut self, _: &str) -> Result<bool, String> {
            let blocked = self.opened.is_some_and(|at| self.now < at + self.open_ns);
            Ok(!blocked || self.wrong)
        }

        fn end(&mut self, _: &str, outcome: &str, _: u64) -> Result<(), String> {
            if outcome == "success" {
                (self.failures, self.opened) = (0, None);
            } else {
                self.failures += 1;
                if self.failures == 2 {
                    self.opened = Some(self.now);
                }
            }
            Ok(())
        }

        fn leave(&mut self, _: &str) -> Result<(), String> {
            Err("nothing asks for it".to_owned())
        }

        fn advance(&mut self, ns: u64) -> Result<(), String> {
            self.now += ns;
            Ok(())
        }

        fn hand(&mut self, what: &str) -> Result<(), String> {
            Err(what.to_owned())
        }

        fn state(&mut self) -> Result<String, String> {
            let state = match self.opened {
                None => "closed",
                Some(at) if self.now < at + self.open_ns => "open",
                Some(_) => "half_open",
            };
            Ok(state.to_owned())
        }
    }

    fn simple(promises: &'static [(Feature, &'static str)], wrong: bool) -> Described {
        Described {
            name: "simple",
            language: "Rust",
            promises,
            trials: Trials::One,
            trials_where: "here",
            lazy: false,
            whole_seconds: false,
            not_promised: &[],
            make: Box::new(move |settings: &Settings| {
                Ok(Box::new(Simple {
                    failures: 0,
                    opened: None,
                    now: 0,
                    open_ns: settings.open_ns,
                    wrong,
                }))
            }),
        }
    }

    const BOTH: &[(Feature, &str)] = &[(Feature::Run, "here"), (Feature::Wait, "here")];

    fn file(id: &str, breaker: &str, steps: &str) -> File {
        let text = format!(r#"{{"id": "{id}", "breaker": {breaker}, "steps": [{steps}]}}"#);
        File::read(text.as_bytes()).unwrap().unwrap()
    }

    fn two_in_a_row() -> File {
        let failure = r#"{"do": "call", "outcome": "failure"}"#;
        let open = r#"{"do": "call", "outcome": "success", "expect": {"admitted": false}}"#;
        let breaker = r#"{"consecutive_failures": 2, "open_for": "1s", "half_open_successes": 1}"#;
        file(
            "two-in-a-row",
            breaker,
            &format!("{failure}, {failure}, {open}"),
        )
    }

    #[test]
    fn a_breaker_that_keeps_its_promises_passes() {
        let verdict = run(&two_in_a_row(), &simple(BOTH, false));
        assert_eq!(verdict, Ok(Verdict::Passes));
    }

    #[test]
    fn a_breaker_that_breaks_its_promise_is_wrong() {
        let verdict = run(&two_in_a_row(), &simple(BOTH, true));
        let seen = "step 3: admitted, expected rejected".to_owned();
        assert_eq!(verdict, Ok(Verdict::Wrong(seen)));
    }

    #[test]
    fn a_breaker_that_never_promised_it_is_unsupported_even_if_it_is_wrong() {
        let verdict = run(&two_in_a_row(), &simple(&[], true));
        assert_eq!(verdict, Ok(Verdict::Unsupported(Feature::Run.told())));
    }

    #[test]
    fn a_promise_that_says_something_else_is_unsupported_with_its_reason() {
        let mut described = simple(BOTH, true);
        described.not_promised = &[("two-in-a-row", "its README says otherwise")];
        let verdict = run(&two_in_a_row(), &described);
        assert_eq!(
            verdict,
            Ok(Verdict::Unsupported("its README says otherwise"))
        );
    }

    #[test]
    fn one_of_two_policies_is_asked_where_the_file_holds_with_it_alone() {
        let success = r#"{"do": "call", "outcome": "success"}"#;
        let failure = r#"{"do": "call", "outcome": "failure""#;
        let two = format!("{success}, {failure}}}, ").repeat(9);
        let steps = format!(r#"{two}{success}, {failure}, "expect": {{"state": "open"}}}}"#);
        let peer = simple(&[(Feature::TimeRate, "here")], false);
        let (_, settings) = file("rate", "{}", &steps).asked_of(&peer).unwrap();
        assert_eq!((settings.run, settings.rate), (None, Some(0.5)));
    }

    #[test]
    fn what_is_set_while_it_runs_is_asked_as_what_it_begins_with_is() {
        let counts = |n: u32| format!(r#"{{"failure_count": {n}, "window": "1h"}}"#);
        let steps = format!(
            r#"{{"do": "call", "outcome": "failure"}},
               {{"do": "settings", "breaker": {}}},
               {{"do": "call", "outcome": "failure", "expect": {{"state": "closed"}}}},
               {{"do": "call", "outcome": "failure", "expect": {{"state": "open"}}}}"#,
            counts(3)
        );
        let promises = &[(Feature::Run, "here"), (Feature::Settings, "here")];
        let counted = file("counts", &counts(2), &steps);
        let (asked, settings) = counted.asked_of(&simple(promises, false)).unwrap();
        assert_eq!(settings.run, Some(2));
        assert_eq!(asked.steps[1]["breaker"]["consecutive_failures"], 3);
        let verdict = run(&counted, &simple(BOTH, false));
        assert_eq!(verdict, Ok(Verdict::Unsupported(Feature::Settings.told())));
    }
}
