//! `verify` and `sign` against a registry that counts, lies, floods and dawdles.

mod attacks;
mod fixture;
mod requests;
mod words;

use integration::{Case, Skip, Suite};

pub(crate) static SUITE: Suite = Suite { name: "signing", cases };

pub(crate) use fixture::{Act, Faulty, digest};
pub(crate) use words::{frozen, keyless};

type Check = fn() -> Result<(), String>;

fn cases() -> Result<Vec<Case>, Skip> {
    let lists = [requests::CHECKS, attacks::CHECKS, words::CHECKS];
    let all = lists.into_iter().flatten();
    Ok(all.map(|(name, check): &(&'static str, Check)| Case::new(*name, *check)).collect())
}
