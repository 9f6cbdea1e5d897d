//! Tokens that come back, whole, cut, changed, and dressed up.

use linkseal::error::TokenError;
use linkseal::{
    DomainConfig, Event, EventKind, KeyId, Message, PixelPosition, SendingDomain, SigningKey,
    TrackingHost, UntrustedToken, Verifier, rewrite,
};
use serde_json::{Value, json};

use crate::setup::{CLICK_PREFIX, OPEN_PREFIX, domain, key, tracking_urls, verifier};

/// The vectors of version 1, and of version 2 where it is known, with the numbers of valid and refused ones.
fn vectors() -> Vec<(Value, usize, usize)> {
    let read = |text| serde_json::from_str(text).unwrap();
    let signed = (read(include_str!("../vectors/tokens.json")), 9, 30);
    let sealed = (read(include_str!("../vectors/tokens-v2.json")), 23, 23);
    match cfg!(feature = "sealed") {
        true => vec![signed, sealed],
        false => vec![signed],
    }
}

fn vector_verifier(vectors: &Value) -> Verifier {
    let keys: Vec<(SendingDomain, SigningKey)> = vectors["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| {
            let id = KeyId(u32::try_from(key["id"].as_u64().unwrap()).unwrap());
            let secret = key["secret_hex"].as_str().unwrap();
            let key_of_id = SigningKey::from_hex(id, secret).unwrap();
            (key["domain"].as_str().unwrap().parse().unwrap(), key_of_id)
        })
        .collect();
    Verifier::from_keys(keys.iter().map(|(domain, key)| (domain.clone(), key))).unwrap()
}

