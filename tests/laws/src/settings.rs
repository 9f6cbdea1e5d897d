//! Settings that documents are rewritten with, chosen by a byte.

use linkseal::{DomainConfig, DomainStatus, Message, PixelPlacement};

use super::setup::domain;

/// Every domain of these settings excludes this host, and all subdomains of the other.
pub const EXCLUDED_HOST: &str = "excluded.test";
pub const EXCLUDED_PARENT: &str = "parent.test";

/// What a rewriting of any document depends on, besides the document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    pub keeps_markers: bool,
    /// The domain's own placeholder.
    pub own: Option<&'static str>,
    pub placement: PixelPlacement,
}

impl Settings {
    pub const DEFAULT: Self = Self {
        keeps_markers: false,
        own: None,
        placement: PixelPlacement::End,
    };

    /// Any byte chooses; the printable ones that text ends with choose all of them.
    pub fn of(byte: u8) -> Self {
        let placements = [
            PixelPlacement::End,
            PixelPlacement::Both,
            PixelPlacement::Start,
            PixelPlacement::Placeholder,
        ];
        Self {
            keeps_markers: byte & 4 != 0,
            own: [None, Some("%own%"), Some("<!--own-->"), Some("<own>")]
                [usize::from(byte >> 3 & 3)],
            placement: placements[usize::from(byte & 3)],
        }
    }

    pub fn domain(self) -> DomainConfig {
        let mut domain = domain()
            .with_excluded_host(EXCLUDED_HOST)
            .and_then(|domain| domain.with_excluded_host(&format!("*.{EXCLUDED_PARENT}")))
            .unwrap();
        if let Some(own) = self.own {
            domain = domain.with_pixel_placeholder(own).unwrap();
        }
        // A placeholder of one's own implies its placement.
        domain = domain.with_pixel_placement(self.placement);
        match self.keeps_markers {
            true => domain.with_markers_kept(),
            false => domain,
        }
    }

    pub fn keeping_markers(self) -> Self {
        Self {
            keeps_markers: true,
            ..self
        }
    }
}

/// Messages that differ in every switch, and in ids from none to the longest.
pub fn messages() -> Vec<Message> {
    let named = Message::new("msg-7f3a")
        .unwrap()
        .with_recipient("rcpt-42")
        .unwrap();
    let long = "é".repeat(512);
    vec![
        Message::default(),
        named.clone(),
        named.clone().with_sent_at(1_790_000_000).unwrap(),
        named.clone().without_click_tracking(),
        named.clone().without_open_tracking(),
        named
            .clone()
            .without_click_tracking()
            .without_open_tracking(),
        Message::new(long.clone())
            .unwrap()
            .with_recipient(long)
            .unwrap(),
        named
            .clone()
            .with_list_unsubscribe("https://x.test/unsubscribe"),
        named.with_list_unsubscribe("https://shop.northwind.example/unsubscribe?u=42&list=news"),
    ]
}

/// Domains that differ in every setting that a rendering depends on.
pub fn domains() -> Vec<DomainConfig> {
    vec![
        domain(),
        domain().with_markers_kept(),
        domain().with_pixel_placement(PixelPlacement::Both),
        domain().with_pixel_placement(PixelPlacement::Placeholder),
        domain().without_click_tracking(),
        domain().without_open_tracking(),
        domain().with_status(DomainStatus::Pending),
    ]
}
