//! Documents that nobody would write, put together from what matters to a tracker: tags in odd
//! spellings, markers, comments in comments, raw text, and the beginnings of all of these.

mod around;
mod merge_tags;
mod own_urls;
mod vocabulary;

use arbitrary::{Result, Unstructured};

use self::vocabulary::{
    ATTRIBUTES, BLANKS, COMMENTS, DASHED, DESTINATIONS, ELEMENTS, ENDS, LINKS, MARKERS, QUOTES,
    TEXTS, VALUES,
};

/// Elements inside each other, closed in order: no more than that many.
const MAX_DEPTH: usize = 12;

/// Builds a document of the choices that the bytes make, until they are used up.
pub fn document(choices: &mut Unstructured<'_>) -> Result<String> {
    let mut html = match choices.int_in_range(0..=31)? {
        31 => "<html amp4email>",
        30 => "<html ⚡4email>",
        29 => "\u{feff}",
        24..=28 => "<!doctype html><html><body>\r\n",
        _ => "",
    }
    .to_owned();
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
            16..=22 => link(choices, &mut html, Quotes::Usual)?,
            23..=25 => around(choices, &mut html)?,
            26..=28 => conditional_comment(choices, &mut html)?,
            _ => html.push_str(choices.choose(TEXTS)?),
        }
    }
    Ok(html)
}

/// A link in a surrounding that decides how it is read, or what it leads to.
fn around(choices: &mut Unstructured<'_>, html: &mut String) -> Result<()> {
    let (before, after) = choices.choose(around::all())?;
    html.push_str(before);
    link(choices, html, Quotes::Usual)?;
    html.push_str(after);
    Ok(())
}

/// Links that Outlook alone reads, and that may end the comment.
fn conditional_comment(choices: &mut Unstructured<'_>, html: &mut String) -> Result<()> {
    html.push_str(choices.choose(&["<!--[if mso]>", "<!--[if mso]><!--[if gte mso 9]>"])?);
    for _ in 0..choices.int_in_range(1..=3)? {
        link(choices, html, Quotes::Few)?;
    }
    html.push_str(choices.choose(&["<![endif]-->", "<![endif]--!>", "-->"])?);
    Ok(())
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
        match choices.ratio(1, 8)? {
            true => html.push_str(choices.choose(own_urls::clicks())?),
            false => html.push_str(choices.choose(VALUES)?),
        }
        html.push_str(quote);
    }
    html.push_str(choices.choose(ENDS)?);
    Ok(name)
}

/// How often values have quotes.
#[derive(Clone, Copy)]
enum Quotes {
    Few,
    Usual,
}

/// A link as mail has it: tags put together of any parts are seldom one.
fn link(choices: &mut Unstructured<'_>, html: &mut String, quotes: Quotes) -> Result<()> {
    html.push('<');
    html.push_str(choices.choose(LINKS)?);
    let markers = choices.int_in_range(0..=3)?;
    let before = choices.int_in_range(0..=markers)?;
    for at in 0..=markers {
        if at == before {
            let quote = *match quotes {
                Quotes::Few => choices.choose(&["", "", "\"", "'"])?,
                Quotes::Usual => choices.choose(&["\"", "\"", "\"", "'", "'", ""])?,
            };
            let space = choices.choose(&[" ", " ", " ", "\n", "\r\n  ", "/"])?;
            let value = destination(choices)?;
            html.push_str(&format!("{space}href={quote}{value}{quote}"));
        } else {
            html.push_str(choices.choose(MARKERS)?);
        }
    }
    html.push_str(choices.choose(&[">", ">", ">", "/>"])?);
    Ok(())
}

fn destination(choices: &mut Unstructured<'_>) -> Result<String> {
    Ok(match choices.int_in_range(0..=11)? {
        0..=6 => (*choices.choose(DESTINATIONS)?).to_owned(),
        7 => choices.choose(own_urls::clicks())?.clone(),
        8 | 9 => (*choices.choose(DASHED)?).to_owned(),
        _ => merge_tags::tagged(choices)?,
    })
}

fn end_tag(choices: &mut Unstructured<'_>, html: &mut String) -> Result<()> {
    html.push_str("</");
    html.push_str(choices.choose(ELEMENTS)?);
    html.push_str(choices.choose(BLANKS)?);
    html.push_str(choices.choose(ENDS)?);
    Ok(())
}
