//! The threat model in `SECURITY.md` names tests; they exist.

use std::fs;
use std::path::Path;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");
/// Where modules live: this binary, unit tests.
const ROOTS: [&str; 2] = ["tests/suite", "src"];

/// Whether there is a test of that name: `clicks::x`, `event_log::bursts::tests::x`.
fn exists(test: &str) -> bool {
    let Some((module, function)) = test.rsplit_once("::") else {
        return false;
    };
    let inner = module.replace("::", "/");
    let outer = module
        .strip_suffix("::tests")
        .unwrap_or(module)
        .replace("::", "/");
    ROOTS
        .iter()
        .flat_map(|root| {
            [&inner, &outer]
                .map(|module| [".rs", "/mod.rs"].map(|end| format!("{root}/{module}{end}")))
        })
        .flatten()
        .filter_map(|file| fs::read_to_string(Path::new(PACKAGE).join(file)).ok())
        .any(|source| has_test(&source, function))
}

/// Whether the source has such a function under an attribute that makes it a test.
fn has_test(source: &str, function: &str) -> bool {
    let start = format!("fn {function}(");
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.contains(&start) {
            return is_test;
        }
        is_test = line.starts_with("#[") && (is_test || line.contains("test"));
    }
    false
}

#[test]
fn every_row_names_tests_that_exist() {
    let text = fs::read_to_string(Path::new(PACKAGE).join("SECURITY.md")).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| attacker |"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 5, "{row}");
        let named = cells[4].split('`').skip(1).step_by(2);
        let tests: Vec<&str> = named.filter(|name| name.contains("::")).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(exists(test), "no test {test}: {row}");
        }
        count += 1;
    }
    assert!(count >= 18, "{count}");
}

#[test]
fn a_name_that_no_test_has_is_found_out() {
    assert!(exists("threat_model::a_name_that_no_test_has_is_found_out"));
    assert!(exists(
        "event_log::bursts::tests::many_links_within_a_second_are_a_burst"
    ));
    for test in [
        "threat_model::no_such_test",
        "threat_model::exists",
        "threat_model::a_name_that_no_test_has_is_found",
        "clicks::a_name_that_no_test_has_is_found_out",
        "no::such::module",
        "bare",
    ] {
        assert!(!exists(test), "{test}");
    }
}
