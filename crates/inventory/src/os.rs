//! The operating system of an image, and how long its maker supports it.

use crate::Ecosystem;
use model::Timestamp;
use serde::{Deserialize, Serialize};

/// An operating system as an image names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Os {
    /// Family in the words vulnerability databases use (`alpine`, `debian`, `redhat`).
    pub family: String,
    /// Version as the image writes it, empty when it names none (a rolling distribution).
    pub version: String,
}

/// What is known of a family.
struct Family {
    /// `ID` of os-release.
    id: &'static str,
    family: &'static str,
    /// Where its packages come from.
    ecosystem: Option<Ecosystem>,
    /// How many dotted parts of the version name a release; 0 for rolling ones.
    release: usize,
    /// Release and the last day of support.
    ends: &'static [(&'static str, &'static str)],
}

const fn family(
    id: &'static str,
    family: &'static str,
    ecosystem: Ecosystem,
    release: usize,
    ends: &'static [(&'static str, &'static str)],
) -> Family {
    Family { id, family, ecosystem: Some(ecosystem), release, ends }
}

/// By os-release id. End dates are those the distributions publish; a release without a line is not known.
static FAMILIES: &[Family] = &[
    family(
        "alpine",
        "alpine",
        Ecosystem::Apk,
        2,
        &[
            ("3.3", "2017-11-01"),
            ("3.4", "2018-05-01"),
            ("3.5", "2018-11-01"),
            ("3.6", "2019-05-01"),
            ("3.7", "2019-11-01"),
            ("3.8", "2020-05-01"),
            ("3.9", "2020-11-01"),
            ("3.10", "2021-05-01"),
            ("3.11", "2021-11-01"),
            ("3.12", "2022-05-01"),
            ("3.13", "2022-11-01"),
            ("3.14", "2023-05-01"),
            ("3.15", "2023-11-01"),
            ("3.16", "2024-05-23"),
            ("3.17", "2024-11-22"),
            ("3.18", "2025-05-09"),
            ("3.19", "2025-11-01"),
            ("3.20", "2026-04-01"),
            ("3.21", "2026-11-01"),
            ("3.22", "2027-05-01"),
            ("3.23", "2027-11-01"),
        ],
    ),
    family("wolfi", "wolfi", Ecosystem::Apk, 0, &[]),
    family("chainguard", "chainguard", Ecosystem::Apk, 0, &[]),
    family("minimos", "minimos", Ecosystem::Apk, 0, &[]),
    family(
        "debian",
        "debian",
        Ecosystem::Deb,
        1,
        &[
            ("7", "2018-05-31"),
            ("8", "2020-06-30"),
            ("9", "2022-06-30"),
            ("10", "2024-06-30"),
            ("11", "2026-08-31"),
            ("12", "2028-06-30"),
            ("13", "2030-06-30"),
        ],
    ),
    family(
        "ubuntu",
        "ubuntu",
        Ecosystem::Deb,
        2,
        &[
            ("16.04", "2021-04-30"),
            ("18.04", "2023-05-31"),
            ("20.04", "2025-05-31"),
            ("22.04", "2027-04-01"),
            ("24.04", "2029-05-31"),
        ],
    ),
    family("echo", "echo", Ecosystem::Deb, 1, &[]),
    family(
        "rhel",
        "redhat",
        Ecosystem::Rpm,
        1,
        &[
            ("6", "2020-11-30"),
            ("7", "2024-06-30"),
            ("8", "2029-05-31"),
            ("9", "2032-05-31"),
            ("10", "2035-05-31"),
        ],
    ),
    family(
        "centos",
        "centos",
        Ecosystem::Rpm,
        1,
        &[("6", "2020-11-30"), ("7", "2024-06-30"), ("8", "2021-12-31")],
    ),
    family("rocky", "rocky", Ecosystem::Rpm, 1, &[("8", "2029-05-31"), ("9", "2032-05-31")]),
    family("almalinux", "alma", Ecosystem::Rpm, 1, &[("8", "2029-12-31"), ("9", "2032-05-31")]),
    family("fedora", "fedora", Ecosystem::Rpm, 1, &[]),
    family(
        "ol",
        "oracle",
        Ecosystem::Rpm,
        1,
        &[("7", "2024-12-31"), ("8", "2029-07-31"), ("9", "2032-06-30")],
    ),
    family(
        "amzn",
        "amazon",
        Ecosystem::Rpm,
        1,
        &[("1", "2023-12-31"), ("2", "2026-06-30"), ("2023", "2028-03-15")],
    ),
    family("sles", "sles", Ecosystem::Rpm, 2, &[]),
    family("sle-micro", "slem", Ecosystem::Rpm, 2, &[]),
    family("sl-micro", "slem", Ecosystem::Rpm, 2, &[]),
    family("sle-micro-rancher", "slem", Ecosystem::Rpm, 2, &[]),
    family("opensuse-leap", "opensuse-leap", Ecosystem::Rpm, 2, &[]),
    family("opensuse", "opensuse-leap", Ecosystem::Rpm, 2, &[]),
    family("opensuse-tumbleweed", "opensuse-tumbleweed", Ecosystem::Rpm, 0, &[]),
    family(
        "photon",
        "photon",
        Ecosystem::Rpm,
        2,
        &[("1.0", "2022-02-28"), ("2.0", "2022-12-31"), ("3.0", "2024-06-30")],
    ),
    family("mariner", "cbl-mariner", Ecosystem::Rpm, 2, &[]),
    family("azurelinux", "azurelinux", Ecosystem::Rpm, 2, &[]),
    Family { id: "bottlerocket", family: "bottlerocket", ecosystem: None, release: 3, ends: &[] },
    Family { id: "coreos", family: "coreos", ecosystem: None, release: 3, ends: &[] },
];

