//! Circuits from environment variables. No test reads or changes the environment that it runs in.

mod by_prefix;
mod by_service;
mod misspelt;
mod process;
mod readers;
mod refused;
mod switches;

use fusebox::environment::{Service, Variables};
use fusebox::{Changes, Registry, RegistryError};

/// A registry configured from these variables.
fn configured(
    variables: &[(&str, &str)],
    services: impl IntoIterator<Item = Service>,
) -> Result<Registry, RegistryError> {
    let registry = Registry::new();
    configure(&registry, variables, services)?;
    Ok(registry)
}

fn configure(
    registry: &Registry,
    variables: &[(&str, &str)],
    services: impl IntoIterator<Item = Service>,
) -> Result<Changes, RegistryError> {
    let variables = Variables::from_iter(variables.iter().copied());
    registry.configure_from(&variables, services)
}

/// What was refused: variable, value, what is allowed. The registry is empty then.
fn refused(
    variables: &[(&str, &str)],
    services: impl IntoIterator<Item = Service>,
) -> (String, String, String) {
    let registry = Registry::new();
    match configure(&registry, variables, services) {
        Err(RegistryError::Environment(error)) => {
            assert!(registry.names().is_empty() && registry.is_enabled());
            let parts = [error.variable(), error.value(), error.allowed()];
            let [variable, value, allowed] = parts.map(str::to_owned);
            (variable, value, allowed)
        }
        other => panic!("{variables:?}: {other:?}"),
    }
}
