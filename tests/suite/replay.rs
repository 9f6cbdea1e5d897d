//! Every input that was kept of a fuzz target, tried again: without a fuzzer, on stable.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::laws::targets::TARGETS;

/// What the repository keeps, and what a fuzzer left in a checkout.
const FOLDERS: [&str; 3] = ["tests/replay", "fuzz/corpus", "fuzz/artifacts"];

#[test]
fn every_kept_input_holds_the_laws() {
    let mut inputs = 0;
    for (name, target) in TARGETS {
        let mut kept = 0;
        for folder in FOLDERS {
            for file in files(
                &Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join(folder)
                    .join(name),
            ) {
                let input = fs::read(&file).unwrap();
                if let Err(why) = target(&input) {
                    panic!("{}: {why}", file.display());
                }
                kept += usize::from(folder == FOLDERS[0]);
                inputs += 1;
            }
        }
        assert!(kept > 0, "nothing is kept of {name}");
    }
    writeln!(io::stderr(), "replay: {inputs} inputs").unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
