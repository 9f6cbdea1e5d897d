//! The files of `src`, without comments and tests.

use std::fs;
use std::path::Path;

pub(super) struct Source {
    /// Its path below `src`, with `/` on every system.
    pub(super) file: String,
    /// The path of its module: empty for `lib.rs`.
    pub(super) module: Vec<String>,
    pub(super) text: String,
    /// The text without comments and the tests at its end.
    pub(super) code: String,
}

pub(super) struct Function {
    pub(super) name: String,
    pub(super) lines: usize,
    /// The comments and attributes above it.
    pub(super) above: String,
}

impl Source {
    pub(super) fn new(file: &str, text: &str) -> Self {
        let stem = file.trim_end_matches(".rs");
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let module = stem.split('/').filter(|name| *name != "lib");
        Self {
            file: file.to_owned(),
            module: module.map(str::to_owned).collect(),
            text: text.to_owned(),
            code: code(text),
        }
    }

    /// Returns the modules of its own that are only for tests, and files.
    fn test_modules(&self) -> Vec<Vec<String>> {
        let declared = self.text.split("#[cfg(test)]\nmod ").skip(1);
        declared
            .filter_map(|rest| rest.lines().next()?.strip_suffix(';'))
            .map(|name| [self.module.as_slice(), &[name.to_owned()]].concat())
            .collect()
    }

    /// Returns the functions outside of tests. rustfmt puts the brace that ends one under the start of it.
    pub(super) fn functions(&self) -> Vec<Function> {
        let lines: Vec<&str> = without_tests(&self.text).lines().collect();
        let mut functions = Vec::new();
        for (start, line) in lines.iter().enumerate() {
            let Some(name) = function_name(line) else {
                continue;
            };
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = lines[start..].iter().position(|line| {
                let line = line.strip_prefix(indent).unwrap_or_default();
                let ends_signature = line.ends_with(';') || line.ends_with('}');
                line.starts_with('}') || ends_signature && line.starts_with(['f', 'p', ')'])
            });
            let above: Vec<&str> = lines[..start]
                .iter()
                .rev()
                .map(|line| line.trim_start())
                .take_while(|line| line.starts_with("//") || line.starts_with('#'))
                .collect();
            functions.push(Function {
                name: name.to_owned(),
                lines: end.expect("a function ends") + 1,
                above: above.join("\n"),
            });
        }
        functions
    }
}

pub(super) fn read_sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read_folder(&root, "", &mut sources);
    let tests: Vec<Vec<String>> = sources.iter().flat_map(Source::test_modules).collect();
    sources.retain(|source| !tests.contains(&source.module));
    sources
}

fn read_folder(folder: &Path, prefix: &str, sources: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), sources);
        } else {
            sources.push(Source::new(
                &name,
                &fs::read_to_string(entry.path()).unwrap(),
            ));
        }
    }
}

fn code(text: &str) -> String {
    let lines = without_tests(text).lines();
    let code: Vec<&str> = lines
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    code.join("\n")
}

/// Tests stand in a module at the end of a file.
fn without_tests(text: &str) -> &str {
    text.match_indices("#[cfg(test)]\nmod ")
        .find(|(at, _)| {
            let line = text[*at..].lines().nth(1).unwrap_or_default();
            line.ends_with('{')
        })
        .map_or(text, |(at, _)| &text[..at])
}

fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let known = |word: &str| {
        word.starts_with("pub") || ["async", "const", "extern", "unsafe", "\"C\""].contains(&word)
    };
    let first = words.find(|word| !known(word))?;
    if first != "fn" {
        return None;
    }
    words.next()?.split(['(', '<']).next()
}
