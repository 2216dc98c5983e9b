//! What counts as a failure: only some errors, and some answers that are no errors.
//!
//! ```sh
//! cargo run -p fusebox --example classifier
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{CircuitBreaker, FailureClass, Outcome, Settlement, only_errors};
use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// What an AI provider answers, and what can go wrong on the way.
struct Completion {
    finished: bool,
}

enum Trouble {
    BadPrompt,
    RateLimited(Duration),
}

/// Our quota is ours alone: when it is used up, everybody has to wait.
fn judge(result: Result<&Completion, &Trouble>) -> Settlement {
    let failure = |class| Settlement::new(Outcome::Failure(class));
    match result {
        Ok(completion) if completion.finished => Settlement::new(Outcome::Success),
        Ok(_) => failure(FailureClass::Other), // an answer, but half of one
        Err(Trouble::BadPrompt) => Settlement::new(Outcome::Ignored),
        Err(Trouble::RateLimited(wait)) => failure(FailureClass::Status).retry_after(*wait),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // For most: a predicate on the error. The others are ignored, as if the call had not been.
    let broken = only_errors(|error: &io::Error| error.kind() != ErrorKind::NotFound);
    let files = CircuitBreaker::builder("files")
        .consecutive_failures(1)
        .build()?;
    let missing = files.call_with(&broken, || Err::<(), _>(ErrorKind::NotFound.into()));
    assert!(missing.is_err()); // the caller gets its error all the same
    assert!(files.acquire().is_ok());

    // For the rest: a function of the result.
    let provider = CircuitBreaker::builder("provider")
        .consecutive_failures(2)
        .build()?;
    let wait = Duration::from_secs(20);
    let half = Ok(Completion { finished: false });
    for result in [
        half,
        Err(Trouble::BadPrompt),
        Err(Trouble::RateLimited(wait)),
    ] {
        let _ = provider.call_with(&judge, || result);
    }
    let no = provider.acquire().err().ok_or("two failures in a row")?;
    println!("provider: {no}");
    assert!(no.retry_after() > Some(Duration::from_secs(19)));
    Ok(())
}
