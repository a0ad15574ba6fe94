//! rpm's database of installed packages: SQLite (Fedora, RHEL 9 and later), ndb (SUSE), Berkeley DB (RHEL before 9).

use super::{Analyzer, Pattern, Stage};
use crate::bounded::hex;
use crate::package::short;
use crate::sqlite::{Value, rows};
use crate::{Ecosystem, Origin, Package, Packages, SourcePackage, bdb, ndb};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "rpm",
    about: "rpm's database of installed packages, in any of its forms",
    files: &[
        Pattern::Path("var/lib/rpm/rpmdb.sqlite"),
        Pattern::Path("usr/lib/sysimage/rpm/rpmdb.sqlite"),
        Pattern::Path("usr/share/rpm/rpmdb.sqlite"),
        Pattern::Path("var/lib/rpm/rpmdb.sqlite-wal"),
        Pattern::Path("usr/lib/sysimage/rpm/rpmdb.sqlite-wal"),
        Pattern::Path("var/lib/rpm/Packages"),
        Pattern::Path("var/lib/rpm/Packages.db"),
        Pattern::Path("usr/lib/sysimage/rpm/Packages"),
        Pattern::Path("usr/lib/sysimage/rpm/Packages.db"),
    ],
    stage: Stage::System,
    ecosystem: Some(Ecosystem::Rpm),
    parse,
    join: None,
};

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
/// MD5 over header and payload.
const CHECKSUM: u32 = 261;
const VENDOR: u32 = 1011;
const LICENSE: u32 = 1014;
const ARCH: u32 = 1022;
const SOURCE: u32 = 1044;
const DIRECTORY_OF: u32 = 1116;
const NAMES: u32 = 1117;
const DIRECTORIES: u32 = 1118;
const MODULE: u32 = 5096;

/// How the vendors' names of distributions begin. Semantics: Trivy's `pkg/fanal/analyzer/pkg/rpm`.
const VENDORS: [&str; 13] = [
    "Amazon Linux",
    "Amazon.com",
    "CentOS",
    "Fedora Project",
    "Oracle America",
    "Red Hat",
    "AlmaLinux",
    "CloudLinux",
    "VMware",
    "SUSE",
    "openSUSE",
    "Microsoft Corporation",
    "Rocky",
];

/// One blob a package: a header of tags (rpm's "header structure"), without its magic.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if path.ends_with("-wal") {
        if !bytes.is_empty() {
            out.problem("changes of rpm's database that were not yet written back are not read");
        }
        return;
    }
    let read = if path.ends_with("Packages.db") {
        headers(ndb::records(bytes), |record| record.map(<[u8]>::to_vec))
    } else if path.ends_with("Packages") {
        headers(bdb::values(bytes), Some)
    } else {
        headers(rows(bytes, "Packages"), |row| match row.into_iter().nth(1) {
            Some(Value::Bytes(blob)) => Some(blob),
            _ => None,
        })
    };
    let headers = match read {
        Ok(headers) => headers,
        Err(error) => return out.problem(format!("rpm's database cannot be read: {error}")),
    };
    if headers.is_empty() {
        out.problem("rpm's database holds no package");
    }
    for (at, header) in headers.iter().enumerate() {
        match header {
            Some(blob) => package(blob, at, out),
            None => out.problem(format!("row {at} holds no package")),
        }
    }
}

/// What a form of the database holds, each as a package's header.
fn headers<T, E: std::fmt::Display>(
    read: Result<Vec<T>, E>,
    header: fn(T) -> Option<Vec<u8>>,
) -> Result<Vec<Option<Vec<u8>>>, String> {
    read.map(|all| all.into_iter().map(header).collect()).map_err(|error| error.to_string())
}

