//! What hostile documents take at most, in one shot and as streams: `name peak bound ok|short`, in
//! megabytes.
//!
//! Counted are the live bytes of the heap, with the old and the new room of what grows. With arguments,
//! only documents whose names they begin. It exits 0 whatever it finds, as `limits` does.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench exports nothing, counts in floats, and fails by panicking"
)]

use std::env;
use std::io::{Write, sink};

use linkseal::{
    DomainConfig, KeyId, RewriteWriter, Rewriter, SigningKey, StreamOptions, TrackingHost, rewrite,
};
use linkseal_laws::hostile::{BYTES, DOCUMENTS};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const CHUNK: usize = 64 * 1024;
const MEGABYTE: f64 = 1024.0 * 1024.0;
const LIMITS: [usize; 3] = [
    StreamOptions::MIN_MEMORY_LIMIT,
    16 * 1024,
    StreamOptions::DEFAULT_MEMORY_LIMIT,
];

fn main() {
    let domain = domain();
    println!("name\tpeak\tbound\tverdict");
    let measure = |name: &str, html: &[u8], charset: &str| {
        for limit in LIMITS {
            let peak = peak(|| {
                let options = StreamOptions::new().with_summary_only();
                let options = options.with_charset(charset.parse().unwrap());
                let options = options.with_memory_limit(limit);
                let rewriter = Rewriter::with_options(&domain, &options);
                let mut writer = RewriteWriter::new(rewriter, sink());
                for chunk in html.chunks(CHUNK) {
                    writer.write_all(chunk).unwrap();
                }
                writer.finish().unwrap();
            });
            let bound = stream_bound(limit);
            print(&format!("{name}, limit {limit}"), peak, bound);
        }
    };
    let wanted: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| name.starts_with(wanted));
    for (name, full, make) in DOCUMENTS {
        if is_wanted(name) {
            let html = make(*full);
            let mut output = 0;
            let peak = peak(|| output = rewrite(&html, &domain).len());
            print(&format!("{name}, one shot"), peak, one_shot_bound(output));
            measure(name, html.as_bytes(), "utf-8");
        }
    }
    for (name, full, charset, make) in BYTES {
        if is_wanted(name) {
            measure(name, &make(*full), charset);
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

/// What is held back, in up to twice the room; of a link as much as that decoded, of which one byte
/// may become three, first its charset and then its character references; and what any stream needs.
fn stream_bound(limit: usize) -> usize {
    8 * limit + 1024 * 1024
}

/// The output, in old and new room of twice its length; what a parser may keep, in as much room; and
/// that of another for a part of the document.
fn one_shot_bound(output: usize) -> usize {
    3 * output + 48 * 1024 * 1024
}

/// The most that `work` has on the heap at any time.
fn peak(work: impl FnOnce()) -> usize {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    work();
    HEAP.peak_usage() - before
}

fn print(name: &str, peak: usize, bound: usize) {
    let verdict = if peak <= bound { "ok" } else { "short" };
    let [peak, bound] = [peak, bound].map(|bytes| bytes as f64 / MEGABYTE);
    println!("{name}\t{peak:.2}\t{bound:.2}\t{verdict}");
}
