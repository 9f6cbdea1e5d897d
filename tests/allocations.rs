//! What the verifier allocates, counted in this thread by an allocator that this binary has for it.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use allocation_counter::{AllocationInfo, measure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use linkseal::error::TokenError;
use linkseal::{
    DomainConfig, KeyId, Message, SigningKey, TrackingHost, UntrustedToken, Verifier, rewrite,
};

fn domain() -> DomainConfig {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(1), &[0x42; 32]).unwrap();
    DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap()
}

/// The bare tokens of a click and an open, with ids and destinations of any length.
fn tokens(text: usize) -> [String; 2] {
    tokens_of(&domain(), text)
}

fn tokens_of(domain: &DomainConfig, text: usize) -> [String; 2] {
    let message = Message::new("m".repeat(text.min(1024))).unwrap();
    let message = message.with_recipient("r".repeat(text.min(1024))).unwrap();
    let link = format!("<a href='https://x.test/{}'>x</a>", "x".repeat(text));
    let html = rewrite(&link, &domain.for_message(message));
    ["link.example.com/c/", "link.example.com/o/"].map(|prefix| {
        let after = html.split(prefix).nth(1).unwrap();
        after.split(['"', '\'']).next().unwrap().to_owned()
    })
}

/// Runs it, and returns what it said and what it allocated meanwhile.
fn counted<T>(run: impl FnOnce() -> T) -> (T, AllocationInfo) {
    let mut value = None;
    let counted = measure(|| value = Some(run()));
    (value.unwrap(), counted)
}

/// A counter that counts nothing would let all of these tests pass.
#[test]
fn the_allocator_counts() {
    let (text, counted) = counted(|| "x".repeat(100));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 100));
    assert_eq!(counted.bytes_current, 100);
    drop(text);
}

#[test]
fn texts_over_their_length_are_refused_without_an_allocation() {
    let verifier = Verifier::new([&domain()]).unwrap();
    let [click, _] = tokens(10);
    for length in [8193, 32_769, 1 << 20, 1 << 26] {
        for fill in ["A", "E", "/", "%", "\0"] {
            let token = fill.repeat(length);
            let (verdict, counted) = counted(|| verifier.verify(&token));
            assert_eq!(verdict, Err(TokenError::Malformed), "{fill} {length}");
            assert_eq!(counted, AllocationInfo::default(), "{fill} {length}");
            if length > 32_768 {
                assert_path_is_refused_unread(&verifier, &token);
            }
        }
    }
    // The token of a path has a limit of its own, and the query has none.
    let path = format!("/c/{}", "E".repeat(8193));
    let query = format!("/c/{click}!?{}", "x".repeat(1 << 26));
    for (url, expected) in [(path, true), (query, false)] {
        let (verdict, counted) = counted(|| verifier.verify_url(&url));
        assert_eq!(verdict == Err(TokenError::Malformed), expected);
        assert_eq!(counted.count_total, if expected { 0 } else { 2 });
    }
}

#[track_caller]
fn assert_path_is_refused_unread(verifier: &Verifier, path: &str) {
    let (verdict, counted) = counted(|| verifier.verify_url(path));
    assert_eq!(verdict, Err(TokenError::Malformed));
    assert_eq!(counted, AllocationInfo::default());
}

#[test]
fn texts_of_up_to_680_characters_are_refused_without_an_allocation() {
    let retired = SigningKey::new(KeyId(2), &[1; 32]).unwrap();
    let two = domain().with_retired_key(retired).unwrap();
    let verifiers = [
        Verifier::new([&domain()]).unwrap(),
        Verifier::new([&two]).unwrap(),
    ];
    let sealed = tokens_of(&domain().with_sealed_tokens(true), 300);
    let tokens = [tokens(300), sealed].concat();
    for token in tokens {
        assert!(token.len() > 680);
        for end in 0..=680 {
            for verifier in &verifiers {
                let path = format!("/c/{}", &token[..end]);
                let (verdict, bare) = counted(|| verifier.verify(&token[..end]));
                assert!(verdict.is_err());
                assert_eq!(bare, AllocationInfo::default(), "{end}");
                let (verdict, in_path) = counted(|| verifier.verify_url(&path));
                assert!(verdict.is_err());
                assert_eq!(in_path, AllocationInfo::default(), "{end}");
            }
        }
    }
}

