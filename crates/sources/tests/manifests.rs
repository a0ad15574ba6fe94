//! Manifests read from disk: what is told, what is counted, and that nothing broken hides the rest.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may panic and says what it skips"
)]

use model::{Level, Origin};
use snapshot::Snapshot;
use sources::input::InputKind;
use sources::manifests::{ManifestCaps, ManifestsSeen, read_manifests};
use std::fs;
use std::path::{Path, PathBuf};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text.as_bytes()));
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn read(&self) -> (Snapshot, ManifestsSeen) {
        read(&[self.0.path().display().to_string()], b"")
    }
}

fn read(paths: &[String], stdin: &[u8]) -> (Snapshot, ManifestsSeen) {
    read_with(paths, stdin, &ManifestCaps::default())
}

fn read_with(paths: &[String], mut stdin: &[u8], caps: &ManifestCaps) -> (Snapshot, ManifestsSeen) {
    read_manifests(paths, "default", caps, &mut stdin, &mut |_| {}).unwrap()
}

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{}}\n")
}

fn codes(snapshot: &Snapshot) -> Vec<&'static str> {
    snapshot.diagnostics.iter().map(|d| d.code).collect()
}

#[test]
fn documents_carry_their_origin() {
    let second = pod("b");
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: s}}\n\
                - {apiVersion: v1, kind: Service, metadata: {name: t}}\n";
    let text = format!("{}---\n# Source: chart/templates/b.yaml\n{second}---\n{list}", pod("a"));
    let folder = Folder::new(&[("all.yaml", &text)]);
    let (snapshot, seen) = folder.read();
    assert_eq!((seen.files, seen.resources, seen.foreign), (1, 4, 0));
    let origin = |kind: &str, namespace: &str, name: &str| match snapshot
        .find("", kind, namespace, name)
        .unwrap()
        .origin
        .clone()
    {
        Origin::File { path, offset, item, template } => {
            assert_eq!(*path, *folder.path("all.yaml"));
            (offset as usize, item, template.map(|t| t.to_string()))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(origin("Pod", "shop", "a"), (0, None, None));
    let (offset, _, template) = origin("Pod", "shop", "b");
    assert!(text[offset..].starts_with("# Source:"), "{offset}");
    assert_eq!(template.as_deref(), Some("chart/templates/b.yaml"));
    let (offset, item, _) = origin("Service", "default", "t");
    assert_eq!(item, Some(1));
    let at = yaml::locate_item(text.as_bytes(), offset as u64, item, "/metadata/name").unwrap();
    assert_eq!(at.line as usize, text.lines().count());
}

#[test]
fn what_is_no_object_is_counted_and_no_error() {
    let folder = Folder::new(&[
        ("web.yaml", &pod("web")),
        ("values.yaml", "replicas: 3\n"),
        ("Chart.yaml", "apiVersion: v2\nname: shop\n"),
        (
            "kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n",
        ),
        ("data.json", "{\"a\": [1, 2]}"),
        ("empty.yaml", ""),
        ("nameless.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {}\n"),
    ]);
    let (snapshot, seen) = folder.read();
    assert_eq!((seen.files, seen.broken, seen.resources, seen.foreign), (7, 0, 1, 5));
    assert_eq!(codes(&snapshot), ["sources/no-name"]);
    assert_eq!(snapshot.coverage.gaps, []);
}

#[test]
fn broken_files_are_named_and_the_rest_is_read() {
    let folder = Folder::new(&[
        ("a.yaml", &pod("a")),
        ("half.yaml", &format!("{}---\nkind: [\n", pod("h"))),
        ("z.yaml", &pod("z")),
    ]);
    folder.write("bytes.yaml", b"a: \xff\xfe\n");
    let (snapshot, seen) = folder.read();
    assert_eq!(snapshot.of("", "Pod").len(), 3, "the good half of a file counts");
    assert_eq!((seen.files, seen.broken), (4, 2));
    let gaps: Vec<_> = snapshot.coverage.gaps.iter().map(|g| (g.what.clone(), g.asked)).collect();
    assert_eq!(gaps, [(folder.path("bytes.yaml"), true), (folder.path("half.yaml"), true)]);
    assert!(snapshot.coverage.gaps[1].why.starts_with("1 of 2 documents could not be read: line "));
    let named = |d: &model::Diagnostic| d.level == Level::Error && !d.document.is_empty();
    assert!(snapshot.diagnostics.iter().all(named));
    assert_eq!(snapshot.coverage.seen, [(model::Ring::Resources, 2, 4)]);
}

#[test]
fn helm_templates_are_told_by_file_and_explained_by_chart() {
    let folder = Folder::new(&[
        ("c/Chart.yaml", "apiVersion: v2\nname: c\n"),
        ("c/templates/a.yaml", "{{- if .Values.x }}\nkind: Pod\n{{- end }}\n"),
        ("c/templates/b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{{ .Release.Name }}\"}\n"),
        ("c/templates/plain.yaml", &pod("plain")),
        ("loose.yaml", "kind: {{ .Values.kind }}\nx: {{ y }}\n"),
        (
            "workflow.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\ndata: {a: \"{{inputs.x}}\"}\n",
        ),
    ]);
    let (snapshot, seen) = folder.read();
    assert_eq!((seen.templates, seen.resources, seen.broken), (3, 2, 0));
    assert_eq!(codes(&snapshot), ["sources/helm-template"; 3]);
    let help = snapshot.diagnostics[0].help.clone().unwrap();
    assert_eq!(help, format!("helm template {} | ringwall risk -", folder.path("c")));
    let gaps: Vec<_> = snapshot.coverage.gaps.iter().map(|g| g.what.clone()).collect();
    let root = folder.path("");
    let root = root.trim_end_matches('/');
    assert_eq!(gaps, [format!("1 Helm template below {root}"), format!("2 Helm templates below {root}/c")]);
    assert!(!snapshot.coverage.incomplete(), "a chart in a folder was not asked for by name");
    let (snapshot, _) = read(&[folder.path("c/templates/a.yaml")], b"");
    assert!(snapshot.coverage.incomplete());
}

#[test]
fn other_inputs_are_listed() {
    let folder = Folder::new(&[
        ("web.yaml", &pod("web")),
        (
            "scan/web.trivy.json",
            r#"{"SchemaVersion": 2, "ArtifactName": "registry.test/web:1", "Results": []}"#,
        ),
        ("audit.log", "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\"}\n"),
        ("alerts.jsonl", "{\"output\":\"o\",\"priority\":\"Notice\",\"rule\":\"r\"}\n"),
        ("image/oci-layout", "{}"),
        ("image/index.json", "{}"),
        ("other.log", "hello\n"),
    ]);
    let (snapshot, seen) = folder.read();
    let others: Vec<_> = seen.others.iter().map(|o| (o.kind, o.path.clone())).collect();
    assert_eq!(
        others,
        [
            (InputKind::ScanReport, folder.path("scan/web.trivy.json")),
            (InputKind::AuditLog, folder.path("audit.log")),
            (InputKind::AlertLog, folder.path("alerts.jsonl")),
            (InputKind::OciLayout, folder.path("image")),
        ]
    );
    assert_eq!((seen.files, snapshot.len()), (1, 1));
}

#[test]
fn snapshots_and_standard_input_are_taken_in() {
    let folder = Folder::new(&[("web.yaml", &pod("web"))]);
    let (snapshot, _) = folder.read();
    let saved = PathBuf::from(folder.path("old.snapshot"));
    sources::snapshot_file::save(&snapshot, &saved).unwrap();
    let (both, seen) = read(&["-".into(), folder.path("old.snapshot")], pod("in").as_bytes());
    assert_eq!((both.of("", "Pod").len(), seen.snapshots, seen.resources), (2, 1, 2));
    assert_eq!(seen.stdin.as_deref(), Some(pod("in").as_bytes()));
    let origin = &both.find("", "Pod", "shop", "in").unwrap().origin;
    assert!(matches!(origin, Origin::File { path, .. } if &**path == "-"));

    let (piped, _) = read(&["-".into()], &fs::read(&saved).unwrap());
    assert_eq!(piped.len(), 1);
    let bytes = fs::read(&saved).unwrap();
    folder.write("cut.snapshot", &bytes[..bytes.len() / 2]);
    let (cut, seen) = read(&[folder.path("cut.snapshot"), folder.path("web.yaml")], b"");
    assert_eq!((cut.len(), seen.broken), (1, 1));
    assert_eq!(codes(&cut), ["sources/snapshot"]);
    assert!(cut.coverage.incomplete());
}

#[test]
fn long_lists_need_no_tree_and_read_the_same() {
    let items: Vec<String> = (0..50)
        .map(|n| format!("{{\"metadata\": {{\"name\": \"r{n}\", \"namespace\": \"a\"}}, \"rules\": []}}"))
        .collect();
    let text = format!(
        "\n{{\"apiVersion\": \"rbac.authorization.k8s.io/v1\", \"items\": [{}], \"kind\": \"RoleList\"}}",
        items.join(",\n")
    );
    let folder = Folder::new(&[("roles.json", &text)]);
    let path = [folder.path("roles.json")];
    let (tree, _) = read(&path, b"");
    let (streamed, seen) = read_with(&path, b"", &ManifestCaps { list_bytes: 10, ..ManifestCaps::default() });
    assert_eq!(seen.resources, 50);
    let rows = |s: &Snapshot| -> Vec<String> {
        s.resources().iter().map(|r| format!("{} {:?} {}", r.reference, r.origin, r.text())).collect()
    };
    assert_eq!(rows(&tree), rows(&streamed));
}

#[test]
fn custom_cluster_kinds_land_in_no_namespace() {
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\n";
    let (snapshot, _) = Folder::new(&[("p.yaml", policy)]).read();
    assert!(snapshot.find("kyverno.io", "ClusterPolicy", "", "p").is_some());
}

#[test]
fn values_of_secrets_are_not_kept() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n";
    let (snapshot, _) = Folder::new(&[("s.yaml", secret)]).read();
    let mut saved = Vec::new();
    snapshot::save(&snapshot, &mut saved).unwrap();
    assert!(!String::from_utf8(saved).unwrap().contains("hunter2"));
}

