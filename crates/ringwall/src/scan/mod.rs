//! From a target and options to a report: what `scan` does, whatever it is called.

pub(crate) mod database;
mod file;
mod images;
pub(crate) mod java;
mod layers;
mod local;
pub(crate) mod options;
mod ranked;
mod remote;
mod sbom;
mod secrets;
mod setting;
pub(crate) mod settings;
mod vex;
mod walk;

use crate::{exit, output};
use inventory::{Inventory, Limits, Os, Rules, Scope, Secrets};
use model::{Gap, Reference, Severity, Timestamp};
use options::{Options, ReportArgs};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vuln::Status;
use vuln::trivy::{Gate, Report, Request};

/// What is scanned.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// An image by its name; none with `--input`.
    Image(Option<String>),
    /// A folder: lock files, and a system's packages.
    Folder(PathBuf),
    /// A root file system: what is installed.
    Root(PathBuf),
    /// A repository of sources.
    Repository(PathBuf),
    /// A bill of materials.
    Sbom(PathBuf),
}

impl Target {
    /// Where it is, when it is a file or folder.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Image(_) => None,
            Self::Folder(path) | Self::Root(path) | Self::Repository(path) | Self::Sbom(path) => Some(path),
        }
    }
}

/// What came of a scan.
pub(crate) struct Outcome {
    pub(crate) gaps: Vec<Gap>,
    /// The exit code of the gates.
    pub(crate) code: u8,
}

/// Scans, filters, writes.
pub(crate) fn run(target: &Target, options: &Options) -> anyhow::Result<Outcome> {
    if let Some(why) = options.accepted.refused() {
        return Err(exit::usage(why));
    }
    let now = Timestamp::now();
    let gate = gate(&options.report, now)?;
    let format = format(&options.report)?;
    let vex = vex::prepare(Some(target), options)?;
    let Scanned { mut report, gaps, created, secrets } = scan(target, options, now)?;
    vuln::trivy::filter(&mut report, &gate);
    vex::filter(&mut report, vex, options)?;
    trim(&mut report, options, format);
    let beside = Beside { gaps: &gaps, created, secrets: secrets.as_ref() };
    write(&report, &beside, options, target.path(), format, now)?;
    let code = vuln::trivy::exit_code(&report, options.report.exit_code, options.report.exit_on_eol);
    Ok(Outcome { gaps, code })
}

/// What a scan found, before anything is filtered.
pub(crate) struct Scanned {
    pub(crate) report: Report,
    pub(crate) gaps: Vec<Gap>,
    /// When the image was made.
    created: Option<Timestamp>,
    /// How far secrets were looked for; `None` when they were not.
    secrets: Option<Secrets>,
}

/// What is known beside a report.
#[derive(Default)]
struct Beside<'a> {
    gaps: &'a [Gap],
    created: Option<Timestamp>,
    secrets: Option<&'a Secrets>,
}

/// Scans; nothing is filtered yet.
pub(crate) fn scan(target: &Target, options: &Options, now: Timestamp) -> anyhow::Result<Scanned> {
    // Before minutes are spent on a database.
    if matches!(target, Target::Image(None)) && options.image.input.is_none() {
        return Err(exit::usage("name an image, or give an archive with --input"));
    }
    let rules = secrets::rules(options)?;
    let database = match options.wants("vuln") {
        true => {
            let disk = database::ready(&options.db, &options.image, options.scan.offline_scan, now)?;
            tracing::info!(database = %disk.path.display(), age = disk.age_in_words(now), "vulnerability database");
            Some(disk.open()?)
        }
        false => None,
    };
    let mut request = request(options, now);
    let mut inventory = inventory(target, options, rules.as_ref(), &mut request)?;
    if request.language {
        java::identify(&mut inventory, options, now);
    }
    let (report, gaps) = vuln::trivy::report(&inventory, database.as_ref(), &request)
        .map_err(|error| exit::unreadable(error.to_string()))?;
    Ok(Scanned { report, gaps, created: inventory.created, secrets: inventory.secrets })
}

fn request(options: &Options, now: Timestamp) -> Request {
    let types = &options.scan.pkg_types;
    Request {
        system: types.iter().any(|t| t == "os"),
        language: types.iter().any(|t| t == "library"),
        dev: options.scan.include_dev_deps,
        checksums: matches!(options.report.format.as_str(), "cyclonedx" | "spdx" | "spdx-json"),
        severity_sources: options.scan.vuln_severity_source.clone(),
        distro: options
            .scan
            .distro
            .as_deref()
            .and_then(|text| text.split_once(['/', ':']))
            .map(|(family, version)| Os { family: family.to_owned(), version: version.to_owned() }),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        report_id: uuid(now),
        now,
        ..Request::default()
    }
}

