//! Secrets of layers put together: one that a layer above removed is still there for whoever pulls the image.
//!
//! Semantics: Trivy's `mergeSecrets` in `pkg/fanal/applier` and `GuessBaseImageIndex` in `pkg/fanal/image`.

use super::{SecretFile, Secrets};
use crate::stack::unknown;
use crate::{Inventory, Layer};
use model::Digest;
use oci_spec::image::ImageConfiguration;
use std::collections::BTreeMap;

/// A layer of an image that is put together: name for messages, digest as stored, content.
type Part = (String, Option<Digest>, Option<Layer>);

/// Takes the secrets out of an image's layers, lowest first; those of the base image's do not count. `None` when no
/// layer was searched.
pub(crate) fn stacked(
    layers: &mut [Part],
    steps: &[(Digest, Option<String>)],
    base: usize,
) -> Option<Secrets> {
    let mut found = Vec::new();
    let mut looked = false;
    for (at, ((_, _, layer), (digest, _))) in layers.iter_mut().zip(steps).enumerate() {
        let secrets = layer.as_mut().and_then(|layer| layer.secrets.take());
        looked |= secrets.is_some();
        found.extend(secrets.filter(|_| at >= base).map(|secrets| (digest.clone(), secrets)));
    }
    looked.then(|| Secrets { base_layers: base, ..merge(found) })
}

/// Names what was to be searched and was not.
pub(crate) fn note(out: &mut Inventory) {
    let Some(secrets) = &out.secrets else { return };
    let (unread, cut) = (secrets.account.unread.clone(), secrets.cut);
    for (why, count) in unread {
        unknown(out, &format!("secrets of {count} files"), &why, None);
    }
    if cut > 0 {
        unknown(out, &format!("{cut} secrets"), "there are more than the limit", None);
    }
}

/// The secrets of an image, from those of its layers, lowest first.
fn merge(layers: Vec<(Digest, Secrets)>) -> Secrets {
    let mut files: BTreeMap<String, SecretFile> = BTreeMap::new();
    let mut out = Secrets::default();
    for (digest, layer) in layers {
        out.add(&layer);
        for mut file in layer.files {
            for finding in &mut file.findings {
                finding.layer = Some(digest.clone());
            }
            if let Some(before) = files.remove(&file.path) {
                // Of one rule the layer above speaks; of another the layer below, once.
                for finding in before.findings {
                    if file.findings.iter().all(|other| other.rule != finding.rule) {
                        file.findings.push(finding);
                    }
                }
            }
            files.insert(file.path.clone(), file);
        }
    }
    out.files = files.into_values().collect();
    out
}

impl Secrets {
    /// Adds another's counts.
    fn add(&mut self, other: &Self) {
        let account = &mut self.account;
        for (count, more) in [
            (&mut account.searched, other.account.searched),
            (&mut account.small, other.account.small),
            (&mut account.aside, other.account.aside),
            (&mut account.binary, other.account.binary),
            (&mut self.cut, other.cut),
        ] {
            *count = count.saturating_add(more);
        }
        for (why, more) in &other.account.unread {
            let count = account.unread.entry(why.clone()).or_default();
            *count = count.saturating_add(*more);
        }
    }
}

/// How many of an image's layers are of the image it was built on, by its history: those up to the last `CMD` below the
/// last step that made a layer. They are not searched.
pub(crate) fn base_layers(config: &ImageConfiguration) -> usize {
    let layers = config.rootfs().diff_ids().len();
    let history = config.history().as_deref().unwrap_or_default();
    let empty = |step: &oci_spec::image::History| step.empty_layer() == Some(true);
    let is_command = |text: &str| text.starts_with("/bin/sh -c #(nop)  CMD") || text.starts_with("CMD");
    let last = history.iter().rposition(|step| !empty(step)).unwrap_or(0);
    let below = history.get(..last).unwrap_or_default();
    let command =
        below.iter().rposition(|step| empty(step) && step.created_by().as_deref().is_some_and(is_command));
    let base = command.and_then(|at| history.get(..=at)).unwrap_or_default();
    let count = base.iter().filter(|step| !empty(step)).count();
    // A history that tells of more layers than there are tells nothing.
    if count > layers { 0 } else { count }
}

/// The same, of a config's bytes; none where it cannot be read.
pub fn base_layers_of(config: &[u8]) -> usize {
    ImageConfiguration::from_reader(config).map_or(0, |config| base_layers(&config))
}

#[cfg(test)]
mod tests {
    use super::super::SecretFinding;
    use super::*;

    fn finding(rule: &str, line: u64) -> SecretFinding {
        SecretFinding {
            rule: rule.into(),
            category: String::new(),
            severity: String::new(),
            title: String::new(),
            start_line: line,
            end_line: line,
            lines: Vec::new(),
            matched: String::new(),
            offset: 0,
            layer: None,
        }
    }

    fn layer(n: u8, findings: &[(&str, u64)]) -> (Digest, Secrets) {
        let digest = Digest::parse(&format!("sha256:{}", format!("{n:02x}").repeat(32))).unwrap();
        let findings = findings.iter().map(|(rule, line)| finding(rule, *line)).collect();
        (digest, Secrets { files: vec![SecretFile { path: "/a".into(), findings }], ..Secrets::default() })
    }

    #[test]
    fn the_layer_above_speaks_for_its_rules() {
        let out = merge(vec![layer(1, &[("a", 1), ("b", 2), ("b", 3)]), layer(2, &[("c", 9), ("a", 5)])]);
        let got: Vec<(&str, u64, &str)> = out.files[0]
            .findings
            .iter()
            .map(|f| (f.rule.as_str(), f.start_line, &f.layer.as_ref().unwrap().as_str()[7..9]))
            .collect();
        assert_eq!(got, [("c", 9, "02"), ("a", 5, "02"), ("b", 2, "01")]);
    }

    #[test]
    fn base_images() {
        let base = |steps: &[(&str, bool)], layers: usize| {
            let history: Vec<_> = steps
                .iter()
                .map(|(by, empty)| serde_json::json!({"created_by": by, "empty_layer": empty}))
                .collect();
            let ids: Vec<_> = (0..layers).map(|_| format!("sha256:{}", "0".repeat(64))).collect();
            let text = serde_json::json!({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":ids},"history":history});
            base_layers_of(text.to_string().as_bytes())
        };
        let cmd = "/bin/sh -c #(nop)  CMD [\"sh\"]";
        assert_eq!(base(&[("ADD", false), (cmd, true), ("RUN x", false)], 2), 1);
        assert_eq!(
            base(&[("ADD", false), ("RUN", false), ("CMD [\"sh\"]", true), ("RUN x", false), (cmd, true)], 3),
            2
        );
        assert_eq!(base(&[("ADD", false), (cmd, true)], 1), 0);
        assert_eq!(base(&[("ADD", false), ("RUN", false)], 2), 0);
        assert_eq!(base(&[("ADD", false), ("ADD", false), (cmd, true), ("RUN x", false)], 1), 0);
        assert_eq!(base_layers_of(b"{"), 0);
    }
}
