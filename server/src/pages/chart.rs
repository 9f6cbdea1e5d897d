//! Clicks and opens over time as SVG, drawn by plotters.
//!
//! Opens are pale outlined steps, clicks solid bars in front of them: they differ by shape, not by colour alone.
//! The chart is drawn twice, for wide and for narrow screens, and the style sheet shows one of them.

use std::error::Error;

use maud::{Markup, PreEscaped, html};
use plotters::coord::combinators::BindKeyPoints as _;
use plotters::prelude::*;

use super::numbers::grouped;
use crate::reports::{Bucket, MINUTE_MS, Series, Span, minute, ticks};

const CLICKS: RGBColor = RGBColor(29, 78, 216);
const OPENS: RGBColor = RGBColor(194, 120, 3);
const OPENS_PALE: RGBColor = RGBColor(253, 230, 178);
const TEXT: RGBColor = RGBColor(75, 85, 99);
const GRID: RGBColor = RGBColor(229, 231, 235);

struct Size {
    class: &'static str,
    width: u32,
    height: u32,
    times: i64,
}

const SIZES: [Size; 2] = [
    Size {
        class: "wide",
        width: 1080,
        height: 260,
        times: 9,
    },
    Size {
        class: "narrow",
        width: 360,
        height: 240,
        times: 4,
    },
];

/// The chart with its legend, and the same numbers as a table.
pub(super) fn chart(series: &Series) -> Markup {
    if series.is_empty() {
        return html! { p.empty { "Nothing was clicked or opened in this time." } };
    }
    html! {
        figure.chart {
            figcaption {
                span.legend.opens { "Opens" } span.legend.clicks { "Clicks" }
                small { "per " (length(series.bucket_ms)) ", times in UTC" }
            }
            @for size in &SIZES {
                @match draw(series, size) {
                    Ok(svg) => (PreEscaped(svg)),
                    Err(error) => {
                        (tracing_of(error.as_ref()))
                        p.empty { "The chart can't be drawn; its numbers are below." }
                    }
                }
            }
            details {
                summary { "As a table" }
                div.scroll { (table(series)) }
            }
        }
    }
}

fn tracing_of(error: &dyn Error) -> Markup {
    tracing::warn!(%error, "a chart can't be drawn");
    html! {}
}

fn table(series: &Series) -> Markup {
    let busy = |bucket: &&Bucket| bucket.clicks + bucket.opens > 0;
    html! {
        table {
            thead { tr { th { "From (UTC)" } th.number { "Opens" } th.number { "Unique" } th.number { "Clicks" } th.number { "Unique" } } }
            tbody { @for bucket in series.buckets.iter().filter(busy) { tr {
                td.time { (minute(bucket.at)) }
                td.number { (grouped(bucket.opens)) } td.number { (grouped(bucket.unique_opens)) }
                td.number { (grouped(bucket.clicks)) } td.number { (grouped(bucket.unique_clicks)) }
            } } }
        }
    }
}

fn length(bucket_ms: i64) -> String {
    let minutes = bucket_ms / MINUTE_MS;
    let (count, unit) = match minutes {
        ..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    if count == 1 {
        unit.to_owned()
    } else {
        format!("{count} {unit}s")
    }
}

fn draw(series: &Series, size: &Size) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    let bucket = series.bucket_ms;
    let from = series.buckets.first().map_or(0, |first| first.at);
    let to = series.buckets.last().map_or(1, |last| last.at) + bucket;
    let greatest = series
        .buckets
        .iter()
        .map(|bucket| bucket.clicks.max(bucket.opens))
        .max()
        .unwrap_or_default();
    let counts = counts(greatest);
    let top = counts.last().copied().unwrap_or(1);
    let times = ticks(Span { from, to }, size.times);
    {
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        let points = times.iter().map(|(at, _)| *at).collect();
        let digits = u32::try_from(grouped(top).len()).unwrap_or(1);
        let mut chart = ChartBuilder::on(&area)
            .margin_top(8)
            .margin_right(12)
            .x_label_area_size(24)
            .y_label_area_size(14 + 8 * digits)
            .build_cartesian_2d(
                (from..to).with_key_points(points),
                (0..top).with_key_points(counts),
            )?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(("sans-serif", 14).into_font().color(&TEXT))
            .x_label_formatter(&|at| {
                let tick = times.iter().find(|(tick, _)| tick == at);
                tick.map(|(_, text)| text.clone()).unwrap_or_default()
            })
            .y_label_formatter(&|count| grouped(*count))
            .draw()?;
        chart.draw_series(
            series
                .buckets
                .iter()
                .filter(|each| each.opens > 0)
                .flat_map(|each| {
                    let corners = [(each.at, 0), (each.at + bucket, each.opens)];
                    [
                        Rectangle::new(corners, OPENS_PALE.filled()),
                        Rectangle::new(corners, OPENS.stroke_width(1)),
                    ]
                }),
        )?;
        chart.draw_series(
            series
                .buckets
                .iter()
                .filter(|each| each.clicks > 0)
                .map(|each| {
                    let inset = bucket / 4;
                    let corners = [
                        (each.at + inset, 0),
                        (each.at + bucket - inset, each.clicks),
                    ];
                    Rectangle::new(corners, CLICKS.filled())
                }),
        )?;
        area.present()?;
    }
    Ok(labelled(&svg, size.class, series))
}

