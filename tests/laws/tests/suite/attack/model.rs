//! The threat model in `SECURITY.md` names tests; they exist.

use std::fs;
use std::path::Path;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Where modules live, in the order of search: unit tests, this binary, the library's binaries.
const ROOTS: [&str; 4] = ["src", "tests/laws/tests/suite", "tests/suite", "tests"];

/// Whether there is a test of that name: `laws::x`, `attack::tags::x`, `link::decide::tests::x`.
fn exists(test: &str) -> bool {
    let Some((module, function)) = test.rsplit_once("::") else {
        return false;
    };
    let module = module.strip_suffix("::tests").unwrap_or(module);
    let module = module.replace("::", "/");
    ROOTS.iter().any(|root| {
        let root = Path::new(REPOSITORY).join(root);
        ["{}.rs", "{}/mod.rs", "{}/tests.rs"]
            .map(|file| file.replace("{}", &module))
            .iter()
            .filter_map(|file| fs::read_to_string(root.join(file)).ok())
            .any(|source| has_test(&source, function))
    })
}

/// Whether the source has such a function right under `#[test]`.
fn has_test(source: &str, function: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let start = format!("fn {function}(");
    lines
        .windows(2)
        .any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&start))
}

/// The rows of the threat model: what they say, and the tests that their last column names.
fn rows() -> Vec<(String, Vec<String>)> {
    let path = Path::new(REPOSITORY).join("SECURITY.md");
    let text = fs::read_to_string(path).unwrap();
    let model = text.split("## Threat model").nth(1).unwrap();
    let model = model.split("\n## ").next().unwrap();
    let rows = model.lines().filter(|line| line.starts_with("| "));
    rows.skip(1)
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
            assert_eq!(cells.len(), 5, "{row}");
            let quoted = cells[4].split('`').skip(1).step_by(2);
            let tests = quoted.filter(|name| name.contains("::"));
            (row.to_owned(), tests.map(str::to_owned).collect())
        })
        .collect()
}

#[test]
fn every_row_of_the_threat_model_names_tests_that_exist() {
    let rows = rows();
    assert!(rows.len() >= 29, "{}", rows.len());
    for (row, tests) in &rows {
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(exists(test), "no test {test}: {row}");
        }
    }
}

#[test]
fn a_name_that_no_test_has_is_found_out() {
    assert!(exists(
        "attack::model::a_name_that_no_test_has_is_found_out"
    ));
    for test in [
        "attack::model::no_such_test",
        "attack::model::exists",
        "attack::model::a_name_that_no_test_has_is_found",
        "attack::tags::a_name_that_no_test_has_is_found_out",
        "no::such::module",
        "bare",
    ] {
        assert!(!exists(test), "{test}");
    }
}