/// An event as the vectors have it: what is absent is empty, or 0.
fn event_json(event: &Event) -> Value {
    let mut object = json!({
        "key_id": event.key_id().0,
        "domain": event.domain().as_str(),
        "sent_at": event.sent_at().unwrap_or(0),
        "message": event.message().unwrap_or_default(),
        "recipient": event.recipient().unwrap_or_default(),
    });
    let more = match event.kind() {
        EventKind::Click(click) => json!({
            "kind": "click",
            "position": click.position(),
            "name": click.name().unwrap_or_default(),
            "destination": click.destination(),
        }),
        EventKind::Open(open) => json!({ "kind": "open", "placement": open.placement().as_str() }),
    };
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

#[test]
fn valid_vectors_verify_to_their_event() {
    for (vectors, count, _) in vectors() {
        let verifier = vector_verifier(&vectors);
        let valid = vectors["valid"].as_array().unwrap();
        assert_eq!(valid.len(), count);
        for vector in valid {
            let event = verifier.verify(vector["token"].as_str().unwrap()).unwrap();
            assert_eq!(event_json(&event), vector["event"], "{}", vector["note"]);
        }
    }
}

#[test]
fn refused_vectors_get_their_error() {
    for (vectors, _, count) in vectors() {
        let verifier = vector_verifier(&vectors);
        let refused = vectors["refused"].as_array().unwrap();
        assert_eq!(refused.len(), count);
        for vector in refused {
            let error = verifier
                .verify(vector["token"].as_str().unwrap())
                .unwrap_err();
            assert_eq!(error.as_str(), vector["error"], "{}", vector["note"]);
        }
    }
}

/// A click's and an open's token of the tests' domain.
fn tokens() -> [String; 2] {
    tokens_of(&domain())
}

fn tokens_of(domain: &DomainConfig) -> [String; 2] {
    let html = rewrite(
        "<a data-track-name=cta href=https://x.test/p?q=1>x</a>",
        domain,
    );
    let open = html.split(OPEN_PREFIX).nth(1).unwrap();
    [
        tracking_urls(html.as_bytes())[0][CLICK_PREFIX.len()..].to_owned(),
        open[..open.find('"').unwrap()].to_owned(),
    ]
}

/// Signed ones, and, where that is known, sealed ones.
fn tokens_of_all_versions() -> Vec<String> {
    #[cfg(not(feature = "sealed"))]
    let sealed = [];
    #[cfg(feature = "sealed")]
    let sealed = tokens_of(&domain().with_sealed_tokens(true));
    tokens().into_iter().chain(sealed).collect()
}

#[test]
fn tokens_cut_anywhere_are_refused() {
    for token in tokens_of_all_versions() {
        assert!(verifier().verify(&token).is_ok());
        for end in 0..token.len() {
            let error = verifier().verify(&token[..end]).unwrap_err();
            let expected = [TokenError::Malformed, TokenError::BadSignature];
            assert!(expected.contains(&error), "{end}: {error}");
        }
    }
}

#[test]
fn tokens_with_any_one_character_changed_are_refused() {
    for token in tokens_of_all_versions() {
        for at in 0..token.len() {
            for sign in "AQgw9-_=+/ .é".chars() {
                let mut changed: Vec<char> = token.chars().collect();
                if std::mem::replace(&mut changed[at], sign) != sign {
                    let changed: String = changed.into_iter().collect();
                    assert!(verifier().verify(&changed).is_err(), "{changed}");
                }
            }
        }
        assert!(verifier().verify(&format!("{token}A")).is_err());
    }
}

#[test]
fn tokens_over_8192_characters_are_refused_whatever_they_hold() {
    for (length, expected) in [
        // Read as far as its key id, which no key has.
        (8192, TokenError::UnknownKey),
        (8193, TokenError::Malformed),
        (1 << 20, TokenError::Malformed),
    ] {
        let token = "E".repeat(length);
        assert_eq!(verifier().verify(&token), Err(expected), "{length}");
        let path = format!("/c/{token}");
        assert_eq!(verifier().verify_url(&path), Err(expected), "{length}");
    }
    let escaped = format!("/c/{}", "%45".repeat(1 << 20));
    assert_eq!(verifier().verify_url(&escaped), Err(TokenError::Malformed));
}

#[test]
fn the_longest_token_that_is_minted_verifies() {
    let long = "x".repeat(Message::MAX_ID_BYTES);
    let message = Message::new(long.clone())
        .unwrap()
        .with_recipient(long)
        .unwrap();
    for (length, tracked) in [(4096, false), (4077, false), (4076, true)] {
        let url = format!("https://x.test/{}", "p".repeat(length - 15));
        let html = format!("<a href='{url}'>x</a>");
        let (output, report) =
            linkseal::rewrite_with_report(&html, &domain().for_message(message.clone()));
        assert_eq!(report.tracked() == 1, tracked, "{length}");
        for tracking_url in tracking_urls(output.as_bytes()) {
            assert!(tracking_url.len() - CLICK_PREFIX.len() <= 8192);
            assert!(verifier().verify_url(&tracking_url).is_ok());
        }
    }
}

#[test]
fn urls_are_verified_as_they_come_back() {
    let [click, open] = tokens();
    let event = verifier().verify(&click).unwrap();
    for url in [
        format!("https://link.example.com/c/{click}"),
        format!("/c/{click}"),
        format!("http://other.example/prefix/c/c/{click}"),
        format!("/c/{click}?utm_source=x&y=/c/z"),
        format!("/c/{click}#fragment"),
        format!("/c/{click}%3Futm=x"),
        format!("/c/{click}."),
        format!("/c/{click})."),
        format!("<https://link.example.com/c/{click}>"),
        format!("/c/{click}/"),
        format!("/c/{click}=\r\n"),
        format!("/c/{click}%3E%22"),
        format!("/c/{click}…”"),
        format!("/%63/%{:02x}{}", click.as_bytes()[0], &click[1..]),
    ] {
        assert_eq!(verifier().verify_url(&url).as_ref(), Ok(&event), "{url}");
    }
    for url in [
        "",
        "/",
        "/c/",
        "/c",
        &click,
        &format!("/x/{click}"),
        &format!("/c/{click}/more"),
        &format!("/c/x/{click}"),
        &format!("/c?/c/{click}"),
    ] {
        assert_eq!(
            verifier().verify_url(url),
            Err(TokenError::Malformed),
            "{url}"
        );
    }
    let wrong = Err(TokenError::UnexpectedKind);
    assert_eq!(verifier().verify_url(&format!("/o/{click}")), wrong);
    assert_eq!(verifier().verify_url(&format!("/c/{open}")), wrong);
    let opened = verifier().verify(&open).unwrap();
    assert!(
        matches!(opened.kind(), EventKind::Open(open) if open.placement() == PixelPosition::End)
    );
}

#[test]
fn tokens_that_were_folded_in_transit_verify() {
    let [click, open] = tokens();
    for (segment, token) in [("c", &click), ("o", &open)] {
        let event = verifier().verify(token).unwrap();
        let whole = format!("https://link.example.com/{segment}/");
        for fold in [
            " ",
            "\t",
            "\r\n",
            "\r\n ",
            "\n\t",
            "%20",
            "%09",
            "%0D%0A",
            "%0d%0a%20",
            "%0A",
            " %0a\t",
        ] {
            for at in 0..=token.len() {
                let url = format!("{whole}{}{fold}{}", &token[..at], &token[at..]);
                assert_eq!(verifier().verify_url(&url).as_ref(), Ok(&event), "{url}");
            }
            let every: Vec<String> = token.chars().map(String::from).collect();
            let url = format!("{whole}{}?utm=x y", every.join(fold));
            assert_eq!(verifier().verify_url(&url).as_ref(), Ok(&event), "{url}");

            let malformed = Err(TokenError::Malformed);
            let (before, after) = token.split_at(20);
            let bare = format!("{before}{fold}{after}");
            assert_eq!(verifier().verify(&bare), malformed, "{bare:?}");
            let elsewhere = format!("https://link.example.com/{segment}{fold}/{token}");
            assert_eq!(verifier().verify_url(&elsewhere), malformed, "{elsewhere}");
        }
        // What is no fold is no part of a token either.
        for other in ["\u{a0}", "\x0c", "%0c", "+", "%2520", "=\r\n", "%00"] {
            let url = format!("{whole}{}{other}{}", &token[..20], &token[20..]);
            assert_eq!(
                verifier().verify_url(&url),
                Err(TokenError::Malformed),
                "{url}"
            );
        }
    }
}

#[test]
fn a_fold_does_not_count_as_length_of_a_token_but_of_a_path() {
    let token = "E".repeat(8192);
    let blanks = " ".repeat(32_768 - "/c/".len() - token.len());
    let unknown = Err(TokenError::UnknownKey);
    let url = format!("/c/E{blanks}{}", &token[1..]);
    assert_eq!(verifier().verify_url(&url), unknown);
    let malformed = Err(TokenError::Malformed);
    assert_eq!(
        verifier().verify_url(&url.replacen("  ", "   ", 1)),
        malformed
    );
    assert_eq!(
        verifier().verify_url(&url.replacen("/c/E ", "/c/EE", 1)),
        malformed
    );
}

#[test]
fn retired_keys_verify_and_removed_ones_do_not() {
    let [click, _] = tokens();
    let host = || TrackingHost::custom("link.example.com").unwrap();
    let next = DomainConfig::new("example.com".parse().unwrap(), host(), key(2)).unwrap();
    let error = Verifier::new([&next]).unwrap().verify(&click);
    assert_eq!(error, Err(TokenError::UnknownKey));
    let rotated = next.with_retired_key(key(1)).unwrap();
    assert!(Verifier::new([&rotated]).unwrap().verify(&click).is_ok());
    let html = rewrite("<a href=https://x.test>x</a>", &rotated);
    let url = &tracking_urls(html.as_bytes())[0];
    let event = Verifier::new([&rotated]).unwrap().verify_url(url).unwrap();
    assert_eq!(event.key_id(), KeyId(2));
}

#[test]
fn domains_that_share_a_key_are_told_apart() {
    let [click, _] = tokens();
    let host = TrackingHost::custom("link.example.net").unwrap();
    let other = DomainConfig::new("example.net".parse().unwrap(), host, key(1)).unwrap();
    let error = Verifier::new([&other]).unwrap().verify(&click);
    assert_eq!(error, Err(TokenError::BadSignature));
    let both = Verifier::new([&other, &domain()]).unwrap();
    assert_eq!(both.verify(&click).unwrap().domain(), "example.com");
}

#[test]
fn an_untrusted_token_names_its_key_and_is_believed_by_its_domain_only() {
    let [click, open] = tokens();
    let host = || TrackingHost::custom("link.example.com").unwrap();
    let config = |id| DomainConfig::new("example.com".parse().unwrap(), host(), key(id)).unwrap();
    let secret = SigningKey::new(KeyId(1), &[0x43; 32]).unwrap();
    let forger = DomainConfig::new("example.com".parse().unwrap(), host(), secret).unwrap();
    for (segment, other_segment, bare) in [("c", "o", click), ("o", "c", open)] {
        let url = format!("https://link.example.com/{segment}/{bare}?utm=x");
        let other = format!("/{other_segment}/{bare}");
        for token in [
            UntrustedToken::parse(&bare),
            UntrustedToken::parse_url(&url),
        ] {
            let token = token.unwrap();
            assert_eq!(token.key_id(), KeyId(1));
            assert_eq!(token.verify(&domain()), verifier().verify(&bare));
            assert_eq!(token.verify(&config(2)), Err(TokenError::UnknownKey));
            assert_eq!(token.verify(&forger), Err(TokenError::BadSignature));
            let rotated = config(2).with_retired_key(key(1)).unwrap();
            assert!(token.verify(&rotated).is_ok());
            // Nothing of it is believed, and nothing of it is shown.
            assert_eq!(
                format!("{token:?}"),
                "UntrustedToken { key_id: KeyId(1), .. }"
            );
        }
        let token = UntrustedToken::parse_url(&other).unwrap();
        assert_eq!(token.verify(&domain()), Err(TokenError::UnexpectedKind));
        assert_eq!(token.verify(&config(2)), Err(TokenError::UnknownKey));
    }
}

#[test]
fn an_untrusted_token_is_refused_for_its_format_before_any_key_is_looked_up() {
    let [(vectors, ..), ..] = &vectors()[..] else {
        panic!()
    };
    for vector in vectors["refused"].as_array().unwrap() {
        let token = vector["token"].as_str().unwrap();
        let expected = vector["error"].as_str().unwrap();
        let parsed = UntrustedToken::parse(token).map(|_| ());
        let in_path = UntrustedToken::parse_url(&format!("/c/{token}")).map(|_| ());
        match parsed {
            Err(error) => assert_eq!(error.as_str(), expected, "{vector}"),
            Ok(()) => assert_eq!(in_path, Ok(()), "{vector}"),
        }
    }
    for url in ["", "/", "/c/", "/x/EQEA", "/c/EQEA/more"] {
        let error = UntrustedToken::parse_url(url).unwrap_err();
        assert_eq!(error, TokenError::Malformed, "{url}");
    }
}

#[cfg(feature = "sealed")]
#[test]
fn sealed_tokens_say_the_same_in_as_many_characters_and_nobody_can_read_it() {
    let sealing = domain().with_sealed_tokens(true);
    assert!(sealing.seals_tokens() && !domain().seals_tokens());
    let (signed, sealed) = (tokens(), tokens_of(&sealing));
    for (signed, sealed) in signed.iter().zip(&sealed) {
        assert_eq!(signed.len(), sealed.len());
        let [of_signed, of_sealed] =
            [signed, sealed].map(|token| verifier().verify(token).unwrap());
        assert_eq!(of_signed, of_sealed);
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let bytes = base64::Engine::decode(&bytes, sealed).unwrap();
        for text in ["x.test", "cta", "msg-7f3a", "rcpt-42"] {
            assert!(memchr::memmem::find(&bytes, text.as_bytes()).is_none());
        }
    }
    assert_eq!(tokens_of(&sealing), sealed, "there is no randomness in it");
}

#[cfg(feature = "sealed")]
#[test]
fn a_template_renders_sealed_tokens_as_they_are_minted() {
    let html = "<body><a href='https://x.test/1'>1</a><a href='https://x.test/2'>2</a></body>";
    let sealing = domain().with_sealed_tokens(true);
    let anonymous = sealing
        .clone()
        .with_click_tracking(linkseal::TrackingLevel::Anonymous);
    for domain in [sealing, anonymous] {
        let template = linkseal::Template::compile(html, &domain);
        for recipient in ["r", "rcpt-42", ""] {
            let message = Message::new("msg-7f3a").unwrap();
            let message = message.with_recipient(recipient).unwrap();
            let expected = rewrite(html, &domain.for_message(message.clone()));
            assert_eq!(template.render(&message), expected);
        }
    }
}
