//! The known gaps, each of which must still be one.

use linkseal_laws::gaps::Gap;
use linkseal_laws::settings::Settings;
use linkseal_laws::{Verdict, oracle};
use serde_json::Value;

#[test]
fn every_known_gap_breaks_its_law_still() {
    let listed: Vec<Value> = serde_json::from_str(include_str!("../../src/gaps.json")).unwrap();
    for gap in &listed {
        let text = |field: &str| gap[field].as_str().unwrap();
        let (law, html) = (text("law"), text("html"));
        assert!(
            broken(law, html).is_err(),
            "{html:?} holds the law of {law} after all: take it off the list"
        );
        let kinds = Gap::ALL.iter().filter(|kind| kind.holds(html));
        let kinds: Vec<_> = kinds.map(|kind| kind.as_str()).collect();
        assert_eq!(kinds, [text("gap")], "{html:?}");
    }
    for kind in Gap::ALL {
        assert!(
            listed.iter().any(|gap| gap["gap"] == kind.as_str()),
            "no gap is listed for {kind:?}"
        );
    }
}

fn broken(law: &str, html: &str) -> Verdict {
    match law {
        "links" => oracle::links_of(html, Settings::DEFAULT),
        "nothing new" => oracle::nothing_new(html, Settings::DEFAULT),
        "one pixel" => oracle::one_pixel(html, Settings::DEFAULT),
        other => panic!("no law is called {other}"),
    }
}
