//! Ratios inside one run, each with the bound that it should keep: `name ratio bound ok|short`.
//!
//! A bound is for one profile: `bench`, which is what `cargo build --release` makes of a crate, or
//! `bench-lto`, with LTO and one codegen unit, which many users build with. There `lol_html` gains more
//! than what is around it. In the other profile the verdict is `-`.
//!
//! Arms are interleaved and the least time of each counts, so that a busy machine disturbs little.
//! It exits 0 whatever it finds: a bound is for people to look at, and machines differ.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench exports nothing, uses some of the arms, counts in floats, and fails by panicking"
)]

mod arms;
#[path = "limits/sealed.rs"]
mod sealed;

use std::env;
use std::hint::black_box;
use std::time::{Duration, Instant};

use arms::handwritten::{handwritten, handwritten_least};
use arms::messages::{MessageWithAttachment, rewrite_part};
use arms::{SECRET, corpus, domain, inputs, lol_html_idle, message, stream};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use linkseal::{Template, TrackingLevel, Verifier, rewrite, rewrite_message};
use sha2::Sha256;

/// How long one measurement of an arm takes at least: long enough for the clock.
const BATCH: Duration = Duration::from_micros(400);
const ROUNDS: usize = 300;

/// The profile of the bounds, and the one with LTO.
const PLAIN: &str = "bench";
const LTO: &str = "bench-lto";

type Arm<'a> = Box<dyn FnMut() + 'a>;

fn main() {
    println!("profile: {}", profile());
    println!("name\tratio\tbound\tverdict");
    documents();
    template(&inputs::newsletter());
    verify();
    sealed::sealed();
    growth();
    whole_message();
    real_mail();
}

/// cargo tells a profile's name to nobody, but names the folder of what it builds after it; of `bench`,
/// and of what inherits `release` without a name of its own, that is `release`.
fn profile() -> &'static str {
    let program = env::current_exe().unwrap();
    match program.iter().any(|part| part == LTO) {
        true => LTO,
        false => PLAIN,
    }
}

fn documents() {
    let domain = domain();
    let newsletter = inputs::newsletter();
    let plain = inputs::plain_newsletter();
    let dense = inputs::dense();
    let receipt = inputs::receipt();

    let [rewritten, idle, streamed] = least([
        arm(|| rewrite(&newsletter, &domain)),
        arm(|| lol_html_idle(&newsletter)),
        arm(|| stream(&newsletter, &domain)),
    ]);
    print("rewrite/idle", rewritten / idle, 1.38);

    let [dense_rewritten, dense_idle, dense_handwritten] = least([
        arm(|| rewrite(&dense, &domain)),
        arm(|| lol_html_idle(&dense)),
        arm(|| handwritten(&dense)),
    ]);
    print("dense/idle", dense_rewritten / dense_idle, 1.75);

    let [small, small_idle] = least([
        arm(|| rewrite(&receipt, &domain)),
        arm(|| lol_html_idle(&receipt)),
    ]);
    print("small/idle", small / small_idle, 1.35);

    let [plain_rewritten, plain_handwritten] = least([
        arm(|| rewrite(&plain, &domain)),
        arm(|| handwritten(&plain)),
    ]);
    print(
        "rewrite/handwritten",
        plain_rewritten / plain_handwritten,
        1.0,
    );
    print(
        "dense/handwritten",
        dense_rewritten / dense_handwritten,
        0.77,
    );
    print("stream/oneshot", streamed / rewritten, 1.15);
}

fn growth() {
    let domain = domain();
    let (small, large) = (inputs::digest(50 * 1024), inputs::digest(1024 * 1024));
    let [of_small, of_large] = least([
        arm(|| rewrite(&small, &domain)),
        arm(|| rewrite(&large, &domain)),
    ]);
    let per_byte = |time: f64, html: &str| time / html.len() as f64;
    print(
        "growth",
        per_byte(of_large, &large) / per_byte(of_small, &small),
        1.15,
    );
}

fn whole_message() {
    let domain = domain();
    let MessageWithAttachment { part, message } = MessageWithAttachment::of(&inputs::newsletter());
    let [rewritten, by_hand] = least([
        arm(|| rewrite_message(&message, &domain)),
        arm(|| rewrite_part(&part, &domain)),
    ]);
    print("message/part", rewritten / by_hand, 1.2);
}

/// All mails in a row.
fn real_mail() {
    let Some(mails) = corpus::mails() else {
        return;
    };
    let domain = domain();
    let each = |work: &dyn Fn(&str) -> Vec<u8>| {
        for html in &mails {
            black_box(work(html));
        }
    };
    let [rewritten, streamed, handwritten] = least([
        arm(|| each(&|html| rewrite(html, &domain).into_bytes())),
        arm(|| each(&|html| stream(html, &domain))),
        arm(|| each(&|html| handwritten_least(html.as_bytes()))),
    ]);
    println!(
        "{} mails, {:.1} µs each",
        mails.len(),
        rewritten / mails.len() as f64 * 1e6
    );
    print_for(LTO, "mail/handwritten", rewritten / handwritten, 1.25);
    print_for(LTO, "mail-stream/handwritten", streamed / handwritten, 1.4);
}

