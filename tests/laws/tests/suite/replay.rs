//! Every input that was kept of a fuzz target, tried again: without a fuzzer, on stable.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use linkseal_laws::targets::TARGETS;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Findings, each in a file, and beside them `<target>.txt`: inputs that reach something of their own.
const KEPT: &str = "tests/replay";
/// What a fuzzer has found in this checkout.
const FOUND: &str = "fuzz/artifacts";
/// Names a folder with more inputs, by target, such as `fuzz/corpus`: there may be a hundred thousand.
const CORPUS_VARIABLE: &str = "LINKSEAL_FUZZ_CORPUS";

#[test]
fn every_kept_input_holds_the_laws() {
    let root = Path::new(REPOSITORY);
    let mut tried = 0;
    for (name, target) in TARGETS {
        let findings = files(&root.join(KEPT).join(name));
        assert!(!findings.is_empty(), "no finding of {name} is kept");
        let corpus = std::env::var_os(CORPUS_VARIABLE).map(PathBuf::from);
        let more = [Some(root.join(FOUND)), corpus].into_iter().flatten();
        let more = more.flat_map(|folder| files(&folder.join(name)));
        let mut inputs: Vec<(String, Vec<u8>)> = findings
            .into_iter()
            .chain(more)
            .map(|file| (file.display().to_string(), fs::read(&file).unwrap()))
            .collect();
        let lines = fs::read_to_string(root.join(KEPT).join(format!("{name}.txt"))).unwrap();
        inputs.extend(
            (1..)
                .zip(lines.lines())
                .map(|(number, line)| (format!("{name}.txt:{number}"), unescaped(line))),
        );
        for (place, input) in &inputs {
            if let Err(why) = target(input) {
                panic!("{place}: {why}");
            }
        }
        tried += inputs.len();
    }
    writeln!(io::stderr(), "replay: {tried} inputs").unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Reads what `u8::escape_ascii` writes.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte == b'\\').then(|| rest.next().unwrap()) {
            None => byte,
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b'x') => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            Some(sign) => sign,
        });
    }
    bytes
}

#[test]
fn kept_lines_are_read_as_they_were_written() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(unescaped(&all.escape_ascii().to_string()), all);
}
