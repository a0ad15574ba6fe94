//! Helm templates among manifests: told by file, explained once a chart, never half read.

use crate::shell::word;
use memchr::memmem;
use model::{Gap, Ring};
use std::collections::BTreeMap;
use std::path::Path;

/// Whether the file is a template of a chart: then even a text that reads as YAML says nothing before it is rendered.
pub(super) fn in_chart(path: &str, bytes: &[u8]) -> bool {
    memmem::find(bytes, b"{{").is_some()
        && templates_folder(path).is_some_and(|chart| Path::new(chart).join("Chart.yaml").is_file())
}

/// The folder above the last `templates` folder of a path.
fn templates_folder(path: &str) -> Option<&str> {
    let folders = Path::new(path).ancestors().skip(1);
    let templates =
        folders.into_iter().find(|folder| folder.file_name().is_some_and(|name| name == "templates"))?;
    let chart = templates.parent()?.to_str()?;
    Some(if chart.is_empty() { "." } else { chart })
}

/// The folder that is rendered: the chart, or where the file lies.
fn chart(path: &str) -> &str {
    let beside = || Path::new(path).parent().and_then(Path::to_str).filter(|folder| !folder.is_empty());
    templates_folder(path).or_else(beside).unwrap_or(".")
}

/// The command that makes manifests of a template.
pub(super) fn render(path: &str) -> String {
    format!("helm template {} | ringwall risk -", word(chart(path)))
}

/// Templates met so far, by chart.
#[derive(Debug, Default)]
pub(super) struct Charts(BTreeMap<String, (u64, bool, String)>);

impl Charts {
    /// Notes a template; `named` when the user named the file.
    pub(super) fn add(&mut self, path: &str, named: bool) {
        let (count, asked, _) =
            self.0.entry(chart(path).to_owned()).or_insert_with(|| (0, false, render(path)));
        *count = count.saturating_add(1);
        *asked |= named;
    }

    /// One gap a chart, up to `most`, then one for the rest.
    pub(super) fn gaps(self, most: usize) -> impl Iterator<Item = Gap> {
        let rest = self.0.len().saturating_sub(most);
        let more = (rest > 0).then(|| gap(format!("Helm templates of {rest} further charts"), false, None));
        let named = self.0.into_iter().take(most).map(|(chart, (count, asked, help))| {
            let plural = if count == 1 { "" } else { "s" };
            gap(format!("{count} Helm template{plural} below {}", model::escape(&chart)), asked, Some(help))
        });
        named.chain(more)
    }
}

fn gap(what: String, asked: bool, help: Option<String>) -> Gap {
    Gap {
        ring: Ring::Resources,
        what,
        why: "templates say nothing before they are rendered".into(),
        asked,
        help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_is_what_is_rendered() {
        for (path, want) in [
            ("a/chart/templates/x.yaml", "helm template a/chart | ringwall risk -"),
            ("a/chart/templates/tests/x.yaml", "helm template a/chart | ringwall risk -"),
            ("templates/x.yaml", "helm template . | ringwall risk -"),
            ("loose/x.yaml", "helm template loose | ringwall risk -"),
            ("x.yaml", "helm template . | ringwall risk -"),
            ("it's/x.yaml", r"helm template 'it'\''s' | ringwall risk -"),
        ] {
            assert_eq!(render(path), want, "{path}");
        }
    }

    #[test]
    fn a_chart_is_one_gap() {
        let mut charts = Charts::default();
        charts.add("c/templates/a.yaml", false);
        charts.add("c/templates/b.yaml", false);
        charts.add("d/x.yaml", true);
        let gaps: Vec<_> = charts.gaps(5).map(|gap| (gap.what, gap.asked)).collect();
        assert_eq!(
            gaps,
            [("2 Helm templates below c".into(), false), ("1 Helm template below d".into(), true)]
        );
    }
}