fn package(blob: &[u8], at: usize, out: &mut Packages) {
    let text = |tag| field(blob, tag).and_then(string);
    let (Some(name), Some(version), Some(release)) = (text(NAME), text(VERSION), text(RELEASE)) else {
        return out.problem(format!("row {at} has no name, version or release"));
    };
    // Keys people trust are kept as packages.
    if name == "gpg-pubkey" {
        return;
    }
    let epoch = field(blob, EPOCH).and_then(number).filter(|epoch| *epoch > 0);
    let evr = |version: &str, release: &str| match epoch {
        Some(epoch) => format!("{epoch}:{version}-{release}"),
        None => format!("{version}-{release}"),
    };
    let source = text(SOURCE).as_deref().filter(|s| *s != "(none)").and_then(source).map(|(name, version, release)| {
        SourcePackage { name, version: evr(&version, &release) }
    });
    if name.len() > 256 {
        return out.problem(format!("row {at}: {} is too long for a name", short(&name)));
    }
    let vendor = text(VENDOR).unwrap_or_default();
    let official = match vendor.as_str() {
        // Amazon's own may name nobody.
        "" | "(none)" => release.contains("amzn"),
        vendor => VENDORS.iter().any(|known| vendor.starts_with(known)),
    };
    if official {
        files(blob, out);
    }
    out.add(Package {
        origin: if official { Origin::Official } else { Origin::ThirdParty },
        source,
        arch: text(ARCH).filter(|arch| arch != "(none)"),
        licenses: text(LICENSE).into_iter().collect(),
        maintainer: text(VENDOR).filter(|vendor| vendor != "(none)"),
        digest: field(blob, CHECKSUM).and_then(|bytes| bytes.get(..16)).map(|sum| format!("md5:{}", hex(sum))),
        module: text(MODULE).filter(|module| module != "(none)"),
        ..Package::new(Ecosystem::Rpm, name.clone(), evr(&version, &release))
    });
}

/// The files of a package: names, and for each which directory it is in.
fn files(blob: &[u8], out: &mut Packages) {
    let (Some(names), Some(directories), Some(of)) =
        (strings(blob, NAMES), strings(blob, DIRECTORIES), field(blob, DIRECTORY_OF))
    else {
        return;
    };
    for (at, name) in names.iter().enumerate() {
        let directory = word(of, at.saturating_mul(4)).and_then(|n| directories.get(usize::try_from(n).ok()?));
        if let Some(directory) = directory {
            out.owned.push(format!("{}{name}", directory.trim_start_matches('/')));
        }
    }
}

