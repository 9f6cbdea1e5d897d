//! How probable a difference is by chance alone. Two-sided, all of it.

use super::float;

/// Above it the normal curve is as good, and 2⁻ⁿ would leave the range of `f64`.
const EXACT_SIGNS: i64 = 1000;
/// The customary limit for the chi-square approximation (Cochran 1954): expected counts of 5 or more.
const MIN_EXPECTED: f64 = 5.0;

/// The sign test (McNemar's exact test): of `a + b` that chose one of two, is one preferred?
pub(super) fn sign_test(a: i64, b: i64) -> f64 {
    let n = a + b;
    if n == 0 {
        return 1.0;
    }
    if n > EXACT_SIGNS {
        // Edwards' correction for continuity.
        return normal_tails((float((a - b).abs()) - 1.0) / float(n).sqrt());
    }
    let mut probability = (-float(n)).exp2();
    let mut tail = probability;
    for k in 0..a.min(b) {
        probability *= float(n - k) / float(k + 1);
        tail += probability;
    }
    (2.0 * tail).min(1.0)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Proportions {
    Fisher,
    Z,
}

/// Compares `a` of `n` with `b` of `m`, which are other people: Fisher's exact test where numbers are small, else
/// the z-test of two proportions with pooled variance.
pub(super) fn proportions_test(a: i64, n: i64, b: i64, m: i64) -> (Proportions, f64) {
    let share = float(a + b) / float(n + m).max(1.0);
    let least = float(n.min(m)) * share.min(1.0 - share);
    if least < MIN_EXPECTED {
        return (Proportions::Fisher, fisher(a, n, b, m));
    }
    let error = (share * (1.0 - share) * (1.0 / float(n) + 1.0 / float(m))).sqrt();
    let z = (float(a) / float(n) - float(b) / float(m)) / error;
    (Proportions::Z, normal_tails(z))
}

/// The sum of all tables' probabilities that are no greater than this one's, as in R's `fisher.test`.
fn fisher(a: i64, n: i64, b: i64, m: i64) -> f64 {
    /// For tables that tie with this one except for rounding; R's factor.
    const TIE: f64 = 1.0 + 1e-7;
    let hits = a + b;
    let (first, last) = ((hits - m).max(0), hits.min(n));
    // Relative to the first table: the sum divides out what all have in common. Logarithms, for the range.
    let mut logs = vec![0.0];
    let mut log: f64 = 0.0;
    for k in first..last {
        log += (float(n - k) * float(hits - k) / (float(k + 1) * float(m - hits + k + 1))).ln();
        logs.push(log);
    }
    let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| (log - greatest).exp()).collect();
    let own = usize::try_from(a - first)
        .ok()
        .and_then(|index| weights.get(index))
        .copied()
        .unwrap_or(0.0);
    let total: f64 = weights.iter().sum();
    let tail: f64 = weights.iter().filter(|weight| **weight <= own * TIE).sum();
    (tail / total).min(1.0)
}

/// What lies outside ±z under the normal curve: erfc(|z|/√2) by Abramowitz and Stegun, 7.1.26, whose error is
/// below 1.5·10⁻⁷.
fn normal_tails(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ]
    .into_iter()
    .fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    (polynomial * (-x * x).exp()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, expected: f64, within: f64) {
        assert!(
            (got - expected).abs() <= within,
            "{got}, expected {expected}"
        );
    }

    #[test]
    fn normal_tails_are_those_of_the_tables() {
        // Quantiles of the standard normal distribution, as printed in any table.
        near(normal_tails(0.0), 1.0, 2e-7);
        near(normal_tails(1.0), 0.317_310_5, 2e-7);
        near(normal_tails(1.959_964), 0.05, 2e-7);
        near(normal_tails(-2.575_829), 0.01, 2e-7);
    }

    #[test]
    fn signs_are_counted_as_coins_are() {
        // Sums of binomial coefficients over 2ⁿ: (1 + 10 + 45) · 2 / 1024, and so on.
        near(sign_test(8, 2), 0.109_375, 1e-12);
        near(sign_test(2, 8), 0.109_375, 1e-12);
        near(sign_test(5, 0), 0.0625, 1e-12);
        near(sign_test(5, 5), 1.0, 1e-12);
        near(sign_test(0, 0), 1.0, 1e-12);
    }

    #[test]
    fn many_signs_agree_with_the_exact_test() {
        let exact = sign_test(530, 470);
        near(normal_tails(59.0 / 1000_f64.sqrt()), exact, 1e-3);
        near(sign_test(531, 470), exact, 5e-3);
        assert!(sign_test(1_000_000, 900_000) < 1e-6);
    }

    #[test]
    fn fishers_tea_tasting_lady_proves_nothing() {
        // Fisher, The Design of Experiments (1935): 3 of 4 cups right; two-sided 34/70.
        near(fisher(3, 4, 1, 4), 34.0 / 70.0, 1e-12);
        near(fisher(4, 4, 0, 4), 2.0 / 70.0, 1e-12);
    }

    #[test]
    fn fishers_twins_differ() {
        // Fisher (1934), convictions of twins, in R's help of fisher.test: p = 0.0005367.
        near(fisher(2, 17, 10, 13), 0.000_536_7, 5e-8);
    }

    #[test]
    fn proportions_are_compared_by_what_fits_their_size() {
        // By hand: pooled 0.4, z = 0.2 / √(0.24 · 2/50) = 2.0412, p = 0.0412.
        let (test, p) = proportions_test(15, 50, 25, 50);
        assert_eq!(test, Proportions::Z);
        near(p, 0.041_23, 1e-5);
        assert_eq!(proportions_test(3, 4, 1, 4).0, Proportions::Fisher);
        near(proportions_test(0, 0, 0, 0).1, 1.0, 1e-12);
        near(proportions_test(0, 10, 0, 10).1, 1.0, 1e-12);
    }
}