impl Os {
    /// The system os-release names by `ID` and `VERSION_ID`. An unknown id is its own family.
    pub fn from_release(id: &str, version: &str) -> Self {
        let family = FAMILIES.iter().find(|f| f.id == id).map_or(id, |f| f.family);
        Self { family: family.to_owned(), version: version.to_owned() }
    }

    /// The family of a name, which older reports may have written otherwise.
    pub fn family_of(name: &str) -> &str {
        match name {
            "suse linux enterprise server" => "sles",
            "suse linux enterprise micro" => "slem",
            "opensuse.leap" => "opensuse-leap",
            "opensuse.tumbleweed" => "opensuse-tumbleweed",
            "amazon linux" => "amazon",
            "debian gnu/linux" => "debian",
            name => name,
        }
    }

    fn known(&self) -> Option<&'static Family> {
        FAMILIES.iter().find(|f| f.family == self.family)
    }

    /// Where its packages come from; `None` for a family nobody knows or that has none.
    pub fn ecosystem(&self) -> Option<Ecosystem> {
        self.known().and_then(|f| f.ecosystem)
    }

    /// The part of the version that names a release: `3.10` of `3.10.2`, `12` of `12.4`. Empty when rolling.
    pub fn release(&self) -> String {
        let parts = self.known().map_or(usize::MAX, |f| f.release);
        self.version.split('.').take(parts).collect::<Vec<_>>().join(".")
    }

    /// Whether its maker no longer supports it at `now`; `None` when the end is not known.
    pub fn end_of_life(&self, now: Timestamp) -> Option<bool> {
        let release = self.release();
        let (_, day) = self.known()?.ends.iter().find(|(name, _)| *name == release)?;
        let end: Timestamp = format!("{day}T23:59:59Z").parse().ok()?;
        Some(now > end)
    }
}

impl std::fmt::Display for Os {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version.is_empty() {
            true => f.write_str(&self.family),
            false => write!(f, "{} {}", self.family, self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_and_their_end() {
        let now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        for (id, version, release, end) in [
            ("alpine", "3.10.2", "3.10", Some(true)),
            ("alpine", "3.19.1", "3.19", Some(false)),
            ("alpine", "9.9.9", "9.9", None),
            ("debian", "12.4", "12", Some(false)),
            ("ubuntu", "18.04", "18.04", Some(true)),
            ("wolfi", "20230201", "", None),
            ("own", "1.2.3", "1.2.3", None),
        ] {
            let os = Os::from_release(id, version);
            assert_eq!((os.release().as_str(), os.end_of_life(now)), (release, end), "{os}");
        }
    }

    #[test]
    fn the_table_is_sound() {
        for family in FAMILIES {
            for (release, day) in family.ends {
                let os = Os { family: family.family.into(), version: (*release).into() };
                assert_eq!(os.release(), *release, "{}", family.id);
                assert!(os.end_of_life(Timestamp::UNIX_EPOCH) == Some(false), "{} {day}", family.id);
            }
        }
    }
}
