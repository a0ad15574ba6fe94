//! Thresholds that make sense: the nested log4j-core is found and ranked, a MEDIUM alone fails nothing.

use super::Row;
use super::snippets::Snippets;
use crate::conformance::trivy::world;
use integration::{Program, demand};
use serde_json::Value;
use std::path::Path;

pub(super) static ROW: Row =
    Row { id: "g17", says: "thresholds that make sense; Log4Shell is found", owner: "scan", run };

/// The image of the example's workload that the internet reaches.
const IMAGE: &str = "registry.test/shop/web:1.4";

const NAME: &str = "org.apache.logging.log4j";

/// An image with a module inside a jar inside a war.
fn image(name: &str) -> Vec<u8> {
    let properties = format!("groupId={NAME}\nartifactId={name}\nversion=2.14.1\n");
    let jar = world::zip(&[(&format!("META-INF/maven/{NAME}/{name}/pom.properties"), properties.as_bytes())]);
    let war = world::zip(&[(&format!("WEB-INF/lib/{name}-2.14.1.jar"), &jar)]);
    let files = vec![
        ("etc/os-release".to_owned(), b"ID=alpine\nVERSION_ID=3.19.1\n".to_vec()),
        ("lib/apk/db/installed".to_owned(), b"P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n\n".to_vec()),
        ("opt/app.war".to_owned(), war),
    ];
    world::image(&[files], IMAGE, "2026-01-01T00:00:00Z")
}

fn rows() -> world::Rows {
    let row = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let cvss = r#""CVSS":{"nvd":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H","V3Score":10}}"#;
    vec![
        row(
            &format!("maven::x|{NAME}:log4j-core|CVE-2021-44228"),
            r#"{"VulnerableVersions":[">= 2.13.0, < 2.15.0"],"PatchedVersions":["2.15.0"]}"#,
        ),
        row(
            &format!("maven::x|{NAME}:log4j-api|CVE-2024-1002"),
            r#"{"VulnerableVersions":["< 2.15.0"],"PatchedVersions":["2.15.0"]}"#,
        ),
        row("data-source|maven::x", r#"{"ID":"ghsa","Name":"x","URL":"https://registry.test/"}"#),
        row(
            "vulnerability|CVE-2021-44228",
            &format!(r#"{{"Title":"Log4Shell","VendorSeverity":{{"nvd":4}},{cvss}}}"#),
        ),
        row("vulnerability|CVE-2024-1002", r#"{"Title":"mild","VendorSeverity":{"nvd":2}}"#),
        row("alpine 3.19|none|CVE-2024-1003", r#"{"FixedVersion":"1"}"#),
    ]
}

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    world::cache(folder.path(), &world::database(&rows()))?;
    for name in ["log4j-core", "log4j-api"] {
        std::fs::write(path(&format!("{name}.tar")), image(name)).map_err(|e| e.to_string())?;
    }
    let ringwall = ringwall.clone().env("TRIVY_CACHE_DIR", path("")).env("TRIVY_SKIP_DB_UPDATE", "true");

    // Found inside a jar inside a war, and ranked; it fails the build.
    let core = path("log4j-core.tar");
    let answer = ringwall.run(&[
        "scan",
        "image",
        "--input",
        &core,
        "--severity",
        "CRITICAL,HIGH",
        "--exit-code",
        "1",
        "--rank",
    ])?;
    answer.exits(1)?.names(&[
        "CVE-2021-44228",
        "log4j-core",
        "opt/app.war/WEB-INF/lib/log4j-core-2.14.1.jar",
    ])?;
    // A MEDIUM alone does not.
    let api = path("log4j-api.tar");
    ringwall
        .run(&["scan", "image", "--input", &api, "--severity", "CRITICAL,HIGH", "--exit-code", "1"])?
        .exits(0)?;

    // In the example, whose other images were scanned: what was a thing to plan for is one for today.
    let shop = folder.path().join("shop");
    example(&shop)?;
    let shop = shop.display().to_string();
    let before = ringwall.run(&["risk", &shop, "-o", "json"])?.exits(0)?.json()?;
    let after = ringwall.run(&["risk", &shop, "--scan", &core, "-o", "json"])?.exits(0)?.json()?;
    let (was, is) = (tier(&before)?, tier(&after)?);
    demand!(was != "NOW" && is == "NOW", "internet -> shop/web: {was} before the scan, {is} after");
    // Of what cannot be reached, or is not exploited, nothing is one.
    let mild = ringwall.run(&["risk", &shop, "--scan", &api, "-o", "json"])?.exits(0)?.json()?;
    demand!(tier(&mild)? != "NOW", "a MEDIUM is for today: {mild:#}");
    ringwall.run(&["risk", &shop, "--scan", &core])?.exits(0)?.names(&[
        "NOW        internet -> shop/web",
        "log4j:log4j-core",
        "CVE-2021-44228",
    ])?;
    Ok(())
}

/// The example without what is known of its web image.
fn example(to: &Path) -> Result<(), String> {
    let from = integration::root().join("examples/shop");
    std::fs::create_dir(to).map_err(|e| e.to_string())?;
    for name in ["shop.yaml", "rbac.yaml", "ops.yaml", "monitoring.yaml", "images/cart.json"] {
        let to = to.join(name.rsplit('/').next().unwrap_or(name));
        std::fs::copy(from.join(name), to).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

/// When the first item from the internet through the shop's web server is to be done.
fn tier(answer: &Value) -> Result<String, String> {
    let items = answer["items"].as_array().ok_or("no items")?;
    let ours =
        |item: &&Value| item["entry"] == "internet" && item["through"].to_string().contains("shop/web");
    let item = items.iter().find(ours).ok_or_else(|| format!("no way in: {answer:#}"))?;
    Ok(item["tier"].as_str().unwrap_or_default().to_owned())
}
