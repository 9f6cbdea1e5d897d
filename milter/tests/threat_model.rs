//! The threat model in `SECURITY.md` names tests; they exist.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

use std::fs;
use std::path::Path;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Whether there is a test of that name: `trust::x`, `settings::x`, `client::tests::x`, or `x` of `tests/protocol/main.rs`.
fn exists(test: &str) -> bool {
    let (module, function) = test.rsplit_once("::").unwrap_or(("main", test));
    let file = match module.strip_suffix("::tests") {
        Some(module) => format!("src/{}.rs", module.replace("::", "/")),
        None if module == "settings" => "tests/settings.rs".to_owned(),
        None => format!("tests/protocol/{module}.rs"),
    };
    let source = fs::read_to_string(Path::new(PACKAGE).join(file));
    source.is_ok_and(|source| {
        source.contains(&format!("#[test]\nfn {function}("))
            || source.contains(&format!("#[test]\n    fn {function}("))
    })
}

#[test]
fn every_row_names_tests_that_exist() {
    let text = fs::read_to_string(Path::new(PACKAGE).join("SECURITY.md")).unwrap();
    let rows: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| attacker |"))
        .collect();
    assert!(rows.len() >= 18, "{}", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 5, "{row}");
        let tests: Vec<&str> = cells[4].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(exists(test), "no test {test}: {row}");
        }
    }
}

#[test]
fn a_name_that_no_test_has_is_found_out() {
    assert!(exists("html_of_an_authenticated_client_is_rewritten"));
    assert!(exists("from_field::tests::second_field_is_unclear"));
    for test in [
        "trust::no_such_test",
        "no_module::keys",
        "settings::write_key",
        "keys",
    ] {
        assert!(!exists(test), "{test}");
    }
}
