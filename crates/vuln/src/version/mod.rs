//! How versions are ordered: one file and one line a scheme.

use std::cmp::Ordering;

/// One way of ordering versions.
#[derive(Debug)]
pub struct Scheme {
    /// Stable id, as `inventory::EcosystemRow::scheme` names it.
    pub id: &'static str,
    /// One line: whose versions, and where the order is written down.
    pub about: &'static str,
    /// Compares two versions; `None` when one of them is no version of this scheme.
    pub compare: fn(&str, &str) -> Option<Ordering>,
}

macro_rules! schemes {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every scheme.
        pub static SCHEMES: &[&Scheme] = &[$(&$name::SCHEME),*];
    };
}

schemes![apk, deb, rpm, semver, generic, npm, go, pep440, maven, rubygems, packagist, nuget];

/// The scheme of an id.
pub fn scheme(id: &str) -> Option<&'static Scheme> {
    SCHEMES.iter().copied().find(|scheme| scheme.id == id)
}

/// Compares two runs of decimal digits of any length.
fn digits(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
pub(crate) mod vectors {
    //! Lines `A < B`, `A = B`, `A > B`; `#` and `//` start comments.

    use super::*;

    /// Checks every line in both directions and against itself; how many there were.
    pub(crate) fn check(scheme: &Scheme, text: &str) -> usize {
        let mut wrong = Vec::new();
        let mut count = 0;
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') || line.starts_with("//") {
                continue;
            }
            let [a, sign, b] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("odd line: {line}")
            };
            let want = match sign {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                ">" => Ordering::Greater,
                _ => panic!("odd line: {line}"),
            };
            count += 1;
            let got = (scheme.compare)(a, b);
            let back = (scheme.compare)(b, a).map(Ordering::reverse);
            if got != Some(want) || back != got || (scheme.compare)(a, a) != Some(Ordering::Equal) {
                wrong.push(format!("{line}: {got:?}, backwards {back:?}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "{}: {} of {count} wrong:\n{}",
            scheme.id,
            wrong.len(),
            wrong[..wrong.len().min(40)].join("\n")
        );
        count
    }

    /// Checks the files of the corpus; at least `least` lines in all.
    pub(crate) fn corpus(scheme: &Scheme, files: &[&str], least: usize) {
        let mut count = 0;
        for file in files {
            let Some(bytes) = crate::corpus::read(&format!("versions/{file}")) else { return };
            count += check(scheme, &String::from_utf8(bytes).unwrap());
        }
        assert!(count >= least, "{}: only {count} vectors", scheme.id);
        println!("{}: {count} vectors", scheme.id);
    }

    proptest::proptest! {
        #[test]
        fn the_order_is_the_same_both_ways(a in "[0-9a-c.~^:+_-]{0,12}", b in "[0-9a-c.~^:+_-]{0,12}") {
            for scheme in SCHEMES {
                let there = (scheme.compare)(&a, &b);
                proptest::prop_assert_eq!(there, (scheme.compare)(&b, &a).map(Ordering::reverse), "{}", scheme.id);
            }
        }
    }

    #[test]
    fn every_ecosystem_has_its_scheme() {
        for row in inventory::Ecosystem::all() {
            assert!(scheme(row.scheme).is_some(), "{}", row.scheme);
        }
    }

    #[test]
    fn registry_laws() {
        let mut ids: Vec<_> = SCHEMES.iter().map(|s| s.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SCHEMES.len(), "ids are unique");
        for odd in
            ["", "é", "1..2", "-", "99999999999999999999999999", &"1.".repeat(5000), "\0", "0", "~", "^"]
        {
            for scheme in SCHEMES {
                let same = (scheme.compare)(odd, odd);
                assert!(same.is_none() || same == Some(Ordering::Equal), "{} {odd}", scheme.id);
                for other in ["1", "1.0-r0", "2.0~rc1", "v1.2.3", ""] {
                    let there = (scheme.compare)(odd, other);
                    let back = (scheme.compare)(other, odd).map(Ordering::reverse);
                    assert_eq!(there, back, "{} {odd} {other}", scheme.id);
                }
            }
        }
    }
}
