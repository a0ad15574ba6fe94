//! Images of manifests or of a cluster, each once, with where it is used.

use crate::inputs::InputArgs;
use model::Reference;
use std::collections::BTreeMap;

/// Images by reference, each with its places, and texts that are no reference.
#[derive(Default)]
pub(crate) struct Images {
    pub(crate) named: BTreeMap<Reference, Vec<String>>,
    /// Text, place.
    pub(crate) malformed: Vec<(String, String)>,
    /// Inputs that could not be read, and why.
    pub(crate) gaps: Vec<String>,
}

impl Images {
    /// Init, ordinary and ephemeral containers and image volumes of every workload.
    pub(crate) fn of(input: &InputArgs) -> anyhow::Result<Self> {
        let inputs = input.read()?;
        let mut images = Self::default();
        for workload in inputs.snapshot.workloads() {
            let template = workload.parse();
            let owner = workload.reference();
            for container in template.spec().containers() {
                images.add(container.json.get("image").str(), format!("{owner} ({})", container.name()));
            }
            for volume in template.spec().volumes() {
                let image = volume.json.at(&["image", "reference"]).str();
                if image.is_some() {
                    images.add(image, format!("{owner} (volume {})", volume.name()));
                }
            }
        }
        images.gaps = inputs
            .snapshot
            .coverage
            .gaps
            .iter()
            .filter(|gap| gap.asked)
            .map(|gap| format!("{}: {}", gap.what, gap.why))
            .collect();
        Ok(images)
    }

    fn add(&mut self, text: Option<&str>, place: String) {
        // A template without an image is completed elsewhere (injected sidecars): there is nothing to verify.
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        match text.parse() {
            Ok(reference) => self.named.entry(reference).or_default().push(place),
            Err(_) => self.malformed.push((text.to_owned(), place)),
        }
    }
}
