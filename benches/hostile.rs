//! How time grows on hostile documents: `name ratio bound ok|short`, where the ratio is the time of
//! a document of twice the size over that of the document.
//!
//! In one shot and in chunks of 64 KB the larger one is as large as anybody will try; byte by byte,
//! which takes longest, it is smaller. With arguments, only documents whose names they begin. It exits 0
//! whatever it finds, as `limits` does.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench exports nothing, and fails by panicking"
)]

use std::env;
use std::hint::black_box;
use std::io::{Write, sink};
use std::time::{Duration, Instant};

use linkseal::{
    DomainConfig, KeyId, RewriteWriter, Rewriter, SigningKey, StreamOptions, TrackingHost, rewrite,
};
use linkseal_laws::hostile::{BYTES, DOCUMENTS};

const BOUND: f64 = 2.3;
/// How long one measurement takes at least: long enough for the clock.
const BATCH: Duration = Duration::from_micros(400);
const CHUNK: usize = 64 * 1024;
const LARGEST_BYTE_BY_BYTE: usize = 400_000;
const ROUNDS: usize = 5;
/// How long all measurements of a case take at least, so that short ones find a quiet moment.
const SHORTEST: Duration = Duration::from_millis(500);
/// How long they go on while the bound is not kept: a busy machine only ever adds time.
const LONGEST: Duration = Duration::from_secs(5);

fn main() {
    let domain = domain();
    let stream = |html: &[u8], charset: &str, size| {
        let options = StreamOptions::new().with_summary_only();
        let options = options.with_charset(charset.parse().unwrap());
        let rewriter = Rewriter::with_options(&domain, &options);
        let mut writer = RewriteWriter::new(rewriter, sink());
        for chunk in html.chunks(size) {
            writer.write_all(chunk).unwrap();
        }
        black_box(writer.finish().unwrap());
    };
    let streams = |name: &str, full: usize, charset: &str, make: &dyn Fn(usize) -> Vec<u8>| {
        let whole = [make(full / 2), make(full)];
        let streamed = growth(&whole, |html| stream(html, charset, CHUNK));
        print(&format!("{name}, stream"), streamed);
        let largest = full.min(LARGEST_BYTE_BY_BYTE);
        let cut = [make(largest / 2), make(largest)];
        let byte_by_byte = growth(&cut, |html| stream(html, charset, 1));
        print(&format!("{name}, byte by byte"), byte_by_byte);
    };
    println!("name\tratio\tbound\tverdict");
    let wanted: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| name.starts_with(wanted));
    for (name, full, make) in DOCUMENTS {
        if is_wanted(name) {
            let whole = [make(full / 2), make(*full)];
            let one_shot = growth(&whole, |html| drop(black_box(rewrite(html, &domain))));
            print(&format!("{name}, one shot"), one_shot);
            streams(name, *full, "utf-8", &|n| make(n).into_bytes());
        }
    }
    for (name, full, charset, make) in BYTES {
        if is_wanted(name) {
            streams(name, *full, charset, make);
        }
    }
}

fn domain() -> DomainConfig {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(1), &[0x42; 32]).unwrap();
    let domain = DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap();
    let domain = domain.with_excluded_host("*.excluded.test").unwrap();
    domain.with_pixel_placeholder("%own%").unwrap()
}

/// The time for the second document over that for the first, the least of several rounds of both.
fn growth<T>([small, large]: &[T; 2], work: impl Fn(&T)) -> f64 {
    let runs = [small, large].map(|html| {
        let (start, mut runs) = (Instant::now(), 0);
        while start.elapsed() < BATCH {
            work(html);
            runs += 1;
        }
        runs
    });
    let [mut of_small, mut of_large] = [f64::INFINITY; 2];
    let (start, mut rounds) = (Instant::now(), 0);
    while rounds < ROUNDS
        || start.elapsed() < SHORTEST
        || (of_large > BOUND * of_small && start.elapsed() < LONGEST)
    {
        rounds += 1;
        let arms = [(small, &mut of_small), (large, &mut of_large)];
        for ((html, least), runs) in arms.into_iter().zip(runs) {
            let start = Instant::now();
            for _ in 0..runs {
                work(html);
            }
            *least = least.min(start.elapsed().as_secs_f64() / f64::from(runs));
        }
    }
    of_large / of_small
}

fn print(name: &str, ratio: f64) {
    let verdict = if ratio <= BOUND { "ok" } else { "short" };
    println!("{name}\t{ratio:.2}\t{BOUND}\t{verdict}");
}
