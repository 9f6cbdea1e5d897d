//! Makes a document that breaks a law as short as it goes on breaking it.

use super::Verdict;

/// Leaves out ever smaller parts, as long as the law stays broken. Returns what breaks it then.
pub fn shortened(html: &str, law: &dyn Fn(&str) -> Verdict) -> Verdict {
    let mut why = law(html);
    let mut left: Vec<char> = html.chars().collect();
    let mut part = left.len() / 2;
    while part > 0 && why.is_err() {
        let mut is_shorter = false;
        let mut at = 0;
        while at < left.len() {
            let end = left.len().min(at + part);
            let without: String = left[..at].iter().chain(&left[end..]).collect();
            match law(&without) {
                Err(still) => {
                    why = Err(still);
                    left.drain(at..end);
                    is_shorter = true;
                }
                Ok(()) => at += part,
            }
        }
        if !is_shorter || part > 1 {
            part /= 2;
        }
    }
    why
}
