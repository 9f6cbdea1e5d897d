//! A budget of memory for mail that is under way: what is read, worked on and answered, of all and by domain.
//!
//! Bodies on their way in have a budget of their own: one that waits for its turn to be worked on must not take
//! the room that another needs to end. What does not fit is refused, or waits for a while.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::failure::Failure;

const MEGABYTE: usize = 1024 * 1024;
/// What a body takes at most while it is read, in multiples of its bytes: its buffer doubles when it is full.
const READING: usize = 2;
/// What a mail that is nothing but links takes at most while it is rewritten, in multiples of its bytes. Nobody
/// knows before, so mails of megabytes go one at a time.
const REWRITING: usize = 40;
/// A request must be answered within its time.
const PATIENCE: Duration = Duration::from_secs(10);
/// Until readers have taken some of what is held.
const RETRY_SECONDS: u64 = 2;

pub(crate) struct Memory {
    bodies: Arc<Budget>,
    work: Arc<Budget>,
}

struct Budget {
    all: usize,
    /// Of one domain.
    share: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_domain: HashMap<String, usize>,
}

/// Bytes of a budget, until this is dropped.
pub(crate) struct Held {
    budget: Arc<Budget>,
    domain: Option<String>,
    bytes: usize,
}

/// What it takes at most to rewrite mail of so many bytes, or to compile it.
pub(crate) fn rewriting_bytes(mail: usize) -> usize {
    mail.saturating_mul(REWRITING)
}

impl Memory {
    pub(crate) fn new(megabytes: usize) -> Self {
        let all = megabytes.saturating_mul(MEGABYTE);
        let bodies = all / 5;
        let work = all - bodies;
        Self {
            bodies: Budget::new(bodies, bodies / 2),
            work: Budget::new(work, work / 5 * 4),
        }
    }

    /// Nothing yet, for a body that is about to be read.
    pub(crate) fn body(&self, domain: Option<&str>) -> Held {
        Held::none(&self.bodies, domain)
    }

    /// Waits until there are so many bytes for some work. What needs more than there are gets all.
    pub(crate) async fn work(&self, domain: Option<&str>, bytes: usize) -> Result<Held, Failure> {
        let mut held = Held::none(&self.work, domain);
        let wanted = bytes.min(domain.map_or(self.work.all, |_| self.work.share));
        let waited = timeout(PATIENCE, async {
            loop {
                let mut freed = pin!(self.work.freed.notified());
                freed.as_mut().enable();
                if held.resize(wanted) {
                    return;
                }
                freed.await;
            }
        });
        match waited.await {
            Ok(()) => Ok(held),
            Err(_) => Err(Failure::Busy(RETRY_SECONDS)),
        }
    }
}

impl Budget {
    fn new(all: usize, share: usize) -> Arc<Self> {
        Arc::new(Self {
            all,
            share,
            taken: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn none(budget: &Arc<Budget>, domain: Option<&str>) -> Self {
        Self {
            budget: Arc::clone(budget),
            domain: domain.map(str::to_owned),
            bytes: 0,
        }
    }

    /// Takes what a body needs more that has grown to so many bytes.
    pub(crate) fn grow_for(&mut self, body: usize) -> Result<(), Failure> {
        let bytes = body.saturating_mul(READING);
        let most = match self.domain {
            Some(_) => self.budget.share,
            None => self.budget.all,
        };
        if bytes <= self.bytes || self.resize(bytes) {
            Ok(())
        } else if bytes > most {
            Err(Failure::TooLarge(format!(
                "body is too large for this server's MEMORY_MB, expected at most {} bytes",
                most / READING
            )))
        } else {
            Err(Failure::Busy(RETRY_SECONDS))
        }
    }

    /// Gives back what is not needed any more.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if bytes < self.bytes {
            self.resize(bytes);
        }
    }

    /// Less is always possible.
    fn resize(&mut self, bytes: usize) -> bool {
        let budget = &self.budget;
        let mut taken = budget.taken();
        let all = taken.all - self.bytes + bytes;
        let of_domain = self.domain.as_ref().map(|domain| {
            let before = taken.by_domain.get(domain).copied().unwrap_or_default();
            before - self.bytes + bytes
        });
        let is_more = bytes > self.bytes;
        if is_more && (all > budget.all || of_domain.is_some_and(|bytes| bytes > budget.share)) {
            return false;
        }
        taken.all = all;
        if let (Some(domain), Some(of_domain)) = (&self.domain, of_domain) {
            if of_domain == 0 {
                taken.by_domain.remove(domain);
            } else {
                taken.by_domain.insert(domain.clone(), of_domain);
            }
        }
        drop(taken);
        self.bytes = bytes;
        if !is_more {
            self.budget.freed.notify_waiters();
        }
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Memory {
        // 800 KB for bodies, half for a domain; 3.2 MB for work, and four fifths.
        Memory::new(4)
    }

    #[test]
    fn a_domain_has_its_share_of_the_bodies() {
        let memory = small();
        let mut first = memory.body(Some("a.example"));
        assert!(first.grow_for(200_000).is_ok());
        assert!(matches!(
            memory.body(Some("a.example")).grow_for(50_000),
            Err(Failure::Busy(_))
        ));
        let mut other = memory.body(Some("b.example"));
        assert!(other.grow_for(200_000).is_ok());
        assert!(memory.body(None).grow_for(50_000).is_err(), "all is taken");
        drop(first);
        assert!(memory.body(Some("a.example")).grow_for(200_000).is_ok());
    }

    #[test]
    fn a_body_that_never_fits_is_too_large() {
        let memory = small();
        for (domain, most) in [(Some("a.example"), 209_715), (None, 419_430)] {
            let Err(Failure::TooLarge(said)) = memory.body(domain).grow_for(most + 1) else {
                panic!("it is not told apart from one that does not fit now");
            };
            let expected = "body is too large for this server's MEMORY_MB, expected at most";
            assert_eq!(said, format!("{expected} {most} bytes"));
            assert!(memory.body(domain).grow_for(most).is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn large_mail_goes_one_at_a_time_and_small_mail_beside_it() {
        let memory = Arc::new(small());
        let large = memory.work(Some("a.example"), 40_000_000).await.unwrap();
        assert!(memory.work(Some("b.example"), 40_000).await.is_ok());
        let refused = memory.work(Some("a.example"), 40_000_000).await;
        assert!(matches!(refused, Err(Failure::Busy(RETRY_SECONDS))));
        let waiting = tokio::spawn({
            let memory = Arc::clone(&memory);
            async move { memory.work(Some("b.example"), 40_000_000).await.is_ok() }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(large);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn what_was_worked_on_holds_as_much_as_is_left_of_it() {
        let memory = small();
        let mut first = memory.work(None, 40_000_000).await.unwrap();
        first.shrink_to(1000);
        assert!(memory.work(None, 2_800_000).await.is_ok());
    }
}
