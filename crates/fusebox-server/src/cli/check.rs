//! `fusebox check`: would `serve` take these settings?

use serde_json::{Value, json};

use super::{BAD_INPUT, say, tell};
use crate::settings::{Problem, Source};

/// Checks and tells. Returns the exit code.
pub(super) fn run(source: &Source, json: bool) -> u8 {
    let name = source.file().map_or_else(
        || "built-in defaults, as there is no fusebox.toml here".into(),
        |file| file.display().to_string(),
    );
    match source.load() {
        Ok(config) if json => {
            let mut answer = json!({"ok": true, "file": source.file().map(|_| &name)});
            if let (Value::Object(answer), Value::Object(effective)) =
                (&mut answer, config.effective())
            {
                answer.extend(effective);
            }
            say(&answer.to_string());
            0
        }
        Ok(config) => {
            let number = config.circuits.len();
            say(&format!(
                "{name}: ok, {number} {}",
                if number == 1 { "circuit" } else { "circuits" }
            ));
            0
        }
        Err(problems) => {
            if json {
                let problems: Vec<Value> = problems.iter().map(Problem::to_json).collect();
                say(&json!({"ok": false, "problems": problems}).to_string());
            } else {
                problems
                    .iter()
                    .for_each(|problem| tell(&problem.to_string()));
            }
            BAD_INPUT
        }
    }
}
