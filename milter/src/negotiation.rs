//! What is agreed with the mail server when it connects.

use miltr_common::optneg::{Capability, MacroStage, OptNeg, Protocol};

const VERSION: u32 = 6;
/// `SMFIF_SETSYMLIST`, which miltr-common does not name: the milter says which macros it wants.
const SET_MACROS: Capability = Capability::from_bits_retain(0x100);
const NEEDED: Capability = Capability::SMFIF_CHGBODY.union(Capability::SMFIF_CHGHDRS);
/// Answers are never left out: miltr-server sends them all.
const WANTED: Protocol = Protocol::NO_HELO
    .union(Protocol::NO_UNKNOWN)
    .union(Protocol::NO_DATA)
    .union(Protocol::SMFIP_SKIP)
    .union(Protocol::SMFIP_HDR_LEADSPC);

/// What the mail server does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Agreed {
    /// A header field's value starts right behind the colon.
    pub(crate) leading_space: bool,
    /// It can be told to send no more of a body.
    pub(crate) skip: bool,
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum NegotiationError {
    #[error(
        "the mail server lets a milter change neither or only one of body and header, expected both"
    )]
    Capabilities,
    #[error("the mail server speaks version {0} of the milter protocol, expected 2 or later")]
    Version(u32),
}

pub(crate) fn negotiate(theirs: &OptNeg) -> Result<(OptNeg, Agreed), NegotiationError> {
    if theirs.version < 2 {
        return Err(NegotiationError::Version(theirs.version));
    }
    // Without the one no link is tracked, without the other a recipient id goes out.
    if !theirs.capabilities.contains(NEEDED) {
        return Err(NegotiationError::Capabilities);
    }
    let mut ours = OptNeg {
        version: theirs.version.min(VERSION),
        capabilities: NEEDED.union(SET_MACROS).intersection(theirs.capabilities),
        protocol: WANTED.intersection(theirs.protocol),
        ..OptNeg::default()
    };
    if ours.capabilities.contains(SET_MACROS) {
        let macros = &mut ours.macro_stages;
        macros.with_stage(MacroStage::MailFrom, &["i", "{auth_authen}"]);
        macros.with_stage(MacroStage::EndOfBody, &["i"]);
    }
    let agreed = Agreed {
        leading_space: ours.protocol.contains(Protocol::SMFIP_HDR_LEADSPC),
        skip: ours.protocol.contains(Protocol::SMFIP_SKIP),
    };
    Ok((ours, agreed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(version: u32, capabilities: u32, protocol: u32) -> OptNeg {
        OptNeg {
            version,
            capabilities: Capability::from_bits_retain(capabilities),
            protocol: Protocol::from_bits_retain(protocol),
            ..OptNeg::default()
        }
    }

    #[test]
    fn only_what_is_offered_is_agreed() {
        let (ours, agreed) = negotiate(&offer(6, 0x1ff, 0x1f_ffff)).unwrap();
        assert_eq!((ours.version, ours.capabilities.bits()), (6, 0x112));
        assert_eq!(ours.protocol.bits(), 0x10_0702);
        assert!(agreed.leading_space && agreed.skip);
        let (ours, agreed) = negotiate(&offer(2, 0x3f, 0x7f)).unwrap();
        assert_eq!((ours.version, ours.capabilities.bits()), (2, 0x12));
        assert_eq!(ours.protocol.bits(), 0x2);
        assert!(!agreed.leading_space && !agreed.skip);
    }

    #[test]
    fn mail_server_that_allows_too_little_is_refused() {
        assert_eq!(
            negotiate(&offer(6, 0x2, 0)).unwrap_err().to_string(),
            "the mail server lets a milter change neither or only one of body and header, expected both"
        );
        assert_eq!(
            negotiate(&offer(1, 0x3f, 0)).unwrap_err().to_string(),
            "the mail server speaks version 1 of the milter protocol, expected 2 or later"
        );
    }
}
