//! Gathers repeats: what one address asks of one token, past a rate, becomes one event with a count.
//!
//! The first requests are events of their own. Those past the rate share an event, whose count is stored with
//! each group, before anybody is answered: the count here is only the one that was stored last. After SIGKILL
//! the next repeats begin an event of their own, as they do on another server, so that the sum of all counts
//! stays the number of requests.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasherDefault;

use uuid::Uuid;

use super::repeat_key::{AsItIs, Key};
use crate::event::{Event, Machine, Reason};

/// A rate is counted in it, and a gathered event grows as long.
pub(super) const WINDOW_MS: i64 = 5000;
/// Requests of one window that are events of their own. Nobody clicks one link as often.
const SINGLE: u32 = 10;
/// The same where the mail names no recipient: behind one address may be many who got it.
const SINGLE_OF_ANYBODY: u32 = 200;
/// Tokens and addresses that are remembered, twice: in the present generation, and in the one before.
const GENERATION: usize = 1 << 17;

/// What the log will say of a request: one that was gathered has the id of the event that it shares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct StoredAs {
    pub(crate) id: Uuid,
    pub(crate) machine: Machine,
}

impl StoredAs {
    fn of(event: &Event) -> Self {
        Self {
            id: event.id,
            machine: event.machine,
        }
    }
}

struct Seen {
    since: i64,
    times: u32,
    /// What repeats are gathered in, with the count up to now.
    gathered: Option<Box<Event>>,
    /// Whether that count grew since the last group.
    grew: bool,
}

#[derive(Default)]
pub(super) struct Repeats {
    seen: HashMap<Key, Seen, BuildHasherDefault<AsItIs>>,
    before: HashMap<Key, Seen, BuildHasherDefault<AsItIs>>,
    /// When the present generation began.
    since: i64,
    /// Those whose count grew since the last group.
    grown: Vec<Key>,
    /// The same, of those whose window ended within the group.
    ended: Vec<Event>,
}

impl Repeats {
    /// Takes an event for the next group. Returns it when it is one of its own, and as what it will be stored.
    pub(super) fn take(&mut self, key: Key, event: Event) -> (StoredAs, Option<Event>) {
        self.forget_old(event.at);
        let fresh = Seen {
            since: event.at,
            times: 0,
            gathered: None,
            grew: false,
        };
        let seen = match self.seen.entry(key) {
            Entry::Occupied(seen) => seen.into_mut(),
            Entry::Vacant(place) => place.insert(self.before.remove(&key).unwrap_or(fresh)),
        };
        let single = single(&event);
        self.ended.extend(seen.begin_window(event.at, single));
        seen.times = seen.times.saturating_add(1);
        if seen.times <= single {
            return (StoredAs::of(&event), Some(event));
        }
        let gathered = seen.gathered.get_or_insert_with(|| Box::new(empty(event)));
        gathered.count += 1;
        if !std::mem::replace(&mut seen.grew, true) {
            self.grown.push(key);
        }
        (StoredAs::of(gathered), None)
    }

    /// Returns the gathered events that grew, with their counts up to now.
    pub(super) fn grown(&mut self) -> Vec<Event> {
        let grown = self.grown.iter().filter_map(|key| {
            let gathered = self.seen.get(key)?.gathered.as_deref();
            gathered.cloned()
        });
        self.ended.drain(..).chain(grown).collect()
    }

    /// Whatever became of the group, the next one is another. What was not stored must not be counted with it.
    pub(super) fn group_ended(&mut self, stored: bool) {
        for key in self.grown.drain(..) {
            if let Some(seen) = self.seen.get_mut(&key) {
                seen.grew = false;
                if !stored {
                    seen.gathered = None;
                }
            }
        }
    }

    /// Memory is bounded. Who is forgotten has another few events of their own.
    fn forget_old(&mut self, now: i64) {
        let is_old = (now - self.since).abs() > 2 * WINDOW_MS;
        if (is_old || self.seen.len() >= GENERATION) && self.grown.is_empty() {
            std::mem::swap(&mut self.seen, &mut self.before);
            self.seen.clear();
            self.since = now;
        }
    }
}

