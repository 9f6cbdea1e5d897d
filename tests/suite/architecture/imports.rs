//! Which file takes something from which: by `use`, or by a path that starts with `crate` or `super`.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::Source;

type Path = Vec<String>;

pub(super) struct Imports<'a> {
    sources: &'a [Source],
    /// What a module hands on by `pub use`, and from where: that is where its users have it from.
    reexports: BTreeMap<Path, Path>,
    taken: Vec<(&'a Source, Path)>,
}

impl<'a> Imports<'a> {
    pub(super) fn of(sources: &'a [Source]) -> Self {
        let mut imports = Self {
            sources,
            reexports: BTreeMap::new(),
            taken: Vec::new(),
        };
        for source in sources {
            imports.read(source);
        }
        imports
    }

    /// Returns the pairs of files of which the first imports the second.
    pub(super) fn files(&self) -> BTreeSet<(String, String)> {
        self.taken
            .iter()
            .map(|(source, path)| (source.file.clone(), self.file(path)))
            .filter(|(from, to)| from != to)
            .collect()
    }

    fn read(&mut self, source: &'a Source) {
        let words = words(&source.code);
        let mut at = 0;
        let mut is_public = false;
        while let Some(word) = words.get(at) {
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            let is_path = matches!(*word, "crate" | "super" | "self")
                && words.get(at + 1) == Some(&"::")
                && !matches!(before, Some(&"::" | &"in"));
            match *word {
                "pub" => is_public = true,
                "use" => {
                    at += 1;
                    self.read_paths(source, &words, &mut at, true, is_public);
                    continue;
                }
                _ if is_path => {
                    self.read_paths(source, &words, &mut at, false, false);
                    continue;
                }
                ";" | "{" | "}" | "fn" | "struct" | "enum" | "mod" => is_public = false,
                _ => {}
            }
            at += 1;
        }
    }

    fn read_paths(
        &mut self,
        source: &'a Source,
        words: &[&str],
        at: &mut usize,
        is_use: bool,
        is_public: bool,
    ) {
        let mut paths = Vec::new();
        read_tree(words, at, &[], is_use, &mut paths);
        for (path, name) in paths {
            let Some(target) = self.absolute(source, &path) else {
                continue;
            };
            // A module that hands on what is in its own folder does not need it itself.
            if !is_public || !target.starts_with(&source.module) {
                self.taken.push((source, target.clone()));
            }
            if is_public {
                let name = [source.module.as_slice(), &[name]].concat();
                self.reexports.insert(name, target);
            }
        }
    }

    /// Returns a path from the root of the crate on, or `None` for one of another crate.
    fn absolute(&self, source: &Source, path: &[String]) -> Option<Path> {
        let mut base = source.module.clone();
        let (first, mut rest) = path.split_first()?;
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                base.pop();
                while let Some((_, further)) = rest.split_first().filter(|(it, _)| *it == "super") {
                    base.pop();
                    rest = further;
                }
            }
            _ => {
                let child = [base.as_slice(), std::slice::from_ref(first)].concat();
                return self
                    .source(&child)
                    .map(|_| [base.as_slice(), path].concat());
            }
        }
        Some([base.as_slice(), rest].concat())
    }

    /// Returns the file that has what a path names.
    fn file(&self, path: &[String]) -> String {
        for end in (0..=path.len()).rev() {
            let (module, rest) = path.split_at(end);
            if let Some(source) = self.source(module) {
                return source.file.clone();
            }
            if let Some(target) = self.reexports.get(module) {
                return self.file(&[target.as_slice(), rest].concat());
            }
        }
        unreachable!("lib.rs has the empty path")
    }

    fn source(&self, module: &[String]) -> Option<&Source> {
        self.sources.iter().find(|source| source.module == module)
    }
}

/// Reads `a::{b, c::d as e}` into paths, each with the name that it gets.
fn read_tree(
    words: &[&str],
    at: &mut usize,
    prefix: &[String],
    is_use: bool,
    paths: &mut Vec<(Path, String)>,
) {
    let mut path = prefix.to_vec();
    loop {
        match words.get(*at) {
            Some(&"{") if is_use => {
                *at += 1;
                while words.get(*at).is_some_and(|word| *word != "}") {
                    read_tree(words, at, &path, is_use, paths);
                    *at += usize::from(words.get(*at) == Some(&","));
                }
                *at += 1;
                return;
            }
            // `a::{self}` is `a`.
            Some(&"self") if !path.is_empty() => {}
            Some(word) if is_name(word) || *word == "*" => path.push((*word).to_owned()),
            _ => break,
        }
        *at += 1;
        if words.get(*at) != Some(&"::") {
            break;
        }
        *at += 1;
    }
    let mut name = path.last().cloned().unwrap_or_default();
    if is_use && words.get(*at) == Some(&"as") {
        name = words.get(*at + 1).copied().unwrap_or_default().to_owned();
        *at += 2;
    }
    paths.push((path, name));
}

/// Splits code into names, `::`, and all other characters one by one.
fn words(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = match rest.find(|char: char| !is_name_char(char)) {
            _ if rest.starts_with("::") => 2,
            Some(0) => first.len_utf8(),
            Some(end) => end,
            None => rest.len(),
        };
        words.push(&rest[..len]);
        rest = rest[len..].trim_start();
    }
    words
}

fn is_name(word: &str) -> bool {
    word.chars().all(is_name_char)
}

fn is_name_char(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}
