//! What is said of each hostile document at its full size: links tracked, links skipped, what became
//! of the pixel, and whether the document is untouched from some byte on.
//!
//! In one shot; in a stream that may hold back 1 MiB; in one that may hold back 64 bytes. One that gives up does so
//! at a construct that is too long to be seen whole, or later, where the parser keeps more of open elements
//! or of an open construct than it may. A stream has no place for a pixel when it ends in a construct that is
//! longer than it may hold back.

pub const VERDICTS: &[(&str, [&str; 3])] = &[
    ("nested div", [GIVEN_UP, GIVEN_UP_LATER, GIVEN_UP_LATER]),
    ("attributes", ["1 0 end", GIVEN_UP, GIVEN_UP]),
    ("single-quoted attributes", ["1 0 end", GIVEN_UP, GIVEN_UP]),
    ("attributes of ten bytes", [GIVEN_UP; 3]),
    ("attributes of no link", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("markers", [GIVEN_UP; 3]),
    ("markers that must stay", [GIVEN_UP; 3]),
    ("markers in little room", ["1 0 end", GIVEN_UP, GIVEN_UP]),
    ("blanks in a tag", [GIVEN_UP; 3]),
    ("nameless attributes", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("one long attribute", [GIVEN_UP; 3]),
    (
        "one long attribute of no link",
        ["0 0 end", GIVEN_UP_LATER, GIVEN_UP_LATER],
    ),
    ("one long href", [GIVEN_UP; 3]),
    ("one long name", ["0 0 end", GIVEN_UP_LATER, GIVEN_UP_LATER]),
    ("tags without an end", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("comments", ["0 0 end"; 3]),
    (
        "openings of comments",
        ["0 0 end", GIVEN_UP_LATER, GIVEN_UP_LATER],
    ),
    ("openings of conditions", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("conditions", ["100000 0 end"; 3]),
    ("nested conditions", [GIVEN_UP; 3]),
    ("dashes", ["0 0 end", GIVEN_UP_LATER, GIVEN_UP_LATER]),
    (
        "ends of tags in a comment",
        ["0 0 end", GIVEN_UP_LATER, GIVEN_UP_LATER],
    ),
    (
        "one long comment",
        ["0 0 end", GIVEN_UP_LATER, GIVEN_UP_LATER],
    ),
    ("links in a condition", [GIVEN_UP; 3]),
    ("links", [GIVEN_UP_LATER; 3]),
    ("links that end", ["1000000 0 end"; 3]),
    ("one long noscript", ["0 0 end"; 3]),
    (
        "noscripts in a head",
        ["0 0 end", "0 0 end", GIVEN_UP_LATER],
    ),
    ("links in a noscript", ["440000 0 end"; 3]),
    ("ampersands", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("unterminated entities", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("percent signs", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("braces", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("labels of a host", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("a long base", ["0 100000 end", GIVEN_UP_LATER, GIVEN_UP]),
    (
        "a base that links just bear",
        ["16000 0 end", "16000 0 end", GIVEN_UP],
    ),
    ("NULs", [GIVEN_UP, GIVEN_UP_LATER, GIVEN_UP_LATER]),
    ("NULs in a link", ["0 1 end", "0 1 end", GIVEN_UP]),
    (
        "NULs and references in a link",
        ["0 1 end", "0 1 end", GIVEN_UP],
    ),
    (
        "NULs and references in a name",
        ["1 0 end", "1 0 end", GIVEN_UP],
    ),
    (
        "scripts in comments in a script",
        ["0 0 end", SWALLOWED, SWALLOWED],
    ),
    ("nearly ends of a script", ["0 0 end", SWALLOWED, SWALLOWED]),
    ("nearly ends of a style", ["0 0 end", SWALLOWED, SWALLOWED]),
    ("titles without an end", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("nested svg", [GIVEN_UP_LATER; 3]),
    ("ends of nothing in svg", ["0 0 end"; 3]),
    ("less-than signs", ["0 0 end"; 3]),
    (
        "beginnings of end tags",
        [GIVEN_UP, GIVEN_UP_LATER, GIVEN_UP_LATER],
    ),
    ("placeholders", ["0 0 end"; 3]),
    (
        "nearly placeholders",
        ["0 0 end", GIVEN_UP_LATER, GIVEN_UP_LATER],
    ),
    ("marks of direction", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("everything unclosed", [GIVEN_UP_LATER; 3]),
];

/// At the first byte, where the construct starts that all of these documents are.
const GIVEN_UP: &str = "0 0 no_place 0";
const GIVEN_UP_LATER: &str = "given up later";
const SWALLOWED: &str = "0 0 no_place";
