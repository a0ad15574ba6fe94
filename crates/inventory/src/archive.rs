//! docker-archive: what `docker save`, `podman save` and `skopeo copy docker-archive:` write.
//!
//! Read in one pass, whatever the order of its members: layers are analyzed as they come, the manifest says
//! afterwards how they stack.

use crate::assemble::{Parts, assemble};
use crate::bounded::{Budget, Compression, Inflated};
use crate::layer::{Layer, LayerError, layer};
use crate::stack::unknown;
use crate::tar::{Caps, Kind, Member, Tar};
use crate::{Inventory, Limits, Rules, Secrets, path};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

/// Why an archive yields nothing at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The stream could not be read to the manifest.
    #[error("the archive cannot be read: {0}")]
    Unreadable(LayerError),
    /// No manifest.json.
    #[error("no manifest.json: not a docker archive")]
    NoManifest,
    /// manifest.json names no image, or is malformed.
    #[error("manifest.json is malformed: {0}")]
    Manifest(String),
    /// The image's config is missing or malformed.
    #[error("the image's config {name} cannot be read: {why}")]
    Config {
        /// Its path in the archive.
        name: String,
        /// Why.
        why: String,
    },
    /// More layers than the limit.
    #[error("{0} layers are over the limit")]
    Layers(usize),
}

/// One image of manifest.json.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    pub(crate) config: String,
    #[serde(default)]
    pub(crate) repo_tags: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) layers: Option<Vec<String>>,
}

/// What the archive's members were.
#[derive(Default)]
struct Members {
    documents: BTreeMap<String, Vec<u8>>,
    layers: BTreeMap<String, Layer>,
    links: BTreeMap<String, String>,
    twice: Vec<String>,
    held: u64,
    inflated: u64,
    /// Bytes of secrets that are held.
    secrets: usize,
}

/// Reads an image from a docker archive, itself plain or gzip. With rules its files are searched for secrets.
///
/// # Errors
/// When no image can be made out at all. A layer that cannot be read is named in [`Inventory::unknown`].
pub fn archive(
    input: &mut dyn Read,
    limits: &Limits,
    rules: Option<&Arc<Rules>>,
) -> Result<Inventory, ArchiveError> {
    let budget = Budget { bytes: limits.image_bytes, ratio: limits.ratio, free: limits.ratio_free };
    let caps = Caps { entries: limits.entries, extension_bytes: limits.extension_bytes };
    let mut members = Members::default();
    let read = Inflated::new(input, budget)
        .and_then(|mut inflated| collect(&mut Tar::new(&mut inflated, caps), limits, rules, &mut members));
    // With a manifest at hand a torn archive still tells something; without, it is its tear that counts.
    match (read, members.documents.contains_key("manifest.json")) {
        (Err(error), false) => Err(ArchiveError::Unreadable(error.into())),
        (read, _) => put_together(members, read.err().map(LayerError::from), limits),
    }
}

fn collect(
    tar: &mut Tar<'_>,
    limits: &Limits,
    rules: Option<&Arc<Rules>>,
    out: &mut Members,
) -> io::Result<()> {
    while let Some(member) = tar.next()? {
        let Ok(name) = path::normal(&member.path, limits.path_bytes) else { continue };
        match member.kind {
            // A layer that two images share is stored once and linked.
            Kind::Symlink(ref target) if out.links.len() < limits.layers => {
                out.links.insert(name.clone(), path::follow(&name, target));
            }
            Kind::File => content(tar, &member, name, limits, rules, out)?,
            _ => {}
        }
    }
    Ok(())
}