/// Round counts from 0 to at least the greatest, never a part of one.
fn counts(greatest: i64) -> Vec<i64> {
    const LINES: i64 = 4;
    let mut unit: i64 = 1;
    let step = loop {
        let fits = [1, 2, 5]
            .map(|factor| unit.saturating_mul(factor))
            .into_iter()
            .find(|step| step.saturating_mul(LINES) >= greatest);
        match fits {
            Some(step) => break step,
            None => unit = unit.saturating_mul(10),
        }
    };
    (0..=LINES)
        .map(|line| line * step)
        .take_while(|count| *count < greatest + step)
        .collect()
}

/// Adds what a screen reader says instead of the drawing.
fn labelled(svg: &str, class: &str, series: &Series) -> String {
    let sum = |count: fn(&Bucket) -> i64| series.buckets.iter().map(count).sum::<i64>();
    let title = html! {
        title { (sum(|bucket| bucket.opens)) " opens and " (sum(|bucket| bucket.clicks)) " clicks from "
            (minute(series.scope.span.from)) " to " (minute(series.scope.span.to)) " UTC" }
    };
    let Some((start, rest)) = svg
        .split_once("<svg ")
        .and_then(|(_, rest)| rest.split_once('>'))
    else {
        return String::new();
    };
    format!(
        "<svg class=\"{class}\" role=\"img\" {start}>{}{rest}",
        title.into_string()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Counting, Scope};

    fn series() -> Series {
        let buckets = (0..48)
            .map(|number| Bucket {
                at: 1_790_000_000_000 / 1_800_000 * 1_800_000 + number * 1_800_000,
                clicks: number % 7,
                opens: number % 11 * 3,
                ..Bucket::default()
            })
            .collect::<Vec<_>>();
        Series {
            scope: Scope {
                domain: "example.com".to_owned(),
                message: None,
                counting: Counting::People,
                span: Span {
                    from: 1_790_000_000_000,
                    to: 1_790_086_400_000,
                },
            },
            bucket_ms: 1_800_000,
            buckets,
        }
    }

    #[test]
    fn charts_have_text_and_a_title_and_nothing_that_the_policy_forbids() {
        for size in &SIZES {
            let svg = draw(&series(), size).unwrap();
            assert!(svg.starts_with("<svg class="), "{svg}");
            assert!(svg.contains("<text "), "{svg}");
            assert!(svg.contains("<title>"), "{svg}");
            assert!(!svg.contains("style="), "{svg}");
            assert!(!svg.contains("<script"), "{svg}");
        }
    }

    #[test]
    fn axes_count_in_whole_numbers() {
        assert_eq!(counts(0), [0]);
        assert_eq!(counts(1), [0, 1]);
        assert_eq!(counts(3), [0, 1, 2, 3]);
        assert_eq!(counts(7), [0, 2, 4, 6, 8]);
        assert_eq!(counts(61), [0, 20, 40, 60, 80]);
        assert_eq!(counts(1001), [0, 500, 1000, 1500]);
    }

    #[test]
    fn bucket_lengths_are_said_in_their_unit() {
        assert_eq!(length(MINUTE_MS), "minute");
        assert_eq!(length(30 * MINUTE_MS), "30 minutes");
        assert_eq!(length(180 * MINUTE_MS), "3 hours");
        assert_eq!(length(1440 * MINUTE_MS), "day");
    }
}
