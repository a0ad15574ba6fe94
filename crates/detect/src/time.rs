//! Times as alerts write them.

use jiff::Timestamp;

fn stamp(nanoseconds: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Nine digits.
fn fraction(nanoseconds: u64) -> u64 {
    nanoseconds.checked_rem(1_000_000_000).unwrap_or(0)
}

/// `10:00:02.000000001`, in UTC.
pub(crate) fn of_day(nanoseconds: u64) -> String {
    format!("{}.{:09}", stamp(nanoseconds).strftime("%H:%M:%S"), fraction(nanoseconds))
}

/// `2016-08-04T16:17:57.881781397+0000`
pub(crate) fn iso8601(nanoseconds: u64) -> String {
    format!("{}.{:09}+0000", stamp(nanoseconds).strftime("%Y-%m-%dT%H:%M:%S"), fraction(nanoseconds))
}

/// `2016-08-04T16:17:57.881781397Z`
pub(crate) fn zulu(nanoseconds: u64) -> String {
    format!("{}.{:09}Z", stamp(nanoseconds).strftime("%Y-%m-%dT%H:%M:%S"), fraction(nanoseconds))
}

/// `2016-08-04 16:17:57.881781397`
pub(crate) fn date(nanoseconds: u64) -> String {
    format!("{}.{:09}", stamp(nanoseconds).strftime("%Y-%m-%d %H:%M:%S"), fraction(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let at = 1_470_327_477_881_781_397;
        assert_eq!(of_day(at), "16:17:57.881781397");
        assert_eq!(iso8601(at), "2016-08-04T16:17:57.881781397+0000");
        assert_eq!(zulu(at), "2016-08-04T16:17:57.881781397Z");
        assert_eq!(date(5), "1970-01-01 00:00:00.000000005");
        assert!(!date(u64::MAX).is_empty());
    }
}
