//! The laws of the repository: one file each, one line in [`LAWS`].
//!
//! `cargo xtask tidy` prints every breach; the same laws run as tests.

mod arrows;
mod banned;
mod headers;
mod licences;
mod manifests;
mod marks;
mod model_size;
mod names;
mod pages;
mod places;
mod purity;
mod readme;
mod sizes;
mod suites;

use crate::repository::Repository;

/// One law.
pub(crate) struct Law {
    /// Its name, the file's name with dashes.
    pub(crate) name: &'static str,
    /// What it says, one line.
    pub(crate) says: &'static str,
    /// Every breach of it.
    pub(crate) run: fn(&Repository) -> Vec<Breach>,
}

/// One place where a law does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// A file, `file:line`, or a package.
    pub(crate) at: String,
    /// What is wrong and what to do.
    pub(crate) what: String,
    /// Whether it only deserves a look.
    pub(crate) mild: bool,
}

impl Breach {
    pub(crate) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into(), mild: false }
    }

    pub(crate) fn mild(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { mild: true, ..Self::new(at, what) }
    }
}

/// Every law, in the order it is run.
pub(crate) static LAWS: &[&Law] = &[
    &arrows::LAW,
    &purity::LAW,
    &banned::LAW,
    &licences::LAW,
    &manifests::LAW,
    &names::LAW,
    &headers::LAW,
    &sizes::LAW,
    &model_size::LAW,
    &marks::LAW,
    &places::LAW,
    &suites::LAW,
    &readme::LAW,
    &pages::LAW,
];

/// Holds the clone to every law; an error when one is broken.
pub(crate) fn tidy() -> Result<(), String> {
    let repository = Repository::read()?;
    let (mut broken, mut mild) = (0, 0);
    for law in LAWS {
        for breach in (law.run)(&repository) {
            let word = if breach.mild { "look" } else { "law " };
            println!("{word} {}: {}: {}", law.name, breach.at, breach.what);
            if breach.mild { mild += 1 } else { broken += 1 }
        }
    }
    println!(
        "tidy: {} laws, {} files, {broken} broken, {mild} to look at",
        LAWS.len(),
        repository.files.len()
    );
    if broken == 0 { Ok(()) } else { Err(format!("{broken} breaches of the repository's laws")) }
}

/// Prints the laws.
pub(crate) fn list() -> Result<(), String> {
    for law in LAWS {
        println!("{:<12} {}", law.name, law.says);
    }
    Ok(())
}

/// A repository of these files, for the tests of laws.
#[cfg(test)]
pub(crate) fn planted(files: &[(&str, &str)]) -> Repository {
    use crate::repository::Tracked;
    let files = files.iter().map(|(path, text)| Tracked { path: (*path).into(), text: Some((*text).into()) });
    Repository { files: files.collect(), ..Repository::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clone keeps every law. Read once: the laws share it.
    #[test]
    fn the_clone_keeps_its_laws() {
        let repository = Repository::read().expect("git and cargo are there");
        assert!(repository.files.len() > 50, "git lists the clone's files");
        assert!(repository.packages.len() > 10, "cargo lists the workspace's packages");
        let mut broken = Vec::new();
        for law in LAWS {
            for breach in (law.run)(&repository).into_iter().filter(|breach| !breach.mild) {
                broken.push(format!("{}: {}: {}", law.name, breach.at, breach.what));
            }
        }
        assert!(broken.is_empty(), "{} breaches:\n{}", broken.len(), broken.join("\n"));
    }

    #[test]
    fn names_are_unique_and_sayings_present() {
        let mut names: Vec<_> = LAWS.iter().map(|law| law.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), LAWS.len());
        assert!(LAWS.iter().all(|law| !law.says.is_empty()));
    }
}
