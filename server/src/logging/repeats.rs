//! The same message again and again is written a few times, then counted.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Lines of one place in the code that are written in a window; what comes in the rest of it is counted.
const MOST: u32 = 5;
const WINDOW: Duration = Duration::from_secs(10);
const MAX_MESSAGE_CHARS: usize = 200;
/// These lines are few by themselves.
const SUMMARY: &str = "tracking_server::logging::left_out";

/// Bounded by the number of places in the code that log.
#[derive(Default)]
pub(super) struct Repeats(Mutex<HashMap<Identifier, Repeat>>);

struct Repeat {
    since: Instant,
    written: u32,
    left_out: u64,
    /// Of the first line that was left out.
    message: String,
}

impl Repeats {
    /// Whether to write what comes from a place in the code.
    fn passes(&self, place: Identifier, now: Instant, message: impl FnOnce() -> String) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let repeat = places.entry(place).or_insert_with(|| Repeat::new(now));
        if repeat.left_out == 0 && now.duration_since(repeat.since) >= WINDOW {
            *repeat = Repeat::new(now);
        }
        if repeat.written < MOST {
            repeat.written += 1;
            return true;
        }
        if repeat.left_out == 0 {
            repeat.message = message();
        }
        repeat.left_out += 1;
        false
    }

    /// What was left out in windows that are over. The next begins for it.
    fn due(&self, now: Instant) -> Vec<(u64, String)> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |repeat: &&mut Repeat| {
            repeat.left_out > 0 && now.duration_since(repeat.since) >= WINDOW
        };
        let due = places.values_mut().filter(over);
        due.map(|repeat| std::mem::replace(repeat, Repeat::new(now)))
            .map(|repeat| (repeat.left_out, repeat.message))
            .collect()
    }

    /// Logs what is due.
    pub(super) fn say(&self) {
        for (lines, like) in self.due(Instant::now()) {
            warn!(
                target: SUMMARY,
                lines,
                seconds = WINDOW.as_secs(),
                like,
                "lines like one that was written were left out"
            );
        }
    }
}

impl Repeat {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            written: 0,
            left_out: 0,
            message: String::new(),
        }
    }
}

/// Lets through what is not too much. Whoever asks for DEBUG or TRACE gets all of it.
pub(super) struct SaysRepeats(pub(super) Arc<Repeats>);

impl<S: Subscriber> Layer<S> for SaysRepeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO || metadata.target() == SUMMARY {
            return true;
        }
        let message = || {
            let mut message = Message(String::new());
            event.record(&mut message);
            message.0.chars().take(MAX_MESSAGE_CHARS).collect()
        };
        self.0.passes(metadata.callsite(), Instant::now(), message)
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Metadata;
    use tracing::callsite::Callsite;
    use tracing::subscriber::Interest;

    use super::*;

    struct Place;

    impl Callsite for Place {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            unreachable!()
        }
    }

    static HERE: Place = Place;

    #[test]
    fn a_message_is_written_a_few_times_and_then_counted() {
        let repeats = Repeats::default();
        let here = || Identifier(&HERE);
        let start = Instant::now();
        let written = (0..1000)
            .filter(|number| repeats.passes(here(), start, || format!("number {number}")))
            .count();
        assert_eq!(written, 5);
        assert_eq!(repeats.due(start + WINDOW / 2), []);
        let next = start + WINDOW;
        assert_eq!(repeats.due(next), [(995, "number 5".to_owned())]);
        assert_eq!(repeats.due(next + WINDOW), []);
        assert!(repeats.passes(here(), next, String::new));
        let later = next + 3 * WINDOW;
        let written = (0..6).filter(|_| repeats.passes(here(), later, String::new));
        assert_eq!(written.count(), 5, "a window begins with its first line");
    }
}
