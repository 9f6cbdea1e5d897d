//! The inside of a tag: attributes, and where the tag ends (HTML §13.2.5.8 and §13.2.5.32 to 40).
//!
//! A stream may cut a tag anywhere, so the scan stops and goes on at every byte. All positions are
//! relative to the tag's `<`.

use std::ops::Range;

use super::name::{Name, is_space};
use crate::config::DomainConfig;

/// An attribute's place in its tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Attribute {
    /// Behind the value and its closing quote.
    pub(super) end: usize,
    pub(super) name: Range<usize>,
    /// Where the attribute before this one ends.
    pub(super) previous_end: usize,
    /// Without quotes; empty where there is none.
    pub(super) value: Range<usize>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    AfterName,
    AfterQuoted,
    AttributeName,
    BeforeName,
    BeforeValue,
    Quoted(u8),
    SelfClosing,
    TagName,
    Unquoted,
}

/// Who asks for a tag's attributes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interest {
    /// Nobody.
    None,
    /// Somebody who can do without them where the tag is too long to be held back.
    Passing,
    /// Somebody who needs them.
    Whole,
}

/// A scan through one tag.
#[derive(Debug)]
pub(super) struct TagScan {
    /// Of the attributes only those that somebody will ask for; see [`is_overfull`](Self::is_overfull).
    pub(super) attributes: Vec<Attribute>,
    pub(super) name: Name,
    /// Where the name or value that is being read starts.
    from: usize,
    position: usize,
    previous_end: usize,
    /// Whose own attributes are kept too.
    pub(super) domain: Option<DomainConfig>,
    /// Which attributes are kept: each has a number below 40 of its own.
    reads: fn(&[u8]) -> Option<u8>,
    /// Whether the attribute at hand is.
    records: bool,
    interest: Interest,
    is_overfull: bool,
    /// The numbers of the attributes that came already, a bit for each.
    seen: u128,
    self_closing: bool,
    state: State,
}

impl TagScan {
    /// Keeps those attributes whose names `reads` knows.
    pub(super) fn new(reads: fn(&[u8]) -> Option<u8>) -> Self {
        Self {
            attributes: Vec::new(),
            name: Name::default(),
            from: 0,
            position: 0,
            previous_end: 0,
            domain: None,
            reads,
            records: false,
            interest: Interest::None,
            is_overfull: false,
            seen: 0,
            self_closing: false,
            state: State::TagName,
        }
    }

    /// Starts on a tag whose name begins `name_at` bytes behind its `<`.
    pub(super) fn restart(&mut self, name_at: usize) {
        self.attributes.clear();
        self.name = Name::default();
        self.position = name_at;
        self.previous_end = name_at;
        self.interest = Interest::None;
        self.is_overfull = false;
        self.seen = 0;
        self.self_closing = false;
        self.state = State::TagName;
    }

    /// Whether an attribute of a name that came before was left out for want of room.
    pub(super) fn is_overfull(&self) -> bool {
        self.is_overfull
    }

    pub(super) fn is_self_closing(&self) -> bool {
        self.self_closing
    }

    /// Whether the tag must be held back whole.
    pub(super) fn is_needed(&self) -> bool {
        self.interest == Interest::Whole || (self.state == State::TagName && !self.name.is_cut())
    }

    /// Gives up on the attributes, of which some may not be there any more.
    pub(super) fn drop_attributes(&mut self) {
        self.attributes.clear();
        self.interest = Interest::None;
        self.records = false;
    }

    /// Takes note that the first `bytes` of the tag are gone.
    pub(super) fn forget(&mut self, bytes: usize) {
        if bytes > 0 {
            self.drop_attributes();
        }
        self.position = self.position.saturating_sub(bytes);
        self.from = self.from.saturating_sub(bytes);
    }

