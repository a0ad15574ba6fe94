//! The README's two commands are the ones CI runs, and its screen has a marked place.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law =
    Law { name: "readme", says: "README.md names the commands that .ci/run runs, and marks its screen", run };

const COMMANDS: &[&str] = &["cargo run -- risk examples/shop", "cargo test --workspace"];
const SCREEN: &str = "<!-- screen: risk examples/shop -->";

fn run(repository: &Repository) -> Vec<Breach> {
    let readme = repository.text("README.md").unwrap_or_default();
    let ci = repository.text(".ci/run").unwrap_or_default();
    let mut breaches = Vec::new();
    for command in COMMANDS {
        if !readme.lines().any(|line| line.trim() == *command) {
            breaches.push(Breach::new("README.md", format!("does not show `{command}`")));
        }
        if !ci.contains(command) {
            breaches.push(Breach::new(".ci/run", format!("does not run `{command}`")));
        }
    }
    if screen(readme).is_none() {
        breaches.push(Breach::new("README.md", format!("has no fenced block after `{SCREEN}`")));
    }
    breaches
}

/// The text inside the fence that follows the mark.
fn screen(readme: &str) -> Option<&str> {
    let after = readme.split_once(SCREEN)?.1.trim_start().strip_prefix("```")?.split_once('\n')?.1;
    after.split_once("```").map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn hit_and_miss() {
        let readme = format!("{}\n{}\n{SCREEN}\n```text\n1  NOW\n```\n", COMMANDS[0], COMMANDS[1]);
        let ci = COMMANDS.join("\n");
        assert!(run(&planted(&[("README.md", &readme), (".ci/run", &ci)])).is_empty());
        assert_eq!(run(&planted(&[("README.md", &readme), (".ci/run", COMMANDS[1])])).len(), 1);
        assert_eq!(run(&planted(&[])).len(), 5);
    }

    #[test]
    fn the_screen_is_what_the_fence_holds() {
        assert_eq!(screen(&format!("a\n{SCREEN}\n\n```text\n1  NOW\n```\nb")), Some("1  NOW\n"));
        assert_eq!(screen(&format!("{SCREEN}\nno fence")), None);
    }
}
