//! How time grows on hostile documents: `name ratio bound ok|short`, where the ratio is the time of
//! a document of twice the size over that of the document, in one shot and byte by byte.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench exports nothing, and fails by panicking"
)]

#[path = "arms/hostile.rs"]
mod documents;

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use linkseal::{DomainConfig, KeyId, Rewriter, SigningKey, TrackingHost, rewrite};

const SIZE: usize = 100_000;
const BOUND: f64 = 2.3;
const ROUNDS: usize = 5;

fn main() {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(1), &[0x42; 32]).unwrap();
    let domain = DomainConfig::new("example.com", host, key).unwrap();
    let domain = domain.with_excluded_host("*.excluded.test").unwrap();
    let domain = domain.with_pixel_placeholder("%own%").unwrap();
    println!("name\tratio\tbound\tverdict");
    for (name, make) in documents::DOCUMENTS {
        let one_shot = growth(*make, |html| drop(black_box(rewrite(html, &domain))));
        print(&format!("{name}, one shot"), one_shot);
        let streamed = growth(*make, |html| {
            let mut rewriter = Rewriter::new(&domain, Vec::new()).with_summary_only();
            for byte in html.as_bytes().chunks(1) {
                rewriter.write_all(byte).unwrap();
            }
            black_box(rewriter.finish().unwrap());
        });
        print(&format!("{name}, byte by byte"), streamed);
    }
}

fn growth(make: fn(usize) -> String, work: impl Fn(&str)) -> f64 {
    let (small, large) = (make(SIZE), make(2 * SIZE));
    let (mut of_small, mut of_large) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        for (html, least) in [(&small, &mut of_small), (&large, &mut of_large)] {
            let start = Instant::now();
            work(html);
            *least = least.min(start.elapsed().as_secs_f64());
        }
    }
    of_large / of_small
}

fn print(name: &str, ratio: f64) {
    let verdict = if ratio <= BOUND { "ok" } else { "short" };
    println!("{name}\t{ratio:.2}\t{BOUND}\t{verdict}");
}
