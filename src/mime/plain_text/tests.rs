use super::url::Urls;
use super::*;

fn urls(text: &str, flow: Flow) -> Vec<(String, String, bool)> {
    Urls::new(text.as_bytes(), Charset::UTF_8, flow)
        .map(|found| (text[found.place].to_owned(), found.url, found.is_ambiguous))
        .collect()
}

#[test]
fn urls_end_where_readers_end_them() {
    for (text, expected) in [
        ("See https://x.test/a.", "https://x.test/a"),
        ("(HTTP://x.test/a_(b))", "HTTP://x.test/a_(b)"),
        ("[https://x.test/[1]]!?", "https://x.test/[1]"),
        ("<https://x.test/?a=b&c=d>", "https://x.test/?a=b&c=d"),
        ("\"https://x.test/'a'\"", "https://x.test/'a"),
        ("https://x.test\r\nhttps", "https://x.test"),
        ("https://x.test/a)b)", "https://x.test/a)b"),
        ("https://x.test/…", "https://x.test/"),
        ("https://x.test/a-_.", "https://x.test/a-_"),
        ("点https://x.test/，", "https://x.test/"),
        ("https://x.test/{{id}}", "https://x.test/{{id}}"),
    ] {
        let found = urls(text, Flow::Fixed);
        let expected = (expected.to_owned(), expected.to_owned(), false);
        assert_eq!(found, [expected], "{text}");
    }
}

#[test]
fn what_only_looks_like_a_url_is_none() {
    for text in [
        "xhttps://x.test/",
        "mailto:a@https://x.test/",
        "view-source:https://x.test/",
        "https://",
        "https://.",
        "ftp://x.test/",
        "https:x.test",
        "?u=https://x.test/",
    ] {
        assert_eq!(urls(text, Flow::Fixed), [], "{text}");
    }
}

#[test]
fn readers_differ_on_some_urls() {
    for text in [
        "https://x.test/é",
        "https://x.test/あ",
        "<https://x.test/a\nb>",
    ] {
        let found = urls(text, Flow::Fixed);
        assert!(found.len() == 1 && found[0].2, "{text} {found:?}");
    }
}

#[test]
fn flowed_lines_are_joined_where_their_space_goes() {
    let text = "> https://x.test/a \r\n> b/c \r\nd";
    let found = urls(text, Flow::WithoutSpace);
    let expected = ("https://x.test/a \r\n> b/c", "https://x.test/ab/c", false);
    assert_eq!(
        found,
        [(expected.0.to_owned(), expected.1.to_owned(), false)]
    );
    assert_eq!(urls(text, Flow::Fixed)[0].1, "https://x.test/a");
    let text = "https://x.test/a. \n.";
    assert_eq!(urls(text, Flow::WithoutSpace)[0].0, "https://x.test/a");
}
