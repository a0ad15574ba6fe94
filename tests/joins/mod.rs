//! A vulnerability, a signature verdict and a runtime alert each reach one workload, however each source names its
//! image or container; what cannot be joined is counted.
//!
//! Every row runs the real command on a small live list of two workloads and three documents beside it.

mod world;

use integration::{Case, Skip, Suite, demand, ringwall};
use serde_json::Value;
use world::{Alert, Facts, Row, Runs, Scan};

pub(crate) static SUITE: Suite = Suite { name: "joins", cases };

const TAG: &str = "registry.test/shop/web:1.4";

/// How sure a join is, or that there is none.
type Sure = Option<&'static str>;
const CONFIRMED: Sure = Some("confirmed");
const ASSUMED: Sure = Some("assumed");
const NO: Sure = None;

/// What each row must come to: the vulnerability, the verdict, the alert, and how many facts found no place.
struct Want {
    cve: Sure,
    signature: bool,
    alert: bool,
    lost: u64,
}

const fn want(cve: Sure, signature: bool, alert: bool, lost: u64) -> Want {
    Want { cve, signature, alert, lost }
}

/// Digests are named: `@I` is the index's, `@M` the manifest's, `@C` the configuration's, `@N` that of a newer push.
static ROWS: &[(&str, Row, Want)] = &[
    (
        "tag-everywhere-pod-name",
        Row {
            written: TAG,
            runs: Runs::Nothing,
            scan: Scan { name: TAG, repo: "", config: "" },
            facts: Facts { image: TAG, digest: "" },
            alert: Alert::Pod("web-6c8d9f7b5-x2kqp"),
        },
        want(ASSUMED, true, true, 0),
    ),
    (
        "pinned-repo-digest-container-id",
        Row {
            written: "registry.test/shop/web:1.4@I",
            runs: Runs::As(TAG, "registry.test/shop/web@I"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "@C" },
            facts: Facts { image: TAG, digest: "@I" },
            alert: Alert::Container("3f1c9a77be02"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "digest-only-full-container-id",
        Row {
            written: "registry.test/shop/web@I",
            runs: Runs::As("registry.test/shop/web@I", "registry.test/shop/web@I"),
            scan: Scan { name: "registry.test/shop/web@I", repo: "registry.test/shop/web@I", config: "@C" },
            facts: Facts { image: "", digest: "@I" },
            alert: Alert::Container("3f1c9a77be02aa54d0bd5b6e5d4ef5e0e6a4f59ee7f8c3f1a7f6f0c1e2d3b4a5"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "status-names-the-index-report-the-same",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "registry.test/shop/web@I"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "@C" },
            facts: Facts { image: "", digest: "@I" },
            alert: Alert::Uid("0d1f6c1e-5b0a-4f6e-9a53-7d2c1b0e8f11"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "status-names-the-config-report-an-archive",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "@C"),
            scan: Scan { name: "web.tar", repo: "", config: "@C" },
            facts: Facts { image: TAG, digest: "@C" },
            alert: Alert::Container("3f1c9a77be02"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "docker-prefix",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "docker-pullable://registry.test/shop/web@I"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "@C" },
            facts: Facts { image: "", digest: "@I" },
            alert: Alert::Container("3f1c9a77be02"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "config-met-through-what-the-report-contains",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "@C"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@M", config: "@C" },
            facts: Facts { image: "", digest: "@M" },
            alert: Alert::Pod("web-6c8d9f7b5-x2kqp"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "mirror-of-the-same-digest",
        Row {
            written: "mirror.test/shop/web:1.4",
            runs: Runs::As("mirror.test/shop/web:1.4", "mirror.test/shop/web@I"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "@C" },
            facts: Facts { image: TAG, digest: "@I" },
            alert: Alert::Pod("web-6c8d9f7b5-x2kqp"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "pod-that-is-gone-by-its-generated-name",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "registry.test/shop/web@I"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "" },
            facts: Facts { image: "", digest: "@I" },
            alert: Alert::Pod("web-6c8d9f7b5-zzzzz"),
        },
        want(CONFIRMED, true, true, 0),
    ),
    (
        "status-names-the-index-report-only-the-config",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "registry.test/shop/web@I"),
            scan: Scan { name: "web.tar", repo: "", config: "@C" },
            facts: Facts { image: "", digest: "@I" },
            alert: Alert::Container("3f1c9a77be02"),
        },
        // Nothing says that this index contains this configuration, and the report's own name is a file's.
        want(NO, true, true, 2),
    ),
    (
        "tag-moved-after-the-scan",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "@C"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "@N" },
            facts: Facts { image: TAG, digest: "@C" },
            alert: Alert::Pod("web-6c8d9f7b5-x2kqp"),
        },
        want(NO, true, true, 2),
    ),
    (
        "another-tag",
        Row {
            written: "registry.test/shop/web:1.5",
            runs: Runs::Nothing,
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "@C" },
            facts: Facts { image: TAG, digest: "" },
            alert: Alert::Pod("web-6c8d9f7b5-x2kqp"),
        },
        want(NO, false, true, 3),
    ),
    (
        "container-nobody-knows",
        Row {
            written: TAG,
            runs: Runs::As(TAG, "registry.test/shop/web@I"),
            scan: Scan { name: TAG, repo: "registry.test/shop/web@I", config: "@C" },
            facts: Facts { image: "", digest: "@I" },
            alert: Alert::Container("ffffffffffff"),
        },
        want(CONFIRMED, true, false, 1),
    ),
    (
        "alert-that-names-nothing",
        Row {
            written: "registry.test/shop/web@I",
            runs: Runs::Nothing,
            scan: Scan { name: "registry.test/shop/web@I", repo: "", config: "" },
            facts: Facts { image: "registry.test/shop/web@I", digest: "" },
            alert: Alert::Nothing,
        },
        want(CONFIRMED, true, false, 1),
    ),
    (
        "pod-of-another-namespace",
        Row {
            written: "registry.test/shop/web@I",
            runs: Runs::Nothing,
            scan: Scan { name: "registry.test/shop/web@N", repo: "", config: "" },
            facts: Facts { image: "", digest: "@N" },
            alert: Alert::Elsewhere("web-6c8d9f7b5-x2kqp"),
        },
        want(NO, false, false, 4),
    ),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let rows = ROWS.iter().map(|(name, row, want)| Case::new(*name, move || hold(name, row, want)));
    Ok(rows.collect())
}

