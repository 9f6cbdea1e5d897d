//! Documents that nobody would write, put together from what matters to a tracker: tags in odd
//! spellings, markers, comments in comments, raw text, and the beginnings of all of these.

use arbitrary::{Result, Unstructured};

const ELEMENTS: &[&str] = &[
    "a",
    "A",
    "area",
    "base",
    "body",
    "BODY",
    "html",
    "head",
    "img",
    "p",
    "b",
    "div",
    "table",
    "tr",
    "td",
    "caption",
    "colgroup",
    "select",
    "option",
    "template",
    "noscript",
    "style",
    "script",
    "title",
    "textarea",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "plaintext",
    "svg",
    "math",
    "mi",
    "desc",
    "foreignObject",
    "annotation-xml",
    "font",
    "br",
    "button",
    "form",
    "frameset",
    "frame",
    "link",
    "meta",
    "opentag",
    "own",
    "v:roundrect",
    "v:rect",
    "abbr",
    "li",
    "h1",
    "nobr",
    "center",
];

const ATTRIBUTES: &[&str] = &[
    "href",
    "HREF",
    "href",
    "h\0ref",
    "xlink:href",
    "src",
    "title",
    "class",
    "data-track",
    "data-track-name",
    "clicktracking",
    "disable-tracking",
    "ses:no-track",
    "ses:tags",
    "data-pm-no-track",
    "data-msys-clicktrack",
    "data-msys-linkname",
    "mc:disable-tracking",
    "mautic:disable-tracking",
    "tracking",
    "data-skip-click",
    "autotrack",
    "alias",
    "encoding",
    "color",
    "x",
    "=",
    "\"",
    "'",
    "é",
];

const VALUES: &[&str] = &[
    "https://x.test/",
    "http://y.test/p?a=1&amp;b=2",
    "https://x.test/?a=1&b=2&copy=3",
    "HTTPS://X.TEST",
    "&#104;ttps://z.test/é?é",
    " \nhttps://x.test/a b\t",
    "//x.test/p",
    "page",
    "?q",
    "#top",
    "",
    "mailto:a@b.test",
    "javascript:alert(1)",
    "https+notrack://x.test/",
    "HTTP+NOTRACK://x.test/",
    "{{url}}",
    "https://x.test/%%id%%",
    "https://x.test/%name%",
    "https://x.test/*|id|*",
    "https://x.test/%41",
    "https://link.example.com/c/x",
    "https://link.example.com/o/x",
    "https://link.example.com/c/EQEDABMBeC50ZXN0L29sZD9hPTEmYj0yAANtLTEDci0xY5I16iencFoiUvwzXlj1-Q",
    "https://link.example.com/c/EQEABWZpcnN0CwF4LnRlc3Qvb2xkAANtLTEDci0xpmMN-l7PnHho7ZtCFEs4nA",
    "https://link.example.com/c/EQEAAA8BZXhjbHVkZWQudGVzdC8AA20tMQNyLTE5G32cNT1jFNBwek95dKGf",
    "https://link.example.com/c/EQEAABMBeC50ZXN0L3Vuc3Vic2NyaWJlAANtLTEDci0xiwavsm2Qgk8-5jTb-amUUw",
    "https://link.example.com/o/EgEAAAhtc2ctN2YzYQdyY3B0LTQytpfl0xSJNJcEC62aVJqAFQ",
    "https://link.example.com/c/../x",
    "https://bücher.test/ä",
    "https://x\u{202e}.test/",
    "https://1.2.3.4/",
    "https://[::1]/",
    "https://",
    "http://a:b@x.test:80/../.",
    "https:x",
    "https:\\\\x.test\\",
    "\0",
    "off",
    "true",
    "0",
    "false",
    "untracked",
    "button untracked",
    "name",
    "k:v;l:w",
    "text/html",
    "https://base.test/d/",
    "data:text/html,x",
    "https://x.test/</a>",
    "https://x.test/<a href=https://y.test>",
    "-->",
    "<![endif]-->",
    "https://x.test/&notit;&amp",
];

