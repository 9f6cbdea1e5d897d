//! Versions of tokens.

/// How the payload of a token is kept from being changed, or read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenVersion {
    /// Version 1: anybody can read it.
    Signed,
    /// Version 2: only who has the key can read it.
    #[cfg(feature = "sealed")]
    Sealed,
}

impl TokenVersion {
    /// Returns the first byte of a token (`docs/token-format.md`): the version, and the kind below 16.
    pub(super) fn header(self, kind: u8) -> u8 {
        let version = match self {
            Self::Signed => 1,
            #[cfg(feature = "sealed")]
            Self::Sealed => 2,
        };
        version << 4 | kind
    }

    /// Returns the version that a token's first byte states, if it is known.
    pub(super) fn of(header: u8) -> Option<Self> {
        match header >> 4 {
            1 => Some(Self::Signed),
            #[cfg(feature = "sealed")]
            2 => Some(Self::Sealed),
            _ => None,
        }
    }
}