#[test]
fn caps_are_gaps() {
    let folder = Folder::new(&[("a.yaml", &pod("a")), ("b.yaml", &pod("b")), ("c.yaml", &pod("c"))]);
    let path = [folder.path("")];
    let gap = |caps: ManifestCaps| {
        let (snapshot, _) = read_with(&path, b"", &caps);
        assert!(snapshot.coverage.incomplete());
        let first = &snapshot.coverage.gaps[0];
        (snapshot.len(), first.what.clone(), first.why.clone())
    };
    let all = gap(ManifestCaps { total_bytes: 100, ..ManifestCaps::default() });
    assert_eq!((all.0, all.2.as_str()), (1, "more than 100 bytes in all"));
    let one = gap(ManifestCaps { file_bytes: 10, ..ManifestCaps::default() });
    assert_eq!((one.0, one.2.as_str()), (0, "it is longer than the 10 bytes a file may have"));
    let files = gap(ManifestCaps { files: 2, ..ManifestCaps::default() });
    assert_eq!((files.0, files.1.as_str()), (2, "files after the first 2"));
}

#[test]
fn nothing_to_read_says_so() {
    let folder = Folder::new(&[("d/x.txt", ""), ("values.yaml", "a: 1\n")]);
    let (snapshot, _) = read(&[folder.path("d")], b"");
    assert_eq!(snapshot.coverage.gaps[0].why, "there is no *.yaml, *.yml or *.json file in it");
    let (snapshot, _) = read(&[folder.path("values.yaml")], b"");
    assert_eq!(snapshot.coverage.gaps[0].why, "the one file that was read holds none");
}

