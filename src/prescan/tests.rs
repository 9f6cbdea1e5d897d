use super::{PRESCANNED_BYTES, content_encoding, stated_encoding};

const NONE: &str = "";

#[track_caller]
fn assert_stated(table: &[(&str, &str)]) {
    for (html, expected) in table {
        let found = stated_encoding(html.as_bytes()).map_or(NONE, |encoding| encoding.name());
        assert_eq!(found, *expected, "{html:?}");
    }
}

#[test]
fn a_meta_charset_is_found_in_any_spelling() {
    assert_stated(&[
        ("<meta charset=koi8-r>", "KOI8-R"),
        ("<META CHARSET=KOI8-R>", "KOI8-R"),
        ("<meta charset='koi8-r'>", "KOI8-R"),
        ("<meta charset=\" KOI8-R\n\">", "KOI8-R"),
        ("<meta\ncharset\t=\r\x0c'koi8-r'/>", "KOI8-R"),
        ("<meta/charset=koi8-r >", "KOI8-R"),
        ("<meta name=x charset=koi8-r>", "KOI8-R"),
        ("<meta =x charset=koi8-r>", "KOI8-R"),
        ("<meta title=a>b charset=koi8-r>", NONE),
        ("<meta title='a>b' charset=koi8-r>", "KOI8-R"),
        ("<meta title=a'b charset=koi8-r>", "KOI8-R"),
        ("<meta title= charset=koi8-r>", NONE),
        (
            "<html><head>\n<title>x</title><meta charset=koi8-r>",
            "KOI8-R",
        ),
        ("<meta charset=koi8-r/>", NONE),
        ("<metacharset=koi8-r>", NONE),
        ("<meta charset>", NONE),
        ("<meta charset=>", NONE),
        ("<meta charset=klingon>", NONE),
        ("meta charset=koi8-r>", NONE),
    ]);
}

#[test]
fn a_meta_content_needs_its_pragma() {
    assert_stated(&[
        (
            "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>",
            "KOI8-R",
        ),
        (
            "<meta content='text/html; CHARSET=koi8-r' http-equiv='content-type'>",
            "KOI8-R",
        ),
        ("<meta content='text/html; charset=koi8-r'>", NONE),
        (
            "<meta http-equiv=refresh content='text/html; charset=koi8-r'>",
            NONE,
        ),
        (
            "<meta http-equiv=' content-type' content='charset=koi8-r'>",
            NONE,
        ),
        ("<meta http-equiv=content-type content=text/html>", NONE),
        (
            "<meta http-equiv=content-type content=charset=koi8-r>",
            "KOI8-R",
        ),
    ]);
}

#[test]
fn the_label_in_a_content_is_cut_as_the_standard_says() {
    for (content, expected) in [
        ("charset=koi8-r", "KOI8-R"),
        ("charset = koi8-r ; x", "KOI8-R"),
        ("charset=koi8-r;x", "KOI8-R"),
        ("charset=\"koi8-r\"x", "KOI8-R"),
        ("charset=\" koi8-r \"", "KOI8-R"),
        ("charset=\"koi8-r", NONE),
        ("charset='koi8-r\"", NONE),
        ("charset", NONE),
        ("charset=", NONE),
        ("charset= ;koi8-r", NONE),
        ("charsetcharset=koi8-r", "KOI8-R"),
        ("charset charset=koi8-r", "KOI8-R"),
        ("charset;charset=koi8-r", "KOI8-R"),
        ("charset=klingon;charset=koi8-r", NONE),
        ("xcharset=koi8-r", "KOI8-R"),
    ] {
        let found = content_encoding(content.as_bytes()).map_or(NONE, |encoding| encoding.name());
        assert_eq!(found, expected, "{content:?}");
    }
}

#[test]
fn of_several_statements_the_standard_says_which_counts() {
    assert_stated(&[
        ("<meta charset=koi8-r><meta charset=big5>", "KOI8-R"),
        ("<meta charset=klingon><meta charset=big5>", "Big5"),
        ("<meta charset=koi8-r charset=big5>", "KOI8-R"),
        ("<meta charset=klingon charset=big5><p>", NONE),
        (
            "<meta http-equiv=content-type content='charset=koi8-r' charset=big5>",
            "Big5",
        ),
        (
            "<meta charset=big5 content='charset=koi8-r' http-equiv=content-type>",
            "Big5",
        ),
        (
            "<meta charset=klingon content='charset=koi8-r' http-equiv=content-type>",
            NONE,
        ),
        (
            "<meta http-equiv=content-type content=x content='charset=koi8-r'>",
            NONE,
        ),
        (
            "<meta http-equiv=x http-equiv=content-type content='charset=koi8-r'>",
            NONE,
        ),
    ]);
}

