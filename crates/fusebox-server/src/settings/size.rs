//! Sizes in bytes: `512KiB`.

use super::section::Section;

const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];

/// Reads a size that is more than nothing into `to`.
pub(super) fn read(section: Section<'_>, key: &str, to: &mut u64) {
    const ALLOWED: &str = "a size like \"1GiB\" (units B, KiB, MiB, GiB), more than 0B";
    if let Some(size) = section.text(key, ALLOWED, parse) {
        *to = size;
    }
}

/// Reads `512KiB`; zero and what does not fit are none.
fn parse(text: &str) -> Option<u64> {
    let (digits, shift) = UNITS
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_plain)?;
    number.checked_mul(1 << shift).filter(|size| *size > 0)
}

/// Writes a size in the largest unit that it is a whole number of.
pub(super) fn format(size: u64) -> String {
    let mut units = UNITS.iter();
    let whole = units.rfind(|(_, shift)| *shift > 0 && size.trailing_zeros() >= *shift);
    let (unit, shift) = whole.unwrap_or(&("B", 0));
    format!("{}{unit}", size >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        let sizes = [
            ("1B", Some(1)),
            ("2KiB", Some(2048)),
            ("1GiB", Some(1 << 30)),
            ("0B", None),
            ("1", None),
            ("1MB", None),
            ("-1B", None),
            ("+1B", None),
            ("B", None),
            ("99999999999GiB", None),
        ];
        for (text, size) in sizes {
            assert_eq!(parse(text), size, "{text}");
        }
    }

    #[test]
    fn a_size_is_written_in_the_largest_unit_that_fits() {
        for text in ["1B", "1023B", "1KiB", "1025B", "5MiB", "1GiB", "2048GiB"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
    }
}
