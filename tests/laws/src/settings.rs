//! Settings that documents are rewritten with, chosen by a byte.

use std::sync::LazyLock;

use linkseal::{
    DomainConfig, DomainStatus, KeyId, LinkParameters, Message, PixelPlacement, SigningKey,
    TrackingLevel, Verifier,
};

use super::setup::domain;

/// Every domain of these settings excludes this host, and all subdomains of the other.
pub const EXCLUDED_HOST: &str = "excluded.test";
pub const EXCLUDED_PARENT: &str = "parent.test";

/// The secret of a key that every domain of these settings has retired.
pub const RETIRED_SECRET: [u8; 32] = [0x41; 32];
pub const RETIRED_KEY_ID: u32 = 7;

/// The words of a sender's own that the settings with a dialect add.
pub const OWN_MERGE_TAGS: [(&str, &str); 2] = [("[[", "]]"), ("«", "»")];
pub const OWN_OPT_OUTS: [(&str, Option<&str>); 3] = [
    ("data-count", Some("never")),
    ("data-plain", None),
    ("data-track", Some("never")),
];
pub const OWN_OPT_OUT_CLASS: &str = "plain";

/// What destinations get with the settings that have parameters, and on which hosts; a name comes last.
pub const PARAMETERS: [(&str, &str); 2] = [("utm_source", "news"), ("Utm campaign", "a & b+c")];
pub const NAME_PARAMETER: &str = "utm_content";
pub const PARAMETER_HOSTS: [&str; 3] = ["base.test", "y.test", EXCLUDED_HOST];

/// What a rewriting of any document depends on, besides the document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Whether the sender's own words count too.
    pub has_dialect: bool,
    /// Whether links get campaign parameters, tracked or not.
    pub has_parameters: bool,
    /// Whether tokens are of version 2.
    pub is_sealed: bool,
    pub keeps_markers: bool,
    pub line_limit: Option<usize>,
    /// The domain's own placeholder.
    pub own: Option<&'static str>,
    pub placement: PixelPlacement,
    /// The number of the recipient, who is part of every token.
    pub recipient: u32,
}

impl Settings {
    pub const DEFAULT: Self = Self {
        has_dialect: false,
        has_parameters: false,
        is_sealed: false,
        keeps_markers: false,
        line_limit: None,
        own: None,
        placement: PixelPlacement::End,
        recipient: 42,
    };

    /// Any byte chooses; the printable ones that text ends with choose everything but the short limits.
    pub fn of(byte: u8) -> Self {
        let placements = [
            PixelPlacement::End,
            PixelPlacement::Both,
            PixelPlacement::Start,
            PixelPlacement::Placeholder,
        ];
        let (has_dialect, line_limit) = match byte >> 5 {
            0 | 1 => (false, None),
            2 => (true, None),
            3 => (true, Some(300)),
            4 => (false, Some(150)),
            5 => (false, Some(40)),
            6 => (false, Some(0)),
            _ => (false, Some(998)),
        };
        Self {
            has_dialect,
            has_parameters: [0, 2, 6, 7].contains(&(byte >> 5)),
            is_sealed: [0, 3, 5].contains(&(byte >> 5)),
            keeps_markers: byte & 4 != 0,
            line_limit,
            own: [None, Some("%own%"), Some("<!--own-->"), Some("<own>")]
                [usize::from(byte >> 3 & 3)],
            placement: placements[usize::from(byte & 3)],
            ..Self::DEFAULT
        }
    }

    pub fn recipient(self) -> String {
        format!("rcpt-{}", self.recipient)
    }

    pub fn token_version(self) -> u8 {
        if self.is_sealed { 2 } else { 1 }
    }

    /// The settings for the message `msg-7f3a` to the recipient.
    pub fn domain(self) -> DomainConfig {
        let message = Message::new("msg-7f3a").unwrap();
        let mut domain = domain()
            .for_message(message.with_recipient(self.recipient()).unwrap())
            .with_excluded_host(EXCLUDED_HOST)
            .and_then(|domain| domain.with_excluded_host(&format!("*.{EXCLUDED_PARENT}")))
            .and_then(|domain| domain.with_retired_key(retired_key()))
            .unwrap();
        if self.has_dialect {
            domain = with_dialect(domain);
        }
        if self.has_parameters {
            domain = domain.with_link_parameters(parameters());
        }
        domain = domain.with_sealed_tokens(self.is_sealed);
        if let Some(limit) = self.line_limit {
            domain = domain.with_line_limit(limit);
        }
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

/// Verifies what the domain of any settings signed, with a key that it has or had.
pub fn own_verifier() -> &'static Verifier {
    static VERIFIER: LazyLock<Verifier> =
        LazyLock::new(|| Verifier::new([&Settings::DEFAULT.domain()]).unwrap());
    &VERIFIER
}

fn retired_key() -> SigningKey {
    SigningKey::new(KeyId(RETIRED_KEY_ID), &RETIRED_SECRET).unwrap()
}

fn parameters() -> LinkParameters {
    let below = format!("*.{EXCLUDED_PARENT}");
    let hosts = PARAMETER_HOSTS.into_iter().chain([below.as_str()]);
    let mut parameters = LinkParameters::new(hosts).unwrap();
    for (name, value) in PARAMETERS {
        parameters = parameters.with_parameter(name, value).unwrap();
    }
    let parameters = parameters.with_name_parameter(NAME_PARAMETER).unwrap();
    parameters.with_untracked_links(true)
}

fn with_dialect(mut domain: DomainConfig) -> DomainConfig {
    for (open, close) in OWN_MERGE_TAGS {
        domain = domain.with_merge_tag(open, close).unwrap();
    }
    for (name, value) in OWN_OPT_OUTS {
        domain = domain.with_opt_out_attribute(name, value).unwrap();
    }
    domain.with_opt_out_class(OWN_OPT_OUT_CLASS).unwrap()
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
        named.clone().with_click_tracking(TrackingLevel::Off),
        named.clone().with_open_tracking(TrackingLevel::Off),
        named
            .clone()
            .with_click_tracking(TrackingLevel::Off)
            .with_open_tracking(TrackingLevel::Off),
        named.clone().with_click_tracking(TrackingLevel::Anonymous),
        named.clone().with_open_tracking(TrackingLevel::Anonymous),
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
        domain().with_click_tracking(TrackingLevel::Off),
        domain().with_open_tracking(TrackingLevel::Off),
        domain()
            .with_click_tracking(TrackingLevel::Anonymous)
            .with_open_tracking(TrackingLevel::Anonymous),
        domain().with_status(DomainStatus::Pending),
        domain().with_retired_key(retired_key()).unwrap(),
        with_dialect(domain()),
        domain().with_line_limit(150),
        domain()
            .with_line_limit(300)
            .with_pixel_placement(PixelPlacement::Both),
        domain().with_sealed_tokens(true),
        domain().with_link_parameters(parameters()),
        domain()
            .with_link_parameters(parameters())
            .with_excluded_host(EXCLUDED_HOST)
            .unwrap()
            .with_line_limit(300),
        domain()
            .with_link_parameters(parameters())
            .with_click_tracking(TrackingLevel::Off)
            .with_sealed_tokens(true),
        domain()
            .with_sealed_tokens(true)
            .with_click_tracking(TrackingLevel::Anonymous)
            .with_line_limit(300)
            .with_pixel_placement(PixelPlacement::Both),
    ]
}
