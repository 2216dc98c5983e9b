//! A name in the attribute is a circuit of the process's default registry.

use super::{Error, now, open, told};
use fusebox::{Definition, Settings, registry};

#[fusebox::breaker("macros.by-name")]
fn by_name(fails: bool) -> Result<(), Error> {
    if fails { Err(Error::Down) } else { Ok(()) }
}

#[fusebox::breaker("macros.by-name")]
async fn by_the_same_name<T: Default>() -> Result<T, Error> {
    Ok(T::default())
}

#[test]
fn a_name_is_a_circuit_of_the_default_registry() {
    let settings = Settings::builder().consecutive_failures(2).build().unwrap();
    let circuit = registry()
        .define(Definition::new("macros.by-name").settings(settings))
        .unwrap();
    assert_eq!(by_name(false), Ok(()));
    assert_eq!(now(by_the_same_name::<u8>()), Ok(0));
    assert_eq!(now(by_the_same_name::<String>()), Ok(String::new()));
    assert_eq!(told(circuit), (3, 0));
    assert_eq!(
        (by_name(true), by_name(true)),
        (Err(Error::Down), Err(Error::Down))
    );
    assert!(matches!(by_name(true), Err(Error::Rejected(_))));
    assert!(matches!(
        now(by_the_same_name::<u8>()),
        Err(Error::Rejected(_))
    ));
}

#[test]
fn a_name_that_nobody_defined_works_with_the_defaults_and_is_told() {
    #[fusebox::breaker("macros.misspelt")]
    fn misspelt() -> Result<u8, Error> {
        Ok(1)
    }
    assert_eq!(misspelt(), Ok(1));
    let circuit = registry().get("macros.misspelt").unwrap();
    assert_eq!(told(circuit), (1, 0));
    let defaulted = registry().defaulted();
    assert!(defaulted.iter().any(|name| &**name == "macros.misspelt"));
    open(circuit);
    assert!(matches!(misspelt(), Err(Error::Rejected(_))));
}

struct Client;

impl Client {
    #[fusebox::breaker("macros.method", fallback = Self::cached)]
    fn get(&mut self, id: u8) -> Result<u8, Error> {
        Ok(id)
    }

    fn cached(&mut self, id: u8, _: fusebox::Rejection) -> Result<u8, Error> {
        Ok(id + 100)
    }
}

#[test]
fn a_name_works_on_methods_too() {
    assert_eq!(Client.get(1), Ok(1));
    open(registry().get("macros.method").unwrap());
    assert_eq!(Client.get(1), Ok(101));
}
