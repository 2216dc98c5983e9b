//! One user's visit to a system: a place, then one call after another, as the system's client
//! makes them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::book::{End, News, Ticket, Verdict};
use super::cast::{Call, Number, Otherwise};
use super::twin::Twin;

/// A user waits so long for a place: as long as a call that hangs holds one.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What the system itself does for a user.
const OWN_WORK: Duration = Duration::from_millis(5);

/// A call that failed is made again after these waits, as clients do. Not one that timed out, for
/// the user has waited long enough; nor one that the breaker rejected, which is what a rejection
/// asks for.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// From coming to leaving: whether he was answered, and what is worth telling.
pub(super) async fn visit(twin: Arc<Twin>, ticket: Ticket) -> (bool, Vec<News>) {
    let place = timeout(PATIENCE, Arc::clone(&ticket.places).acquire_owned()).await;
    let Ok(Ok(place)) = place else {
        let news = twin.book().leaves(&ticket, Verdict::TurnedAway, &[]);
        return (false, news);
    };
    let mut asked = Vec::new();
    let verdict = walk(&twin, &ticket, &mut asked).await;
    drop(place);
    let news = twin.book().leaves(&ticket, verdict, &asked);
    (verdict.is_answer(), news)
}

async fn walk(twin: &Twin, ticket: &Ticket, asked: &mut Vec<(Number, bool)>) -> Verdict {
    sleep(OWN_WORK).await;
    let mut verdict = Verdict::Full;
    for call in ticket.user.path.calls {
        let well = ask(twin, ticket, call.upstream, waits(call)).await;
        asked.push((call.upstream, well));
        if well {
            continue;
        }
        match call.otherwise {
            Otherwise::NoMatter => {}
            Otherwise::Degrades => verdict = Verdict::Degraded,
            Otherwise::Fails => return Verdict::Failed,
            Otherwise::Asks(other) => {
                let well = ask(twin, ticket, other, &AGAIN_AFTER).await;
                asked.push((other, well));
                if !well {
                    return Verdict::Failed;
                }
                verdict = Verdict::Degraded;
            }
        }
    }
    verdict
}

/// The waits before a call is made again: none where there is somebody else to ask, or nobody waits
/// for it.
fn waits(call: &Call) -> &'static [Duration] {
    match call.otherwise {
        Otherwise::Asks(_) | Otherwise::NoMatter => &[],
        Otherwise::Fails | Otherwise::Degrades => &AGAIN_AFTER,
    }
}

/// Whether the upstream answered well, at last.
async fn ask(twin: &Twin, ticket: &Ticket, upstream: Number, waits: &[Duration]) -> bool {
    let mut waits = waits.iter();
    loop {
        match twin.call(ticket.round, upstream, ticket.user.key).await {
            End::Well => return true,
            End::Rejected | End::TimedOut => return false,
            End::Refused | End::Cut | End::Failed => {}
        }
        match waits.next() {
            Some(wait) => sleep(*wait).await,
            None => return false,
        }
    }
}
