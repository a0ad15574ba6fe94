//! When something is to be done: a table anyone can read, not a number.

use serde::Serialize;

/// When to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Today.
    Now,
    /// This week.
    Week,
    /// With the next planned work.
    Planned,
    /// Keep an eye on it.
    Watch,
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Now => "NOW",
            Self::Week => "THIS WEEK",
            Self::Planned => "PLANNED",
            Self::Watch => "WATCH",
        })
    }
}

/// What the table looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Case {
    /// A step was seen happening.
    pub(crate) observed: bool,
    /// It starts on the internet.
    pub(crate) internet: bool,
    /// It starts outside the cluster: on the internet or with push access to a registry.
    pub(crate) outside: bool,
    /// Every exploit on it is used in the wild or likely (EPSS of at least 0.5), or none is needed.
    pub(crate) likely: bool,
    /// Some step is assumed: nobody looked.
    pub(crate) assumed: bool,
    /// What the goal is worth.
    pub(crate) value: f64,
}

/// A row of the table; the first that applies decides.
pub struct Row {
    /// The tier it gives.
    pub tier: Tier,
    /// The condition in words.
    pub when: &'static str,
    applies: fn(&Case) -> bool,
}

/// The table.
pub static TABLE: &[Row] = &[
    Row { tier: Tier::Now, when: "a step was seen happening", applies: |case| case.observed },
    Row {
        tier: Tier::Now,
        when: "from the internet, by what is exploited in the wild or likely to be, to a goal of 60 or more",
        applies: |case| case.internet && case.likely && !case.assumed && case.value >= 60.0,
    },
    Row {
        tier: Tier::Week,
        when: "from outside, nothing assumed, to a goal of 40 or more",
        applies: |case| case.outside && !case.assumed && case.value >= 40.0,
    },
    Row {
        tier: Tier::Planned,
        when: "needs a foothold, a credential or an assumption, to a goal of 60 or more",
        applies: |case| case.value >= 60.0,
    },
    Row { tier: Tier::Watch, when: "anything else", applies: |_| true },
];

/// The tier of a case, and why.
pub(crate) fn of(case: &Case) -> (Tier, &'static str) {
    TABLE.iter().find(|row| (row.applies)(case)).map_or((Tier::Watch, ""), |row| (row.tier, row.when))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_decides_as_written() {
        let base = Case { internet: true, outside: true, likely: true, value: 100.0, ..Case::default() };
        let cases = [
            (Case { observed: true, value: 5.0, ..Case::default() }, Tier::Now),
            (base, Tier::Now),
            (Case { value: 40.0, ..base }, Tier::Week),
            (Case { likely: false, ..base }, Tier::Week),
            (Case { internet: false, ..base }, Tier::Week),
            (Case { assumed: true, ..base }, Tier::Planned),
            (Case { assumed: true, value: 40.0, ..base }, Tier::Watch),
            (Case { value: 30.0, ..base }, Tier::Watch),
            (Case { value: 60.0, ..Case::default() }, Tier::Planned),
            (Case::default(), Tier::Watch),
        ];
        for (case, tier) in cases {
            assert_eq!(of(&case).0, tier, "{case:?}");
        }
    }
}