/// The texts of a tag that has several.
fn strings(blob: &[u8], tag: u32) -> Option<Vec<String>> {
    let count = usize::try_from(word(blob, 0)?).ok()?;
    let index = blob.get(8..)?.get(..count.checked_mul(16)?)?;
    let entry = index.chunks_exact(16).find(|entry| word(entry, 0) == Some(tag))?;
    let wanted = usize::try_from(word(entry, 12)?).ok()?;
    let texts = field(blob, tag)?.split(|b| *b == 0).take(wanted);
    Some(texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

/// `name-version-release.src.rpm`.
fn source(text: &str) -> Option<(String, String, String)> {
    let text = text.strip_suffix(".rpm")?;
    let (text, _) = text.rsplit_once('.')?;
    let (text, release) = text.rsplit_once('-')?;
    let (name, version) = text.rsplit_once('-')?;
    Some((name.to_owned(), version.to_owned(), release.to_owned()))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The bytes of a tag, to the end of the header's data.
fn field(blob: &[u8], tag: u32) -> Option<&[u8]> {
    let count = usize::try_from(word(blob, 0)?).ok()?;
    let index = blob.get(8..)?.get(..count.checked_mul(16)?)?;
    let entry = index.chunks_exact(16).find(|entry| word(entry, 0) == Some(tag))?;
    let start = 8_usize.checked_add(index.len())?.checked_add(usize::try_from(word(entry, 8)?).ok()?)?;
    blob.get(start..)
}

/// Text up to its NUL.
fn string(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|b| *b == 0)?;
    Some(String::from_utf8_lossy(bytes.get(..end)?).into_owned())
}

fn number(bytes: &[u8]) -> Option<u32> {
    word(bytes, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of texts; an epoch is four bytes.
    fn header(fields: &[(u32, &str)], epoch: Option<u32>) -> Vec<u8> {
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (tag, text) in fields {
            index.extend([tag.to_be_bytes(), 6_u32.to_be_bytes(), (data.len() as u32).to_be_bytes(), 1_u32.to_be_bytes()].concat());
            data.extend([text.as_bytes(), &[0]].concat());
        }
        if let Some(epoch) = epoch {
            index.extend([EPOCH.to_be_bytes(), 4_u32.to_be_bytes(), (data.len() as u32).to_be_bytes(), 1_u32.to_be_bytes()].concat());
            data.extend(epoch.to_be_bytes());
        }
        let count = (index.len() / 16) as u32;
        [&count.to_be_bytes()[..], &(data.len() as u32).to_be_bytes(), &index, &data].concat()
    }

    fn one(blob: &[u8]) -> Packages {
        let mut out = Packages::default();
        package(blob, 0, &mut out);
        out
    }

    #[test]
    fn packages() {
        let fields = [(NAME, "vim-minimal"), (VERSION, "7.4.160"), (RELEASE, "5.el7"), (ARCH, "x86_64"), (SOURCE, "vim-7.4.160-5.el7.src.rpm"), (VENDOR, "Red Hat, Inc.")];
        let out = one(&header(&fields, Some(2)));
        let package = &out.packages[0];
        assert_eq!((package.name.as_str(), package.version.as_str()), ("vim-minimal", "2:7.4.160-5.el7"));
        assert_eq!(package.source_or_self(), ("vim", "2:7.4.160-5.el7"));
        assert_eq!(one(&header(&fields, None)).packages[0].version, "7.4.160-5.el7");
        let key = header(&[(NAME, "gpg-pubkey"), (VERSION, "1"), (RELEASE, "2"), (SOURCE, "(none)")], None);
        assert_eq!(one(&key), Packages::default());
    }

    #[test]
    fn forms() {
        let blob = header(&[(NAME, "a"), (VERSION, "1"), (RELEASE, "2"), (VENDOR, "SUSE")], None);
        for (path, bytes) in [
            ("var/lib/rpm/Packages", bdb::tests::bdb(&[&blob, b"torn"], false)),
            ("usr/lib/sysimage/rpm/Packages.db", ndb::tests::ndb(&[&blob, b"torn"])),
        ] {
            let mut out = Packages::default();
            parse(path, &bytes, &mut out);
            let got: Vec<_> = out.packages.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
            assert_eq!((got, out.problems.len()), (vec![("a", "1-2")], 1), "{path}");
        }
    }

    #[test]
    fn torn_headers_and_other_forms_are_named() {
        let whole = header(&[(NAME, "a"), (VERSION, "1"), (RELEASE, "2")], None);
        for cut in 0..whole.len() {
            assert_eq!(one(&whole[..cut]).problems.len(), 1, "{cut}");
        }
        for (path, bytes, problems) in [
            ("var/lib/rpm/Packages", &b"x"[..], 1),
            ("var/lib/rpm/Packages.db", b"RpmP", 1),
            ("var/lib/rpm/Packages.db", &ndb::tests::ndb(&[]), 1),
            ("var/lib/rpm/Packages", &bdb::tests::bdb(&[], true), 1),
            ("var/lib/rpm/rpmdb.sqlite", b"noise", 1),
            ("var/lib/rpm/rpmdb.sqlite-wal", b"", 0),
            ("var/lib/rpm/rpmdb.sqlite-wal", b"x", 1),
            ("var/lib/rpm/rpmdb.sqlite", include_bytes!("../../testdata/rows.sqlite"), 12),
        ] {
            let mut out = Packages::default();
            parse(path, bytes, &mut out);
            assert_eq!((out.problems.len(), out.packages.len()), (problems, 0), "{path}");
        }
    }
}
