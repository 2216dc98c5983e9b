//! Tests of the settings as a whole: what is read, what is refused, and with which words.

mod accepted;
mod refused;
mod server;
mod variables;

use super::{Config, Problem};

/// A circuit to which one test adds one mistake.
const RAG: &str = "[circuits.rag]\nupstream = \"http://rag:8000\"\n";

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    with_env(text, &[])
}

fn with_env(text: &str, env: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(text, "f.toml", env)
}

fn lines(result: Result<Config, Vec<Problem>>) -> Vec<String> {
    result
        .err()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect()
}
