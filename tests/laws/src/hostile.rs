//! Documents by people who wish the scanner ill, each of a size that grows with `n`.

const MEGABYTE: usize = 1024 * 1024;

type Make = fn(usize) -> String;
type MakeBytes = fn(usize) -> Vec<u8>;

/// What each document repeats, the `n` at which it is as large as anybody will try, and how it is
/// made.
pub const DOCUMENTS: &[(&str, usize, Make)] = &[
    ("nested div", 1_000_000, |n| "<div>".repeat(n)),
    ("attributes", 100_000, |n| {
        format!("<a {} href=https://x.test>", "b=\"c\" ".repeat(n))
    }),
    ("single-quoted attributes", 100_000, |n| {
        format!("<a {} href=https://x.test>", "b='c' ".repeat(n))
    }),
    ("attributes of ten bytes", 1_000_000, |n| {
        format!("<a {} href=https://x.test>", "abcd='ef' ".repeat(n))
    }),
    ("attributes of no link", 1_000_000, |n| {
        format!("<p {} href=https://x.test>", "abcd='ef' ".repeat(n))
    }),
    ("markers", 100_000, |n| {
        format!("<a {} href=https://x.test>", "data-track=off ".repeat(n))
    }),
    ("markers that must stay", 100_000, |n| {
        format!("<a {} = href=https://x.test>", "data-track=off ".repeat(n))
    }),
    ("markers in little room", 150_000, |n| {
        format!("<a {} href=https://x.test>", "alias ".repeat(n))
    }),
    ("blanks in a tag", 5 * MEGABYTE, |n| {
        format!("<a{}href=https://x.test>", " ".repeat(n))
    }),
    ("nameless attributes", 200_000, |n| {
        format!("<a{}", "   ='x'".repeat(n))
    }),
    ("one long attribute", 64 * MEGABYTE, |n| {
        format!("<a title=\"{}\" href=https://x.test>", "x".repeat(n))
    }),
    ("one long attribute of no link", 64 * MEGABYTE, |n| {
        format!("<p title=\"{}\" href=https://x.test>", "x".repeat(n))
    }),
    ("one long href", 64 * MEGABYTE, |n| {
        format!("<a href=\"https://x.test/{}\">", "x".repeat(n))
    }),
    ("one long name", 5 * MEGABYTE, |n| {
        format!("<a{} href=https://x.test>", "a".repeat(n))
    }),
    ("tags without an end", 100_000, |n| "<a ".repeat(n)),
    ("comments", 200_000, |n| "<!--><!--->".repeat(n)),
    ("openings of comments", 16 * MEGABYTE, |n| "<!--".repeat(n)),
    ("openings of conditions", 500_000, |n| "<!--[if".repeat(n)),
    ("conditions", 100_000, |n| {
        "<!--[if mso]><a href=https://x.test/><![endif]-->".repeat(n)
    }),
    ("nested conditions", 200_000, |n| {
        format!("{}-->", "<!--[if mso]><a b>".repeat(n))
    }),
    ("dashes", 64 * MEGABYTE, |n| {
        format!("<!--{}", "-".repeat(n))
    }),
    ("ends of tags in a comment", 64 * MEGABYTE, |n| {
        format!("<!--x{}", ">".repeat(n))
    }),
    ("one long comment", 64 * MEGABYTE, |n| {
        format!("<!--{}-->", "x".repeat(n))
    }),
    ("links in a condition", 440_000, |n| {
        format!(
            "<!--[if mso]>{}<![endif]-->",
            "<a href=https://x.test/>".repeat(n)
        )
    }),
    ("links", 1_000_000, |n| "<a href=https://x.test/>".repeat(n)),
    ("links that end", 1_000_000, |n| {
        "<a href=https://x.test/></a>".repeat(n)
    }),
    ("one long noscript", 64 * MEGABYTE, |n| {
        format!("<noscript>{}</noscript>", "x".repeat(n))
    }),
    ("noscripts in a head", 16_000, |n| "<noscript>".repeat(n)),
    ("links in a noscript", 440_000, |n| {
        let links = "<a href=https://x.test/></a>".repeat(n);
        format!("<noscript>{links}</noscript>")
    }),
    ("ampersands", 1_000_000, |n| {
        format!("<a href=\"https://x.test/?{}\">", "&".repeat(n))
    }),
    ("unterminated entities", 170_000, |n| {
        format!("<a href=\"https://x.test/?{}\">", "&notit".repeat(n))
    }),
    ("percent signs", 500_000, |n| {
        format!("<a href=\"https://x.test/?{}\">", "%a".repeat(n))
    }),
    ("braces", 500_000, |n| {
        format!("<a href=\"https://x.test/?{}\">", "{{".repeat(n))
    }),
    ("labels of a host", 500_000, |n| {
        format!("<a href=\"https://{}test/\">", "a.".repeat(n))
    }),
    ("a long base", 100_000, |n| {
        let links = "<a href=x>".repeat(n);
        format!(
            "<base href=\"https://x.test/{}/\">{links}",
            "b".repeat(10 * n)
        )
    }),
    ("a base that links just bear", 16_000, |n| {
        let links = "<a href=x>".repeat(n);
        format!(
            "<base href=\"https://x.test/{}/\">{links}",
            "b".repeat(4000)
        )
    }),
    ("NULs", 200_000, |n| "\0<a\0href=\0>".repeat(n)),
    ("NULs in a link", 1_048_000, |n| {
        let text = "x".repeat(n);
        format!("<a href=\"https://x.test/{}&amp;\">{text}", "\0".repeat(n))
    }),
    ("NULs and references in a link", 160_000, |n| {
        format!("<a href=\"https://x.test/{}\">", "\0&amp;".repeat(n))
    }),
    ("NULs and references in a name", 160_000, |n| {
        format!(
            "<a data-track-name=\"{}\" href=https://x.test>",
            "\0&amp;".repeat(n)
        )
    }),
    ("scripts in comments in a script", 200_000, |n| {
        format!("<script>{}", "<!--<script>".repeat(n))
    }),
    ("nearly ends of a script", 200_000, |n| {
        format!("<script>{}", "</scrip".repeat(n))
    }),
    ("nearly ends of a style", 200_000, |n| {
        format!("<style>{}", "</styl".repeat(n))
    }),
    ("titles without an end", 200_000, |n| "<title ".repeat(n)),
    ("nested svg", 200_000, |n| "<svg>".repeat(n)),
    ("ends of nothing in svg", 100_000, |n| {
        format!("{}{}", "<svg><g>".repeat(300), "</x>".repeat(n))
    }),
    ("less-than signs", MEGABYTE, |n| "<".repeat(n)),
    ("beginnings of end tags", 32 * MEGABYTE, |n| "</".repeat(n)),
    ("placeholders", 100_000, |n| "{{ses:openTracker}}".repeat(n)),
    ("nearly placeholders", 100_000, |n| {
        "{{ses:openTracker<b>".repeat(n)
    }),
    ("marks of direction", 300_000, |n| {
        format!(
            "<a href=\"https://x\u{202e}{}.test\">",
            "\u{200b}".repeat(n)
        )
    }),
    ("everything unclosed", 100_000, |n| {
        "<table><p><a href='https://x.test/'><select><svg>".repeat(n)
    }),
];

/// The same of documents that are no UTF-8, with their charsets: bytes that are no text, or that
/// become more when they are decoded.
pub const BYTES: &[(&str, usize, &str, MakeBytes)] = &[
    ("bytes of no text", 1_048_000, "utf-8", |n| link(b"\xff", n)),
    ("halves of characters", 300_000, "gb18030", |n| {
        link(b"\x81\x30\x81", n)
    }),
    (
        "halves of characters and references",
        160_000,
        "shift_jis",
        |n| link(b"\x83&amp;", n),
    ),
    ("signs of three bytes", 1_048_000, "windows-1252", |n| {
        link(b"\x80", n)
    }),
    ("signs and references", 160_000, "windows-1252", |n| {
        link(b"\x80&amp;", n)
    }),
];

fn link(part: &[u8], n: usize) -> Vec<u8> {
    let parts = part.repeat(n);
    [b"<a href=\"https://x.test/?", &*parts, b"&amp;\">", &parts].concat()
}
