//! Real mail, where it is at hand.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use linkseal::rewrite_with_report;

use super::domain;

/// Names the folder with HTML files.
const FOLDER_VARIABLE: &str = "LINKSEAL_CORPUS";

/// Files made from others, to be hard to read.
const MADE_FOLDER: &str = "derived-ugly-variants";

/// How many tracked links make a mail one that trackers are for. Most files of the corpus are a test of
/// one thing, or a template whose links are merge tags.
const FEWEST_LINKS: usize = 5;

/// All `.html` files that are UTF-8, in the order of their paths. Says so when there is no folder.
pub fn documents() -> Option<Vec<String>> {
    Some(read_all(html_files(&folder()?)))
}

/// Those of them that are mail as it is sent: found, not made, and with several links to track.
pub fn mails() -> Option<Vec<String>> {
    let domain = domain();
    let mut files = html_files(&folder()?);
    files.retain(|path| !path.iter().any(|part| part == MADE_FOLDER));
    let mut mails = read_all(files);
    mails.retain(|html| rewrite_with_report(html, &domain).1.tracked() >= FEWEST_LINKS);
    Some(mails)
}

fn folder() -> Option<PathBuf> {
    let folder = env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: real mail; {FOLDER_VARIABLE} names no folder of HTML files");
    }
    folder
}

fn read_all(files: Vec<PathBuf>) -> Vec<String> {
    let texts = files.into_iter().map(fs::read_to_string);
    texts.filter_map(Result::ok).collect()
}

fn html_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