#[test]
fn what_is_allocated_is_bounded_by_the_length_of_the_text() {
    let verifier = Verifier::new([&domain()]).unwrap();
    for text in [0, 1, 50, 200, 300, 600, 1024, 3000] {
        let sealed = tokens_of(&domain().with_sealed_tokens(true), text);
        // A sealed one is copied once more.
        let signed = tokens(text).map(|token| (token, 1));
        for (token, copies) in signed.into_iter().chain(sealed.map(|token| (token, 2))) {
            let length = u64::try_from(token.len()).unwrap();
            let (verdict, genuine) = counted(|| verifier.verify(&token));
            // The ids, the texts of a click, and the bytes of a token that the stack has no room for.
            assert!(verdict.is_ok());
            assert!(genuine.count_total <= 2 + copies, "{genuine:?}");
            assert!(genuine.bytes_total <= (1 + copies) * length, "{genuine:?}");
            // The event is still there, and holds less than its token did.
            assert!(genuine.bytes_current < i64::try_from(length).unwrap());

            let forged = format!("{}AAAA", &token[..token.len() - 4]);
            let (verdict, refused) = counted(|| verifier.verify(&forged));
            assert_eq!(verdict, Err(TokenError::BadSignature));
            assert!(refused.bytes_total <= copies * length, "{refused:?}");
            assert_eq!(refused.bytes_current, 0);

            // Escapes that are no UTF-8 grow threefold, from a third of the text.
            let odd = format!("/c/{}{token}", "%ff".repeat(token.len()));
            let escaped: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
            for url in [odd, format!("/c/{escaped}"), format!("/o/{escaped}")] {
                let limit = 4 * u64::try_from(url.len()).unwrap();
                let (verdict, of_url) = counted(|| verifier.verify_url(&url).is_ok());
                assert!(of_url.bytes_total <= limit, "{of_url:?}");
                assert_eq!(of_url.bytes_current, 0, "{verdict}");
            }
        }
    }
}

/// Tokens of a million key ids, each with the bytes of a genuine one otherwise.
fn each_of_a_million_ids(mut verify: impl FnMut(&str)) {
    let [click, _] = tokens(10);
    let genuine = URL_SAFE_NO_PAD.decode(click).unwrap();
    let mut bytes = genuine.clone();
    bytes.splice(1..2, [0; 4]);
    let mut text = [0; 256];
    for index in 0..1_000_000_u32 {
        // Spread over what four bytes of a varint hold, but for the short ids.
        let id = (1 << 21) + index * 266;
        for (at, byte) in bytes[1..5].iter_mut().enumerate() {
            let more = if at < 3 { 0x80 } else { 0 };
            *byte = u8::try_from(id >> (7 * at) & 0x7f).unwrap() | more;
        }
        let length = URL_SAFE_NO_PAD.encode_slice(&bytes, &mut text).unwrap();
        verify(std::str::from_utf8(&text[..length]).unwrap());
    }
}

#[test]
fn a_million_key_ids_leave_nothing_behind() {
    let verifier = Verifier::new([&domain()]).unwrap();
    let before = format!("{verifier:?}");
    each_of_a_million_ids(|token| {
        let (verdict, counted) = counted(|| verifier.verify(token));
        assert_eq!(verdict, Err(TokenError::UnknownKey));
        assert_eq!(counted, AllocationInfo::default());
        let (_, counted) = self::counted(|| UntrustedToken::parse(token).map(drop));
        assert_eq!((counted.count_total, counted.bytes_current), (1, 0));
    });
    assert_eq!(format!("{verifier:?}"), before);
    let [click, _] = tokens(10);
    assert!(verifier.verify(&click).is_ok());
}

#[test]
fn an_untrusted_token_holds_its_bytes_and_nothing_else() {
    for text in [0, 1, 50, 300, 1024, 3000] {
        for token in tokens(text) {
            let length = u64::try_from(token.len()).unwrap();
            let (parsed, counted) = counted(|| UntrustedToken::parse(&token));
            assert_eq!(counted.count_total, 1);
            assert!(counted.bytes_total <= length, "{counted:?}");
            let forged = format!("{}AAAA", &token[..token.len() - 4]);
            let forged = UntrustedToken::parse(&forged).unwrap();
            let domain = domain();
            let (verdict, refused) = self::counted(|| forged.verify(&domain));
            assert_eq!(verdict, Err(TokenError::BadSignature));
            assert_eq!(refused, AllocationInfo::default());
            assert!(parsed.unwrap().verify(&domain).is_ok());
        }
    }
    for length in [8193, 1 << 20] {
        let (verdict, counted) = counted(|| UntrustedToken::parse(&"E".repeat(length)).is_ok());
        assert_eq!(
            (verdict, counted.count_total),
            (false, 1),
            "the text itself"
        );
    }
}