#[test]
fn comments_and_other_tags_are_skipped() {
    assert_stated(&[
        (
            "<!-- <meta charset=big5> --><meta charset=koi8-r>",
            "KOI8-R",
        ),
        ("<!--><meta charset=koi8-r>", "KOI8-R"),
        ("<!---><meta charset=koi8-r>", "KOI8-R"),
        (
            "<!-- > <meta charset=big5> --!> -><meta charset=koi8-r>",
            NONE,
        ),
        ("<!-- <meta charset=koi8-r>", NONE),
        ("<!doctype html><meta charset=koi8-r>", "KOI8-R"),
        ("<! <meta charset=big5><meta charset=koi8-r>", "KOI8-R"),
        ("<? <meta charset=big5><meta charset=koi8-r>", "KOI8-R"),
        ("</ <meta charset=big5><meta charset=koi8-r>", "KOI8-R"),
        (
            "<p title='<meta charset=big5>'><meta charset=koi8-r>",
            "KOI8-R",
        ),
        (
            "</p title='<meta charset=big5>'><meta charset=koi8-r>",
            "KOI8-R",
        ),
        (
            "<p title=<meta charset=big5><meta charset=koi8-r>",
            "KOI8-R",
        ),
        ("< p><meta charset=koi8-r>", "KOI8-R"),
        ("<1 title='<meta charset=koi8-r>'>", "KOI8-R"),
        ("<script>'<meta charset=koi8-r>'</script>", "KOI8-R"),
        ("<p'<meta charset=big5>", NONE),
    ]);
}

#[test]
fn what_no_document_can_be_in_counts_as_what_browsers_take() {
    assert_stated(&[
        ("<meta charset=utf-16>", "UTF-8"),
        ("<meta charset=utf-16be>", "UTF-8"),
        ("<meta charset=x-user-defined>", "windows-1252"),
        ("<meta charset=latin1>", "windows-1252"),
        ("<meta charset=iso-2022-jp>", "ISO-2022-JP"),
        ("<meta charset=iso-2022-kr>", "replacement"),
        ("<\0?\0x\0m\0l\0", "UTF-16LE"),
        ("\0<\0?\0x\0m\0l", "UTF-16BE"),
        ("\0<\0?\0X\0m\0l", NONE),
    ]);
}

#[test]
fn only_whole_tags_in_the_first_1024_bytes_count() {
    let tag = "<meta charset=koi8-r>";
    let padding = " ".repeat(PRESCANNED_BYTES - tag.len());
    assert_stated(&[
        ("", NONE),
        ("<meta charset=koi8-r", NONE),
        ("<meta charset='koi8-r", NONE),
        ("<meta charset=koi8-r ", NONE),
        ("<meta charset=koi8-r x=", NONE),
        (&format!("{padding}{tag}"), "KOI8-R"),
        (&format!("{padding} {tag}"), NONE),
    ]);
}

#[test]
fn an_xml_declaration_counts_when_no_meta_does() {
    assert_stated(&[
        ("<?xml version=\"1.0\" encoding=\"koi8-r\"?><p>", "KOI8-R"),
        ("<?xml encoding\0=\x01'koi8-r'>", "KOI8-R"),
        (
            "<?xml version='1.0' encoding='koi8-r'?><meta charset=big5>",
            "Big5",
        ),
        ("<?xml encoding='utf-16'?>", "UTF-8"),
        ("<?xml encoding='x-user-defined'?>", "x-user-defined"),
        ("<?xml encoding=' koi8-r'?>", NONE),
        ("<?xml encoding=koi8-r?>", NONE),
        ("<?xml encoding='koi8-r\"?>", NONE),
        ("<?xml encoding 'koi8-r'?>", NONE),
        ("<?xml encoding='koi8-r'", NONE),
        ("<?xml?> encoding='koi8-r'", NONE),
        ("<?XML encoding='koi8-r'?>", NONE),
        (" <?xml encoding='koi8-r'?>", NONE),
    ]);
}
