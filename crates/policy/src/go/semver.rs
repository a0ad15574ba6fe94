//! Semantic versions, for the order operators and `semver_compare`.

use std::cmp::Ordering;

/// A version: three numbers and a pre-release; build metadata is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    numbers: [u64; 3],
    pre: Vec<String>,
}

/// Reads `1.2.3-rc.1+build`; all three numbers are required and none has a leading zero.
pub(crate) fn parse(text: &str) -> Option<Version> {
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let mut parts = core.split('.');
    let mut number = || {
        let part = parts.next()?;
        let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (plain && (part.len() == 1 || !part.starts_with('0'))).then(|| part.parse().ok())?
    };
    let numbers = [number()?, number()?, number()?];
    if parts.next().is_some() {
        return None;
    }
    let pre: Vec<String> = pre.map(|p| p.split('.').map(str::to_owned).collect()).unwrap_or_default();
    pre.iter().all(|p| !p.is_empty()).then_some(Version { numbers, pre })
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => pre_release(&self.pre, &other.pre),
        })
    }
}

fn pre_release(a: &[String], b: &[String]) -> Ordering {
    for (x, y) in a.iter().zip(b) {
        let order = match (x.parse::<u64>(), y.parse::<u64>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_specification() {
        let chain =
            ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-2.x", "1.0.0", "1.2.0", "1.10.0"];
        assert!(parse(chain[0]) < parse(chain[1]) && parse(chain[1]) < parse(chain[2]));
        assert!(parse(chain[3]) < parse(chain[0]));
        assert!(parse(chain[2]) < parse(chain[4]) && parse(chain[5]) < parse(chain[6]));
        assert_eq!(parse("1.0.0+a"), parse("1.0.0+b"));
    }

    #[test]
    fn not_versions() {
        for text in ["1.2", "1.2.3.4", "01.2.3", "v1.2.3", "1.2.x", "", "1.2.3-"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
