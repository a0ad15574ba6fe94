//! Images under their many names, and when two names mean one image.
//!
//! A manifest names a tag. A pod's status names the index digest on one runtime, the platform manifest's or the
//! config's on another. A scan report carries config digest and repository digests. Digests are joined by content:
//! an index contains manifests, a manifest contains a config. Tags move, so a join through a tag alone is assumed.

use crate::{Confidence, Digest, Reference, Source};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// What one source knows of one image. Any part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ImageId {
    /// As written, tag or digest.
    pub reference: Option<Reference>,
    /// Digests of image indexes it was seen under.
    pub index: Vec<Digest>,
    /// Digests of the platform's manifest.
    pub manifest: Vec<Digest>,
    /// Digest of the config.
    pub config: Vec<Digest>,
    /// Digests whose role the source does not tell (a pod's `imageID`, a repository digest).
    pub unknown: Vec<Digest>,
}

impl ImageId {
    /// An image named by a reference alone.
    pub fn from_reference(reference: Reference) -> Self {
        Self { reference: Some(reference), ..Self::default() }
    }

    /// An image as a container's status names it: `image` and `imageID`.
    ///
    /// containerd and CRI-O put a repository digest (index or platform manifest) into `imageID`, or, for an image
    /// without one, the config's digest, CRI-O without `sha256:`. Docker's id is the config's digest in its classic
    /// store and the index's in containerd's, so its role stays unknown.
    pub fn from_status(image: &str, image_id: &str) -> Self {
        let (runtime, id) = image_id.split_once("://").unwrap_or(("", image_id));
        let mut known = Self::default();
        match id.rsplit_once('@') {
            Some((_, digest)) => known.unknown.extend(Digest::parse(digest)),
            None => known.stored(runtime, id),
        }
        match image.parse() {
            Ok(reference) => known.reference = Some(reference),
            // Nodes name an image without a tag by its id.
            Err(_) => known.stored(runtime, image),
        }
        known
    }

    /// Notes the id under which a node stores the image.
    fn stored(&mut self, runtime: &str, id: &str) {
        let list = if runtime == "docker" { &mut self.unknown } else { &mut self.config };
        if let Some(digest) = Digest::parse_bare(id).filter(|digest| !list.contains(digest)) {
            list.push(digest);
        }
    }

    /// Every digest, the pinned one included.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        let pinned = self.reference.iter().filter_map(|r| r.digest.as_ref());
        pinned.chain(&self.index).chain(&self.manifest).chain(&self.config).chain(&self.unknown)
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.reference, self.digests().next()) {
            (Some(reference), _) => write!(f, "{reference}"),
            (None, Some(digest)) => write!(f, "{digest}"),
            (None, None) => f.write_str("without a name"),
        }
    }
}

/// Whether two names mean one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Join {
    /// They do.
    Same {
        /// How sure; a join through a tag alone is assumed.
        confidence: Confidence,
        /// The digest or tag they share.
        through: String,
    },
    /// They do not: both are known by the same kind of digest, and it differs (two platforms of one index, too).
    Different,
    /// Nothing known connects them, or only a tag that may have moved: each has a digest, and they do not meet.
    Unknown,
}

/// What a digest is the content address of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Index,
    Manifest,
    Config,
}

/// What contains what, learned from every source. The order of learning does not matter.
#[derive(Clone, Debug, Default)]
pub struct ImageIndex {
    contains: BTreeMap<Digest, BTreeSet<(Digest, Source)>>,
    /// `None` where sources contradict each other.
    roles: BTreeMap<Digest, Option<Role>>,
    /// What a tag was seen to mean; more than one image when it moved.
    tags: BTreeMap<String, BTreeSet<Digest>>,
}

/// How far containment is followed: index → manifest → config, once more for nested indexes.
const DEPTH: usize = 4;

/// The digests of an image whose role is certain.
#[derive(Default)]
struct Known<'a> {
    index: BTreeSet<&'a Digest>,
    manifest: BTreeSet<&'a Digest>,
    config: BTreeSet<&'a Digest>,
    /// Whether any digest may name what a registry serves: all but the config's.
    outer: bool,
}

