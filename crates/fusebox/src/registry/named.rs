//! A circuit by name, as a constant.

use super::{Registry, registry};
use crate::breaker::CircuitBreaker;
use std::ops::Deref;
use std::sync::OnceLock;

/// A circuit of the process's own registry, looked up at first use and kept.
///
/// ```
/// use fusebox::Named;
///
/// static RAG: Named = Named::new("rag");
///
/// let answer = RAG.call(|| Ok::<_, std::io::Error>(42));
/// assert!(answer.is_ok());
/// assert!(std::ptr::eq(RAG.get(), fusebox::registry().circuit("rag")?));
/// # Ok::<(), fusebox::RegistryError>(())
/// ```
///
/// A name that cannot be a circuit's does not compile:
///
/// ```compile_fail
/// static STREAM: fusebox::Named = fusebox::Named::new("stream"); // reserved
/// ```
///
/// The circuit gets the registry's default settings if nobody has defined it by then, and its real
/// ones as soon as somebody does, as with [`Registry::circuit`]; also in a [sealed](Registry::seal)
/// registry, as there is nobody to give an error to. A removed circuit goes on working here with
/// the settings that it had.
#[derive(Debug)]
pub struct Named {
    name: &'static str,
    circuit: OnceLock<&'static CircuitBreaker>,
}

impl Named {
    /// The circuit of that name.
    ///
    /// # Panics
    /// A name that [`check_name`](crate::check_name) refuses. In a `static` or `const` that is
    /// an error of the compiler.
    pub const fn new(name: &'static str) -> Self {
        assert!(
            is_name(name.as_bytes()),
            "a circuit's name is 1 to 100 letters, digits, '.', '_', '-', first a letter or \
             digit, and not health or stream"
        );
        Self {
            name,
            circuit: OnceLock::new(),
        }
    }

    /// The circuit's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The circuit.
    pub fn get(&self) -> &'static CircuitBreaker {
        self.circuit
            .get_or_init(|| registry().of_program(self.name))
    }
}

impl Deref for Named {
    type Target = CircuitBreaker;

    fn deref(&self) -> &CircuitBreaker {
        self.get()
    }
}

impl Registry {
    /// The circuit of a name that was checked by the compiler. Such names are bounded by the
    /// size of the program, so the registry's bound does not count for them.
    fn of_program(&self, name: &'static str) -> &'static CircuitBreaker {
        let found = self
            .get(name)
            .map_or_else(|| self.add_defaulted(name, usize::MAX), Ok);
        match found {
            Ok(circuit) => circuit,
            // A name is refused or there is no room: neither can be here.
            Err(error) => unreachable!("{error}"),
        }
    }
}

/// [`check_name`](crate::check_name) at compile time; a test holds them against each other.
const fn is_name(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > 100 || !name[0].is_ascii_alphanumeric() {
        return false;
    }
    let mut at = 0;
    while at < name.len() {
        if !name[at].is_ascii_alphanumeric() && !matches!(name[at], b'.' | b'_' | b'-') {
            return false;
        }
        at += 1;
    }
    !matches!(name, b"health" | b"stream")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_accepts_the_same_names_as_the_registry() {
        let long = "a".repeat(100);
        let longer = "a".repeat(101);
        let given = [
            "", "a", "-a", ".a", "_a", "0", "a.b", "a_b-c", "a b", "a/b", "\u{e4}", "health",
            "stream", "healthy", "Health", "a\n", &long, &longer,
        ];
        for name in given {
            assert_eq!(
                is_name(name.as_bytes()),
                crate::check_name(name).is_ok(),
                "{name:?}"
            );
        }
    }
}