fn template(html: &str) {
    let (domain, message) = (domain(), message());
    let template = Template::compile(html, &domain);
    let output = template.render(&message);
    assert_eq!(
        output,
        rewrite(html, &domain),
        "a rendering is what rewrite returns"
    );
    let kept: Vec<Hmac<Sha256>> = tokens(&output).map(|token| kept_state(&token)).collect();
    assert_eq!(
        kept.len(),
        template.report().tracked() + 1,
        "each link and the pixel"
    );
    let (mut rendered, mut copied) = (String::new(), String::new());
    let [rendering, floor, rewriting] = least([
        Box::new(|| {
            rendered.clear();
            template.render_into(&message, &mut rendered);
            black_box(&rendered);
        }),
        Box::new(|| {
            copied.clear();
            copied.push_str(&output);
            black_box(&copied);
            for kept in &kept {
                let mut mac = kept.clone();
                mac.update(TAIL);
                black_box(mac.finalize());
            }
        }),
        arm(|| rewrite(html, &domain)),
    ]);
    print("template/rewrite", rendering / rewriting, 0.09);
    print("template/floor", rendering / floor, 1.35);
}

/// What the tokens of [`message`] end with before their tag: time, message, recipient.
const TAIL: &[u8] = b"\x80\xf7\xc4\xd5\x06\x0cmsg-7f3a91c2\x09rcpt-0042";

fn tokens(html: &str) -> impl Iterator<Item = Vec<u8>> {
    let after_prefix = ["https://link.example.com/c/", "https://link.example.com/o/"]
        .into_iter()
        .flat_map(|prefix| html.split(prefix).skip(1));
    after_prefix.map(|rest| {
        let is_token = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
        let end = rest.find(|sign| !is_token(sign)).unwrap_or(rest.len());
        URL_SAFE_NO_PAD.decode(&rest[..end]).unwrap()
    })
}

/// The HMAC that has taken in the key, the context, and what of the token comes before the tail.
fn kept_state(token: &[u8]) -> Hmac<Sha256> {
    let head = token[..token.len() - 16].strip_suffix(TAIL).unwrap();
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(SECRET).unwrap();
    mac.update(b"linkseal/1\0\x0bexample.com");
    mac.update(head);
    mac
}

fn verify() {
    let domain = domain();
    let html = "<a href='https://shop.northwind.example/orders/8842?utm_source=receipt'>x</a>";
    let html = rewrite(html, &domain.clone().with_open_tracking(TrackingLevel::Off));
    let token = html
        .split("/c/")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    let verifier = Verifier::new([&domain]).unwrap();
    assert!(verifier.verify(token).is_ok(), "the token is genuine");
    // The payload is the token less its tag, and the context comes before it.
    let bytes = vec![b'x'; token.len() / 4 * 3 - 16 + b"linkseal/1\0\x0bexample.com".len()];
    let [verifying, raw] = least([
        arm(|| verifier.verify(token)),
        arm(|| {
            let mut mac: Hmac<Sha256> = Hmac::new_from_slice(SECRET).unwrap();
            mac.update(&bytes);
            mac.finalize()
        }),
    ]);
    print("verify/hmac", verifying / raw, 1.8);
}

fn arm<'a, T>(mut work: impl FnMut() -> T + 'a) -> Arm<'a> {
    Box::new(move || {
        black_box(work());
    })
}

/// The least seconds that each arm took, all of them turn by turn.
fn least<const N: usize>(mut arms: [Arm<'_>; N]) -> [f64; N] {
    let runs = arms.each_mut().map(|arm| {
        let start = Instant::now();
        let mut runs = 0;
        while start.elapsed() < BATCH {
            arm();
            runs += 1;
        }
        runs
    });
    let mut least = [f64::INFINITY; N];
    for _ in 0..ROUNDS {
        for ((arm, runs), least) in arms.iter_mut().zip(runs).zip(&mut least) {
            let start = Instant::now();
            for _ in 0..runs {
                arm();
            }
            *least = least.min(start.elapsed().as_secs_f64() / f64::from(runs));
        }
    }
    least
}

fn print(name: &str, ratio: f64, bound: f64) {
    print_for(PLAIN, name, ratio, bound);
}

fn print_for(bound_profile: &str, name: &str, ratio: f64, bound: f64) {
    let verdict = if profile() != bound_profile {
        "-"
    } else if ratio <= bound {
        "ok"
    } else {
        "short"
    };
    println!("{name}\t{ratio:.3}\t{bound}\t{verdict}");
}