    /// How far the scan has come.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Goes on through `tag`, the bytes from `<` on; returns where the tag ends if that is in it.
    ///
    /// `interest` is asked once the name is known.
    pub(super) fn advance(
        &mut self,
        tag: &[u8],
        interest: impl Fn(&Name) -> Interest,
    ) -> Option<usize> {
        loop {
            let rest = tag.get(self.position..)?;
            let byte = *rest.first()?;
            match self.state {
                State::TagName => {
                    let ends = |byte: &u8| matches!(byte, b'/' | b'>') || is_space(*byte);
                    let length = rest.iter().position(ends);
                    self.name.push(rest.get(..length.unwrap_or(rest.len()))?);
                    self.run_to(length, tag)?;
                    self.interest = interest(&self.name);
                    self.state = State::BeforeName;
                }
                State::BeforeName => {
                    self.take_plain_attributes(tag);
                    match *tag.get(self.position)? {
                        b'/' | b'>' => self.state = State::AfterName,
                        byte if is_space(byte) => self.position += 1,
                        // A name may start with `=`, but not go on with one.
                        _ => {
                            self.from = self.position;
                            self.position += 1;
                            self.state = State::AttributeName;
                        }
                    }
                }
                State::AttributeName => {
                    let ends = |byte: &u8| matches!(byte, b'/' | b'>' | b'=') || is_space(*byte);
                    self.run_to(rest.iter().position(ends), tag)?;
                    self.record_name(tag);
                    self.state = State::AfterName;
                }
                State::AfterName => match byte {
                    b'/' => self.step(State::SelfClosing),
                    b'=' => self.step(State::BeforeValue),
                    b'>' => return Some(self.position + 1),
                    _ if is_space(byte) => self.position += 1,
                    _ => self.state = State::BeforeName,
                },
                State::BeforeValue => match byte {
                    b'"' | b'\'' => {
                        self.step(State::Quoted(byte));
                        self.from = self.position;
                    }
                    b'>' => {
                        self.from = self.position;
                        self.record_value(self.position);
                        return Some(self.position + 1);
                    }
                    _ if is_space(byte) => self.position += 1,
                    _ => {
                        self.from = self.position;
                        self.state = State::Unquoted;
                    }
                },
                State::Quoted(quote) => {
                    self.run_to(memchr::memchr(quote, rest), tag)?;
                    self.record_value(self.position + 1);
                    self.step(State::AfterQuoted);
                }
                State::Unquoted => {
                    let ends = |byte: &u8| *byte == b'>' || is_space(*byte);
                    self.run_to(rest.iter().position(ends), tag)?;
                    self.record_value(self.position);
                    self.state = State::BeforeName;
                }
                State::AfterQuoted if byte == b'/' => self.step(State::SelfClosing),
                State::AfterQuoted => self.state = State::BeforeName,
                State::SelfClosing => {
                    if byte == b'>' {
                        self.self_closing = true;
                        return Some(self.position + 1);
                    }
                    self.state = State::BeforeName;
                }
            }
        }
    }

    /// Takes attributes that are spelt as nearly all are, ` name="value"`, in one go: a third less
    /// time for a whole newsletter than state by state.
    fn take_plain_attributes(&mut self, tag: &[u8]) {
        while let Some(rest) = tag.get(self.position..) {
            // Never to be counted again: a tag may hold a million.
            let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
            self.position += spaces;
            let rest = rest.get(spaces..).unwrap_or_default();
            let name_end = rest.iter().take_while(|byte| is_plain(**byte)).count();
            let value_from = name_end + 2;
            let Some(value) = rest
                .get(name_end..)
                .filter(|_| name_end > 0)
                .and_then(|rest| rest.strip_prefix(b"=\""))
            else {
                return;
            };
            let Some(length) = memchr::memchr(b'"', value) else {
                return;
            };
            let at = self.position;
            let end = at + value_from + length + 1;
            if rest.get(..name_end).is_some_and(|name| self.keeps(name)) {
                self.attributes.push(Attribute {
                    end,
                    name: at..at + name_end,
                    previous_end: self.previous_end,
                    value: at + value_from..at + value_from + length,
                });
            }
            self.position = end;
            self.previous_end = end;
        }
    }

    /// Goes on by `length`; to the end of what there is, and no further, when that is not known.
    fn run_to(&mut self, length: Option<usize>, tag: &[u8]) -> Option<()> {
        self.position = match length {
            Some(length) => self.position + length,
            None => tag.len(),
        };
        length.map(|_| ())
    }

