//! What is said of each hostile document at its full size: links tracked, links skipped, what became
//! of the pixel, and from which byte on the document is untouched.
//!
//! In one shot; in a stream that may hold back 1 MiB; in one that may hold back 64 bytes. A stream
//! gives up at a link's tag and a conditional comment that are longer, and has no place for a pixel
//! when it ends in another construct that is longer.

pub const VERDICTS: &[(&str, [&str; 3])] = &[
    ("nested div", ["0 0 end"; 3]),
    ("attributes", ["1 0 end", "1 0 end", GIVEN_UP]),
    ("single-quoted attributes", ["1 0 end", "1 0 end", GIVEN_UP]),
    ("markers", ["0 1 end", GIVEN_UP, GIVEN_UP]),
    ("markers that must stay", ["0 1 end", GIVEN_UP, GIVEN_UP]),
    ("markers in little room", ["1 0 end", "1 0 end", GIVEN_UP]),
    ("blanks in a tag", ["1 0 end", GIVEN_UP, GIVEN_UP]),
    ("nameless attributes", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("one long attribute", ["1 0 end", GIVEN_UP, GIVEN_UP]),
    ("one long attribute of no link", ["0 0 end"; 3]),
    ("one long href", ["0 1 end", GIVEN_UP, GIVEN_UP]),
    ("one long name", ["0 0 end"; 3]),
    ("tags without an end", ["0 0 end", "0 0 end", GIVEN_UP]),
    ("comments", ["0 0 end"; 3]),
    ("openings of comments", ["0 0 end", SWALLOWED, SWALLOWED]),
    ("openings of conditions", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("conditions", ["100000 0 end"; 3]),
    ("nested conditions", ["0 0 end", GIVEN_UP, GIVEN_UP]),
    ("dashes", ["0 0 end", SWALLOWED, SWALLOWED]),
    (
        "ends of tags in a comment",
        ["0 0 end", SWALLOWED, SWALLOWED],
    ),
    ("one long comment", ["0 0 end"; 3]),
    ("links in a condition", ["440000 0 end", GIVEN_UP, GIVEN_UP]),
    ("links", ["1000000 0 end"; 3]),
    ("ampersands", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("unterminated entities", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("percent signs", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("braces", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("labels of a host", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("a long base", ["0 100000 end", "0 100000 end", GIVEN_UP]),
    (
        "a base that links just bear",
        ["16000 0 end", "16000 0 end", GIVEN_UP],
    ),
    ("NULs", ["0 0 end"; 3]),
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
    ("nested svg", ["0 0 end"; 3]),
    ("ends of nothing in svg", ["0 0 end"; 3]),
    ("less-than signs", ["0 0 end"; 3]),
    ("beginnings of end tags", ["0 0 end", SWALLOWED, SWALLOWED]),
    ("placeholders", ["0 0 end"; 3]),
    ("nearly placeholders", ["0 0 end"; 3]),
    ("marks of direction", ["0 1 end", "0 1 end", GIVEN_UP]),
    ("everything unclosed", ["100000 0 end"; 3]),
];

/// At the first byte, where the construct starts that all of these documents are.
const GIVEN_UP: &str = "0 0 no_place 0";
const SWALLOWED: &str = "0 0 no_place";
