//! `tests/vectors/tags.json`, in the manner of Wycheproof: made by `make_tags.py` beside it.

use std::collections::{BTreeMap, BTreeSet};

use linkseal::{KeyId, SigningKey, Verifier};
use serde_json::Value;

use super::forge::{encode, full_tag};

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    let digits = text(value, name);
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn every_tag_vector_gets_its_verdict() {
    let file: Value = serde_json::from_str(include_str!("../../../../vectors/tags.json")).unwrap();
    let mut verdicts = BTreeMap::new();
    let mut flags = BTreeSet::new();
    let mut number = 0;
    for group in file["testGroups"].as_array().unwrap() {
        let id = KeyId(u32::try_from(group["keyId"].as_u64().unwrap()).unwrap());
        let key = SigningKey::from_hex(id, text(group, "key")).unwrap();
        let domain = text(group, "domain").parse().unwrap();
        let verifier = Verifier::from_keys([(domain, &key)]).unwrap();
        assert_eq!(group["keySize"], 8 * bytes(group, "key").len());
        for row in group["tests"].as_array().unwrap() {
            number += 1;
            assert_eq!(row["tcId"], number);
            let verdict = match verifier.verify(text(row, "token")) {
                Ok(_) => "valid",
                Err(error) => error.as_str(),
            };
            let expected = row.get("error").unwrap_or(&row["result"]);
            assert_eq!(verdict, expected, "{row}");
            assert_is_what_it_says(row, group);
            *verdicts.entry(verdict).or_insert(0) += 1;
            let of_row = row["flags"].as_array().unwrap();
            flags.extend(of_row.iter().map(|flag| flag.as_str().unwrap()));
        }
    }
    assert_eq!(file["numberOfTests"], number);
    let notes = file["notes"].as_object().unwrap();
    assert_eq!(flags, notes.keys().map(String::as_str).collect());
    let expected = [
        ("bad_signature", 436),
        ("malformed", 158),
        ("unknown_key", 3),
        ("unsupported_version", 5),
        ("valid", 20),
    ];
    assert_eq!(verdicts, expected.into());
}

/// A row's parts are those of its token, and it is valid just when its tag is the right one.
#[track_caller]
fn assert_is_what_it_says(row: &Value, group: &Value) {
    let (payload, tag) = (bytes(row, "msg"), bytes(row, "tag"));
    let is_respelt = row["flags"][0] == "Spelling";
    let same = encode(&[&payload[..], &tag].concat()) == text(row, "token");
    assert_ne!(same, is_respelt, "{row}");
    let right = full_tag(&bytes(group, "key"), text(group, "domain"), &payload);
    if row["result"] == "valid" {
        assert_eq!(tag, right[..16], "{row}");
        assert!(row.get("error").is_none());
    } else if row["error"] == "bad_signature" {
        assert_eq!(row["result"], "invalid");
        assert_ne!(tag, right[..16], "{row}");
    }
}
