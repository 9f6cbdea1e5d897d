//! What the demonstration sends: a welcome, and a letter with two calls to action, each for half the readers.

const NEWSLETTER: &str = include_str!("../../../examples/newsletter.html");

pub(super) const CTA_SAVE: &str = "cta-save-15";
const CTA_SHOP: &str = "cta-shop-harvest";
const HOUR_MS: i64 = 60 * 60 * 1000;

pub(super) struct Sending {
    pub(super) message: &'static str,
    pub(super) html: String,
    /// How long ago, in milliseconds.
    pub(super) ago: i64,
    /// Every second recipient from this one, or every one.
    pub(super) half: Option<u64>,
}

/// In the order of time.
pub(super) fn sendings() -> [Sending; 3] {
    let named = |name: &str| NEWSLETTER.replace("hero-button", name);
    [
        Sending {
            message: "welcome-nov",
            html: NEWSLETTER
                .replace(
                    "Worth every week of the wait",
                    "Welcome to the Northwind Letter",
                )
                .replace("The new harvest is here", "Good to have you"),
            ago: 71 * HOUR_MS,
            half: None,
        },
        Sending {
            message: "newsletter-48",
            html: named(CTA_SHOP),
            ago: 33 * HOUR_MS,
            half: Some(0),
        },
        Sending {
            message: "newsletter-48",
            html: named(CTA_SAVE).replace("Shop the new harvest", "Save 15% until Sunday"),
            ago: 33 * HOUR_MS,
            half: Some(1),
        },
    ]
}
