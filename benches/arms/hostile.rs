//! Documents by people who wish the scanner ill, each of a size that grows with `n`.

type Make = fn(usize) -> String;

/// What each document repeats, and how it is made.
pub const DOCUMENTS: &[(&str, Make)] = &[
    ("nested div", |n| "<div>".repeat(n)),
    ("attributes", |n| {
        format!("<a {} href=https://x.test>", "b=\"c\" ".repeat(n))
    }),
    ("single-quoted attributes", |n| {
        format!("<a {} href=https://x.test>", "b='c' ".repeat(n))
    }),
    ("markers", |n| {
        format!("<a {} href=https://x.test>", "data-track=off ".repeat(n))
    }),
    ("markers that must stay", |n| {
        format!("<a {} = href=https://x.test>", "data-track=off ".repeat(n))
    }),
    ("blanks in a tag", |n| {
        format!("<a{}href=https://x.test>", " ".repeat(5 * n))
    }),
    ("nameless attributes", |n| {
        format!("<a{}", "   ='x'".repeat(n))
    }),
    ("one long attribute", |n| {
        format!("<a title=\"{}\" href=https://x.test>", "x".repeat(10 * n))
    }),
    ("tags without an end", |n| "<a ".repeat(n)),
    ("openings of comments", |n| "<!--".repeat(n)),
    ("openings of conditions", |n| "<!--[if".repeat(n)),
    ("nested conditions", |n| {
        format!("{}-->", "<!--[if mso]><a b>".repeat(n))
    }),
    ("dashes", |n| format!("<!--{}", "-".repeat(5 * n))),
    ("ends of tags in a comment", |n| {
        format!("<!--{}", ">".repeat(5 * n))
    }),
    ("links in a condition", |n| {
        format!(
            "<!--[if mso]>{}<![endif]-->",
            "<a href=https://x.test/>".repeat(n)
        )
    }),
    ("links", |n| "<a href=https://x.test/>".repeat(n)),
    ("ampersands", |n| {
        format!("<a href=\"https://x.test/?{}\">", "&".repeat(5 * n))
    }),
    ("unterminated entities", |n| {
        format!("<a href=\"https://x.test/?{}\">", "&notit".repeat(n))
    }),
    ("percent signs", |n| {
        format!("<a href=\"https://x.test/?{}\">", "%a".repeat(n))
    }),
    ("braces", |n| {
        format!("<a href=\"https://x.test/?{}\">", "{{".repeat(n))
    }),
    ("labels of a host", |n| {
        format!("<a href=\"https://{}test/\">", "a.".repeat(n))
    }),
    ("a long base", |n| {
        let links = "<a href=x>".repeat(n);
        format!(
            "<base href=\"https://x.test/{}/\">{links}",
            "b".repeat(10 * n)
        )
    }),
    ("NULs", |n| "\0<a\0href=\0>".repeat(n)),
    ("scripts in comments in a script", |n| {
        format!("<script>{}", "<!--<script>".repeat(n))
    }),
    ("nearly ends of a script", |n| {
        format!("<script>{}", "</scrip".repeat(n))
    }),
    ("nearly ends of a style", |n| {
        format!("<style>{}", "</styl".repeat(n))
    }),
    ("nested svg", |n| "<svg>".repeat(n)),
    ("ends of nothing in svg", |n| {
        format!("{}{}", "<svg><g>".repeat(300), "</x>".repeat(n))
    }),
    ("less-than signs", |n| "<".repeat(5 * n)),
    ("beginnings of end tags", |n| "</".repeat(5 * n)),
    ("placeholders", |n| "{{ses:openTracker}}".repeat(n)),
    ("nearly placeholders", |n| "{{ses:openTracker<b>".repeat(n)),
    ("marks of direction", |n| {
        format!(
            "<a href=\"https://x\u{202e}{}.test\">",
            "\u{200b}".repeat(n)
        )
    }),
    ("everything unclosed", |n| {
        "<table><p><a href='https://x.test/'><select><svg>".repeat(n)
    }),
];
