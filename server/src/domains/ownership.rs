//! Ids of ownerships. A domain may be removed, and added again by somebody else: what is stored belongs to one
//! ownership, and all columns named `domain` hold its id.
//!
//! The first ownership's id is the domain's name, so that what was stored before there were ids is its own. Later
//! ones have a number behind it, after a character that no name has: `example.com#2`.

const SEPARATOR: char = '#';

/// The domain's name, which is what people see.
pub(crate) fn name_of(id: &str) -> &str {
    id.split_once(SEPARATOR).map_or(id, |(name, _)| name)
}

/// Counts a domain's ownerships, from 1.
pub(crate) fn number_of(id: &str) -> u32 {
    let number = id.split_once(SEPARATOR).map(|(_, number)| number);
    number.map_or(1, |number| number.parse().unwrap_or_default())
}

/// Of a name in lower case and punycode. `None`: ownerships count from 1.
pub(crate) fn id_of(name: &str, number: u32) -> Option<String> {
    match number {
        0 => None,
        1 => Some(name.to_owned()),
        _ => Some(format!("{name}{SEPARATOR}{number}")),
    }
}

/// The id in a text such as `example.com#1`, by which the admin names a former ownership.
pub(crate) fn id_in(reference: &str) -> Option<String> {
    let (name, number) = reference.split_once(SEPARATOR)?;
    id_of(&name.to_ascii_lowercase(), number.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{id_in, id_of, name_of, number_of};

    #[test]
    fn ids_are_made_and_read() {
        for (id, name, number) in [
            ("example.com", "example.com", 1),
            ("example.com#2", "example.com", 2),
            ("xn--bcher-kva.example#17", "xn--bcher-kva.example", 17),
        ] {
            assert_eq!((name_of(id), number_of(id)), (name, number));
            assert_eq!(id_of(name, number).as_deref(), Some(id));
            assert_eq!(id_in(&format!("{name}#{number}")).as_deref(), Some(id));
        }
        for no_reference in [
            "example.com",
            "example.com#",
            "example.com#0",
            "example.com#-1",
            "#",
            "",
        ] {
            assert_eq!(id_in(no_reference), None, "{no_reference}");
        }
    }
}
