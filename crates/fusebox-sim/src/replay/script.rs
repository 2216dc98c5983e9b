//! A replay file, read and checked as far as that is possible without running it.

use super::course::Course;
use super::fields::{Fields, kind};
use super::settings::{self, Circuit, Refusal};
use super::step::{Act, Step};
use super::{BadFile, Comparison, Report, document, world};
use fusebox::SettingsChange;
use serde_json::{Value, json};

/// A replay file that can be run.
#[derive(Clone, Debug)]
pub struct Script {
    id: String,
    check: Check,
}

/// What a file is about.
#[derive(Clone, Debug)]
enum Check {
    Steps {
        circuit: Box<Circuit>,
        steps: Vec<Step>,
    },
    /// The settings are to be refused, naming `field`.
    Refusal {
        field: String,
        refused: Option<String>,
    },
}

impl Script {
    /// Reads a file.
    ///
    /// # Errors
    /// Whatever is not in the format: no JSON, unknown keys, wrong types, unknown words, an
    /// `end` without a `begin`, settings that are refused, neither `steps` nor `error`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadFile> {
        let document = document::parse(bytes)?;
        let known = ["id", "rule", "about", "origin", "breaker", "steps", "error"];
        let fields = Fields::read(&document, "a replay file", "", &known)?;
        let id = fields.name("id", "a text that is not empty")?;
        let check = Check::read(&fields).map_err(|bad| bad.in_script(id))?;
        Ok(Self {
            id: id.to_owned(),
            check,
        })
    }

    /// The name that the file gives itself.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Runs the file on a breaker and a clock of its own.
    ///
    /// # Errors
    /// What only a run can show: an `end`, `drop` or `overdue` of a call that was not admitted, a
    /// `begin` with the name of a call that is still in flight. If an expectation before that step
    /// did not hold, that is reported instead: the one explains the other.
    pub fn run(&self) -> Result<Report, BadFile> {
        match &self.check {
            Check::Steps { circuit, steps } => {
                let run = world::run(circuit, steps, None);
                let run = run.map_err(|bad| bad.in_script(&self.id))?;
                Ok(Report::new(&self.id, run.misses))
            }
            Check::Refusal { field, refused } => {
                Ok(Report::of_settings(&self.id, json!(field), json!(refused)))
            }
        }
    }
}

impl Script {
    /// Runs the file with some settings changed, also those that a step puts in force, beside a run
    /// as it is. The report is on the expectations of the file in the changed run.
    ///
    /// A call that is rejected as the file is, and let through now, counts as ignored: nobody
    /// knows how it would have ended. One that is let through as the file is, and rejected now,
    /// does not happen.
    ///
    /// # Errors
    /// As [`run`](Self::run), settings that are refused, and a file without steps.
    pub fn run_with(&self, change: &SettingsChange) -> Result<Comparison, BadFile> {
        let Check::Steps { circuit, steps } = &self.check else {
            let text = "a file about settings that are refused has no steps to run with others";
            return Err(BadFile::new(text).in_script(&self.id));
        };
        let compared = || {
            let recorded = world::run(circuit, steps, None)?;
            let (circuit, steps) = changed(circuit, steps, change)?;
            let now = world::run(&circuit, &steps, Some(&recorded.admissions))?;
            Ok((recorded, now))
        };
        let (recorded, now) = compared().map_err(|bad: BadFile| bad.in_script(&self.id))?;
        Ok(Comparison {
            report: Report::new(&self.id, now.misses),
            change: change.clone(),
            recorded: recorded.outlook,
            now: now.outlook,
            length: now.length,
        })
    }
}

/// The same with other settings.
fn changed(
    circuit: &Circuit,
    steps: &[Step],
    change: &SettingsChange,
) -> Result<(Circuit, Vec<Step>), BadFile> {
    let mut steps = steps.to_vec();
    for (step, number) in steps.iter_mut().zip(1..) {
        if let Some(Act::Settings { breaker }) = &mut step.act {
            **breaker = breaker
                .changed_by(change)
                .map_err(|bad| bad.at_step(number))?;
        }
    }
    Ok((circuit.changed_by(change)?, steps))
}

impl Check {
    fn read(fields: &Fields<'_>) -> Result<Self, BadFile> {
        for key in ["rule", "about", "origin"] {
            fields.text(key)?;
        }
        let breaker = fields.need("breaker", "an object of settings")?;
        let circuit = settings::read(breaker)?;
        match (fields.get("steps"), fields.get("error")) {
            (Some(_), Some(_)) => Err(BadFile::new("both \"steps\" and \"error\": one has to go")),
            (None, None) => {
                let text = "neither \"steps\" nor \"error\" (the setting that is to be refused)";
                Err(BadFile::new(text))
            }
            (None, Some(_)) => {
                let field = fields
                    .name("error", "the name of the refused setting")?
                    .to_owned();
                let refused = circuit.err().map(|refusal| refusal.field().to_owned());
                Ok(Self::Refusal { field, refused })
            }
            (Some(steps), None) => {
                let circuit = circuit.map_err(Refusal::into_bad_file)?;
                let steps = read_steps(steps, &circuit)?;
                Ok(Self::Steps {
                    circuit: Box::new(circuit),
                    steps,
                })
            }
        }
    }
}

fn read_steps(value: &Value, circuit: &Circuit) -> Result<Vec<Step>, BadFile> {
    let Value::Array(items) = value else {
        return Err(BadFile::new(format!(
            "\"steps\" is {}, not an array",
            kind(value)
        )));
    };
    let mut course = Course::new(circuit);
    let mut steps = Vec::with_capacity(items.len());
    for (item, number) in items.iter().zip(1..) {
        let step = Step::read(item).map_err(|bad| bad.at_step(number))?;
        course.follow(&step).map_err(|bad| bad.at_step(number))?;
        steps.push(step);
    }
    Ok(steps)
}
