//! What links stand in or behind.

use std::sync::LazyLock;

use super::own_urls;

type Sides = (String, &'static str);

/// What comes before a link, and what after it.
const PLAIN: &[(&str, &str)] = &[
    ("<noscript>", "</noscript>"),
    ("<noscript><noscript>", "</noscript>"),
    ("<template>", "</template>"),
    ("<base href=\"https://base.test/d/\">", ""),
    ("<base href=\"{{base}}\">", ""),
    ("<img src=\"https://link.example.com/o/x\">", ""),
    ("<script><!--<script>", "</script>--></script>"),
    ("<svg><style>", "</style></svg>"),
    // Known differences.
    ("<svg/><style>", "</style>"),
    ("<svg><svg><p><style>", "</style>"),
    ("<math><mi><mglyph><title>", "</title></math>"),
    (
        "<math><annotation-xml encoding=&#116;ext/html><title>",
        "</title></math>",
    ),
];

pub(super) fn all() -> &'static [Sides] {
    static ALL: LazyLock<Vec<Sides>> = LazyLock::new(|| {
        let plain = PLAIN.iter();
        let plain = plain.map(|(before, after)| ((*before).to_owned(), *after));
        let pixels = own_urls::pixels().iter();
        let pixels = pixels.map(|pixel| (format!("<img src=\"{pixel}\">"), ""));
        plain.chain(pixels).collect()
    });
    &ALL
}
