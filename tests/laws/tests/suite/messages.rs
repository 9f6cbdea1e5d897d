//! The laws of whole messages, tried on messages put together at random, and on any bytes.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use linkseal::rewrite_message_with_report;
use linkseal_laws::messages::{self, Code};
use linkseal_laws::settings::Settings;
use linkseal_laws::targets;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;

use crate::properties::{seed, settings};

const MAX_CHOICES: usize = 500;

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2000,
        rng_seed: seed(),
        ..ProptestConfig::with_cases(3000)
    })]

    #[test]
    fn all_but_the_links_of_a_message_stays(
        choices in vec(any::<u8>(), 0..MAX_CHOICES), settings in settings(),
    ) {
        let built = messages::message(&mut Unstructured::new(&choices)).unwrap();
        messages::of_known_parts(&built, settings).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_message_with_broken_bytes_goes_out(
        choices in vec(any::<u8>(), 0..MAX_CHOICES), settings in settings(),
        at in any::<usize>(), length in 0_usize..40, put in "[-\"\r\n=:;_b01 ]{0,6}",
    ) {
        let mut bytes = messages::message(&mut Unstructured::new(&choices)).unwrap().bytes;
        let start = at % (bytes.len() + 1);
        let end = bytes.len().min(start + length);
        bytes.splice(start..end, put.bytes());
        messages::any_bytes(&bytes, settings).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn what_a_judge_encodes_it_decodes(
        text in "[ -~\t\né]{0,300}", choices in vec(any::<u8>(), 8), line_end in select(vec!["\n", "\r\n"]),
    ) {
        let text = text.replace('\n', line_end);
        for code in Code::ALL {
            let mut choices = Unstructured::new(&choices);
            let encoded = code.encode(text.as_bytes(), &mut || line_end, &mut choices).unwrap();
            prop_assert_eq!(code.decode(&encoded), text.as_bytes());
        }
    }

    #[test]
    fn any_bytes_hold_the_laws_of_a_message(input in vec(any::<u8>(), 0..MAX_CHOICES)) {
        targets::message(&input).map_err(TestCaseError::fail)?;
    }
}

/// The messages come to what the laws are about, and often enough.
#[test]
fn messages_of_every_kind_are_made() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut bytes: u64 = 1;
    for _ in 0..3000 {
        let choices: Vec<u8> = (0..MAX_CHOICES)
            .map(|_| {
                bytes = bytes
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                bytes.to_be_bytes()[0]
            })
            .collect();
        let built = messages::message(&mut Unstructured::new(&choices)).unwrap();
        let (_, report) = rewrite_message_with_report(&built.bytes, &Settings::DEFAULT.domain());
        for part in report.parts() {
            let reason = part
                .outcome()
                .skip_reason()
                .map_or("", |reason| reason.as_str());
            let outcome = format!("{} {reason}", part.outcome().as_str());
            *counts.entry(outcome).or_default() += 1;
            if reason.is_empty() {
                *counts.entry(part.encoding().to_owned()).or_default() += 1;
            }
        }
    }
    let reasons = [
        "amp",
        "attachment",
        "calendar",
        "charset",
        "content_md5",
        "encoding",
        "encrypted",
        "message",
        "report",
        "signed",
        "type",
    ];
    let mut expected: Vec<String> = reasons.map(|reason| format!("skipped {reason}")).into();
    expected.extend(["rewritten ", "unchanged "].map(str::to_owned));
    expected.extend(Code::ALL.map(|code| code.name().to_owned()));
    for outcome in expected {
        assert!(
            counts.get(&outcome).is_some_and(|count| *count > 20),
            "{outcome}: {counts:?}"
        );
    }
}
