//! ringwall beside a real control plane: what it reads of a live cluster, and what it says of it.

pub(crate) mod decoder;
pub(crate) mod detect;
pub(crate) mod node;
mod rights;
mod shop;

use integration::{Case, Program, Skip, Suite, needs_cluster, ringwall, skip, with_cluster};
use peers::cluster::Cluster;

pub(crate) static SUITE: Suite = Suite { name: "e2e", cases };

/// One case: the cluster, which it leaves as it found it (empty namespaces aside), and our binary.
type Check = fn(&Cluster, &Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("default-rights", rights::defaults),
    ("yaml-is-the-servers", decoder::own_documents),
    ("yaml-is-the-servers-over-the-corpus", decoder::corpus_documents),
    ("shop-live-is-shop-on-files", shop::live_is_files),
    ("secret-values-are-not-asked-for", shop::no_secret_values),
    ("refusals-are-gaps", shop::refusals_are_gaps),
    ("advice-of-a-gap-closes-it", shop::advice_helps),
];

fn cases() -> Result<Vec<Case>, Skip> {
    needs_cluster()?;
    if let Err(why) = peers::installed("kubectl") {
        skip!("{why}");
    }
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || {
            let ringwall = ringwall()?;
            with_cluster(|cluster| check(cluster, &ringwall))
        })
    };
    Ok(CHECKS.iter().map(case).collect())
}
