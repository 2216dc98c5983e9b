//! The text of a key in 24 bytes, if it is short.

/// Longer keys are kept on the heap.
const INLINE_MAX: usize = 22;

/// A key as a slot keeps it. Most keys (a host, a shard, a terminal) need no allocation.
#[derive(Debug)]
pub(super) enum Key {
    Inline { length: u8, bytes: [u8; INLINE_MAX] },
    Heap(Box<str>),
}

impl Key {
    pub(super) const EMPTY: Self = Self::Inline {
        length: 0,
        bytes: [0; INLINE_MAX],
    };

    pub(super) fn new(text: &str) -> Self {
        let mut bytes = [0; INLINE_MAX];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Inline { length, bytes }
            }
            _ => Self::Heap(Box::from(text)),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Inline { length, bytes } => {
                let bytes = bytes.get(..usize::from(*length)).unwrap_or_default();
                // Copied from a text, whole.
                std::str::from_utf8(bytes).unwrap_or_default()
            }
            Self::Heap(text) => text,
        }
    }

    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::Inline { length, bytes } => {
                bytes.get(..usize::from(*length)) == Some(text.as_bytes())
            }
            Self::Heap(kept) => **kept == *text,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_length_come_back_as_they_were() {
        for length in 0..100 {
            let text: String = "äb".chars().cycle().take(length).collect();
            let key = Key::new(&text);
            assert_eq!(key.as_str(), text);
            assert!(key.is(&text) && !key.is("another"));
        }
        assert_eq!(size_of::<Key>(), 24);
    }
}
