//! Chance that comes out the same for the same seed, so that a demonstration can be looked at twice.

use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood 2014): plenty for a story.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    pub(super) fn part(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    /// From 0 up to `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let end = u64::try_from(choices.len()).unwrap_or_default();
        let at = usize::try_from(self.below(end)).unwrap_or_default();
        choices.get(at).copied()
    }

    /// One of the weights, by its place.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.part() * weights.iter().sum::<f64>();
        for (at, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return at;
            }
        }
        0
    }

    /// A time that half of all stay under, and that some exceed by far: a logarithmic normal distribution.
    pub(super) fn delay(&mut self, median: Duration, spread: f64) -> Duration {
        // Twelve uniform numbers make nearly a normal one.
        let normal = (0..12).map(|_| self.part()).sum::<f64>() - 6.0;
        let seconds = median.as_secs_f64() * (normal * spread).exp();
        Duration::from_secs_f64(seconds.min(1e9))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Chance;

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            [(); 8].map(|()| chance.below(1000))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn half_of_all_delays_stay_under_the_median() {
        let mut chance = Chance::new(1);
        let median = Duration::from_secs(3600);
        let under = (0..2000)
            .filter(|_| chance.delay(median, 1.5) < median)
            .count();
        assert!((900..1100).contains(&under), "{under}");
    }
}