impl Seen {
    /// Begins another window when the time of this one is over. Who goes on repeating is gathered at once.
    /// Returns what the one before gathered, if it is not stored yet.
    fn begin_window(&mut self, now: i64, single: u32) -> Option<Event> {
        let age = now - self.since;
        if (0..WINDOW_MS).contains(&age) {
            return None;
        }
        let gathered = self.gathered.take();
        let goes_on = gathered.is_some() && (0..2 * WINDOW_MS).contains(&age);
        self.times = if goes_on { single } else { 0 };
        self.since = now;
        gathered.filter(|_| self.grew).map(|event| *event)
    }
}

fn single(event: &Event) -> u32 {
    if event.recipient.is_empty() {
        SINGLE_OF_ANYBODY
    } else {
        SINGLE
    }
}

/// The event in which repeats are gathered, before the first of them is counted.
fn empty(first: Event) -> Event {
    let mut gathered = first;
    gathered.machine = gathered.machine.max(Machine::Suspected);
    gathered.reasons.push(Reason::Repeated);
    gathered.count = 0;
    gathered
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::tests::click;
    use super::*;

    /// What a group stores: how many events of their own, and the counts of those that were gathered.
    fn group(repeats: &mut Repeats, clicks: u32, at: i64) -> (usize, Vec<i64>) {
        let single = (0..clicks)
            .filter_map(|_| repeats.take(Key(1), click("r", 0, at)).1)
            .count();
        let grown = counts(&repeats.grown());
        repeats.group_ended(true);
        (single, grown)
    }

    fn counts(events: &[Event]) -> Vec<i64> {
        events.iter().map(|event| event.count).collect()
    }

    #[test]
    fn the_first_are_single_and_the_rest_is_one_event_for_each_window() {
        let mut repeats = Repeats::default();
        assert_eq!(group(&mut repeats, 10, 1000), (10, vec![]));
        assert_eq!(group(&mut repeats, 3, 1500), (0, vec![3]));
        assert_eq!(group(&mut repeats, 4, 5999), (0, vec![7]));
        // Another window, and no pause before it: another event.
        assert_eq!(group(&mut repeats, 4, 6000), (0, vec![4]));
        // After a pause they are a person's again.
        assert_eq!(group(&mut repeats, 11, 16_000), (10, vec![1]));
        // A clock that was set back.
        assert_eq!(group(&mut repeats, 1, 1000), (1, vec![]));
    }

    #[test]
    fn a_window_that_ends_within_a_group_is_stored_with_it() {
        let mut repeats = Repeats::default();
        group(&mut repeats, 10, 1000);
        for at in [5998, 5999, 6000, 6000, 6000, 11_000] {
            assert_eq!(repeats.take(Key(1), click("r", 0, at)).1, None);
        }
        let grown = repeats.grown();
        assert_eq!(counts(&grown), [2, 3, 1]);
        repeats.group_ended(true);
        // What is stored is not stored again when its window ends.
        assert_eq!(group(&mut repeats, 2, 16_000), (0, vec![2]));
        let ids: HashSet<_> = grown.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn a_group_that_was_not_stored_is_counted_with_no_other() {
        let mut repeats = Repeats::default();
        for _ in 0..12 {
            repeats.take(Key(1), click("r", 0, 1000));
        }
        let lost = repeats.grown();
        repeats.group_ended(false);
        let (stored_as, single) = repeats.take(Key(1), click("r", 0, 1000));
        assert_eq!((stored_as.machine, single), (Machine::Suspected, None));
        let next = repeats.grown();
        assert_ne!(lost[0].id, next[0].id);
        assert_eq!(stored_as.id, next[0].id);
        assert_eq!((lost[0].count, next[0].count), (2, 1));
        assert_eq!(next[0].reasons, [Reason::Repeated]);
    }

    #[test]
    fn mail_without_a_recipient_may_be_clicked_by_many_behind_one_address() {
        let mut repeats = Repeats::default();
        let single = (0..250)
            .filter_map(|_| repeats.take(Key(1), click("", 0, 1000)).1)
            .count();
        assert_eq!(single, 200);
    }

    #[test]
    fn memory_is_bounded() {
        let mut repeats = Repeats::default();
        for number in 0..400_000 {
            repeats.take(Key(number), click("r", 0, 1000));
        }
        assert!(repeats.seen.len() + repeats.before.len() <= 2 * GENERATION);
    }
}