impl ImageIndex {
    /// Learns what one source says of one image.
    pub fn learn(&mut self, image: &ImageId, source: Source) {
        let pinned = image.reference.iter().filter_map(|r| r.digest.as_ref());
        // From the outside in; a digest of unknown role contains what is known further in, whatever else it is.
        let inner = if image.manifest.is_empty() { &image.config } else { &image.manifest };
        for outer in image.index.iter().chain(&image.unknown).chain(pinned) {
            self.add(outer, inner, source);
        }
        for manifest in &image.manifest {
            self.add(manifest, &image.config, source);
        }
        let roles =
            [(&image.index, Role::Index), (&image.manifest, Role::Manifest), (&image.config, Role::Config)];
        for (digest, role) in roles.into_iter().flat_map(|(list, role)| list.iter().map(move |d| (d, role))) {
            let known = self.roles.entry(digest.clone()).or_insert(Some(role));
            *known = known.filter(|known| *known == role);
        }
        if let Some(tag) = image.reference.as_ref().and_then(Reference::tagged) {
            self.tags.entry(tag).or_default().extend(image.digests().cloned());
        }
    }

    fn add(&mut self, outer: &Digest, inner: &[Digest], source: Source) {
        for digest in inner.iter().filter(|d| *d != outer) {
            self.contains.entry(outer.clone()).or_default().insert((digest.clone(), source));
        }
    }

    fn role(&self, digest: &Digest) -> Option<Role> {
        self.roles.get(digest).copied().flatten()
    }

    /// What a digest contains directly: not what is also contained in another of its contents.
    fn contents(&self, digest: &Digest) -> BTreeSet<&Digest> {
        let all: BTreeSet<&Digest> =
            self.contains.get(digest).into_iter().flatten().map(|(inner, _)| inner).collect();
        let deeper = |inner: &Digest| {
            let within = |other: &&Digest| {
                self.contains.get(*other).is_some_and(|c| c.iter().any(|(d, _)| d == inner))
            };
            all.iter().any(within)
        };
        let direct: BTreeSet<&Digest> = all.iter().copied().filter(|inner| !deeper(inner)).collect();
        // Sources that contradict each other can close a circle; then nothing is further out than the rest.
        if direct.is_empty() { all } else { direct }
    }

    /// The digests an image is known by, its contents included, each with how sure.
    ///
    /// An index of several platforms contains each of them, but which one runs is inferred. An image named by a
    /// tag alone is assumed to be what the tag was seen to mean.
    pub fn keys(&self, image: &ImageId) -> BTreeMap<Digest, Confidence> {
        let mut keys = BTreeMap::new();
        let mut todo: VecDeque<(&Digest, Confidence, usize)> =
            image.digests().map(|d| (d, Confidence::Confirmed, 0)).collect();
        if todo.is_empty() {
            let tag = image.reference.as_ref().and_then(Reference::tagged);
            let meant = tag.and_then(|tag| self.tags.get(&tag)).into_iter().flatten();
            todo.extend(meant.map(|d| (d, Confidence::Assumed, 0)));
        }
        while let Some((digest, confidence, depth)) = todo.pop_front() {
            if keys.get(digest).is_some_and(|known| *known >= confidence) {
                continue;
            }
            keys.insert(digest.clone(), confidence);
            if depth < DEPTH {
                let inner = self.contents(digest);
                let sure = if inner.len() > 1 { confidence.min(Confidence::Inferred) } else { confidence };
                todo.extend(inner.into_iter().map(|d| (d, sure, depth + 1)));
            }
        }
        keys
    }

