//! recloser: it judges from call `len` + 1 on, as its documentation says, so that no window of ours
//! says the same, and half-open takes a number of calls before it judges.

use crate::asynchronous::{Asynchronous, Call, Outcome, driven};
use crate::peer::{Described, Feature, Peer, Trials};
use crate::settings::Settings;
use recloser::{AsyncRecloser, Error, Recloser};
use std::rc::Rc;
use std::time::Duration;

pub(crate) fn described() -> Described {
    Described {
        name: "recloser 1.4.0",
        language: "Rust",
        promises: &[(
            Feature::Wait,
            "README: rejects \"until `duration` has elapsed\"",
        )],
        trials: Trials::One,
        trials_where: "README: \"at least `len` calls\" before half-open judges",
        lazy: true,
        whole_seconds: false,
        not_promised: &[],
        make: Box::new(make),
    }
}

struct Breaker(Rc<AsyncRecloser>);

fn make(settings: &Settings) -> Result<Box<dyn Peer>, String> {
    let builder = Recloser::custom().error_rate(settings.rate.unwrap_or(1.0) as f32);
    let builder = builder.open_wait(Duration::from_nanos(settings.open_ns));
    Ok(driven(Breaker(Rc::new(AsyncRecloser::from(
        builder.build(),
    )))))
}

impl Asynchronous for Breaker {
    fn call(&self, outcome: Outcome) -> Call {
        let breaker = Rc::clone(&self.0);
        Box::pin(async move { !matches!(breaker.call(outcome).await, Err(Error::Rejected)) })
    }

    fn state(&self) -> &'static str {
        "not shown"
    }
}
