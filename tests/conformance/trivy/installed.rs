//! Images of packages that were really installed, by dpkg, apk, rpm, pip, npm and Maven: Trivy and we find the same.

use super::differential::{Tally, trivy};
use super::world::{self, Rows};
use integration::{Case, Skip, corpus, demand, ringwall, tell};
use inventory::Limits;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vuln::bolt::{Bolt, Bucket, Entry, write};

/// The images of the cache.
const MADE: &[&str] = &["debian", "applications", "java", "rpm"];
/// Those of the corpus.
const GIVEN: &[&str] = &["alpine-310", "alpine-311"];

pub(super) fn cases() -> Result<Vec<Case>, Skip> {
    let program = Arc::new(peers::installed("trivy").map_err(Skip)?);
    let Some(corpus) = corpus() else { integration::skip!("no corpus") };
    let mut images: Vec<(String, PathBuf)> = Vec::new();
    for name in MADE {
        images.push(((*name).to_owned(), peers::installed(&format!("image-{name}")).map_err(Skip)?));
    }
    for name in GIVEN {
        let path = corpus.join(format!("trivy/pkg/fanal/test/testdata/{name}.tar.gz"));
        images.push(((*name).to_owned(), path));
    }
    let dumps = Images { program: Arc::clone(&program), corpus: corpus.clone(), images: images.clone() };
    let all = Images { program, corpus, images };
    Ok(vec![
        Case::new("differential/installed-images", move || {
            let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
            world::cache(folder.path(), &database(&all.corpus)?)?;
            all.compare(folder.path(), 3)
        }),
        Case::new("differential/a-database-made-of-dumps", move || {
            let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
            world::cache(folder.path(), &[])?;
            let at = |name: &str| dumps.corpus.join("advisories").join(name).display().to_string();
            let cache = folder.path().display().to_string();
            let mut words = vec!["scan".to_owned(), "db".to_owned(), "import".to_owned()];
            words.extend(["osv/PyPI/all.zip", "osv/Go/all.zip", "alpine-secdb/v3.11/main.yaml"].map(at));
            words.extend(["--cache-dir".to_owned(), cache]);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            ringwall()?.run(&words)?.exits(0)?;
            let wanted = |name: &str| matches!(name, "applications" | "alpine-311");
            let images = dumps.images.iter().filter(|(name, _)| wanted(name)).cloned().collect();
            Images { images, ..dumps.clone() }.compare(folder.path(), 0)
        }),
    ])
}

/// Images, and the program they are scanned with beside ours.
#[derive(Clone)]
struct Images {
    program: Arc<PathBuf>,
    corpus: PathBuf,
    images: Vec<(String, PathBuf)>,
}

impl Images {
    /// Scans each with the database of a cache folder; more than `least` findings must be equal, and all are.
    fn compare(&self, cache: &Path, least: usize) -> Result<(), String> {
        let (cache, ringwall) = (cache.display().to_string(), ringwall()?);
        let mut most = 0;
        for (name, path) in &self.images {
            let archive = path.display().to_string();
            let theirs = trivy(&self.program, &["image", "--input", &archive], &cache)?;
            let words = [
                "trivy",
                "image",
                "--input",
                &archive,
                "--cache-dir",
                &cache,
                "--skip-db-update",
                "-f",
                "json",
            ];
            let ours = ringwall.run(&[&words[..], &["--scanners", "vuln"]].concat())?.exits(0)?.json()?;
            let mut tally = Tally::default();
            tally.compare(name, &ours, &theirs)?;
            let lists = |report: &Value| {
                let results = report["Results"].as_array().into_iter().flatten();
                results.filter_map(|r| r["Packages"].as_array()).map(Vec::len).sum::<usize>()
            };
            let (findings, packages) = (tally.agreed, lists(&ours));
            tell(&format!("{name}: {findings} equal findings in {packages} packages"));
            demand!(findings >= least && packages > 10, "{name}: {findings} findings, {packages} packages");
            most = most.max(findings);
        }
        demand!(most > 50, "at most {most} findings in an image");
        Ok(())
    }
}

/// The corpus' database, and what it has none of: advisories on npm, Maven and Rocky Linux.
fn database(corpus: &Path) -> Result<Vec<u8>, String> {
    let packed = corpus.join("advisories/trivy-db/db.tar.gz");
    let mut file = std::fs::File::open(&packed).map_err(|e| format!("{}: {e}", packed.display()))?;
    let mut bytes = Vec::new();
    inventory::untar(&mut file, &Limits::default(), &mut |name, _, body| {
        if name.ends_with("trivy.db") {
            body.read_to_end(&mut bytes)?;
        }
        Ok(())
    })
    .map_err(|e| e.to_string())?;
    let bolt = Bolt::open(Box::new(bytes)).map_err(|e| e.to_string())?;
    let mut root = entries(&bolt, &bolt.root())?;
    for (path, value) in rows() {
        world::put(&mut root, &path.split('|').collect::<Vec<_>>(), &value);
    }
    Ok(write(&root))
}