#[test]
fn ten_thousand_files_some_broken_are_read() {
    let folder = Folder::new(&[]);
    for n in 0..10_000 {
        let text = if n % 20 == 7 { "a: [\n".to_owned() } else { pod(&format!("p{n}")) };
        folder.write(&format!("{}/{n}.yaml", n % 10), text.as_bytes());
    }
    let (snapshot, seen) = folder.read();
    assert_eq!((seen.files, seen.broken, snapshot.of("", "Pod").len()), (10_000, 500, 9_500));
    assert_eq!(snapshot.coverage.gaps.len(), 101, "a hundred by name, the rest in one");
    assert!(snapshot.coverage.gaps.iter().any(|gap| gap.what == "400 further files"));
    assert_eq!(codes(&snapshot).len(), 500);
    assert_eq!(snapshot.coverage.seen, [(model::Ring::Resources, 9_500, 10_000)]);
}

/// The shared corpus, or `None` (said aloud) when this clone has none.
fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("RINGWALL_CORPUS").map_or(root.join("../shared/corpus"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpus");
    println!("skipped: no corpus");
    None
}

#[test]
fn the_corpus_is_read() {
    let Some(corpus) = corpus() else { return };
    let path = |name: &str| vec![corpus.join("manifests").join(name).display().to_string()];
    let (goat, seen) = read(&path("kubernetes-goat"), b"");
    assert_eq!((seen.templates, seen.broken), (4, 0), "{:#?}", goat.diagnostics);
    assert_eq!(codes(&goat), ["sources/helm-template"; 4]);
    assert_eq!(goat.coverage.gaps.len(), 1);
    assert_eq!(goat.workloads().count(), 13);
    let (pods, seen) = read(&path("bad-pods"), b"");
    assert_eq!((seen.broken, seen.foreign), (0, 0), "{:#?}", pods.diagnostics);
    let (_, seen) = read(&path("argo-cd/install.yaml"), b"");
    assert_eq!((seen.broken, seen.foreign), (0, 0));
}