/// Sorts a member by its first bytes: a JSON document, a layer, or nothing we know.
fn content(
    tar: &mut Tar<'_>,
    member: &Member,
    name: String,
    limits: &Limits,
    rules: Option<&Arc<Rules>>,
    out: &mut Members,
) -> io::Result<()> {
    let mut head = Vec::with_capacity(512);
    tar.body().take(512).read_to_end(&mut head)?;
    let json = head.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| matches!(b, b'{' | b'['));
    let is_layer = Compression::detect(&head) != Compression::None
        || head.get(257..262) == Some(b"ustar")
        || (head.len() == 512 && head.iter().all(|b| *b == 0));
    let mut rest = tar.body();
    let mut whole = io::Cursor::new(head).chain(&mut rest);
    if json && !is_layer {
        // Configs of several images, no more.
        let room = limits.document_bytes.saturating_mul(8).saturating_sub(out.held);
        if member.size <= limits.document_bytes.min(room) {
            out.held = out.held.saturating_add(member.size);
            let mut bytes = Vec::new();
            whole.read_to_end(&mut bytes)?;
            note_twice(out.documents.insert(name.clone(), bytes).is_some(), &name, &mut out.twice);
        }
    } else if is_layer && out.layers.len() < limits.layers {
        let left = limits.image_bytes.saturating_sub(out.inflated);
        let secret_bytes = limits.secret_bytes.saturating_sub(out.secrets);
        let limits = Limits { layer_bytes: limits.layer_bytes.min(left), secret_bytes, ..limits.clone() };
        let read = layer(&mut whole, &limits, rules);
        out.inflated = out.inflated.saturating_add(read.bytes);
        out.secrets = out.secrets.saturating_add(read.secrets.as_ref().map_or(0, Secrets::size));
        note_twice(out.layers.insert(name.clone(), read).is_some(), &name, &mut out.twice);
    }
    Ok(())
}

fn note_twice(twice: bool, name: &str, out: &mut Vec<String>) {
    if twice && out.len() < 16 {
        out.push(name.to_owned());
    }
}

/// The first image of manifest.json, and how many more there are.
pub(crate) fn entries(manifest: &[u8]) -> Result<(Entry, usize), ArchiveError> {
    let entries: Vec<Entry> =
        serde_json::from_slice(manifest).map_err(|error| ArchiveError::Manifest(error.to_string()))?;
    let others = entries.len().saturating_sub(1);
    let entry =
        entries.into_iter().next().ok_or_else(|| ArchiveError::Manifest("it names no image".into()))?;
    Ok((entry, others))
}

fn put_together(
    mut members: Members,
    torn: Option<LayerError>,
    limits: &Limits,
) -> Result<Inventory, ArchiveError> {
    let manifest = members.documents.get("manifest.json").ok_or(ArchiveError::NoManifest)?;
    let (entry, others) = entries(manifest)?;
    let names = entry.layers.unwrap_or_default();
    if names.len() > limits.layers {
        return Err(ArchiveError::Layers(names.len()));
    }
    let key = path::normal(&entry.config, usize::MAX).unwrap_or_default();
    let config = members.documents.remove(&key).ok_or_else(|| ArchiveError::Config {
        name: entry.config.clone(),
        why: "the archive does not hold it".into(),
    })?;
    let mut notes = Inventory::default();
    if others > 0 {
        let what = format!("{others} more images of the archive");
        unknown(&mut notes, &what, "only the first image is read", None);
    }
    if let Some(error) = torn {
        unknown(&mut notes, "the rest of the archive", &error.to_string(), None);
    }
    for name in std::mem::take(&mut members.twice) {
        let why = "the archive has two members of this name; the last one was read";
        unknown(&mut notes, &name, why, None);
    }
    let layers = names.into_iter().map(|name| {
        let normal = path::normal(&name, usize::MAX).unwrap_or_default();
        let target = members.links.get(&normal).unwrap_or(&normal);
        let layer = members.layers.get(target).cloned();
        (normal, None, layer)
    });
    let parts = Parts {
        config_name: entry.config,
        config,
        tags: entry.repo_tags.unwrap_or_default(),
        layers: layers.collect(),
        unknown: notes.unknown,
        ..Parts::default()
    };
    assemble(parts, limits)
}