/// A version 7 UUID (RFC 9562): milliseconds, then 74 bits that no other run has.
fn uuid(now: Timestamp) -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let random = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0) & 0xffff_ffff_ffff;
    let (a, b) = (random() & 0xfff, random() & 0x3fff_ffff_ffff_ffff);
    let text = format!("{milliseconds:012x}7{a:03x}{:016x}", b | 0x8000_0000_0000_0000);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn inventory(
    target: &Target,
    options: &Options,
    rules: Option<&Arc<Rules>>,
    request: &mut Request,
) -> anyhow::Result<Inventory> {
    let limits = Limits::default();
    let skip = walk::Skip { folders: &options.scan.skip_dirs, files: &options.scan.skip_files };
    let mut folder = |path: &Path, scope: Scope, kind: &'static str| {
        request.name = path.display().to_string();
        request.kind = kind;
        match path.exists() {
            true => Ok(walk::folder(path, scope, &skip, &limits, rules)),
            false => Err(exit::unreadable(format!("{}: there is no such file or folder", path.display()))),
        }
    };
    match target {
        Target::Folder(path) => folder(path, Scope::Folder, "filesystem"),
        Target::Root(path) => folder(path, Scope::Installed, "filesystem"),
        Target::Repository(path) => folder(path, Scope::Repository, "repository"),
        Target::Sbom(path) => sbom::read(path, request),
        Target::Image(name) => {
            let mut found = image(name.as_deref(), options, &limits, rules, request)?;
            if let Some(rules) = rules {
                secrets::complete(&mut found, rules, options, &limits);
            }
            Ok(found)
        }
    }
}

fn image(
    name: Option<&str>,
    options: &Options,
    limits: &Limits,
    rules: Option<&Arc<Rules>>,
    request: &mut Request,
) -> anyhow::Result<Inventory> {
    let layers = layers::Layers::new(&file::cache(options.db.cache_dir.as_deref()), rules.cloned());
    let reading = images::Reading {
        limits: limits.clone(),
        layers: &layers,
        platform: options.image.platform.as_deref(),
    };
    if let Some(path) = &options.image.input {
        request.name = path.display().to_string();
        return images::input(path, &reading);
    }
    let name = name.ok_or_else(|| exit::usage("name an image, or give an archive with --input"))?;
    request.name = name.to_owned();
    let reference: Reference = name.parse().map_err(|error| exit::usage(format!("{name}: {error}")))?;
    let mut tried = Vec::new();
    if let Some(found) = local::image(name, &reference, &options.image, &reading, &mut tried)? {
        return Ok(found);
    }
    if !options.image.image_src.iter().any(|source| source == "remote") {
        return Err(exit::unreadable(format!("{name} is not on this machine; tried {}", tried.join(", "))));
    }
    remote::image(&reference, &options.image, &reading)
}

/// The gates, as the options and the ignore file say.
pub(crate) fn gate(options: &ReportArgs, now: Timestamp) -> anyhow::Result<Gate> {
    let mut gate = Gate { severities: BTreeSet::new(), ..Gate::default() };
    for name in &options.severity {
        gate.severities.insert(match name.to_ascii_uppercase().as_str() {
            "UNKNOWN" => Severity::Unknown,
            "LOW" => Severity::Low,
            "MEDIUM" => Severity::Medium,
            "HIGH" => Severity::High,
            "CRITICAL" => Severity::Critical,
            _ => return Err(exit::usage(format!("{name} is no severity"))),
        });
    }
    for name in &options.ignore_status {
        let status = Status::parse(name).ok_or_else(|| exit::usage(format!("{name} is no status")))?;
        gate.ignore_statuses.insert(status);
    }
    if options.ignore_unfixed {
        gate.ignore_statuses.extend(Gate::unfixed());
    }
    ignore(&options.ignorefile, &mut gate, now)?;
    Ok(gate)
}

/// Reads the ignore file; the one with a default name may be missing, and may have `.yaml` behind it.
fn ignore(path: &Path, gate: &mut Gate, now: Timestamp) -> anyhow::Result<()> {
    let default = path == Path::new(".trivyignore");
    let yaml = PathBuf::from(".trivyignore.yaml");
    let path = if default && yaml.exists() { yaml.as_path() } else { path };
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && default => return Ok(()),
        Err(error) => return Err(exit::unreadable(format!("{}: {error}", path.display()))),
    };
    let name = path.display().to_string();
    let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let diagnostics = match is_yaml {
        true => gate.ignore.yaml(&text, &name, now),
        false => gate.ignore.plain(&String::from_utf8_lossy(&text), &name, now),
    };
    for diagnostic in diagnostics {
        output::say(&format!("warning: {name}: {}", model::escape(&diagnostic.message)));
    }
    Ok(())
}

