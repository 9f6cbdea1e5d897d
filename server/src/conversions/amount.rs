//! Amounts of money, exact: whole numbers of 1/10000, whatever the currency.

/// ISO 4217 has currencies of no, two, three and four decimals.
const DECIMALS: usize = 4;
const UNIT: i64 = 10_000;
/// So that every amount fits 64 bits.
const MAX_DIGITS: usize = 14;

/// An amount, with as many decimals as it was written with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Amount {
    pub(crate) units: i64,
    pub(crate) decimals: i64,
}

impl Amount {
    /// Reads digits, with a point and decimals behind them or not; what is paid back has a minus before it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=MAX_DIGITS).contains(&whole.len()) && fraction.len() <= DECIMALS;
        if !fits || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let units: i64 = format!("{whole}{fraction:0<DECIMALS$}").parse().ok()?;
        Some(Self {
            units: if is_negative { -units } else { units },
            decimals: i64::try_from(fraction.len()).ok()?,
        })
    }

    pub(super) fn text(self) -> String {
        written(self.units.into(), self.decimals)
    }
}

/// Writes a sum of units with so many decimals.
pub(crate) fn written(units: i128, decimals: i64) -> String {
    let (unit, decimals) = (u128::from(UNIT.unsigned_abs()), usize::try_from(decimals));
    let size = units.unsigned_abs();
    let (whole, fraction) = (size / unit, size % unit);
    let fraction = format!("{fraction:0DECIMALS$}");
    let sign = if units < 0 { "-" } else { "" };
    match fraction.get(..decimals.unwrap_or(DECIMALS).min(DECIMALS)) {
        Some(fraction) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{whole}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, written};

    #[test]
    fn amounts_come_back_as_they_were_written() {
        for (text, units) in [
            ("0", 0),
            ("12", 120_000),
            ("12.5", 125_000),
            ("12.50", 125_000),
            ("-0.0001", -1),
            ("99999999999999.9999", 999_999_999_999_999_999),
        ] {
            let amount = Amount::parse(text).unwrap();
            assert_eq!(amount.units, units, "{text}");
            assert_eq!(amount.text(), text);
        }
    }

    #[test]
    fn what_is_no_decimal_number_is_none() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1,5",
            "1e3",
            "+1",
            " 1",
            "--1",
            "1.00001",
            "100000000000000",
            "\u{661}",
            "1.-1",
            "NaN",
            "0x1",
            "1_000",
        ] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
    }

    #[test]
    fn sums_are_written_whatever_their_size() {
        let written = [(i128::from(i64::MAX) * 1000, 4), (-125_000, 2), (5, 4)]
            .map(|(units, decimals)| written(units, decimals));
        assert_eq!(written, ["922337203685477580.7000", "-12.50", "0.0005"]);
    }
}
