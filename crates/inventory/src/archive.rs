//! docker-archive: what `docker save`, `podman save` and `skopeo copy docker-archive:` write.
//!
//! Read in one pass, whatever the order of its members: layers are analyzed as they come, the manifest says
//! afterwards how they stack.

use crate::bounded::{Budget, Compression, Inflated, sha256};
use crate::layer::{Layer, LayerError, layer};
use crate::stack::{stack, unknown};
use crate::tar::{Caps, Kind, Member, Tar};
use crate::{Inventory, LayerInfo, Limits, path};
use model::{Digest, ImageId};
use oci_spec::image::ImageConfiguration;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Read};

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
struct Entry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
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
}

/// Reads an image from a docker archive, itself plain or gzip.
///
/// # Errors
/// When no image can be made out at all. A layer that cannot be read is named in [`Inventory::unknown`].
pub fn archive(input: &mut dyn Read, limits: &Limits) -> Result<Inventory, ArchiveError> {
    let budget = Budget { bytes: limits.image_bytes, ratio: limits.ratio, free: limits.ratio_free };
    let caps = Caps { entries: limits.entries, extension_bytes: limits.extension_bytes };
    let mut members = Members::default();
    let read = Inflated::new(input, budget)
        .and_then(|mut inflated| collect(&mut Tar::new(&mut inflated, caps), limits, &mut members));
    // With a manifest at hand a torn archive still tells something; without, it is its tear that counts.
    match (read, members.documents.contains_key("manifest.json")) {
        (Err(error), false) => Err(ArchiveError::Unreadable(error.into())),
        (read, _) => assemble(members, read.err().map(LayerError::from), limits),
    }
}

fn collect(tar: &mut Tar<'_>, limits: &Limits, out: &mut Members) -> io::Result<()> {
    while let Some(member) = tar.next()? {
        let Ok(name) = path::normal(&member.path, limits.path_bytes) else { continue };
        match member.kind {
            // A layer that two images share is stored once and linked.
            Kind::Symlink(ref target) if out.links.len() < limits.layers => {
                out.links.insert(name.clone(), path::follow(&name, target));
            }
            Kind::File => content(tar, &member, name, limits, out)?,
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
        let limits = Limits { layer_bytes: limits.layer_bytes.min(left), ..limits.clone() };
        let read = layer(&mut whole, &limits);
        out.inflated = out.inflated.saturating_add(read.bytes);
        note_twice(out.layers.insert(name.clone(), read).is_some(), &name, &mut out.twice);
    }
    Ok(())
}

fn note_twice(twice: bool, name: &str, out: &mut Vec<String>) {
    if twice && out.len() < 16 {
        out.push(name.to_owned());
    }
}

fn assemble(
    mut members: Members,
    torn: Option<LayerError>,
    limits: &Limits,
) -> Result<Inventory, ArchiveError> {
    let manifest = members.documents.get("manifest.json").ok_or(ArchiveError::NoManifest)?;
    let entries: Vec<Entry> =
        serde_json::from_slice(manifest).map_err(|error| ArchiveError::Manifest(error.to_string()))?;
    let others = entries.len().saturating_sub(1);
    let entry =
        entries.into_iter().next().ok_or_else(|| ArchiveError::Manifest("it names no image".into()))?;
    let names = entry.layers.unwrap_or_default();
    if names.len() > limits.layers {
        return Err(ArchiveError::Layers(names.len()));
    }
    let tags = entry.repo_tags.unwrap_or_default();
    let mut out = Inventory { tags, ..Inventory::default() };
    let diff_ids = config(&members.documents, &entry.config, &mut out)?;
    if others > 0 {
        unknown(
            &mut out,
            &format!("{others} more images of the archive"),
            "only the first image is read",
            None,
        );
    }
    if let Some(error) = torn {
        unknown(&mut out, "the rest of the archive", &error.to_string(), None);
    }
    for name in std::mem::take(&mut members.twice) {
        unknown(&mut out, &name, "the archive has two members of this name; the last one was read", None);
    }
    if diff_ids.len() != names.len() {
        let why = format!("the manifest names {} layers, the config {}", names.len(), diff_ids.len());
        unknown(&mut out, "layers", &why, None);
    }
    let mut layers = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let info = diff_ids.get(at).cloned();
        layers.push(pick(&mut members, name, info.as_ref(), &mut out));
    }
    let infos = infos(diff_ids, &layers);
    Ok(stack(out, layers, infos, limits))
}

