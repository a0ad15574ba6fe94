//! Hostile and broken input through the real command line: it says what is wrong and where, costs little, and
//! everything else is still looked at.

mod documents;
mod files;
mod nodes;
mod options;

use integration::{Answer, Case, Program, Skip, Suite, demand, ringwall};
use std::path::Path;

pub(crate) static SUITE: Suite = Suite { name: "bad_input", cases };

/// What one run may cost: processor seconds of a debug build, and MiB. Two documents of the largest kind taken at
/// once fit; ten would not.
const SECONDS: u64 = 10;
const MIB: u64 = 640;
/// What a run may cost whose input is small.
const SMALL_MIB: u64 = 128;

/// One case: a folder of its own, in which a pod lies that every run must still find.
type Check = fn(&Place<'_>) -> Result<(), String>;

fn cases() -> Result<Vec<Case>, Skip> {
    let all = documents::CHECKS.iter().chain(files::CHECKS).chain(nodes::CHECKS).chain(options::CHECKS);
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || {
            let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
            let place = Place { folder: folder.path(), ringwall: ringwall()?.inside(folder.path()) };
            place.put("witness.yaml", WITNESS)?;
            check(&place)
        })
    };
    Ok(all.map(case).collect())
}

/// A pod that is in an item of every page on which it was read.
const WITNESS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: witness, namespace: court}\nspec:\n  containers:\n    \
                       - {name: c, image: registry.test/c:1, securityContext: {privileged: true}}\n";

/// Where a case runs.
struct Place<'a> {
    folder: &'a Path,
    ringwall: Program,
}

impl Place<'_> {
    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> Result<(), String> {
        std::fs::write(self.folder.join(name), content).map_err(|e| format!("{name}: {e}"))
    }

    /// Runs it, and holds it to what every run is held to.
    fn run(&self, words: &[&str], input: &[u8], mib: u64) -> Result<Answer, String> {
        let answer = self.ringwall.run_bytes(words, input)?;
        answer.costs_less(SECONDS, mib)?;
        for (name, text) in [("stdout", &answer.stdout), ("stderr", &answer.stderr)] {
            let raw = |c: char| (c.is_control() && c != '\n') || TURNS.contains(&c);
            demand!(
                !text.contains(raw),
                "{words:?}: {name} holds a raw {:?}",
                text.chars().find(|c| raw(*c))
            );
            demand!(!text.contains("panicked"), "{words:?}: {name} tells of a panic:\n{text}");
        }
        Ok(answer)
    }

    /// The whole folder, of which some part is bad: the page says `told`, and the witness is still in it.
    fn bad(&self, told: &[&str], mib: u64) -> Result<Answer, String> {
        let answer = self.run(&["risk", ".", "--all"], b"", mib)?;
        let said = answer.exits(3)?.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in told {
            demand!(said.contains(words), "the page does not say `{words}`:\n{}", answer.stdout);
        }
        let page = self.run(&["risk", ".", "-o", "json"], b"", mib)?.exits(3)?.json()?;
        let asked = page["gaps"].as_array().into_iter().flatten().filter(|gap| gap["asked"] == true).count();
        demand!(asked > 0, "no gap says what is missing: {}", page["gaps"]);
        self.reached(&["court/witness"], mib)?;
        Ok(answer)
    }

    /// The whole folder, of which every part can be read: these pods are in an item.
    fn fine(&self, pods: &[&str], mib: u64) -> Result<Answer, String> {
        let answer = self.run(&["risk", ".", "--all"], b"", mib)?;
        answer.exits(0)?;
        self.reached(pods, mib)?;
        self.reached(&["court/witness"], mib)?;
        Ok(answer)
    }

    /// Whether the folder's page has an item in which each of these pods is.
    fn reached(&self, pods: &[&str], mib: u64) -> Result<(), String> {
        let page = self.run(&["risk", ".", "-o", "json"], b"", mib)?.json()?;
        let items = page["items"].as_array().into_iter().flatten();
        let workloads = items.flat_map(|item| item["workloads"].as_array().into_iter().flatten());
        let names: Vec<&str> = workloads.filter_map(serde_json::Value::as_str).collect();
        for pod in pods {
            demand!(names.contains(pod), "{pod} is in no item: {names:?}");
        }
        Ok(())
    }
}

/// Marks that turn the direction of text, and those that are not seen.
const TURNS: &[char] = &[
    '\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2069}', '\u{200f}',
    '\u{feff}',
];
