//! The laws, tried on documents and tokens put together at random.

use arbitrary::Unstructured;
use linkseal::{PixelPlacement, Rewriter};
use linkseal_laws::documents::document;
use linkseal_laws::known_differences::excused;
use linkseal_laws::settings::{Settings, domains, messages};
use linkseal_laws::tokens::{self, Fields};
use linkseal_laws::{Verdict, oracle, rewriting, targets};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;

fn documents() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..400).prop_map(|bytes| document(&mut Unstructured::new(&bytes)).unwrap())
}

fn settings() -> impl Strategy<Value = Settings> {
    any::<u8>().prop_map(Settings::of)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(1_usize..40, 1..4)
}

fn holds(verdict: Verdict) -> Result<(), TestCaseError> {
    verdict.map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2000)
    })]

    #[test]
    fn with_nothing_to_track_nothing_changes(html in documents()) {
        holds(rewriting::identity(&html))?;
    }

    #[test]
    fn without_the_edits_the_input_is_back(html in documents(), settings in settings()) {
        holds(rewriting::locality(&html, settings))?;
    }

    #[test]
    fn a_stream_in_any_chunks_is_what_rewrite_returns(
        html in documents(), settings in settings(), sizes in sizes(),
    ) {
        holds(rewriting::stream_is_rewrite(&html, settings, &sizes))?;
    }

    #[test]
    fn small_limits_lose_nothing_in_any_chunks(
        html in documents(), settings in settings(), limit in 64_usize..300, sizes in sizes(),
    ) {
        let domain = settings.domain();
        let start = || Rewriter::new(&domain, Vec::new()).with_memory_limit(limit);
        holds(rewriting::split(html.as_bytes(), &start, &sizes))?;
        holds(rewriting::limits_lose_nothing(&html, settings, limit, &sizes))?;
    }

    #[test]
    fn a_rendering_is_what_rewrite_returns_for_every_switch(
        html in documents(), domain in select(domains()),
    ) {
        holds(rewriting::template(&html, &domain, &messages()))?;
    }

    #[test]
    fn every_token_verifies_to_its_link(html in documents(), settings in settings()) {
        holds(rewriting::round_trip(&html, settings))?;
    }

    #[test]
    fn a_second_run_changes_nothing(html in documents(), settings in settings()) {
        holds(rewriting::stability(&html, settings))?;
    }

    #[test]
    fn links_are_those_of_the_judges(html in documents(), settings in settings()) {
        holds(excused(&html, oracle::links_of(&html, settings)))?;
    }

    #[test]
    fn links_are_those_of_the_judges_in_any_charset(
        html in documents(), mark in any::<bool>(), choices in any::<[u8; 3]>(),
    ) {
        // What the charset does not have is broken in it, or means something else.
        let mark = if mark { "\u{feff}" } else { "" };
        holds(targets::charset(&[mark.as_bytes(), html.as_bytes(), &choices].concat()))?;
    }

    #[test]
    fn no_link_comes_into_being(html in documents(), settings in settings()) {
        holds(excused(&html, oracle::nothing_new(&html, settings)))?;
    }

    #[test]
    fn the_body_gets_the_pixels_that_are_reported(html in documents(), settings in settings()) {
        holds(excused(&html, oracle::one_pixel(&html, settings)))?;
    }

    #[test]
    fn any_fields_come_back_and_nothing_close_to_them(
        path in ".{0,60}", name in ".{0,40}", message in ".{0,40}", recipient in ".{0,40}",
        sent_at in any::<u64>(), at in any::<usize>(), sign in "[A-Za-z0-9_-]",
    ) {
        let fields = Fields { path, name, message, recipient, sent_at };
        let minted = tokens::round_trip(&fields).map_err(TestCaseError::fail)?;
        for token in minted {
            holds(tokens::tamper(&token, at, sign.chars().next().unwrap()))?;
        }
    }

    #[test]
    fn only_minted_tokens_verify(text in ".{0,200}", token in "[EF][A-Za-z0-9_-]{20,200}") {
        holds(tokens::only_minted_verifies(&text))?;
        holds(tokens::only_minted_verifies(&token))?;
    }
}

#[test]
fn the_bytes_that_text_ends_with_choose_every_setting() {
    let chosen = |wanted: &dyn Fn(Settings) -> bool| (b' '..=b'~').map(Settings::of).any(wanted);
    for placement in [
        PixelPlacement::Both,
        PixelPlacement::End,
        PixelPlacement::Placeholder,
        PixelPlacement::Start,
    ] {
        for keeps_markers in [false, true] {
            for own in [None, Some("%own%"), Some("<!--own-->"), Some("<own>")] {
                let wanted = Settings {
                    keeps_markers,
                    own,
                    placement,
                };
                assert!(chosen(&|settings| settings == wanted), "{wanted:?}");
            }
        }
    }
}
