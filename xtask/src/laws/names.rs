//! No folder or module has a name that says nothing.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law =
    Law { name: "names", says: "no folder or module named utils, common, helpers, core or types", run };

const EMPTY: &[&str] = &["util", "utils", "common", "helper", "helpers", "core", "types", "misc", "stuff"];

fn run(repository: &Repository) -> Vec<Breach> {
    let empty = |path: &str| {
        path.trim_end_matches(".rs").split('/').find(|part| EMPTY.contains(part)).map(str::to_owned)
    };
    repository
        .rust()
        .filter_map(|(path, _)| {
            empty(path).map(|part| Breach::new(path, format!("`{part}` says nothing: name what is inside")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn empty_names_are_caught_as_file_and_as_folder() {
        let files = [
            ("crates/rbac/src/utils.rs", ""),
            ("crates/core/src/lib.rs", ""),
            ("crates/rbac/src/can.rs", ""),
        ];
        assert_eq!(run(&planted(&files)).len(), 2);
    }

    #[test]
    fn a_part_of_a_name_is_no_name() {
        assert!(
            run(&planted(&[("crates/model/src/resource_types.rs", ""), ("docs/common.md", "")])).is_empty()
        );
    }
}
