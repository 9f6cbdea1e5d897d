//! The layers that `docs/architecture.md` shows, held against the imports of `src`; and how long its files are.
//!
//! The document is the truth: the block under its heading "Layers" is read here.

mod imports;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use imports::Imports;
use sources::{Source, read_sources};

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/architecture.md"));
const MAX_FILE: usize = 300;
const MAX_FUNCTION: usize = 50;

/// What a file or a function that is longer says why, in a comment of its own: `// Long file: …`.
const LONG_FILE: &str = "// Long file: ";
const LONG_FUNCTION: &str = "// Long function: ";

#[test]
fn every_file_has_its_layer_and_every_layer_its_files() {
    let layers = layers();
    let sources = read_sources();
    let mut faults: Vec<String> = sources
        .iter()
        .filter(|source| layer_name(&layers, &source.file).is_none())
        .map(|source| format!("{} is in no layer of docs/architecture.md", source.file))
        .collect();
    for name in layers.keys() {
        if !sources.iter().any(|source| is_in(&source.file, name)) {
            faults.push(format!(
                "docs/architecture.md has a layer for {name}, which is not there"
            ));
        }
    }
    assert_none(&faults);
}

#[test]
fn no_import_goes_up() {
    let layers = layers();
    let layer = |file: &str| layer_name(&layers, file).and_then(|name| layers.get(name));
    let faults: Vec<String> = imports()
        .into_iter()
        .filter(|(from, to)| layer(from).is_some() && layer(from) < layer(to))
        .map(|(from, to)| format!("{from} imports {to}, which is in a layer above"))
        .collect();
    assert_none(&faults);
}

#[test]
fn no_files_import_each_other() {
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in imports() {
        reached.entry(from).or_default().insert(to);
    }
    let direct = reached.clone();
    // What is reached by one step more, until there is nothing new.
    loop {
        let before = reached.clone();
        for targets in reached.values_mut() {
            let further: Vec<String> = targets
                .iter()
                .filter_map(|to| before.get(to))
                .flatten()
                .cloned()
                .collect();
            targets.extend(further);
        }
        if before == reached {
            break;
        }
    }
    let faults: Vec<String> = direct
        .iter()
        .flat_map(|(from, targets)| targets.iter().map(move |to| (from, to)))
        .filter(|(from, to)| reached.get(*to).is_some_and(|back| back.contains(*from)))
        .map(|(from, to)| format!("{from} imports {to}, from which an import leads back"))
        .collect();
    assert_none(&faults);
}

#[test]
fn files_and_functions_are_short_or_say_why_not() {
    let mut faults = Vec::new();
    for source in read_sources() {
        let reason = source.text.contains(LONG_FILE);
        let lines = source.text.lines().count();
        if (lines > MAX_FILE) != reason {
            faults.push(format!(
                "{} has {lines} lines, at most {MAX_FILE} or `{LONG_FILE}…`",
                source.file
            ));
        }
        for function in source.functions() {
            let reason = function.above.contains(LONG_FUNCTION);
            if (function.lines > MAX_FUNCTION) != reason {
                faults.push(format!(
                    "{}: {} has {} lines, at most {MAX_FUNCTION} or `{LONG_FUNCTION}…` above it",
                    source.file, function.name, function.lines
                ));
            }
        }
    }
    assert_none(&faults);
}

/// Without this, a reader that finds nothing would let everything pass.
#[test]
fn imports_are_found() {
    let files = [
        (
            "lib.rs",
            "mod a; mod b; pub use b::{Deep, shown as renamed};",
        ),
        (
            "a.rs",
            "use crate::b::{deep::Deep, *}; fn f() { crate::renamed() }",
        ),
        (
            "b/mod.rs",
            "mod deep; pub(crate) use deep::Deep; pub fn shown() {}",
        ),
        (
            "b/deep.rs",
            "pub(in crate::a) use super::shown; // use crate::a::f\n",
        ),
    ];
    let sources: Vec<Source> = files
        .iter()
        .map(|(file, text)| Source::new(file, text))
        .collect();
    let found: Vec<(String, String)> = Imports::of(&sources).files().into_iter().collect();
    let expected = [
        ("a.rs", "b/deep.rs"),
        ("a.rs", "b/mod.rs"),
        ("b/deep.rs", "b/mod.rs"),
    ];
    assert_eq!(
        found,
        expected.map(|(from, to)| (from.to_owned(), to.to_owned()))
    );
    assert!(imports().len() > 50, "{:?}", imports());
}

/// Returns which file imports which.
fn imports() -> BTreeSet<(String, String)> {
    Imports::of(&read_sources()).files()
}

/// Returns the number of the layer of each file, `name.rs`, and of each folder, `name/`.
fn layers() -> BTreeMap<&'static str, u32> {
    let block = DOCUMENT
        .split_once("\n## Layers\n")
        .and_then(|(_, rest)| rest.split("```").nth(1))
        .expect("docs/architecture.md has a block of code under its heading Layers");
    let mut layers = BTreeMap::new();
    let mut number = 0;
    for line in block.lines() {
        let mut words = line.split_whitespace().peekable();
        if let Some(stated) = words.peek().and_then(|word| word.parse().ok()) {
            number = stated;
            words.next();
        }
        let names = words.take_while(|word| word.ends_with(".rs") || word.ends_with('/'));
        layers.extend(names.map(|name| (name, number)));
    }
    layers
}

fn layer_name<'a>(layers: &BTreeMap<&'a str, u32>, file: &str) -> Option<&'a str> {
    layers.keys().copied().find(|name| is_in(file, name))
}

fn is_in(file: &str, layer: &str) -> bool {
    file == layer || (layer.ends_with('/') && file.starts_with(layer))
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
