//! What writers are given beside the report: clock, version, environment, a template, a source of ids.

use crate::template::{TemplateError, World};
use model::Timestamp;
use sha2::{Digest as _, Sha256};

/// Everything a writer may use that is not in the report.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Clock, environment and version.
    pub world: World,
    /// The text of `--template`.
    pub template: Option<String>,
    /// The folder that was scanned, from the root of the file system.
    pub root: Option<String>,
    /// Where ids come from.
    pub ids: Ids,
}

/// Where the ids of a document come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// Made from a number no other run has.
    Random(u128),
    /// Numbered: the same report gives the same document.
    #[default]
    Counted,
}

impl Ids {
    /// The id of a number, as a version 4 UUID.
    pub(super) fn uuid(&self, number: usize) -> String {
        let Self::Random(seed) = self else { return format!("3ff14136-e09f-4df9-80ea-{number:012}") };
        let hash =
            Sha256::new().chain_update(seed.to_be_bytes()).chain_update(number.to_be_bytes()).finalize();
        let mut hex: Vec<char> =
            hash.iter().take(16).flat_map(|byte| format!("{byte:02x}").chars().collect::<Vec<_>>()).collect();
        // The version, and the variant in two bits.
        if let Some(version) = hex.get_mut(12) {
            *version = '4';
        }
        if let Some(variant) = hex.get_mut(16) {
            let bits = variant.to_digit(16).unwrap_or(0) & 3 | 8;
            *variant = char::from_digit(bits, 16).unwrap_or('8');
        }
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().iter().collect::<String>();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }
}

/// A moment to the second, in UTC.
pub(super) fn seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Why a report is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The format needs one.
    #[error("--format template needs a --template")]
    NoTemplate,
    /// The template is at fault.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let ids = Ids::Random(7);
        let (one, two) = (ids.uuid(1), ids.uuid(2));
        assert!(one != two && one == ids.uuid(1) && one != Ids::Random(8).uuid(1));
        assert_eq!((one.len(), one.as_bytes()[14]), (36, b'4'));
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{one}");
        assert_eq!(Ids::Counted.uuid(15), "3ff14136-e09f-4df9-80ea-000000000015");
    }

    #[test]
    fn moments() {
        assert_eq!(seconds("2021-08-25T12:20:30.000000005Z".parse().unwrap()), "2021-08-25T12:20:30Z");
    }
}
