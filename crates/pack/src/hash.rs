//! SHA-256, as the manifest writes it: 64 lower-case hexadecimal digits.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::Digest;

use crate::PackError;

/// The SHA-256 of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(with = "String", extend("pattern" = "^[0-9a-f]{64}$"))
)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Whether `bytes` are the promised ones.
    ///
    /// # Errors
    /// [`PackError::WrongHash`] if they are not.
    pub fn check(&self, bytes: &[u8]) -> Result<(), PackError> {
        let found = Self::of(bytes);
        if found == *self {
            return Ok(());
        }
        Err(PackError::WrongHash {
            found: found.to_string(),
            promised: self.to_string(),
        })
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Sha256 {
    type Error = PackError;

    fn try_from(text: String) -> Result<Self, PackError> {
        let digits = text.as_bytes();
        let wrong = || PackError::malformed("2.5", "a SHA-256 is 64 lower-case hexadecimal digits");
        if digits.len() != 64 {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0]).ok_or_else(wrong)? << 4 | nibble(pair[1]).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

/// The value of one lower-case hexadecimal digit.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_vector_and_back() {
        let hash = Sha256::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(Sha256::try_from(text.to_owned()), Ok(hash));
        assert!(hash.check(b"abc").is_ok());
        assert!(hash.check(b"abd").is_err_and(|error| error.may_heal()));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "ba", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert!(Sha256::try_from(text.to_owned()).is_err(), "took {text}");
        }
    }
}
