//! Paths of the API, with names of people put in safely.

use fusebox_queue::MessageId;

use super::trouble::Trouble;

/// The path of a circuit.
///
/// # Errors
/// No circuit can have this name.
pub(super) fn circuit(name: &str) -> Result<String, Trouble> {
    fusebox::check_name(name)
        .map_err(|error| Trouble::Usage(format!("{name:?} is no name of a circuit: {error}")))?;
    // Letters, digits, dots and dashes, and no dot at the front: a path as it is.
    Ok(format!("/api/v1/circuit-breakers/{name}"))
}

/// The path of a queue, which has the name of its circuit.
///
/// # Errors
/// No circuit can have this name.
pub(super) fn queue(name: &str) -> Result<String, Trouble> {
    fusebox::check_name(name)
        .map_err(|error| Trouble::Usage(format!("{name:?} is no name of a queue: {error}")))?;
    Ok(format!("/api/v1/queues/{name}"))
}

/// The path of a queue, or of all of them: `*`.
///
/// # Errors
/// It is no name.
pub(super) fn queues(name: &str) -> Result<String, Trouble> {
    match name {
        "*" => Ok("/api/v1/queues/*".to_owned()),
        name => queue(name),
    }
}

/// The path of a dead letter.
///
/// # Errors
/// It is no id.
pub(super) fn dead_letter(id: &str) -> Result<String, Trouble> {
    let id: MessageId = id
        .parse()
        .map_err(|wrong| Trouble::Usage(format!("{id:?} is {wrong}")))?;
    Ok(format!("/api/v1/dead-letters/{id}"))
}

/// `path` with these parameters; values are encoded.
pub(super) fn with(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (at, (key, value)) in parameters.iter().enumerate() {
        out.push(if at == 0 && !path.contains('?') {
            '?'
        } else {
            '&'
        });
        out.push_str(key);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_to_another_path() {
        assert_eq!(circuit("rag").unwrap(), "/api/v1/circuit-breakers/rag");
        for wrong in [
            "", ".", "..", "a/b", "a?b", "health", "stream", "a b", "a%2fb",
        ] {
            let said = circuit(wrong).unwrap_err();
            assert_eq!(said.exit_code(), 2, "{wrong:?}: {said}");
        }
    }

    #[test]
    fn values_of_parameters_are_encoded() {
        let made = with("/x", &[("limit", "10"), ("cursor", "a&b=c/\u{e4}")]);
        assert_eq!(made, "/x?limit=10&cursor=a%26b%3Dc%2F%C3%A4");
        assert_eq!(with("/x?a=1", &[("b", "2")]), "/x?a=1&b=2");
    }
}
