//! Why a chunk was refused, and what to do next.

use std::fmt;

/// Why a chunk was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The network's fault: bytes are missing.
    #[error("chunk has {got} bytes, needs {needed}")]
    Truncated {
        /// How many there are.
        got: u64,
        /// How many there must be at least.
        needed: u64,
    },
    /// The file's fault: a rule of FORMAT.md is broken.
    #[error("malformed chunk, FORMAT.md {section}: {rule}")]
    Malformed {
        /// The section that holds the rule.
        section: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// Nobody's fault: made by a newer packer.
    #[error("unknown codec \"{}\"", Name(.0))]
    UnknownCodec([u8; 4]),
    /// The budget's: honest or hostile, it is too big for us.
    #[error("chunk holds {needed} elements, limit is {limit}")]
    OverLimit {
        /// Points, vertices or triangles that the chunk declares.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
}

/// What the caller does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Fetch the same bytes once more.
    FetchAgain,
    /// Give up this stretch and go on at the next key.
    SkipToNextKey,
    /// Give up the stream.
    Stop,
}

impl DecodeError {
    /// What the caller does next. Exhaustive on purpose: a new variant must choose.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Truncated { .. } => Recovery::FetchAgain,
            Self::Malformed { .. } => Recovery::SkipToNextKey,
            Self::UnknownCodec(_) | Self::OverLimit { .. } => Recovery::Stop,
        }
    }

    /// A broken rule of FORMAT.md.
    pub(crate) fn malformed(section: &'static str, rule: &'static str) -> Self {
        Self::Malformed { section, rule }
    }
}

/// Shows a codec's name, whatever bytes it is made of.
struct Name<'a>(&'a [u8; 4]);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(f, "{}", byte.escape_ascii()))
    }
}