    /// The image's own digests by role, and the configs of its manifests.
    fn known<'a>(&'a self, image: &'a ImageId) -> Known<'a> {
        let mut known = Known::default();
        let own = |list: &'a [Digest], role| list.iter().map(move |d| (d, Some(role)));
        let pinned = image.reference.iter().filter_map(|r| r.digest.as_ref());
        let told = pinned.chain(&image.unknown).map(|d| (d, self.role(d)));
        let all = own(&image.index, Role::Index)
            .chain(own(&image.manifest, Role::Manifest))
            .chain(own(&image.config, Role::Config))
            .chain(told);
        for (digest, role) in all {
            known.outer |= role != Some(Role::Config);
            match role {
                Some(Role::Index) => known.index.insert(digest),
                Some(Role::Manifest) => known.manifest.insert(digest),
                Some(Role::Config) => known.config.insert(digest),
                None => false,
            };
        }
        for manifest in &known.manifest {
            // A manifest has one config; where sources name several, one of them lies.
            let configs = self.contents(manifest);
            if configs.len() == 1 {
                known.config.extend(configs);
            }
        }
        known
    }

    /// Whether two names mean one image, and through what. Symmetric.
    pub fn join(&self, a: &ImageId, b: &ImageId) -> Join {
        let (x, y) = (self.known(a), self.known(b));
        // From the inside out: the config decides (a manifest recompressed is the same image), then the platform.
        for (left, right) in [(&x.config, &y.config), (&x.manifest, &y.manifest)] {
            if !left.is_empty() && !right.is_empty() {
                return match left.intersection(right).next() {
                    Some(digest) => {
                        Join::Same { confidence: Confidence::Confirmed, through: digest.to_string() }
                    }
                    None => Join::Different,
                };
            }
        }
        let tag = |image: &ImageId| image.reference.as_ref().and_then(Reference::tagged);
        let one_platform = [&x, &y].iter().any(|k| !k.config.is_empty() || !k.manifest.is_empty());
        if let Some((confidence, digest)) = self.shared(a, b, one_platform) {
            // What joins a tag alone to a digest is the tag.
            let alone = |image: &ImageId| tag(image).filter(|_| image.digests().next().is_none());
            let through = match (alone(a), alone(b)) {
                (Some(left), Some(right)) if left != right => digest.to_string(),
                (left, right) => left.or(right).unwrap_or_else(|| digest.to_string()),
            };
            return Join::Same { confidence, through };
        }
        if !x.index.is_empty() && !y.index.is_empty() && x.index.is_disjoint(&y.index) {
            return Join::Different;
        }
        match (tag(a), tag(b)) {
            (Some(left), Some(right)) if left == right && !(x.outer && y.outer) => {
                Join::Same { confidence: Confidence::Assumed, through: left }
            }
            _ => Join::Unknown,
        }
    }

