//! Quantities as Kubernetes reads them (`100Mi`, `1.5`, `1e3`, `-250m`), exact to a nano unit.
//!
//! Source of the rules: apimachinery `api/resource`: finer parts are rounded away from zero, larger amounts are
//! capped at 2^63-1 units.

const NANO: i128 = 1_000_000_000;
const CAP: i128 = (i64::MAX as i128) * NANO;

/// An amount in nano units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(pub(crate) i128);

/// What a number is multiplied by: `numerator / 10^down`.
struct Scale {
    up: i128,
    down: u32,
}

/// Reads a quantity; `None` when it is none.
pub(crate) fn parse(text: &str) -> Option<Quantity> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let nano = amount(whole, fraction, scale(suffix)?).min(CAP);
    Some(Quantity(if negative { nano.saturating_neg() } else { nano }))
}

fn scale(suffix: &str) -> Option<Scale> {
    let up = |up| Some(Scale { up, down: 0 });
    let down = |down| Some(Scale { up: 1, down });
    match suffix {
        "" => up(1),
        "n" => down(9),
        "u" => down(6),
        "m" => down(3),
        "k" => up(1_000),
        "M" => up(1_000_000),
        "G" => up(1_000_000_000),
        "T" => up(1_000_000_000_000),
        "P" => up(1_000_000_000_000_000),
        "E" => up(1_000_000_000_000_000_000),
        "Ki" => up(1 << 10),
        "Mi" => up(1 << 20),
        "Gi" => up(1 << 30),
        "Ti" => up(1 << 40),
        "Pi" => up(1 << 50),
        "Ei" => up(1 << 60),
        _ => {
            let digits = suffix.strip_prefix(['e', 'E'])?;
            let digits = digits.strip_prefix('+').unwrap_or(digits);
            if digits.starts_with('+') {
                return None;
            }
            let exponent: i32 = digits.parse().ok()?;
            match u32::try_from(exponent) {
                Ok(exponent) => up(10_i128.checked_pow(exponent).unwrap_or(i128::MAX)),
                Err(_) => down(exponent.unsigned_abs()),
            }
        }
    }
}

/// Nano units of `whole.fraction × scale`, rounded up, saturating.
fn amount(whole: &str, fraction: &str, scale: Scale) -> i128 {
    let whole = digits(whole);
    // 18 places of the fraction are exact for every suffix; what follows only rounds up.
    let kept = fraction.get(..fraction.len().min(18)).unwrap_or("");
    let places = u32::try_from(kept.len()).unwrap_or(0);
    let beyond = fraction.get(kept.len()..).unwrap_or("").bytes().any(|b| b != b'0');
    let part = digits(kept).saturating_mul(10_i128.saturating_pow(18_u32.saturating_sub(places)));
    let part = part.saturating_add(i128::from(beyond));
    if scale.down > 0 {
        return divide(whole.saturating_mul(NANO), part, scale.down);
    }
    let whole = whole.saturating_mul(scale.up).saturating_mul(NANO);
    whole.saturating_add(ceil(part.saturating_mul(scale.up), NANO))
}

/// `(nano + part/10^9) / 10^down`, rounded up.
fn divide(nano: i128, part: i128, down: u32) -> i128 {
    let atto = nano.saturating_mul(NANO).saturating_add(part);
    match 10_i128.checked_pow(down).and_then(|d| d.checked_mul(NANO)) {
        Some(divisor) => ceil(atto, divisor),
        None => i128::from(atto > 0),
    }
}

fn ceil(value: i128, divisor: i128) -> i128 {
    let rounded = value.checked_rem(divisor).unwrap_or(0) != 0;
    value.checked_div(divisor).unwrap_or(0).saturating_add(i128::from(rounded))
}

fn digits(text: &str) -> i128 {
    text.bytes()
        .fold(0, |sum: i128, b| sum.saturating_mul(10).saturating_add(i128::from(b.wrapping_sub(b'0'))))
}

impl Quantity {
    /// The amount as a float, for arithmetic that Kyverno does in floats too.
    pub(crate) fn as_f64(self) -> f64 {
        self.0 as f64 / NANO as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_amounts() {
        for (a, b) in [
            ("1", "1000m"),
            ("1Ki", "1024"),
            ("1.5Gi", "1536Mi"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("0.1m", "100u"),
            ("-0", "0"),
            ("1.", "1"),
            (".5", "500m"),
            ("1e-3", "1m"),
            ("8080.000000", "8080"),
            ("1e999", "1e998"),
            ("0.0000000001", "1n"),
        ] {
            assert_eq!(parse(a), parse(b), "{a} {b}");
            assert!(parse(a).is_some(), "{a}");
        }
    }

    #[test]
    fn order() {
        for (less, more) in [("100m", "1"), ("1M", "1Mi"), ("-1", "0"), ("1n", "1u"), ("9E", "1e30")] {
            assert!(parse(less) < parse(more), "{less} {more}");
        }
    }

    #[test]
    fn not_quantities() {
        for text in ["", "-", ".", "1.2.3", "Mi", "1mi", "1 ", "abc", "1e", "1e+", "1e99999999999", "1Kib"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
