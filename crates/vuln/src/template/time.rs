//! Moments as Go writes them: by a layout that shows the second of January 2006.

use model::Timestamp;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `String()` of a moment: the zone is UTC.
pub(super) fn written(at: Timestamp) -> String {
    layout("2006-01-02 15:04:05.999999999 -0700 MST", at)
}

/// A moment's parts in UTC.
struct Parts {
    year: i64,
    month: usize,
    day: i64,
    weekday: usize,
    day_of_year: i64,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
}

impl Parts {
    fn of(at: Timestamp) -> Self {
        let text = at.to_string();
        let number =
            |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
        // Years of five digits and those before our era are beyond what advisories and clocks have.
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        let days = at.as_second().div_euclid(86_400);
        let weekday = days.saturating_add(4).rem_euclid(7);
        let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
        let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let before: i64 = lengths.iter().take(usize::try_from(month.saturating_sub(1)).unwrap_or(0)).sum();
        Self {
            year,
            month: usize::try_from(month).unwrap_or(1),
            day,
            weekday: usize::try_from(weekday).unwrap_or(0),
            day_of_year: before.saturating_add(day),
            hour: number(11, 13),
            minute: number(14, 16),
            second: number(17, 19),
            nanosecond: i64::from(at.subsec_nanosecond()),
        }
    }

    fn month(&self) -> &'static str {
        MONTHS.get(self.month.saturating_sub(1)).copied().unwrap_or_default()
    }

    fn weekday(&self) -> &'static str {
        DAYS.get(self.weekday).copied().unwrap_or_default()
    }

    fn hour12(&self) -> i64 {
        match self.hour.rem_euclid(12) {
            0 => 12,
            hour => hour,
        }
    }
}

type Write = fn(&Parts) -> String;

/// What a layout may hold, the longer before what it begins with.
static ELEMENTS: &[(&str, Write)] = &[
    ("January", |p| p.month().to_owned()),
    ("Jan", |p| p.month().chars().take(3).collect()),
    ("Monday", |p| p.weekday().to_owned()),
    ("Mon", |p| p.weekday().chars().take(3).collect()),
    ("MST", |_| "UTC".to_owned()),
    ("2006", |p| format!("{:04}", p.year)),
    ("002", |p| format!("{:03}", p.day_of_year)),
    ("01", |p| format!("{:02}", p.month)),
    ("02", |p| format!("{:02}", p.day)),
    ("03", |p| format!("{:02}", p.hour12())),
    ("04", |p| format!("{:02}", p.minute)),
    ("05", |p| format!("{:02}", p.second)),
    ("06", |p| format!("{:02}", p.year.rem_euclid(100))),
    ("15", |p| format!("{:02}", p.hour)),
    ("__2", |p| format!("{:3}", p.day_of_year)),
    ("_2", |p| format!("{:2}", p.day)),
    ("1", |p| p.month.to_string()),
    ("2", |p| p.day.to_string()),
    ("3", |p| p.hour12().to_string()),
    ("4", |p| p.minute.to_string()),
    ("5", |p| p.second.to_string()),
    ("PM", |p| if p.hour >= 12 { "PM" } else { "AM" }.to_owned()),
    ("pm", |p| if p.hour >= 12 { "pm" } else { "am" }.to_owned()),
    ("-07:00:00", |_| "+00:00:00".to_owned()),
    ("-070000", |_| "+000000".to_owned()),
    ("-07:00", |_| "+00:00".to_owned()),
    ("-0700", |_| "+0000".to_owned()),
    ("-07", |_| "+00".to_owned()),
    ("Z07:00:00", |_| "Z".to_owned()),
    ("Z070000", |_| "Z".to_owned()),
    ("Z07:00", |_| "Z".to_owned()),
    ("Z0700", |_| "Z".to_owned()),
    ("Z07", |_| "Z".to_owned()),
];

/// A moment in UTC by a layout.
pub(super) fn layout(layout: &str, at: Timestamp) -> String {
    let parts = Parts::of(at);
    let mut out = String::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        // `_2006` is an underscore and a year.
        let element = ELEMENTS
            .iter()
            .find(|(name, _)| rest.starts_with(name) && !(*name == "_2" && rest.starts_with("_2006")));
        if let Some((name, write)) = element {
            out.push_str(&write(&parts));
            rest = rest.get(name.len()..).unwrap_or_default();
        } else if let Some((text, length)) = fraction(rest, &parts) {
            out.push_str(&text);
            rest = rest.get(length..).unwrap_or_default();
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// `.000` (that many digits) or `.999` (as many as are not zero), with a comma as well.
fn fraction(rest: &str, parts: &Parts) -> Option<(String, usize)> {
    let mark = rest.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let digits = rest.get(1..)?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.chars().take_while(|c| *c == digit).count();
    if digits.get(count..).is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit())) || count > 9 {
        return None;
    }
    let all = format!("{:09}", parts.nanosecond);
    let shown = all.get(..count)?;
    let shown = if digit == '9' { shown.trim_end_matches('0') } else { shown };
    let text = if shown.is_empty() { String::new() } else { format!("{mark}{shown}") };
    Some((text, count.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        let at: Timestamp = "2021-08-25T12:20:30.000000005Z".parse().unwrap();
        for (text, want) in [
            ("2006-01-02T15:04:05.999999999Z07:00", "2021-08-25T12:20:30.000000005Z"),
            ("2006-01-02T15:04:05", "2021-08-25T12:20:30"),
            ("2006-01-02T15:04:05.999Z", "2021-08-25T12:20:30Z"),
            ("Mon, 02 Jan 2006 15:04:05 -0700 MST", "Wed, 25 Aug 2021 12:20:30 +0000 UTC"),
            ("Monday January 2 3:04PM _2 002", "Wednesday August 25 12:20PM 25 237"),
            ("05.000", "30.000"),
            ("no 7", "no 7"),
        ] {
            assert_eq!(layout(text, at), want, "{text}");
        }
        assert_eq!(written(at), "2021-08-25 12:20:30.000000005 +0000 UTC");
        let whole: Timestamp = "2019-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(written(whole), "2019-01-01 00:00:00 +0000 UTC");
    }
}
