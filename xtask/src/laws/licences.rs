//! Every locked crate is under a licence that `deny.toml` allows.

use super::{Breach, Law};
use crate::repository::{Repository, output};
use serde_json::Value;

pub(super) static LAW: Law =
    Law { name: "licences", says: "every locked crate has a licence that deny.toml allows", run };

fn run(repository: &Repository) -> Vec<Breach> {
    let allowed = allowed(repository.text("deny.toml").unwrap_or_default());
    if allowed.is_empty() {
        return vec![Breach::new("deny.toml", "allows no licence")];
    }
    match locked(repository) {
        Err(why) => vec![Breach::new("Cargo.lock", why)],
        Ok(crates) => crates
            .iter()
            .filter(|(_, licence)| !satisfied(licence, &allowed))
            .map(|(name, licence)| Breach::new("Cargo.lock", format!("{name} is under `{licence}`")))
            .collect(),
    }
}

/// Name and licence expression of each crate that this platform links.
fn locked(repository: &Repository) -> Result<Vec<(String, String)>, String> {
    let platform = "x86_64-unknown-linux-gnu";
    let args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", platform];
    let json: Value = serde_json::from_slice(&output(&repository.root, "cargo", &args)?)
        .map_err(|e| format!("cargo metadata is not JSON: {e}"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = json["packages"].as_array().into_iter().flatten();
    Ok(packages.map(|package| (text(&package["name"]), text(&package["license"]))).collect())
}

/// The quoted names in the `allow` list of `[licenses]`.
fn allowed(deny: &str) -> Vec<String> {
    let section = deny.split_once("[licenses]").map_or("", |(_, after)| after);
    let list =
        section.split_once("allow = [").and_then(|(_, after)| after.split_once(']')).map_or("", |(l, _)| l);
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression holds when only `allowed` licences may be used. An absent one never does.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut holds = both(rest, allowed);
    while let ["OR", after @ ..] = *rest {
        *rest = after;
        holds |= both(rest, allowed);
    }
    holds
}

fn both(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut holds = one(rest, allowed);
    while let ["AND", after @ ..] = *rest {
        *rest = after;
        holds &= one(rest, allowed);
    }
    holds
}

fn one(rest: &mut &[&str], allowed: &[String]) -> bool {
    match *rest {
        ["(", after @ ..] => {
            *rest = after;
            let holds = either(rest, allowed);
            match *rest {
                [")", after @ ..] => *rest = after,
                _ => return false,
            }
            holds
        }
        [name, "WITH", exception, after @ ..] => {
            *rest = after;
            let whole = format!("{name} WITH {exception}");
            allowed.contains(&whole)
        }
        [name, after @ ..] => {
            *rest = after;
            allowed.iter().any(|licence| licence == name)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read() {
        let deny = "[bans]\ndeny = [\"x\"]\n[licenses]\nallow = [\n  \"MIT\", # why\n  \"ISC\",\n]\nother = [\"no\"]\n";
        assert_eq!(allowed(deny), ["MIT", "ISC"]);
        assert!(allowed("").is_empty());
    }

    #[test]
    fn expressions() {
        let allowed = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "ISC AND (Apache-2.0 OR OpenSSL)",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-2.0 OR (MIT AND ISC)",
        ] {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT WITH odd-exception", "(MIT", "MIT ISC", "MIT AND"]
        {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }
}