const COMMENTS: &[&str] = &[
    "<!--[if mso]>",
    "<!--[IF gte mso 9]>",
    "<![endif]-->",
    "<!--[if !mso]><!-->",
    "<!--<![endif]-->",
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<!--->",
    "<!--own-->",
    "<own>",
    "<!--[if",
    "<![CDATA[",
    "]]>",
    "<!doctype html>",
    "<!DOCTYPE",
    "<?php ?>",
    "<?",
    "</>",
    "</ x>",
    "<!x>",
    "<",
    "</",
    "<!",
    "<!-",
    "--",
    ">",
    "]>",
];

const TEXTS: &[&str] = &[
    "text",
    " ",
    "\r\n",
    "\0",
    "é表",
    "&amp;",
    "&",
    "https://x.test/",
    "{{ses:openTracker}}",
    "{{ses:open",
    "Tracker}}",
    "%own%",
    "%ow",
    "n%",
    "\u{feff}",
    "<a href=",
    "'",
    "\"",
    "=",
    "/",
    "href=https://x.test/",
];

const BLANKS: &[&str] = &[
    " ", "  ", "\t", "\n", "\x0c", "/", " / ", "\r\n", "", "\u{a0}",
];
const ENDS: &[&str] = &[">", ">", ">", "/>", " >", "", "<", " / >"];
const QUOTES: &[&str] = &["\"", "'", "", "\" ", "'>"];

const LINKS: &[&str] = &["a", "a", "A", "area", "v:roundrect"];

/// One of each outcome that a link can come to by what it holds. Tracking URLs with tokens are genuine ones
/// of another message.
const DESTINATIONS: &[&str] = &[
    "https://x.test/",
    "http://y.test/p?a=1&amp;b=2",
    " HTTPS://X.TEST/a b\r\n",
    "https://z.test/é?é&copy=3",
    "https://x.test/unsubscribe",
    "https://x.test/?\0",
    "page",
    "?q",
    "#top",
    "",
    "mailto:a@b.test",
    "https://",
    "https://x.test/*|id|*",
    "https://x.test/%name%",
    "https://link.example.com/c/x",
    "https://link.example.com/o/x",
    "https://link.example.com/c/EQEDABMBeC50ZXN0L29sZD9hPTEmYj0yAANtLTEDci0xY5I16iencFoiUvwzXlj1-Q",
    "https://link.example.com/c/EQEABWZpcnN0CwF4LnRlc3Qvb2xkAANtLTEDci0xpmMN-l7PnHho7ZtCFEs4nA",
    "https://link.example.com/c/EQEAAA8BZXhjbHVkZWQudGVzdC8AA20tMQNyLTE5G32cNT1jFNBwek95dKGf",
    "https://link.example.com/c/EQEAABMBeC50ZXN0L3Vuc3Vic2NyaWJlAANtLTEDci0xiwavsm2Qgk8-5jTb-amUUw",
    "https://link.example.com/o/EgEAAAhtc2ctN2YzYQdyY3B0LTQytpfl0xSJNJcEC62aVJqAFQ",
    "https+notrack://x.test/",
    "https://excluded.test/",
    "//a.parent.test./?q",
    "https://parent.test/",
];

const MARKERS: &[&str] = &[
    " data-track=off",
    " data-track='on'",
    "/clicktracking=\"OFF\"",
    " disable-tracking=true /",
    "\x0cses:no-track",
    " mc:disable-tracking=false",
    " class='button untracked'",
    " class=untracked-not",
    " data-track-name=\"é &amp; o\"",
    " ALIAS = late",
    " ses:tags=k:v;l:w",
    " data-msys-linkname=' '",
    " class=mktNoTrack",
    " class=UNTRACKED",
    " ecm:tracking=false",
    " data-ph-no-track",
    " conversion=true",
    " =",
    " href=https://second.test/",
];

