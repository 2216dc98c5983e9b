//! A replay file, read and checked as far as that is possible without running it.

use super::course::Course;
use super::fields::{Fields, kind};
use super::settings::{self, Circuit, Refusal};
use super::step::Step;
use super::{BadFile, Report, document, world};
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
                let misses = world::run(circuit, steps).map_err(|bad| bad.in_script(&self.id))?;
                Ok(Report::new(&self.id, misses))
            }
            Check::Refusal { field, refused } => {
                Ok(Report::of_settings(&self.id, json!(field), json!(refused)))
            }
        }
    }
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
