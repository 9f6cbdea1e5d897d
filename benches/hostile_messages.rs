//! What whole messages take, as they are sent and as somebody would make them who wants to do harm: `name peak bound
//! growth verdict`, the peak and its bound in megabytes.
//!
//! Counted are the live bytes of the heap. Growth is how many times as long a message of twice the size takes. It exits
//! 0 whatever it finds, as `limits` does.
#![allow(
    missing_docs,
    clippy::as_conversions,
    clippy::unwrap_used,
    reason = "a bench counts in floats, and fails by panicking"
)]

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost, rewrite_message};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const MEGABYTE: usize = 1024 * 1024;
const FULL: usize = 8 * MEGABYTE;
/// A link every 500 bytes, which is more than most mail has.
const LINK: &str = "<tr><td class=\"offer\" valign=\"top\" style=\"padding:12px 16px 12px 16px;font-family:Helvetica,Arial,sans-serif;\r\n\
    font-size:14px;line-height:20px;color:#333333\"><p style=\"margin:0 0 8px 0\">Only this week, and only while there is some\r\n\
    left: a small thing that makes mornings better, roasted in town and sent out the same day.</p>\r\n\
    <a href=\"https://shop.example/offers/1842?utm_source=mail&amp;utm_campaign=week-47\" target=\"_blank\"\r\n\
    style=\"color:#ffffff;background-color:#0a58ca;display:inline-block\">Have a look</a></td></tr>\r\n";

/// Makes a message of about so many bytes.
type Make = fn(usize) -> Vec<u8>;

const MESSAGES: [(&str, Make); 14] = [
    ("8bit", |bytes| part("8bit", LINK, bytes)),
    ("quoted-printable", |bytes| {
        part(
            "quoted-printable",
            &quoted_printable::encode_to_str(LINK),
            bytes,
        )
    }),
    ("base64", |bytes| {
        let html = STANDARD.encode(LINK.repeat(bytes / LINK.len()));
        let lines: Vec<&[u8]> = html.as_bytes().chunks(76).collect();
        part("base64", "", 0)
            .into_iter()
            .chain(lines.join(&b"\r\n"[..]))
            .collect()
    }),
    ("base64 in one line", |bytes| {
        let html = STANDARD.encode(LINK.repeat(bytes / LINK.len()));
        [part("base64", "", 0), html.into_bytes()].concat()
    }),
    ("escapes", |bytes| {
        part("quoted-printable", "=41=42=43=\r\n", bytes)
    }),
    ("parts", |bytes| multipart("--b\r\n\r\nx\r\n", bytes)),
    ("html parts", |bytes| {
        multipart(
            "--b\r\nContent-Type: text/html\r\n\r\n<a href=https://x.test/>x</a>\r\n",
            bytes,
        )
    }),
    ("nested multiparts", |bytes| {
        let levels = 0..bytes / 60;
        let level = |level| {
            format!("Content-Type: multipart/mixed; boundary=b{level}e\r\n\r\n--b{level}e\r\n")
        };
        levels.map(level).collect::<String>().into_bytes()
    }),
    ("nested messages", |bytes| {
        "Content-Type: message/rfc822\r\n\r\n"
            .repeat(bytes / 32)
            .into_bytes()
    }),
    ("multiparts without parts", |bytes| {
        multipart(
            "--b\r\nContent-Type: multipart/mixed; boundary=none\r\n\r\nx\r\n",
            bytes,
        )
    }),
    ("fields", |bytes| "A:\r\n".repeat(bytes / 4).into_bytes()),
    ("one field", |bytes| {
        format!("A: {}", "b\r\n ".repeat(bytes / 4)).into_bytes()
    }),
    ("hyphens", |bytes| multipart("--\r\n", bytes)),
    ("delimiters in a body", |bytes| multipart("--b\n", bytes)),
];

fn main() {
    let domain = domain();
    println!("name\tpeak\tbound\tgrowth\tverdict");
    for (name, make) in MESSAGES {
        let (half, full) = (make(FULL / 2), make(FULL));
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        drop(rewrite_message(&full, &domain));
        let peak = HEAP.peak_usage() - before;
        let bound = 3 * full.len() + 4 * MEGABYTE;
        let growth = seconds(&full, &domain) / seconds(&half, &domain);
        let verdict = if peak <= bound && growth <= 2.3 {
            "ok"
        } else {
            "short"
        };
        let [peak, bound] = [peak, bound].map(|bytes| bytes as f64 / MEGABYTE as f64);
        println!("{name}\t{peak:.2}\t{bound:.2}\t{growth:.2}\t{verdict}");
    }
}

fn seconds(message: &[u8], domain: &DomainConfig) -> f64 {
    let run = || {
        let start = Instant::now();
        drop(rewrite_message(message, domain));
        start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn domain() -> DomainConfig {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(1), &[0x42; 32]).unwrap();
    DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap()
}

fn part(encoding: &str, line: &str, bytes: usize) -> Vec<u8> {
    let header = format!(
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    );
    format!("{header}{}", line.repeat(bytes / line.len().max(1))).into_bytes()
}

fn multipart(part: &str, bytes: usize) -> Vec<u8> {
    format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
        part.repeat(bytes / part.len())
    )
    .into_bytes()
}
