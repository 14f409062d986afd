//! Why a manifest or a segment was refused.

/// Why bytes were refused. Each kind is another's fault, so each has another remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The network's fault: bytes are missing.
    #[error("{got} bytes arrived, {needed} are needed")]
    Truncated {
        /// How many there are.
        got: u64,
        /// How many there must be.
        needed: u64,
    },
    /// The file's fault: a rule of FORMAT.md is broken.
    #[error("FORMAT.md {section}: {rule}")]
    Malformed {
        /// The section that holds the rule.
        section: &'static str,
        /// The rule, and what was found where that helps.
        rule: String,
    },
    /// The transport's fault, or an attack: these are not the bytes that the manifest promised.
    #[error("SHA-256 is {found}, the manifest says {promised}")]
    WrongHash {
        /// Of the bytes that came.
        found: String,
        /// From the manifest.
        promised: String,
    },
    /// Nobody's fault: the pack was made by a newer packer.
    #[error("this pack needs a newer player: {0}")]
    Unsupported(String),
}

impl PackError {
    /// A broken rule of FORMAT.md.
    pub(crate) fn malformed(section: &'static str, rule: impl Into<String>) -> Self {
        Self::Malformed {
            section,
            rule: rule.into(),
        }
    }

    /// Whether fetching the same bytes again may help.
    pub fn may_heal(&self) -> bool {
        match self {
            Self::Truncated { .. } | Self::WrongHash { .. } => true,
            Self::Malformed { .. } | Self::Unsupported(_) => false,
        }
    }
}