fn hold(name: &str, row: &Row, want: &Want) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    row.write(folder.path())?;
    let answer = ringwall()?.inside(folder.path()).run(&["risk", ".", "-o", "json"])?;
    let page = answer.exits(0)?.json()?;
    let items = page["items"].as_array().ok_or("no items")?;
    let steps = || items.iter().flat_map(|item| item["steps"].as_array().into_iter().flatten());

    let cve = steps().find(|step| {
        step["step"] == "exploit" && step["text"].as_str().is_some_and(|t| t.contains("CVE-2026-7"))
    });
    // An alert makes the step confirmed, whatever the join was: the words keep it.
    let sure = cve.map(|step| match step["text"].as_str() {
        Some(text) if text.ends_with("(joined by tag)") => "assumed",
        _ => "confirmed",
    });
    demand!(sure == want.cve, "{name}: the vulnerability is {sure:?}, not {:?}: {page:#}", want.cve);
    demand!(
        seen(&page, "images") == u64::from(want.cve.is_some()),
        "{name}: {} images scanned: {}",
        seen(&page, "images"),
        page["coverage"]
    );
    let signatures = seen(&page, "signatures");
    demand!(signatures == u64::from(want.signature), "{name}: {signatures} signatures: {}", page["coverage"]);

    let observed = |item: &&Value| item["inProgress"] == true;
    let told: Vec<&Value> = items.iter().filter(observed).map(|item| &item["through"][0]).collect();
    demand!(told.is_empty() != want.alert, "{name}: in progress in {told:?}: {page:#}");
    demand!(told.iter().all(|workload| *workload == "shop/web"), "{name}: in progress in {told:?}");
    // The other workload has the same door and the same rights: nothing of this may reach it.
    let strayed =
        |item: &&Value| item["through"][0] == "shop/cart" && item.to_string().contains("CVE-2026-7");
    demand!(!items.iter().any(|item| strayed(&item)), "{name}: a fact strayed to shop/cart: {page:#}");

    let counts = page["gaps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|gap| gap["what"].as_str()?.strip_suffix(" facts")?.parse::<u64>().ok());
    let lost: u64 = counts.sum();
    demand!(lost == want.lost, "{name}: {lost} facts found no place: {}", page["gaps"]);
    Ok(())
}

fn seen(page: &Value, ring: &str) -> u64 {
    let entry = page["coverage"].as_array().into_iter().flatten().find(|entry| entry["ring"] == ring);
    entry.and_then(|entry| entry["seen"].as_u64()).unwrap_or(0)
}
