//! Cells of CSV that a spreadsheet does not run.

/// Puts an apostrophe before what a spreadsheet would run, at the start and where it may see the start of a
/// cell: half of Europe separates cells by semicolons, and a file by commas is then cut at those in a text.
pub(super) fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for cell in text.split_inclusive([';', '\t', '\r', '\n']) {
        if runs(cell) {
            harmless.push('\'');
        }
        harmless.push_str(cell);
    }
    harmless
}

/// White space and quotes count as if they were not there, since some programs skip them.
fn runs(cell: &str) -> bool {
    let first = cell.trim_start_matches([' ', '\'', '"']).chars().next();
    // Formulas begin with these, the full-width ones included; tab and line ends begin a new cell in some.
    matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    )
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn cells_that_begin_like_formulas_are_made_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\"=1", "＝1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        // Where the separator is a semicolon, one begins a cell in the middle of a text.
        for (text, expected) in [
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("Mozilla;=1+1", "Mozilla;'=1+1"),
            ("a; \"+1;@b", "a;' \"+1;'@b"),
            ("a\tb\t-1\n=2", "a\tb\t'-1\n'=2"),
        ] {
            assert_eq!(harmless(text), expected);
        }
        for text in [
            "",
            "rcpt-42",
            "https://shop.example/?a=1",
            "O'Hara",
            "Mozilla/5.0 (X11; Linux x86_64; rv:1.0)",
        ] {
            assert_eq!(harmless(text), text);
        }
    }
}