const AROUND: &[(&str, &str)] = &[
    ("<!--[if mso]>", "<![endif]-->"),
    ("<!--[if mso]><!--[if gte mso 9]>", "<![endif]-->"),
    ("<noscript>", "</noscript>"),
    ("<template>", "</template>"),
    ("<base href=\"https://base.test/d/\">", ""),
    ("<img src=\"https://link.example.com/o/x\">", ""),
    // Genuine pixels: of the message that the tests are for, and of another.
    (
        "<img src=\"https://link.example.com/o/EgEAAAhtc2ctN2YzYQdyY3B0LTQytpfl0xSJNJcEC62aVJqAFQ\">",
        "",
    ),
    (
        "<img src=\"https://link.example.com/o/EgEAAANtLTEDci0xcG9Ne3x3sb9ipUw8D-93fQ\">",
        "",
    ),
    ("<base href=\"{{base}}\">", ""),
    ("<script><!--<script>", "</script>--></script>"),
    ("<svg><style>", "</style></svg>"),
];

/// Elements inside each other, closed in order: no more than that many.
const MAX_DEPTH: usize = 12;

/// Builds a document of the choices that the bytes make, until they are used up.
pub fn document(choices: &mut Unstructured<'_>) -> Result<String> {
    let mut html = String::new();
    let mut open = Vec::new();
    while !choices.is_empty() {
        match choices.int_in_range(0..=31)? {
            0..=4 => _ = start_tag(choices, &mut html)?,
            5 => end_tag(choices, &mut html)?,
            6..=8 if open.len() < MAX_DEPTH => open.push(start_tag(choices, &mut html)?),
            6..=11 => {
                if let Some(name) = open.pop() {
                    html.push_str(&format!("</{name}>"));
                }
            }
            12 | 13 => html.push_str(choices.choose(COMMENTS)?),
            16..=24 => link(choices, &mut html)?,
            25..=28 => {
                let (before, after) = choices.choose(AROUND)?;
                html.push_str(before);
                link(choices, &mut html)?;
                html.push_str(after);
            }
            _ => html.push_str(choices.choose(TEXTS)?),
        }
    }
    Ok(html)
}

fn start_tag(choices: &mut Unstructured<'_>, html: &mut String) -> Result<&'static str> {
    let name = *choices.choose(ELEMENTS)?;
    html.push('<');
    html.push_str(name);
    for _ in 0..choices.int_in_range(0..=4)? {
        html.push_str(choices.choose(BLANKS)?);
        html.push_str(choices.choose(ATTRIBUTES)?);
        if choices.ratio(1, 6)? {
            continue;
        }
        let equals = ["=", "=", "=", " = ", "=\n"];
        html.push_str(choices.choose(&equals)?);
        let quote = *choices.choose(QUOTES)?;
        html.push_str(quote);
        html.push_str(choices.choose(VALUES)?);
        html.push_str(quote);
    }
    html.push_str(choices.choose(ENDS)?);
    Ok(name)
}

/// A link as mail has it: tags put together of any parts are seldom one.
fn link(choices: &mut Unstructured<'_>, html: &mut String) -> Result<()> {
    html.push('<');
    html.push_str(choices.choose(LINKS)?);
    let markers = choices.int_in_range(0..=3)?;
    let before = choices.int_in_range(0..=markers)?;
    for at in 0..=markers {
        if at == before {
            let quote = *choices.choose(&["\"", "\"", "'"])?;
            html.push_str(&format!(
                " href={quote}{}{quote}",
                choices.choose(DESTINATIONS)?
            ));
        } else {
            html.push_str(choices.choose(MARKERS)?);
        }
    }
    html.push_str(choices.choose(&[">", ">", ">", "/>"])?);
    Ok(())
}

fn end_tag(choices: &mut Unstructured<'_>, html: &mut String) -> Result<()> {
    html.push_str("</");
    html.push_str(choices.choose(ELEMENTS)?);
    html.push_str(choices.choose(BLANKS)?);
    html.push_str(choices.choose(ENDS)?);
    Ok(())
}
