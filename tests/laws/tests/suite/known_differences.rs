//! The known differences, each of which must still be one.

use linkseal_laws::known_differences::Difference;
use linkseal_laws::settings::Settings;
use linkseal_laws::{Verdict, oracle};
use serde_json::Value;

#[test]
fn every_known_difference_breaks_its_law_still() {
    let listed: Vec<Value> =
        serde_json::from_str(include_str!("../../src/known_differences.json")).unwrap();
    for row in &listed {
        let text = |field: &str| row[field].as_str().unwrap();
        let (law, html) = (text("law"), text("html"));
        assert!(
            broken(law, html).is_err(),
            "{html:?} holds the law of {law} after all: take it off the list"
        );
        let kinds = Difference::ALL.iter().filter(|kind| kind.holds(html));
        let kinds: Vec<_> = kinds.map(|kind| kind.as_str()).collect();
        assert_eq!(kinds, [text("kind")], "{html:?}");
    }
    for kind in Difference::ALL {
        assert!(
            listed.iter().any(|row| row["kind"] == kind.as_str()),
            "no difference is listed of {kind:?}"
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
