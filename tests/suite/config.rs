//! Settings: each can be read back.

use linkseal::{DomainStatus, KeyId, PixelPlacement, TrackingLevel};

use crate::setup::{domain, key};

#[test]
fn every_setting_can_be_read_back() {
    let plain = domain();
    assert_eq!(plain.sending_domain(), "example.com");
    assert_eq!(plain.tracking_host().host(), "link.example.com");
    assert_eq!(plain.status(), DomainStatus::Validated);
    assert_eq!(plain.click_tracking(), TrackingLevel::Identified);
    assert_eq!(plain.open_tracking(), TrackingLevel::Identified);
    assert_eq!(plain.pixel_placement(), PixelPlacement::End);
    assert_eq!(
        (plain.pixel_placeholder(), plain.line_limit()),
        (None, None)
    );
    assert!(!plain.keeps_markers());
    assert_eq!(
        plain.excluded_hosts().count() + plain.merge_tags().count(),
        0
    );
    assert_eq!(
        plain.opt_out_attributes().count() + plain.opt_out_classes().count(),
        0
    );
    assert_eq!(
        (plain.signing_key_id(), plain.retired_key_ids().count()),
        (KeyId(1), 0)
    );
    assert_eq!(plain.message().id(), Some("msg-7f3a"));

    let set = domain()
        .with_status(DomainStatus::Pending)
        .with_click_tracking(TrackingLevel::Anonymous)
        .with_open_tracking(TrackingLevel::Off)
        .with_line_limit(998)
        .with_markers_kept()
        .with_pixel_placeholder("%px%")
        .and_then(|domain| domain.with_excluded_host("*.Docs.example"))
        .and_then(|domain| domain.with_excluded_host("192.0.2.1"))
        .and_then(|domain| domain.with_merge_tag("[[", "]]"))
        .and_then(|domain| domain.with_opt_out_attribute("data-a", None))
        .and_then(|domain| domain.with_opt_out_attribute("data-b", "no"))
        .and_then(|domain| domain.with_opt_out_attribute("data-b", "never"))
        .and_then(|domain| domain.with_opt_out_class("plain"))
        .and_then(|domain| domain.with_retired_key(key(7)))
        .unwrap();
    assert_eq!(set.status(), DomainStatus::Pending);
    assert_eq!(set.click_tracking(), TrackingLevel::Anonymous);
    assert_eq!(set.open_tracking(), TrackingLevel::Off);
    assert_eq!(set.line_limit(), Some(998));
    assert!(set.keeps_markers());
    assert_eq!(set.pixel_placement(), PixelPlacement::Placeholder);
    assert_eq!(set.pixel_placeholder(), Some("%px%"));
    assert!(set.excluded_hosts().eq(["*.docs.example", "192.0.2.1"]));
    assert!(set.merge_tags().eq([("[[", "]]")]));
    let attributes = [
        ("data-a", None),
        ("data-b", Some("no")),
        ("data-b", Some("never")),
    ];
    assert!(set.opt_out_attributes().eq(attributes));
    assert!(set.opt_out_classes().eq(["plain"]));
    assert!(set.retired_key_ids().eq([KeyId(7)]));
}
