//! Runs a file with a breaker: step by step, until something is seen that should not be.

use crate::file::File;
use crate::peer::{Described, Peer, REFUSED};
use crate::settings::nanoseconds;
use serde_json::Value;
use std::path::Path;

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

pub(crate) fn run(file: &File, described: &Described, peers: &Path) -> Result<Verdict, String> {
    if let Some((_, why)) = described.not_promised.iter().find(|(id, _)| *id == file.id) {
        return Ok(Verdict::Unsupported(why));
    }
    let (file, settings) = match file.asked_of(described) {
        Ok(asked) => asked,
        Err(why) => return Ok(Verdict::Unsupported(why)),
    };
    let peer = match (described.make)(&settings, peers) {
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
