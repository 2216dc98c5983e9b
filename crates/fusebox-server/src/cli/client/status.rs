//! `fusebox status`: the circuits as they are now.

use clap::Args;
use serde_json::Value;

use super::detail::{self, hold, number, state, wait, why, word};
use super::service::Service;
use super::shape::Shape;
use super::table::{Cell, Table};
use super::trouble::Trouble;
use super::{Form, main_breaker, nearby, pages};
use crate::paint::Tone;

pub(super) const CIRCUITS: &str = "/api/v1/circuit-breakers";
/// Its pages.
pub(super) const LIST: (&str, Shape) = (
    "circuits",
    Shape::Object(&[("circuits", Shape::List(&detail::CIRCUIT))]),
);

/// What `status` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    /// One circuit, with everything that is known of it; all in a table where none is named
    #[arg(value_name = "CIRCUIT")]
    name: Option<String>,
    #[command(flatten)]
    form: Form,
}

pub(super) async fn run(service: &Service, what: Status) -> Result<(), Trouble> {
    if let Some(name) = &what.name {
        let answer = nearby::get(service, name).await?;
        what.form.print(&answer, detail::of);
        return Ok(());
    }
    let answer = pages::all(service, CIRCUITS, &LIST, None).await?;
    if what.form.json {
        what.form.print(&answer, |_| String::new());
        return Ok(());
    }
    // Whoever may only see some of the circuits may not ask for it.
    let main = match service.get(main_breaker::PATH, &main_breaker::MAIN).await {
        Err(Trouble::Refused { .. }) => Value::Null,
        main => main?,
    };
    what.form.print(&answer, |answer| {
        main_breaker::banner(&main) + &table(answer)
    });
    Ok(())
}

fn table(answer: &Value) -> String {
    let circuits = answer["circuits"].as_array().map_or(&[][..], Vec::as_slice);
    if circuits.is_empty() {
        return "no circuits".to_owned();
    }
    let columns = [
        "CIRCUIT",
        "STATE",
        "SINCE",
        "NEXT TRIAL",
        "CALLS",
        "FAILING",
        "REJECTED",
        "HOLD",
        "WHY",
    ];
    let mut table = Table::with_columns(&columns);
    for circuit in circuits {
        table.add(vec![
            Cell::new(Tone::Strong, word(&circuit["name"])),
            state(circuit),
            Cell::plain(word(&circuit["since"])),
            Cell::plain(&wait(&circuit["retry_after"])),
            Cell::plain(&sum(&circuit["totals"])),
            Cell::plain(&percent(&circuit["window"]["failure_rate"])),
            Cell::plain(&sum(&circuit["rejected"])),
            hold(circuit),
            Cell::plain(why(circuit)),
        ]);
    }
    table.write()
}

fn sum(counts: &Value) -> String {
    let counts = counts.as_object().into_iter().flatten();
    let counts = counts.filter_map(|(_, count)| count.as_u64());
    number(&counts.fold(0, u64::saturating_add).into())
}

/// The share of failures in the window; empty where there were too few calls to tell.
fn percent(ratio: &Value) -> String {
    ratio
        .as_f64()
        .map(|ratio| format!("{:.0}%", ratio * 100.0))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sum_is_that_of_its_counts_and_never_more_than_a_number_can_be() {
        assert_eq!(sum(&json!({"success": 3, "failure": 4, "text": "x"})), "7");
        assert_eq!(sum(&json!({"a": u64::MAX, "b": 1})), u64::MAX.to_string());
    }
}