    /// The surest digest both are known by. `one_platform`: at least one of them names a platform's image, so that
    /// meeting in an index of several leaves open whether the other is it.
    fn shared(&self, a: &ImageId, b: &ImageId, one_platform: bool) -> Option<(Confidence, Digest)> {
        let (left, right) = (self.keys(a), self.keys(b));
        left.into_iter()
            .filter_map(|(digest, x)| {
                let sure = x.min(*right.get(&digest)?);
                let open = one_platform && self.contents(&digest).len() > 1;
                Some((if open { sure.min(Confidence::Inferred) } else { sure }, digest))
            })
            .max_by(|x, y| x.0.cmp(&y.0).then_with(|| y.1.cmp(&x.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Confidence::{Assumed, Confirmed, Inferred};
    use proptest::prelude::*;

    fn sha(name: &str) -> Digest {
        let byte = name.bytes().fold(7u8, |h, b| h.wrapping_mul(31).wrapping_add(b));
        Digest::parse(&format!("sha256:{}", format!("{byte:02x}").repeat(32))).unwrap()
    }

    /// `i:NAME m:NAME c:NAME u:NAME r:REFERENCE`, digests by name; `r:x@NAME` pins.
    fn image(text: &str) -> ImageId {
        let mut image = ImageId::default();
        for word in text.split_whitespace() {
            let (role, name) = word.split_once(':').unwrap();
            match role {
                "i" => image.index.push(sha(name)),
                "m" => image.manifest.push(sha(name)),
                "c" => image.config.push(sha(name)),
                "u" => image.unknown.push(sha(name)),
                _ => {
                    let text = match name.split_once('@') {
                        Some((rest, digest)) => format!("{rest}@{}", sha(digest)),
                        None => name.to_owned(),
                    };
                    image.reference = Some(text.parse().unwrap());
                }
            }
        }
        image
    }

    /// A registry that was asked for `registry.test/web:1`: an index of two platforms.
    fn two_platforms() -> ImageIndex {
        let mut index = ImageIndex::default();
        index.learn(&image("r:registry.test/web:1 i:I m:M1 c:C1"), Source::Registry);
        index.learn(&image("r:registry.test/web:1 i:I m:M2 c:C2"), Source::Registry);
        index
    }

    /// One platform, no index.
    fn single() -> ImageIndex {
        let mut index = ImageIndex::default();
        index.learn(&image("r:registry.test/web:1 m:M c:C"), Source::Registry);
        index
    }

    fn check(index: &ImageIndex, rows: &[(&str, &str, Option<Confidence>)]) {
        for (a, b, want) in rows {
            let join = index.join(&image(a), &image(b));
            let got = match &join {
                Join::Same { confidence, .. } => Some(*confidence),
                Join::Different | Join::Unknown => None,
            };
            assert_eq!(got, *want, "{a} × {b}: {join:?}");
            assert_eq!(join, index.join(&image(b), &image(a)), "{a} × {b} is not symmetric");
        }
    }

    #[test]
    fn nothing_learned() {
        check(
            &ImageIndex::default(),
            &[
                ("i:I", "i:I", Some(Confirmed)),
                ("u:I", "i:I", Some(Confirmed)),
                ("u:M", "m:M c:C", Some(Confirmed)),
                ("c:C", "u:C", Some(Confirmed)),
                ("r:web@I", "u:I", Some(Confirmed)),
                ("r:web:1@I", "r:web:2@I", Some(Confirmed)),
                // The registry is no part of the content: mirrors join by digest.
                ("r:registry.test/web@I", "r:mirror.test/web@I", Some(Confirmed)),
                ("r:web:1", "r:docker.io/library/web:1", Some(Assumed)),
                ("r:web:1", "r:index.docker.io/web:1", Some(Assumed)),
                ("r:web", "r:web:latest", Some(Assumed)),
                ("r:Registry.TEST/web:1", "r:registry.test/web:1", Some(Assumed)),
                ("r:web:1@I", "r:web:1", Some(Assumed)),
                ("r:web:1 u:I", "r:web:1", Some(Assumed)),
                // A repository digest says nothing against a config.
                ("r:web:1 u:I", "r:web:1 c:C", Some(Assumed)),
                ("r:web:1", "r:web:2", None),
                ("r:registry.test/web:1", "r:registry.test:5000/web:1", None),
                ("r:registry.test/web:1", "r:web:1", None),
                ("r:web@I", "r:web:1", None),
                ("u:I", "c:C", None),
                ("", "", None),
                ("", "r:web:1", None),
                // Moved tags.
                ("r:web:1@I", "r:web:1@J", None),
                ("r:web:1 u:I", "r:web:1 u:J", None),
                ("r:web:1 u:I", "r:web:1 i:J m:M c:C", None),
                ("r:web:1 c:C", "r:web:1 c:D", None),
                ("r:web:1 m:M", "r:web:1 m:N", None),
            ],
        );
    }

    #[test]
    fn one_index_of_two_platforms() {
        check(
            &two_platforms(),
            &[
                // containerd's imageID (the index) against a scan, a signature, another node.
                ("r:registry.test/web:1 u:I", "c:C1", Some(Inferred)),
                ("u:I", "c:C2", Some(Inferred)),
                ("u:I", "m:M1", Some(Inferred)),
                ("u:I", "i:I", Some(Confirmed)),
                ("u:I", "i:I m:M1 c:C1", Some(Inferred)),
                // CRI-O's (the platform) against the same.
                ("u:M1", "c:C1", Some(Confirmed)),
                ("u:M1", "i:I", Some(Inferred)),
                ("u:M1", "i:I m:M1", Some(Confirmed)),
                // Docker's (the config).
                ("u:C1", "m:M1", Some(Confirmed)),
                ("u:C1", "r:registry.test/web@I", Some(Inferred)),
                // A manifest's tag.
                ("r:registry.test/web:1", "c:C2", Some(Assumed)),
                ("r:registry.test/web:1", "u:I", Some(Assumed)),
                ("r:registry.test/web:1", "m:M9", None),
                ("r:registry.test/web:2", "c:C2", None),
                // Siblings.
                ("u:M1", "u:M2", None),
                ("u:M1", "c:C2", None),
                ("c:C1", "c:C2", None),
                ("i:I m:M1", "i:I m:M2", None),
                ("i:I m:M1", "i:I c:C2", None),
                ("i:I m:M1 c:C1", "i:I m:M2 c:C2", None),
                ("r:registry.test/web:1@I m:M1", "r:registry.test/web:1@I m:M2", None),
                ("r:registry.test/web:1 u:M1", "r:registry.test/web:1 u:M2", None),
            ],
        );
        let siblings = two_platforms().join(&image("i:I m:M1"), &image("i:I m:M2"));
        assert_eq!(siblings, Join::Different);
    }

    #[test]
    fn one_platform() {
        check(
            &single(),
            &[
                ("u:M", "c:C", Some(Confirmed)),
                ("r:registry.test/web@M", "u:C", Some(Confirmed)),
                ("r:registry.test/web:1", "c:C", Some(Assumed)),
                // Recompressed: another manifest of the same config.
                ("m:M", "m:N c:C", Some(Confirmed)),
                ("m:M", "c:D", None),
            ],
        );
    }

    #[test]
    fn a_scan_report_links_its_repository_digest_to_its_config() {
        let mut index = ImageIndex::default();
        index.learn(&image("r:web:1 u:D c:C"), Source::Scan);
        check(
            &index,
            &[("u:D", "c:C", Some(Confirmed)), ("r:other@D", "u:C", Some(Confirmed)), ("u:E", "c:C", None)],
        );
        // The second platform of the same index: now which one runs is open.
        index.learn(&image("r:web:1 u:D c:E"), Source::Scan);
        check(&index, &[("u:D", "c:C", Some(Inferred)), ("u:D", "c:E", Some(Inferred))]);
    }

    #[test]
    fn what_joined_is_named() {
        let through = |index: &ImageIndex, a: &str, b: &str| match index.join(&image(a), &image(b)) {
            Join::Same { through, .. } => through,
            other => format!("{other:?}"),
        };
        let index = two_platforms();
        assert_eq!(through(&index, "r:registry.test/web:1", "c:C2"), "registry.test/web:1");
        assert_eq!(through(&index, "u:M1", "c:C1"), sha("C1").to_string());
        assert_eq!(through(&index, "r:web:1", "r:web:1"), "docker.io/library/web:1");
        assert_eq!(through(&index, "r:web:1 u:I", "r:web:1 u:J"), "Unknown");
        assert_eq!(through(&index, "c:C1", "c:C2"), "Different");
    }

    #[test]
    fn a_moved_tag_leads_to_both_and_stays_assumed() {
        let mut index = ImageIndex::default();
        index.learn(&image("r:web:1 u:OLD"), Source::Node);
        index.learn(&image("r:web:1 i:NEW"), Source::Registry);
        check(&index, &[("r:web:1", "u:OLD", Some(Assumed)), ("r:web:1", "u:NEW", Some(Assumed))]);
        check(&index, &[("r:web:1 u:OLD", "r:web:1 u:NEW", None)]);
    }

    #[test]
    fn sources_that_contradict_each_other_end() {
        let mut index = ImageIndex::default();
        index.learn(&image("i:A m:B"), Source::Scan);
        index.learn(&image("i:B m:A c:A"), Source::Scan);
        index.learn(&image("m:A c:B"), Source::Scan);
        check(&index, &[("u:A", "u:B", Some(Confirmed)), ("u:A", "u:A", Some(Confirmed))]);
    }

    #[test]
    fn statuses_of_three_runtimes() {
        let (d, hex) = (sha("D"), "ab".repeat(32));
        let bare = Digest::parse(&format!("sha256:{hex}")).unwrap();
        let none = || (None::<&str>, vec![], vec![]);
        let web = Some("registry.test/web:1");
        type Row<'a> = (String, String, (Option<&'a str>, Vec<Digest>, Vec<Digest>));
        // image, imageID, (reference, unknown, config)
        let rows: Vec<Row<'_>> = vec![
            // containerd
            ("registry.test/web:1".into(), format!("registry.test/web@{d}"), (web, vec![d.clone()], vec![])),
            ("registry.test/web:1".into(), d.to_string(), (web, vec![], vec![d.clone()])),
            (d.to_string(), format!("registry.test/web@{d}"), (None, vec![d.clone()], vec![d.clone()])),
            (bare.to_string(), bare.to_string(), (None, vec![], vec![bare.clone()])),
            (
                "web:1".into(),
                format!("docker.io/library/import-2026-01-01@{d}"),
                (Some("docker.io/library/web:1"), vec![d.clone()], vec![]),
            ),
            // CRI-O
            ("registry.test/web:1".into(), hex.clone(), (web, vec![], vec![bare.clone()])),
            (hex.clone(), hex.clone(), (None, vec![], vec![bare.clone()])),
            // Docker
            (
                "registry.test/web:1".into(),
                format!("docker-pullable://registry.test/web@{d}"),
                (web, vec![d.clone()], vec![]),
            ),
            ("registry.test/web:1".into(), format!("docker://{d}"), (web, vec![d.clone()], vec![])),
            (d.to_string(), format!("docker://{d}"), (None, vec![d.clone()], vec![])),
            // Not started, or nonsense.
            ("registry.test/web:1".into(), String::new(), (web, vec![], vec![])),
            (String::new(), String::new(), none()),
            ("No Image".into(), "web@sha256:short".into(), none()),
            ("registry.test/web:1".into(), "registry.test/web:1".into(), (web, vec![], vec![])),
        ];
        for (name, id, (reference, unknown, config)) in rows {
            let got = ImageId::from_status(&name, &id);
            assert_eq!(got.reference.as_ref().map(ToString::to_string).as_deref(), reference, "{name} {id}");
            assert_eq!((got.unknown, got.config), (unknown, config), "{name} {id}");
        }
    }

    #[test]
    fn names_for_people() {
        assert_eq!(image("r:web:1 u:D").to_string(), "docker.io/library/web:1");
        assert_eq!(image("c:C").to_string(), sha("C").to_string());
        assert_eq!(image("").to_string(), "without a name");
    }

    fn any_image() -> impl Strategy<Value = ImageId> {
        let word = "[imcu]:[A-E]|r:(web|registry\\.test/app):[12](@[A-E])?|r:web@[A-E]";
        prop::collection::vec(word, 0..4).prop_map(|words| image(&words.join(" ")))
    }

    proptest! {
        #[test]
        fn join_is_symmetric_and_reflexive_and_blind_to_order(
            learned in prop::collection::vec(any_image(), 0..6), a in any_image(), b in any_image(),
        ) {
            let mut index = ImageIndex::default();
            learned.iter().for_each(|image| index.learn(image, Source::Registry));
            let mut reversed = ImageIndex::default();
            learned.iter().rev().for_each(|image| reversed.learn(image, Source::Registry));
            prop_assert_eq!(index.join(&a, &b), index.join(&b, &a));
            prop_assert_eq!(index.join(&a, &b), reversed.join(&a, &b));
            let itself = index.join(&a, &a);
            let named = a.digests().next().is_some() || a.reference.is_some();
            prop_assert_eq!(matches!(itself, Join::Same { .. }), named, "{:?}", itself);
        }

        #[test]
        fn what_a_source_says_at_once_joins(image in any_image()) {
            let mut index = ImageIndex::default();
            index.learn(&image, Source::Scan);
            for digest in image.digests() {
                let alone = ImageId { unknown: vec![digest.clone()], ..ImageId::default() };
                // Several manifests or configs at once are several platforms: one of them may be another's sibling.
                if image.config.len() <= 1 && image.manifest.len() <= 1 {
                    prop_assert!(matches!(index.join(&image, &alone), Join::Same { .. }), "{}", digest);
                }
            }
        }
    }
}