/// The layer of a name, with what is wrong with it noted.
fn pick(
    members: &mut Members,
    name: &str,
    want: Option<&(Digest, Option<String>)>,
    out: &mut Inventory,
) -> Option<Layer> {
    let name = path::normal(name, usize::MAX).unwrap_or_default();
    let target = members.links.get(&name).unwrap_or(&name);
    let Some(layer) = members.layers.get(target).cloned() else {
        unknown(out, &format!("layer {name}"), "the archive does not hold it, or it is no tar archive", None);
        return None;
    };
    if let Some(failure) = &layer.failure {
        unknown(out, &format!("layer {name}"), &failure.to_string(), None);
    }
    match (&layer.diff_id, want) {
        (Some(is), Some((want, _))) if is != want => {
            unknown(
                out,
                &format!("layer {name}"),
                &format!("its content is {is}, the config says {want}"),
                None,
            );
        }
        _ => {}
    }
    for (why, count) in layer.contained() {
        // A path that climbs out is contained by not being read; that something was there is said.
        unknown(out, &format!("{count} files of layer {name}"), why, None);
    }
    Some(layer)
}

/// Reads the config: names, date, and per layer its digest and instruction.
fn config(
    documents: &BTreeMap<String, Vec<u8>>,
    name: &str,
    out: &mut Inventory,
) -> Result<Vec<(Digest, Option<String>)>, ArchiveError> {
    let bad = |why: String| ArchiveError::Config { name: name.to_owned(), why };
    let key = path::normal(name, usize::MAX).unwrap_or_default();
    let bytes = documents.get(&key).ok_or_else(|| bad("the archive does not hold it".into()))?;
    let config = ImageConfiguration::from_reader(bytes.as_slice()).map_err(|error| bad(error.to_string()))?;
    let reference = out.tags.iter().find_map(|tag| tag.parse().ok());
    out.image = ImageId { reference, config: sha256(bytes).into_iter().collect(), ..ImageId::default() };
    out.created = config.created().as_ref().and_then(|at| at.parse().ok());
    let history = config.history().iter().flatten();
    let mut steps =
        history.filter(|step| step.empty_layer() != Some(true)).map(|step| step.created_by().clone());
    let mut layers = Vec::new();
    for text in config.rootfs().diff_ids() {
        let digest = Digest::parse(text).ok_or_else(|| bad(format!("{text} is no digest")))?;
        layers.push((digest, steps.next().flatten()));
    }
    Ok(layers)
}

fn infos(diff_ids: Vec<(Digest, Option<String>)>, layers: &[Option<Layer>]) -> Vec<LayerInfo> {
    let bytes = |at: usize| {
        layers
            .get(at)
            .and_then(Option::as_ref)
            .filter(|layer| layer.failure.is_none())
            .map(|layer| layer.bytes)
    };
    let info = |(at, (diff_id, created_by))| LayerInfo { diff_id, bytes: bytes(at), created_by };
    diff_ids.into_iter().enumerate().map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
        archive(&mut &*bytes, &Limits::default()).unwrap()
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
            ("zstd", vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0], "zstd compression"),
            ("cut gzip", gzip(&layer)[..60].to_vec(), "ends early"),
            ("other content", tar(&[File("etc/os-release", OS), File(DB, "")]), "the config says"),
            ("nothing", Vec::new(), "does not hold it"),
            ("noise", b"GIF89a not a layer".to_vec(), "does not hold it"),
        ] {
            let got = read(&image(one, &[stored]));
            assert!(why(&got).contains(want), "{what}: {}", why(&got));
        }
        let bomb = gzip(&vec![0; 40 << 20]);
        let limits = Limits { ratio_free: 1 << 20, ratio: 100, ..Limits::default() };
        let got = archive(&mut image(one, &[bomb]).as_slice(), &limits).unwrap();
        assert!(why(&got).contains("inflation ratio"), "{}", why(&got));
        let limits = Limits { file_bytes: 4, ..Limits::default() };
        assert!(why(&archive(&mut image(one, one).as_slice(), &limits).unwrap()).contains("too large"));
        let limits = Limits { entries: 1, ..Limits::default() };
        assert!(matches!(
            archive(&mut image(one, one).as_slice(), &limits),
            Err(ArchiveError::Unreadable(_))
        ));
    }

    #[test]
    fn no_image_is_an_error() {
        let whole = image(&[], &[]);
        assert_eq!(archive(&mut &b""[..], &Limits::default()), Err(ArchiveError::NoManifest));
        assert_eq!(
            archive(&mut tar(&[File("a", "b")]).as_slice(), &Limits::default()),
            Err(ArchiveError::NoManifest)
        );
        assert!(matches!(archive(&mut &b"noise"[..], &Limits::default()), Err(ArchiveError::Unreadable(_))));
        assert!(matches!(archive(&mut &whole[..700], &Limits::default()), Err(ArchiveError::Unreadable(_))));
        for (manifest, want) in [("[]", "manifest"), ("{}", "manifest"), (r#"[{"Config":"x"}]"#, "config")] {
            let error = archive(&mut tar(&[File("manifest.json", manifest)]).as_slice(), &Limits::default())
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