fn format(options: &ReportArgs) -> anyhow::Result<&'static vuln::trivy::Format> {
    let known = || vuln::trivy::FORMATS.iter().map(|f| f.id).collect::<Vec<_>>().join(", ");
    let found = vuln::trivy::FORMATS.iter().find(|format| format.id == options.format);
    found.ok_or_else(|| exit::usage(format!("there is no format {}; there are: {}", options.format, known())))
}

/// Takes out what was not asked for. Formats other than json and the table have all there is.
fn trim(report: &mut Report, options: &Options, format: &vuln::trivy::Format) {
    let whole = !matches!(format.id, "json" | "table");
    let (packages, suppressed) = (options.report.list_all_pkgs, options.report.show_suppressed);
    vuln::trivy::trim(report, packages || whole, suppressed || whole);
}

/// Writes the report, and says beside it what it cannot tell.
fn write(
    report: &Report,
    beside: &Beside<'_>,
    options: &Options,
    target: Option<&Path>,
    format: &vuln::trivy::Format,
    now: Timestamp,
) -> anyhow::Result<()> {
    let columns = ranked::columns(&options.report)?;
    let text = match (options.report.rank, format.id) {
        (true, _) => vuln::trivy::ranked(report, &columns),
        (false, "table") => {
            vuln::trivy::overview(report, beside.gaps, beside.created, beside.secrets, &columns, now)
        }
        _ => (format.write)(report, &setting::setting(options, target, format, now)?)
            .map_err(|error| exit::usage(error.to_string()))?,
    };
    match options.report.rank || format.id == "table" {
        true => output::write(&text, options.report.output.as_deref())?,
        false => output::data(&text, options.report.output.as_deref())?,
    }
    if options.accepted.quiet {
        return Ok(());
    }
    if format.id != "table" || options.report.rank {
        for scanner in ["secret", "misconfig", "license"] {
            if options.wants(scanner) && !(scanner == "secret" && beside.secrets.is_some()) {
                output::say(&format!("{scanner}s: not scanned"));
            }
        }
        unknown(beside.gaps);
    }
    let secrets = report.results.iter().map(|result| result.secrets.len()).sum::<usize>();
    if options.report.rank && secrets > 0 {
        output::say(&format!("{secrets} secrets are not in this list; without --rank they are shown"));
    }
    let left_out = (format.left_out)(report);
    if left_out > 0 {
        output::say(&format!("{left_out} findings of other kinds are not in this format"));
    }
    Ok(())
}

/// What could not be judged, on stderr.
fn unknown(gaps: &[Gap]) {
    const SHOWN: usize = 10;
    for gap in gaps.iter().take(SHOWN) {
        output::say(&format!("unknown: {}: {}", model::escape(&gap.what), model::escape(&gap.why)));
    }
    if gaps.len() > SHOWN {
        output::say(&format!("unknown: {} more", gaps.len() - SHOWN));
    }
}

/// Reads a report and writes it in another form.
pub(crate) fn convert(path: &Path, options: &Options) -> anyhow::Result<Outcome> {
    let now = Timestamp::now();
    let gate = gate(&options.report, now)?;
    let format = format(&options.report)?;
    let text =
        std::fs::read(path).map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))?;
    let (mut report, diagnostics) = vuln::trivy::read(&text, &vuln::trivy::Caps::default());
    let scan = vuln::trivy::import(&report, path.display().to_string().into(), &diagnostics);
    vuln::trivy::filter(&mut report, &gate);
    vex::filter(&mut report, vex::prepare(None, options)?, options)?;
    trim(&mut report, options, format);
    let broken: Vec<Gap> = scan.unknown.into_iter().filter(|_| !diagnostics.is_empty()).collect();
    write(&report, &Beside { gaps: &broken, ..Beside::default() }, options, Some(path), format, now)?;
    let code = vuln::trivy::exit_code(&report, options.report.exit_code, options.report.exit_on_eol);
    Ok(Outcome { gaps: broken, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_seven() {
        let at: Timestamp = "2021-08-25T12:20:30Z".parse().unwrap();
        let (one, two) = (uuid(at), uuid(at));
        assert!(one.starts_with("017b7d41-32b0-7") && one.len() == 36 && one != two, "{one}");
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