    fn step(&mut self, state: State) {
        self.position += 1;
        self.state = state;
    }

    fn record_name(&mut self, tag: &[u8]) {
        let name = self.from..self.position;
        self.records = tag.get(name.clone()).is_some_and(|name| self.keeps(name));
        if self.records {
            self.attributes.push(Attribute {
                end: name.end,
                value: name.end..name.end,
                previous_end: self.previous_end,
                name,
            });
        }
        self.previous_end = self.position;
    }

    /// Whether the next attribute is to be kept. Its note takes ten times the room of a short name,
    /// so a tag has few of them: the first of each name, which is what counts, and not all others.
    fn keeps(&mut self, name: &[u8]) -> bool {
        if self.interest == Interest::None {
            return false;
        }
        let own = || Some(self.domain.as_ref()?.dialect().attribute(name)? + 40);
        let Some(number) = (self.reads)(name).or_else(own) else {
            return false;
        };
        let bit = 1_u128.checked_shl(number.into()).unwrap_or(0);
        let is_first = self.seen & bit == 0;
        self.seen |= bit;
        let has_room = self.attributes.len() < MAX_ATTRIBUTES;
        self.is_overfull |= !is_first && !has_room;
        is_first || has_room
    }

    fn record_value(&mut self, end: usize) {
        if self.records
            && let Some(attribute) = self.attributes.last_mut()
        {
            attribute.value = self.from..self.position;
            attribute.end = end;
        }
        self.previous_end = end;
    }
}

/// Tags of mail have a dozen.
const MAX_ATTRIBUTES: usize = 1000;

/// What attribute names consist of outside of mistakes.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attributes as `name=value`, by one scan and byte by byte.
    fn attributes(tag: &str) -> Vec<String> {
        let bytes = tag.as_bytes();
        let mut whole = TagScan::new(|_| Some(0));
        whole.restart(1);
        assert_eq!(
            whole.advance(bytes, |_| Interest::Whole),
            Some(tag.len()),
            "{tag}"
        );
        let mut cut = TagScan::new(|_| Some(0));
        cut.restart(1);
        for end in 1..bytes.len() {
            assert_eq!(
                cut.advance(&bytes[..end], |_| Interest::Whole),
                None,
                "{tag}"
            );
        }
        assert_eq!(
            cut.advance(bytes, |_| Interest::Whole),
            Some(tag.len()),
            "{tag}"
        );
        assert_eq!(cut.attributes, whole.attributes, "{tag}");
        whole
            .attributes
            .iter()
            .map(|a| format!("{}={}", &tag[a.name.clone()], &tag[a.value.clone()]))
            .collect()
    }

    #[test]
    fn attributes_are_found_in_every_spelling() {
        for (tag, expected) in [
            ("<a>", &[][..]),
            ("<a/>", &[]),
            ("<a href=x>", &["href=x"]),
            ("<a href=x/>", &["href=x/"]),
            ("<a href = 'x'>", &["href=x"]),
            ("<a\x0chref\n=\r\"x>y\"title=t>", &["href=x>y", "title=t"]),
            ("<a b c='1'/d>", &["b=", "c=1", "d="]),
            ("<a/b/c=1 />", &["b=", "c=1"]),
            ("<a =b=c>", &["=b=c"]),
            ("<a href=>", &["href="]),
            ("<a b\"c='d'>", &["b\"c=d"]),
            ("<a b=c\"d e='>'>", &["b=c\"d", "e=>"]),
            (
                "<a b=\"c\"d=\"e\"/f=\"g\" / h=\">\">",
                &["b=c", "d=e", "f=g", "h=>"],
            ),
            ("<a b=\"\" c=\"d\"\"e=\"f\">", &["b=", "c=d", "\"e=f"]),
            ("<a b==\"c\" d=e=\"f\">", &["b==\"c\"", "d=e=\"f\""]),
        ] {
            assert_eq!(attributes(tag), expected, "{tag}");
        }
    }
}
