//! Throughput of every way to do the work, side by side.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench exports nothing, uses some of the arms, and fails by panicking"
)]

mod arms;

use std::hint::black_box;
use std::time::Duration;

use arms::handwritten::handwritten;
use arms::{SECRET, corpus, domain, inputs, lol_html_idle, lol_html_pass, message, stream};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use linkseal::{Template, TrackingLevel, Verifier, rewrite};
use sha2::Sha256;

fn documents(criterion: &mut Criterion) {
    let domain = domain();
    for input in inputs::all() {
        let html = input.html.as_str();
        let mut group = criterion.benchmark_group(input.name);
        group.throughput(Throughput::Bytes(html.len().try_into().unwrap()));
        group.bench_function("copy", |b| b.iter(|| black_box(html).to_owned()));
        group.bench_function("lol_html", |b| b.iter(|| lol_html_pass(html)));
        group.bench_function("lol_html-idle", |b| b.iter(|| lol_html_idle(html)));
        group.bench_function("handwritten", |b| b.iter(|| handwritten(html)));
        group.bench_function("rewrite", |b| b.iter(|| rewrite(html, &domain)));
        group.bench_function("stream-4k", |b| b.iter(|| stream(html, &domain)));
        group.bench_function("compile", |b| b.iter(|| Template::compile(html, &domain)));
        let (template, message, mut out) =
            (Template::compile(html, &domain), message(), String::new());
        group.bench_function("render_into", |b| {
            b.iter(|| {
                out.clear();
                template.render_into(&message, &mut out);
            });
        });
        group.finish();
    }
}

fn real_mail(criterion: &mut Criterion) {
    let Some(documents) = corpus::documents() else {
        return;
    };
    let bytes: usize = documents.iter().map(String::len).sum();
    let domain = domain();
    let mut group = criterion.benchmark_group("corpus");
    group.throughput(Throughput::Bytes(bytes.try_into().unwrap()));
    group.sample_size(20);
    let mut bench = |name: &str, arm: &dyn Fn(&str)| {
        group.bench_function(name, |b| {
            b.iter(|| documents.iter().for_each(|html| arm(html)));
        });
    };
    bench("lol_html-idle", &|html| drop(lol_html_idle(html)));
    bench("handwritten", &|html| drop(handwritten(html)));
    bench("rewrite", &|html| drop(rewrite(html, &domain)));
    group.finish();
}

fn tokens(criterion: &mut Criterion) {
    let domain = domain().with_open_tracking(TrackingLevel::Off);
    let mut group = criterion.benchmark_group("token");
    for length in [40, 200, 2000] {
        let destination = format!("https://shop.northwind.example/{}", "p".repeat(length));
        let html = format!("<a href='{destination}'>x</a>");
        let output = rewrite(&html, &domain);
        let token = output
            .split("/c/")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        let verifier = Verifier::new([&domain]).unwrap();
        assert!(verifier.verify(token).is_ok());
        let payload = vec![b'x'; token.len() / 4 * 3 - 16];
        group.throughput(Throughput::Bytes(payload.len().try_into().unwrap()));
        group.bench_function(BenchmarkId::new("raw-hmac", length), |b| {
            b.iter(|| {
                let mut mac: Hmac<Sha256> = Hmac::new_from_slice(SECRET).unwrap();
                mac.update(&payload);
                mac.finalize()
            });
        });
        // A document that is nothing but the link: minting, and little around it.
        group.bench_function(BenchmarkId::new("mint", length), |b| {
            b.iter(|| rewrite(&html, &domain));
        });
        group.bench_function(BenchmarkId::new("verify", length), |b| {
            b.iter(|| verifier.verify(token));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500));
    targets = documents, real_mail, tokens
}
criterion_main!(benches);