fn entries(bolt: &Bolt, bucket: &Bucket) -> Result<BTreeMap<Vec<u8>, Entry>, String> {
    let (mut out, mut inner) = (BTreeMap::new(), Vec::new());
    bolt.each(bucket, b"", &mut |key, value| {
        match value {
            Some(value) => drop(out.insert(key.to_vec(), Entry::Value(value.to_vec()))),
            None => inner.push(key.to_vec()),
        }
        true
    })
    .map_err(|e| e.to_string())?;
    for key in inner {
        let bucket = bolt.bucket(bucket, &key).map_err(|e| e.to_string())?.ok_or("a bucket is gone")?;
        out.insert(key, Entry::Bucket(entries(bolt, &bucket)?));
    }
    Ok(out)
}

fn rows() -> Rows {
    let mut out = Rows::new();
    let mut add = |path: String, value: &str| out.push((path, value.to_owned()));
    for (bucket, source) in [("npm::ghsa", "ghsa"), ("maven::ghsa", "ghsa"), ("rocky 9", "rocky")] {
        let value = format!(r#"{{"ID":"{source}","Name":"{bucket}","URL":"https://registry.test/"}}"#);
        add(format!("data-source|{bucket}"), &value);
    }
    let npm = ["lodash", "minimist", "express", "qs", "send", "debug"];
    for (n, name) in npm.iter().enumerate() {
        add(
            format!("npm::ghsa|{name}|CVE-2019-{}", 9000 + n),
            r#"{"VulnerableVersions":["<4.17.12"],"PatchedVersions":["4.17.12"]}"#,
        );
    }
    let maven = [
        "org.apache.logging.log4j:log4j-core",
        "org.apache.logging.log4j:log4j-api",
        "commons-io:commons-io",
    ];
    for (n, name) in maven.iter().enumerate() {
        for k in 0..2 {
            add(
                format!("maven::ghsa|{name}|CVE-2021-{}", 9000 + n * 2 + k),
                r#"{"VulnerableVersions":[">=2.0, <2.15.0"],"PatchedVersions":["2.15.0"]}"#,
            );
        }
    }
    let rocky = [
        ("openssl", "1:3.0.7-2.el9"),
        ("openssl-libs", "1:3.0.1-40.el9"),
        ("curl", "7.76.1-19.el9_1.1"),
        ("vim-minimal", "2:8.2.2637-20.el9_1"),
        ("tar", "2:1.34-6.el9_1"),
        ("zlib", "1.2.11-35.el9_1"),
        ("systemd", "250-12.el9_1.3"),
    ];
    for (n, (name, fixed)) in rocky.iter().enumerate() {
        let value = format!(
            r#"{{"Entries":[{{"FixedVersion":"{fixed}","Arches":["x86_64"],"VendorIDs":["RLSA-2023:{n}"]}}]}}"#
        );
        add(format!("rocky 9|{name}|CVE-2022-{}", 9000 + n), &value);
    }
    let debian = [
        ("openssl", r#"{"FixedVersion":"1.1.1w-0+deb11u3","VendorIDs":["DLA-4176-1"]}"#),
        ("glibc", r#"{"FixedVersion":"2.31-13+deb11u13","VendorIDs":["DLA-4190-1"]}"#),
        ("gnutls28", r#"{"FixedVersion":"3.7.1-5+deb11u7"}"#),
        ("perl", r#"{"FixedVersion":"5.32.1-4+deb11u4"}"#),
        ("tar", r#"{"FixedVersion":"1.34+dfsg-1+deb11u1"}"#),
        ("zlib", r#"{"Severity":1,"Status":5}"#),
        ("gnupg2", r#"{"Severity":2,"Status":6}"#),
        ("systemd", r#"{}"#),
    ];
    for (n, (name, value)) in debian.iter().enumerate() {
        add(format!("debian 11|{name}|CVE-2022-{}", 9000 + n), value);
    }
    let alpine = [
        ("musl", "1.1.25-r0"),
        ("busybox", "1.31.1-r11"),
        ("openssl", "1.1.1g-r0"),
        ("apk-tools", "2.10.6-r0"),
        ("zlib", "1.2.11-r3"),
    ];
    for (n, (name, fixed)) in alpine.iter().enumerate() {
        for release in ["3.10", "3.11"] {
            let value = format!(r#"{{"FixedVersion":"{fixed}"}}"#);
            add(format!("alpine {release}|{name}|CVE-2022-{}", 9000 + n), &value);
        }
    }
    for n in 0..10 {
        for year in [2019, 2021, 2022] {
            add(
                format!("vulnerability|CVE-{year}-{}", 9000 + n),
                r#"{"Title":"t","VendorSeverity":{"nvd":3,"ghsa":4,"rocky":2}}"#,
            );
        }
    }
    out
}
