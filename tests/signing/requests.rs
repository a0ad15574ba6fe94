//! How often a registry is asked.

use super::Check;
use super::fixture::{Act, World, expect};
use integration::demand;

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("requests-until-the-first-signature", first),
    ("requests-to-say-no", no),
    ("requests-when-remembered", warm),
    ("remembered-answers-outlive-an-outage", outage),
    ("one-request-for-one-image-of-many-workloads", shared),
];

/// Layout, by digest, requests at most.
fn first() -> Result<(), String> {
    for (legacy, native, by_digest, most) in [
        (false, true, false, 4),
        (false, true, true, 3),
        (true, true, false, 3),
        (true, true, true, 3),
        (false, false, false, 6),
        (false, false, true, 5),
    ] {
        let world = World::new()?;
        world.registry.state().no_referrers = !native;
        let digest = world.image("app");
        world.sign("app", if legacy { &["--format", "legacy"] } else { &[] })?;
        let image = if by_digest { format!("app@{digest}") } else { "app:v1".to_owned() };
        expect(&world.verify(&image, &["-o", "json"])?, 0, "verified")?;
        let asked = world.registry.asked();
        demand!(asked.len() <= most, "legacy {legacy}, native {native}, by digest {by_digest}: {asked:#?}");
    }
    Ok(())
}

fn no() -> Result<(), String> {
    for (legacy, native) in [(false, true), (true, true), (false, false), (true, false)] {
        let world = World::new()?;
        world.registry.state().no_referrers = !native;
        world.image("app");
        world.sign("app", if legacy { &["--format", "legacy"] } else { &[] })?;
        let image = format!("{}:v1", world.name("app"));
        let answer = world.program.run(&["verify", &image, "--key", &world.other, "-o", "json"])?;
        expect(&answer, 1, "wrong-key")?;
        let asked = world.registry.asked();
        demand!(asked.len() <= 8, "{asked:#?}");
        for place in ["/referrers/", ".sig"] {
            demand!(asked.iter().any(|line| line.contains(place)), "{place} was not asked: {asked:#?}");
        }
    }
    Ok(())
}

/// A world that remembers.
fn remembering() -> Result<(World, tempfile::TempDir), String> {
    let mut world = World::new()?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    world.program = world.program.env("RINGWALL_CACHE_DIR", folder.path());
    Ok((world, folder))
}

fn warm() -> Result<(), String> {
    let (world, _folder) = remembering()?;
    let digest = world.image("app");
    world.sign("app", &[])?;
    let by_digest = format!("app@{digest}");
    world.verify(&by_digest, &[])?.exits(0)?;
    world.registry.asked();
    world.verify(&by_digest, &[])?.exits(0)?.names(&["remembered"])?;
    let asked = world.registry.asked();
    demand!(asked.is_empty(), "by digest: {asked:?}");
    world.verify("app:v1", &[])?.exits(0)?;
    let asked = world.registry.asked();
    demand!(asked.len() == 1, "by tag: {asked:?}");
    world.verify(&by_digest, &["--no-cache"])?.exits(0)?.names_none_of(&["remembered"])?;
    demand!(!world.registry.asked().is_empty(), "--no-cache asks");
    // Another key is another question.
    let image = world.name(&by_digest);
    world.program.run(&["verify", &image, "--key", &world.other])?.exits(1)?;
    Ok(())
}

fn outage() -> Result<(), String> {
    let (world, _folder) = remembering()?;
    let (signed, unsigned) = (world.image("app"), world.image("bare"));
    world.sign("app", &[])?;
    world.verify(&format!("app@{signed}"), &[])?.exits(0)?;
    world.registry.fault("/v2/", usize::MAX, Act::Status(503, Vec::new(), String::new()));
    world.verify(&format!("app@{signed}"), &["-o", "json"])?.exits(0)?;
    // What could not be looked at is never remembered as anything.
    expect(&world.verify(&format!("bare@{unsigned}"), &["-o", "json"])?, 3, "could-not-look")?;
    world.registry.state().faults.clear();
    expect(&world.verify(&format!("bare@{unsigned}"), &["-o", "json"])?, 1, "no-signature")
}

fn shared() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    world.sign("app", &[])?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let image = format!("{}:v1", world.name("app"));
    let pods: String = (0..20)
        .map(|n| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}, namespace: shop}}\nspec:\n  \
                 containers: [{{name: c, image: \"{image}\"}}]\n  initContainers: [{{name: i, image: \"{image}\"}}]\n"
            )
        })
        .collect();
    std::fs::write(folder.path().join("pods.yaml"), pods).map_err(|e| e.to_string())?;
    let manifests = folder.path().display().to_string();
    let answer = world.program.run(&["verify", "-f", &manifests, "--key", &world.public])?;
    answer.exits(0)?.names(&["1 verified", "Pod shop/p0 (c)", "more places"])?;
    let asked = world.registry.asked();
    demand!(asked.len() <= 4, "{asked:?}");
    Ok(())
}
