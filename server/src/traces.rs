//! Where a recipient's id stands in texts that a sender made: links, names, ids of messages, mail.

use std::borrow::Cow;

use url::form_urlencoded::byte_serialize;

/// What stands there instead.
const REMOVED: &str = "*";
/// A shorter id would be found everywhere. It is looked for where it stands alone, between characters that are
/// neither letters nor digits.
const LONG_BYTES: usize = 6;

pub(crate) struct Traces {
    recipient: String,
    /// The id as texts, URLs, forms and HTML spell it.
    spellings: Vec<String>,
}

impl Traces {
    /// Of an id that is not empty.
    pub(crate) fn of(recipient: &str) -> Self {
        let form: String = byte_serialize(recipient.as_bytes()).collect();
        let percent = form.replace('+', "%20");
        let html = recipient.replace('&', "&amp;").replace('<', "&lt;");
        let quoted = html.replace('>', "&gt;").replace('"', "&quot;");
        let lower = |encoded: &str| lower_hexadecimal(encoded);
        let mut spellings = vec![
            recipient.to_owned(),
            lower(&form),
            lower(&percent),
            form,
            percent,
            html,
            quoted,
        ];
        // Longest first, so that none is left in half.
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        spellings.dedup();
        Self {
            recipient: recipient.to_owned(),
            spellings,
        }
    }

    /// Whether the id is so long that it stands nowhere by chance.
    pub(crate) fn are_distinct(&self) -> bool {
        self.recipient.len() >= LONG_BYTES
    }

    pub(crate) fn stand_in(&self, text: &str) -> bool {
        let mut spellings = self.spellings.iter();
        spellings.any(|spelling| places(text, spelling).next().is_some())
    }

    pub(crate) fn remove_from(&self, text: &mut String) {
        if let Cow::Owned(removed) = self.removed(text) {
            *text = removed;
        }
    }

    /// The same for a URL, or a name made of one. `None`: it names the recipient in a way that can't be taken out.
    pub(crate) fn without(&self, mut url: String) -> Option<String> {
        self.remove_from(&mut url);
        let decoded = percent_decoded(&url);
        (!self.finds(&decoded)).then_some(url)
    }

    fn finds(&self, text: &str) -> bool {
        let mut places = places(text, &self.recipient);
        places.next().is_some()
    }

    pub(crate) fn removed<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for spelling in &self.spellings {
            let Some(first) = places(&text, spelling).next() else {
                continue;
            };
            let mut left = String::with_capacity(text.len());
            let mut end = 0;
            for start in std::iter::once(first).chain(places(&text, spelling).skip(1)) {
                if start >= end {
                    left.push_str(text.get(end..start).unwrap_or_default());
                    left.push_str(REMOVED);
                    end = start + spelling.len();
                }
            }
            left.push_str(text.get(end..).unwrap_or_default());
            text = Cow::Owned(left);
        }
        text
    }
}

/// Where a spelling stands, from left to right.
fn places(text: &str, spelling: &str) -> impl Iterator<Item = usize> {
    let stands_alone = move |start: usize| {
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let end = start + spelling.len();
        let after = text.get(end..).and_then(|text| text.chars().next());
        let is_part = |beside: Option<char>| beside.is_some_and(char::is_alphanumeric);
        !is_part(before) && !is_part(after)
    };
    // The end of an id that is a number, or ends with one, and of another's: 42 is not in 421.
    let is_in_number = move |start: usize| {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let (before, from) = text.as_bytes().split_at(start);
        let is_encoded = matches!(before, [.., b'%', _, _]);
        let (id, after) = from.split_at(spelling.len());
        (is_digit(before.last()) && !is_encoded && is_digit(id.first()))
            || (is_digit(id.last()) && is_digit(after.first()))
    };
    let found = text.match_indices(spelling).map(|(start, _)| start);
    found.filter(move |start| match spelling.len() < LONG_BYTES {
        true => stands_alone(*start),
        false => !is_in_number(*start),
    })
}

/// `%C3` as `%c3`; everything else stays.
fn lower_hexadecimal(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |character: char| {
        if character == '%' {
            digits = 2;
            return character;
        }
        if digits > 0 {
            digits -= 1;
            return character.to_ascii_lowercase();
        }
        character
    };
    encoded.chars().map(lower).collect()
}

fn percent_decoded(url: &str) -> String {
    let mut decoded = Vec::with_capacity(url.len());
    let mut rest = url.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hexadecimal = after.get(..2).and_then(|two| str::from_utf8(two).ok());
        let byte = hexadecimal.and_then(|two| u8::from_str_radix(two, 16).ok());
        (decoded, rest) = match (first, byte) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                (decoded, after.get(2..).unwrap_or_default())
            }
            _ => {
                decoded.push(*first);
                (decoded, after)
            }
        };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Traces;

    #[test]
    fn an_id_is_taken_out_in_every_spelling() {
        for (recipient, text, expected) in [
            ("rcpt-42", "welcome rcpt-42, rcpt-42!", "welcome *, *!"),
            ("rcpt-42", "xrcpt-42y", "x*y"),
            ("rcpt-42", "rcpt-4 rcpt42", "rcpt-4 rcpt42"),
            ("rcpt-42", "rcpt-421", "rcpt-421"),
            ("123456", "p/91234567?a=1234560", "p/91234567?a=1234560"),
            ("123456", "?u=123456&v=x%20123456y", "?u=*&v=x%20*y"),
            ("7", "width=77 p=7&7 7a a7", "width=77 p=*&* 7a a7"),
            ("a@b.example", "?to=a%40b.example&a@b.example", "?to=*&*"),
            ("né 1-2", "?u=n%C3%A9+1-2&v=n%c3%a9%201-2", "?u=*&v=*"),
            ("a<b>&c", "<p>a&lt;b>&amp;c a&lt;b&gt;&amp;c", "<p>* *"),
            ("aaaaaa", "aaaaaaaaaaaaa", "**a"),
        ] {
            let traces = Traces::of(recipient);
            assert_eq!(traces.removed(text), expected, "{recipient}");
        }
    }

    #[test]
    fn a_link_that_still_names_the_recipient_goes() {
        let traces = Traces::of("rcpt-42");
        for (url, expected) in [
            (
                "https://a.example/?u=rcpt-42",
                Some("https://a.example/?u=*"),
            ),
            ("https://a.example/?u=%72cpt-42", None),
            ("https://a.example/100%", Some("https://a.example/100%")),
        ] {
            assert_eq!(traces.without(url.to_owned()).as_deref(), expected);
        }
    }
}