/// Hands every file of a tar archive, plain or compressed, to `each`: path, size and content. For archives that are
/// trusted no more than images are: paths that climb out are left out.
///
/// # Errors
/// When the archive is torn or over a limit, or `each` fails.
pub fn untar(
    input: &mut dyn Read,
    limits: &Limits,
    each: &mut dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> Result<(), LayerError> {
    let budget = Budget { bytes: limits.layer_bytes, ratio: limits.ratio, free: limits.ratio_free };
    let caps = Caps { entries: limits.entries, extension_bytes: limits.extension_bytes };
    let mut inflated = Inflated::new(input, budget)?;
    let mut tar = Tar::new(&mut inflated, caps);
    while let Some(member) = tar.next()? {
        if let (Kind::File, Ok(name)) = (&member.kind, path::normal(&member.path, limits.path_bytes)) {
            each(&name, member.size, &mut tar.body())?;
        }
    }
    Ok(inflated.drain()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounded::sha256;
    use ::tar::{Builder, EntryType, Header};
    use std::io::Write;

    /// Members of a layer: a file, a link or a directory.
    enum Make<'a> {
        File(&'a str, &'a str),
        Link(EntryType, &'a str, &'a str),
        Directory(&'a str),
    }
    use Make::{Directory, File, Link};

    /// What; layers, lowest first; packages seen; what is unknown.
    type Case<'a> = (&'a str, Vec<&'a [Make<'a>]>, &'a [&'a str], &'a str);

    const DB: &str = "lib/apk/db/installed";
    const OS: &str = "ID=alpine\nVERSION_ID=3.10.2\n";

    /// A path the `tar` crate would refuse to write is written into the header by hand.
    fn header(path: &str, size: u64, kind: EntryType) -> Header {
        let mut header = Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(size);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_cksum();
        header
    }

    fn tar(members: &[Make<'_>]) -> Vec<u8> {
        let mut out = Builder::new(Vec::new());
        for member in members {
            match member {
                File(path, body) => {
                    out.append(&header(path, body.len() as u64, EntryType::Regular), body.as_bytes())
                        .unwrap();
                }
                Link(kind, path, target) => {
                    let mut header = header(path, 0, *kind);
                    header.set_link_name_literal(target).unwrap();
                    header.set_cksum();
                    out.append(&header, &b""[..]).unwrap();
                }
                Directory(path) => out.append(&header(path, 0, EntryType::Directory), &b""[..]).unwrap(),
            }
        }
        out.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    /// An archive of these layers; `stored` is what goes into the archive for each.
    fn image(layers: &[Vec<u8>], stored: &[Vec<u8>]) -> Vec<u8> {
        let ids: Vec<String> = layers.iter().map(|l| sha256(l).unwrap().to_string()).collect();
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux", "created": "2020-01-23T16:53:06Z",
            "rootfs": {"type": "layers", "diff_ids": ids},
            "history": layers.iter().map(|_| serde_json::json!({"created_by": "ADD"})).collect::<Vec<_>>(),
        })
        .to_string();
        let names: Vec<String> = (0..stored.len()).map(|n| format!("{n}/layer.tar")).collect();
        let manifest =
            serde_json::json!([{"Config": "c.json", "RepoTags": ["registry.test/app:1"], "Layers": names}])
                .to_string();
        let mut out = Builder::new(Vec::new());
        for (name, bytes) in names.iter().zip(stored) {
            out.append(&header(name, bytes.len() as u64, EntryType::Regular), bytes.as_slice()).unwrap();
        }
        out.append(&header("c.json", config.len() as u64, EntryType::Regular), config.as_bytes()).unwrap();
        out.append(&header("manifest.json", manifest.len() as u64, EntryType::Regular), manifest.as_bytes())
            .unwrap();
        out.into_inner().unwrap()
    }

    fn read(bytes: &[u8]) -> Inventory {
        archive(&mut &*bytes, &Limits::default(), None).unwrap()
    }

    fn of(layers: &[&[Make<'_>]]) -> Inventory {
        let layers: Vec<Vec<u8>> = layers.iter().map(|members| tar(members)).collect();
        read(&image(&layers, &layers))
    }

    fn names(inventory: &Inventory) -> Vec<&str> {
        inventory.packages.iter().map(|p| p.name.as_str()).collect()
    }

    fn why(inventory: &Inventory) -> String {
        inventory.unknown.iter().map(|gap| format!("{}: {}\n", gap.what, gap.why)).collect()
    }

    #[test]
    fn plain_and_gzip_layers_read_alike() {
        let layers =
            vec![tar(&[Directory("etc/"), File("etc/os-release", OS), File(DB, "P:musl\nV:1-r0\n")])];
        let plain = read(&image(&layers, &layers));
        assert_eq!((names(&plain), why(&plain)), (vec!["musl"], String::new()));
        assert_eq!(plain.os.as_ref().unwrap().to_string(), "alpine 3.10.2");
        assert_eq!(plain.image.config.len(), 1);
        assert_eq!(plain.image.reference.as_ref().unwrap().to_string(), "registry.test/app:1");
        assert_eq!(plain.packages[0].layer.as_ref(), Some(&plain.layers[0].diff_id));
        assert_eq!(plain.layers[0].created_by.as_deref(), Some("ADD"));
        assert!(plain.created.is_some() && plain.account.balanced() && plain.account.matched == 2);
        assert_eq!(read(&image(&layers, &[gzip(&layers[0])])), plain);
        assert_eq!(read(&gzip(&image(&layers, &layers))), plain);
    }

    #[test]
    fn upper_layers_hide_lower_ones() {
        let base: &[Make<'_>] = &[File("etc/os-release", OS), File(DB, "P:old\nV:1-r0\n")];
        let missing = "packages of alpine 3.10.2: no apk package database was found\n";
        let cases: Vec<Case<'_>> = vec![
            ("replaced", vec![base, &[File(DB, "P:new\nV:1-r0\n")]], &["new"], ""),
            ("whiteout", vec![base, &[File("lib/apk/db/.wh.installed", "")]], &[], missing),
            ("whiteout of a parent", vec![base, &[File(".wh.lib", "")]], &[], missing),
            ("opaque", vec![base, &[File("lib/apk/.wh..wh..opq", "")]], &[], missing),
            (
                "opaque, then again",
                vec![base, &[File("lib/.wh..wh..opq", ""), File(DB, "P:new\nV:1-r0\n")]],
                &["new"],
                "",
            ),
            (
                "order within a layer",
                vec![base, &[File(DB, "P:new\nV:1-r0\n"), File("lib/.wh..wh..opq", "")]],
                &["new"],
                "",
            ),
            ("whiteout of another name", vec![base, &[File("lib/apk/db/.wh.installe", "")]], &["old"], ""),
            ("aufs bookkeeping", vec![base, &[File("lib/apk/db/.wh..wh.installed", "")]], &["old"], ""),
            ("a file in place of a directory", vec![base, &[File("lib/apk", "")]], &[], missing),
            (
                "a link in place of a directory",
                vec![base, &[Link(EntryType::Symlink, "lib", "usr/lib")]],
                &[],
                missing,
            ),
            (
                "a directory in place of the file",
                vec![base, &[Directory("lib/apk/db/installed/")]],
                &[],
                missing,
            ),
            (
                "hidden, then back",
                vec![base, &[File(".wh.lib", "")], &[File(DB, "P:back\nV:1-r0\n")]],
                &["back"],
                "",
            ),
        ];
        for (what, layers, want, unknown) in cases {
            let got = of(&layers);
            assert_eq!((names(&got).as_slice(), why(&got).as_str()), (want, unknown), "{what}");
            assert!(got.account.balanced(), "{what}: {:?}", got.account);
        }
    }

    #[test]
    fn tricks_are_contained_and_named() {
        let cases: Vec<(&str, &[Make<'_>], &str)> = vec![
            ("climbing path", &[File("../../lib/apk/db/installed", "P:x\nV:1\n")], "climbs out"),
            ("climbing inside", &[File("a/../lib/apk/db/installed", "P:x\nV:1\n")], "climbs out"),
            (
                "hard link to what was not read",
                &[File("x", "P:x\nV:1\n"), Link(EntryType::Link, DB, "x")],
                "hard link",
            ),
            ("hard link outside", &[Link(EntryType::Link, DB, "../../etc/shadow")], "hard link"),
            (
                "symbolic link elsewhere",
                &[Link(EntryType::Symlink, DB, "/opt/db")],
                "symbolic link to opt/db",
            ),
            ("device", &[Link(EntryType::Char, DB, "")], "no file"),
            ("broken entry", &[File(DB, "P:x\n\nP:y\nV:1-r0\n")], "x has no version"),
        ];
        for (what, members, want) in cases {
            let got = of(&[&[File("etc/os-release", OS)], members]);
            assert!(why(&got).contains(want), "{what}: {}", why(&got));
            assert!(got.account.balanced(), "{what}");
        }
        // An absolute path is inside the image; links between databases are followed.
        let got = of(&[&[
            File("etc/os-release", OS),
            File("/usr/lib/apk/db/installed", "P:x\nV:1-r0\n"),
            Link(EntryType::Symlink, DB, "../../../usr/lib/apk/db/installed"),
        ]]);
        assert_eq!((names(&got), why(&got)), (vec!["x"], String::new()));
    }

    #[test]
    fn what_cannot_be_read_is_never_clean() {
        let layer = tar(&[File("etc/os-release", OS), File(DB, "P:musl\nV:1-r0\n")]);
        let one = std::slice::from_ref(&layer);
        for (what, stored, want) in [
            ("xz", vec![0xfd, b'7', b'z', b'X', b'Z', 0, 0, 0], "xz compression"),
            ("cut gzip", gzip(&layer)[..60].to_vec(), "ends early"),
            ("other content", tar(&[File("etc/os-release", OS), File(DB, "")]), "the config says"),
            ("nothing", Vec::new(), "it is not there"),
            ("noise", b"GIF89a not a layer".to_vec(), "it is not there"),
        ] {
            let got = read(&image(one, &[stored]));
            assert!(why(&got).contains(want), "{what}: {}", why(&got));
        }
        let bomb = gzip(&vec![0; 40 << 20]);
        let limits = Limits { ratio_free: 1 << 20, ratio: 100, ..Limits::default() };
        let got = archive(&mut image(one, &[bomb]).as_slice(), &limits, None).unwrap();
        assert!(why(&got).contains("inflation ratio"), "{}", why(&got));
        let limits = Limits { file_bytes: 4, ..Limits::default() };
        assert!(why(&archive(&mut image(one, one).as_slice(), &limits, None).unwrap()).contains("too large"));
        let limits = Limits { entries: 1, ..Limits::default() };
        assert!(matches!(
            archive(&mut image(one, one).as_slice(), &limits, None),
            Err(ArchiveError::Unreadable(_))
        ));
    }

    #[test]
    fn no_image_is_an_error() {
        let whole = image(&[], &[]);
        assert_eq!(archive(&mut &b""[..], &Limits::default(), None), Err(ArchiveError::NoManifest));
        assert_eq!(
            archive(&mut tar(&[File("a", "b")]).as_slice(), &Limits::default(), None),
            Err(ArchiveError::NoManifest)
        );
        assert!(matches!(
            archive(&mut &b"noise"[..], &Limits::default(), None),
            Err(ArchiveError::Unreadable(_))
        ));
        assert!(matches!(
            archive(&mut &whole[..700], &Limits::default(), None),
            Err(ArchiveError::Unreadable(_))
        ));
        for (manifest, want) in [("[]", "manifest"), ("{}", "manifest"), (r#"[{"Config":"x"}]"#, "config")] {
            let error =
                archive(&mut tar(&[File("manifest.json", manifest)]).as_slice(), &Limits::default(), None)
                    .unwrap_err();
            assert!(error.to_string().contains(want), "{manifest}: {error}");
        }
    }

    #[test]
    fn corpus() {
        for (name, os, config) in [
            ("310", "alpine 3.10.4", "af341ccd2df8b0e2d67cf8dd32e087bfda4e5756ebd1c76bbf3efa0dc246590e"),
            ("311", "alpine 3.11.5", "a187dde48cd289ac374ad8539930628314bc581a481cdb41409c9289419ddb72"),
        ] {
            let path = format!("trivy/pkg/fanal/test/testdata/alpine-{name}.tar.gz");
            let Some(bytes) = crate::corpus::read(&path) else { return };
            let got = read(&bytes);
            assert_eq!((got.packages.len(), why(&got)), (14, String::new()));
            assert_eq!(got.os.unwrap().to_string(), os);
            assert_eq!(got.image.config[0].as_str(), format!("sha256:{config}"));
            assert!(got.account.balanced() && got.account.members > 300);
            assert!(
                got.packages.iter().any(|p| p.name == "libcrypto1.1" && p.source_or_self().0 == "openssl")
            );
        }
    }
}
