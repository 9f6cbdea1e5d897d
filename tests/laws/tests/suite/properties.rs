//! The laws, tried on documents and tokens put together at random.

use arbitrary::Unstructured;
use linkseal::PixelPlacement;
use linkseal_laws::documents::document;
use linkseal_laws::known_differences::{excused, excused_pixel};
use linkseal_laws::settings::{Settings, domains, messages};
use linkseal_laws::shorten::shortened;
use linkseal_laws::tokens::{self, Fields};
use linkseal_laws::{Verdict, oracle, rewriting, targets};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestCaseError;

fn documents() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..400).prop_map(|bytes| document(&mut Unstructured::new(&bytes)).unwrap())
}

pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    any::<u8>().prop_map(Settings::of)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(1_usize..40, 1..4)
}

fn holds(verdict: Verdict) -> Result<(), TestCaseError> {
    verdict.map_err(TestCaseError::fail)
}

/// The same documents in each run, so that a change alone makes a law fail. `LINKSEAL_SEED` chooses others.
pub(crate) fn seed() -> RngSeed {
    let chosen = std::env::var("LINKSEAL_SEED").ok();
    RngSeed::Fixed(chosen.map_or(1, |seed| seed.parse().unwrap()))
}

/// Tries a law on a document, and says what breaks it by a document that is as short as can be.
fn holds_of(html: &str, law: &dyn Fn(&str) -> Verdict) -> Result<(), TestCaseError> {
    holds(shortened(html, law))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        // Documents are shortened by their text: by the bytes that chose them it takes long and helps little.
        max_shrink_iters: 0,
        rng_seed: seed(),
        ..ProptestConfig::with_cases(2000)
    })]

    #[test]
    fn with_nothing_to_track_nothing_changes(html in documents()) {
        holds_of(&html, &rewriting::identity)?;
    }

    #[test]
    fn without_the_edits_the_input_is_back(html in documents(), settings in settings()) {
        holds_of(&html, &|html| rewriting::locality(html, settings))?;
    }

    #[test]
    fn a_stream_in_any_chunks_is_what_rewrite_returns(
        html in documents(), settings in settings(), sizes in sizes(),
    ) {
        holds_of(&html, &|html| rewriting::stream_is_rewrite(html, settings, &sizes))?;
    }

    #[test]
    fn small_limits_lose_nothing_in_any_chunks(
        html in documents(), settings in settings(), limit in 64_usize..300, sizes in sizes(),
    ) {
        holds_of(&html, &|html| rewriting::limits_lose_nothing(html, settings, limit, &sizes))?;
    }

    #[test]
    fn a_rendering_is_what_rewrite_returns_for_every_switch(
        html in documents(), domain in select(domains()),
    ) {
        holds_of(&html, &|html| rewriting::template(html, &domain, &messages()))?;
    }

    #[test]
    fn a_rendering_is_what_rewrite_returns_with_any_settings(
        html in documents(), settings in settings(),
    ) {
        let messages = messages();
        holds_of(&html, &|html| rewriting::template(html, &settings.domain(), &messages[..2]))?;
    }

    #[test]
    fn every_token_verifies_to_its_link(html in documents(), settings in settings()) {
        holds_of(&html, &|html| rewriting::round_trip(html, settings))?;
    }

    #[test]
    fn a_second_run_changes_nothing(html in documents(), settings in settings()) {
        holds_of(&html, &|html| rewriting::stability(html, settings))?;
    }

    #[test]
    fn no_line_grows_over_the_limit(html in documents(), settings in settings()) {
        holds_of(&html, &|html| rewriting::lines_keep_the_limit(html, settings))?;
    }

    #[test]
    fn links_are_those_of_the_judges(html in documents(), settings in settings()) {
        holds_of(&html, &|html| excused(html, oracle::links_of(html, settings)))?;
    }

    #[test]
    fn links_are_those_of_the_judges_in_any_charset(
        html in documents(), mark in any::<bool>(), choices in any::<[u8; 3]>(),
    ) {
        // What the charset does not have is broken in it, or means something else.
        let mark = if mark { "\u{feff}" } else { "" };
        let law = |html: &str| targets::charset(&[html.as_bytes(), &choices].concat());
        holds_of(&format!("{mark}{html}"), &law)?;
    }

    #[test]
    fn no_link_comes_into_being(html in documents(), settings in settings()) {
        holds_of(&html, &|html| targets::nothing_new(html, settings))?;
    }

    #[test]
    fn the_body_gets_the_pixels_that_are_reported(html in documents(), settings in settings()) {
        holds_of(&html, &|html| excused_pixel(html, oracle::one_pixel(html, settings)))?;
    }

    #[test]
    fn any_fields_come_back_and_nothing_close_to_them(
        path in ".{0,60}", name in ".{0,40}", message in ".{0,40}", recipient in ".{0,40}",
        sent_at in any::<u64>(), at in any::<usize>(), other in "[A-Za-z0-9_-]",
    ) {
        let fields = Fields { path, name, message, recipient, sent_at };
        let minted = tokens::round_trip(&fields).map_err(TestCaseError::fail)?;
        for token in minted {
            holds(tokens::tamper(&token, at, other.chars().next().unwrap()))?;
        }
    }

    #[test]
    fn only_minted_tokens_verify(text in ".{0,200}", token in "[EF][A-Za-z0-9_-]{20,200}") {
        holds(tokens::only_minted_verifies(&text))?;
        holds(tokens::only_minted_verifies(&token))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 0,
        // Each looks for its recipient among thousands.
        rng_seed: seed(),
        ..ProptestConfig::with_cases(300)
    })]

    #[test]
    fn no_recipient_ends_a_comment(html in documents(), settings in settings()) {
        holds_of(&html, &|html| targets::comments_end_where_they_ended(html, settings))?;
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
                    ..Settings::DEFAULT
                };
                assert!(chosen(&|settings| settings == wanted), "{wanted:?}");
            }
        }
    }
    assert!(chosen(&|settings| settings.has_dialect));
    assert!(chosen(&|settings| settings.line_limit.is_some()));
}
