//! Lock files and metadata of installed packages of many languages, written from names and versions.

use super::differential::{NPM, PYPI, SYSTEM, version};
use super::{rpm, world};
use integration::Random;
use serde_json::json;
use std::io::Write as _;

pub(super) const RUBY: &[&str] = &["rack", "Nokogiri", "rake"];
pub(super) const PHP: &[&str] = &["vendor/thing", "Acme/router"];
pub(super) const NUGET: &[&str] = &["Newtonsoft.Json", "Serilog", "app.core"];

type Files = Vec<(String, Vec<u8>)>;

/// rpm's database of a SUSE, in one of the forms it was ever kept in.
pub(super) fn rpms(random: &mut Random) -> Files {
    let mut headers = Vec::new();
    for source in random.some(SYSTEM, SYSTEM.len()) {
        let version = version(random);
        let release = format!("{}.{}", random.below(4), random.below(3));
        let vendor = if random.chance(85) { "SUSE LLC <https://www.suse.com/>" } else { "Somebody" };
        for name in random.some(&["", "-libs"], 2) {
            headers.push(rpm::package(&format!("{source}{name}"), &version, &release, vendor, source));
        }
    }
    match random.chance(50) {
        true => vec![("usr/lib/sysimage/rpm/Packages.db".into(), rpm::ndb(&headers))],
        false => vec![("var/lib/rpm/Packages".into(), rpm::bdb(&headers))],
    }
}

/// What is installed beside the system's packages.
pub(super) fn installed(random: &mut Random) -> Files {
    let mut out: Files = Vec::new();
    for name in random.some(RUBY, 2) {
        let version = format!("{}{}", version(random), random.pick(&["", "", ".rc1", ".a"]));
        let text = format!(
            "Gem::Specification.new do |s|\n  s.name = \"{name}\".freeze\n  s.version = \"{version}\"\n  s.licenses = [\"MIT\".freeze]\nend\n"
        );
        out.push((
            format!("usr/lib/ruby/gems/3.1.0/specifications/{name}-{version}.gemspec"),
            text.into_bytes(),
        ));
    }
    let packages: Vec<_> =
        random.some(PHP, 2).iter().map(|name| json!({"name": name, "version": version(random)})).collect();
    if !packages.is_empty() {
        let text = json!({"packages": packages, "dev": true}).to_string();
        out.push(("srv/vendor/composer/installed.json".into(), text.into_bytes()));
    }
    let mut libraries = serde_json::Map::new();
    for name in random.some(NUGET, 3) {
        libraries
            .insert(format!("{name}/{}", version(random)), json!({"type": "package", "serviceable": true}));
    }
    let text = json!({"runtimeTarget": {"name": "x"}, "targets": {}, "libraries": libraries}).to_string();
    out.push(("app/app.deps.json".into(), text.into_bytes()));
    for name in random.some(&["openssl", "pip"], 2) {
        let version = version(random);
        let text = json!({"name": name, "version": version, "license": "MIT"}).to_string();
        let path = format!("opt/conda/envs/x/conda-meta/{name}-{version}-py38.json");
        out.push((path, text.into_bytes()));
    }
    if random.chance(60) {
        out.push(("usr/bin/app".into(), auditable(random)));
    }
    out.extend(java(random));
    out
}

/// A program with a list of its crates, as cargo-auditable puts it in.
fn auditable(random: &mut Random) -> Vec<u8> {
    let list = json!({"packages": [
        {"name": "app", "version": "0.1.0", "source": "local", "root": true, "dependencies": [1, 2]},
        {"name": "smallvec", "version": version(random), "source": "crates.io"},
        {"name": "time", "version": version(random), "source": "crates.io", "kind": random.pick(&["runtime", "build"])},
    ]});
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let packed = zlib.write_all(list.to_string().as_bytes()).and_then(|()| zlib.finish()).unwrap_or_default();
    let names = b"\0.dep-v0\0.shstrtab\0";
    let mut out = b"\x7fELF\x02\x01\x01".to_vec();
    out.resize(64, 0);
    out[16..20].copy_from_slice(&[2, 0, 62, 0]);
    out[20..24].copy_from_slice(&[1, 0, 0, 0]);
    let first = out.len();
    out.extend(&packed);
    let second = out.len();
    out.extend(names);
    out.resize(out.len().div_ceil(8) * 8, 0);
    let table = out.len();
    out.extend([0; 64]);
    for (name, kind, from, length) in [(1_u32, 1_u32, first, packed.len()), (9, 3, second, names.len())] {
        out.extend([name.to_le_bytes(), kind.to_le_bytes()].concat());
        out.extend([0; 16]);
        out.extend([(from as u64).to_le_bytes(), (length as u64).to_le_bytes()].concat());
        out.extend([0; 24]);
    }
    out[40..48].copy_from_slice(&(table as u64).to_le_bytes());
    out[52..54].copy_from_slice(&[64, 0]);
    out[58..64].copy_from_slice(&[64, 0, 3, 0, 2, 0]);
    out
}

/// Archives without pom.properties: known by checksum, by manifest, by file name, and not at all.
fn java(random: &mut Random) -> Files {
    let known = world::zip(&[("known.class", b"known")]);
    let manifest = format!(
        "Manifest-Version: 1.0\r\nImplementation-Vendor-Id: com.example\r\nImplementation-Title: {}\r\nImplementation-Version: {}\r\n",
        random.pick(&["app", "stranger"]),
        version(random)
    );
    let by_name = random.pick(&["lib-1.2.0.jar", "lib-1.9.9.jar", "strange-1.0.jar"]);
    let mut out: Files = Vec::new();
    if random.chance(50) {
        out.push(("opt/known.jar".into(), known.clone()));
    }
    if random.chance(30) {
        out.push(("opt/app.war".into(), world::zip(&[("WEB-INF/lib/inner.jar", &known)])));
    }
    if random.chance(50) {
        out.push(("opt/told.jar".into(), world::zip(&[("META-INF/MANIFEST.MF", manifest.as_bytes())])));
    }
    if random.chance(50) {
        out.push((format!("opt/{by_name}"), world::zip(&[("x.class", random.pick(&["a", "b"]).as_bytes())])));
    }
    out
}

/// A folder of sources with one lock file of each kind.
pub(super) fn declared(random: &mut Random) -> Files {
    let mut out: Files = Vec::new();
    let mut add = |path: &str, text: String| out.push((path.to_owned(), text.into_bytes()));
    let npm: Vec<(&str, String)> = NPM.iter().map(|name| (*name, version(random))).collect();
    let [(one, v1), (two, v2), (three, v3), (four, v4)] = npm.as_slice() else { return Vec::new() };
    add(
        "yarn/yarn.lock",
        format!(
            "# yarn lockfile v1\n\n\n\"{one}@^{v1}\":\n  version \"{v1}\"\n  dependencies:\n    \"{two}\" \"^{v2}\"\n\n\"{two}@^{v2}\":\n  version \"{v2}\"\n\n\"{three}@*\":\n  version \"{v3}\"\n\n\"{four}@*\":\n  version \"{v4}\"\n"
        ),
    );
    if random.chance(70) {
        let manifest = json!({"name": "app", "version": "1.0.0", "dependencies": {*one: format!("^{v1}")}, "devDependencies": {*three: "*"}});
        add("yarn/package.json", manifest.to_string());
    }
    add(
        "berry/yarn.lock",
        format!(
            "__metadata:\n  version: 6\n\n\"{one}@npm:^{v1}\":\n  version: {v1}\n  resolution: \"{one}@npm:{v1}\"\n  dependencies:\n    \"{two}\": ^{v2}\n\n\"{two}@npm:^{v2}\":\n  version: {v2}\n"
        ),
    );
    add(
        "pnpm5/pnpm-lock.yaml",
        format!(
            "lockfileVersion: 5.4\ndependencies:\n  '{one}': {v1}\npackages:\n  /{one}/{v1}:\n    dependencies:\n      '{two}': {v2}\n  /{two}/{v2}:\n    dev: {}\n",
            random.chance(50)
        ),
    );
    add(
        "pnpm9/pnpm-lock.yaml",
        format!(
            "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      '{one}': {{specifier: ^1, version: {v1}}}\n    devDependencies:\n      '{three}': {{specifier: ^1, version: {v3}}}\npackages:\n  '{one}@{v1}': {{}}\n  '{two}@{v2}': {{}}\n  '{three}@{v3}': {{}}\nsnapshots:\n  '{one}@{v1}':\n    dependencies:\n      '{two}': {v2}\n  '{two}@{v2}': {{}}\n  '{three}@{v3}': {{}}\n"
        ),
    );
    let lock = json!({"lockfileVersion": 3, "packages": {
        "": {"name": "app", "dependencies": {*one: "*"}},
        format!("node_modules/{one}"): {"version": v1, "license": "MIT", "dependencies": {*two: "*"}},
        format!("node_modules/{one}/node_modules/{two}"): {"version": v2},
        format!("node_modules/{two}"): {"version": v3, "dev": random.chance(50)},
    }});
    add("npm/package-lock.json", format!("{lock:#}"));
    add(
        "bun/bun.lock",
        format!(
            "{{\n  // comment\n  \"lockfileVersion\": 1,\n  \"workspaces\": {{\"\": {{\"dependencies\": {{\"{one}\": \"*\",}}, \"devDependencies\": {{\"{three}\": \"*\"}}}}}},\n  \"packages\": {{\n    \"{one}\": [\"{one}@{v1}\", \"\", {{\"dependencies\": {{\"{two}\": \"*\"}}}}, \"sha512-x\"],\n    \"{two}\": [\"{two}@{v2}\", \"\", {{}}, \"sha512-y\"],\n    \"{three}\": [\"{three}@{v3}\", \"\", {{}}, \"sha512-z\"],\n  }}\n}}\n"
        ),
    );
    python(random, &mut add);
    others(random, &mut add);
    out
}

fn python(random: &mut Random, add: &mut dyn FnMut(&str, String)) {
    let [a, b, c] = [PYPI[0], PYPI[1], PYPI[2]];
    let [va, vb, vc] = [version(random), version(random), version(random)];
    let pipfile = json!({"default": {a: {"version": format!("=={va}")}, b: {"version": format!("=={vb}")}}, "develop": {c: {"version": format!("=={vc}")}}});
    add("pipenv/Pipfile.lock", format!("{pipfile:#}"));
    let group = random.pick(&["main", "dev"]);
    add(
        "poetry/poetry.lock",
        format!(
            "[[package]]\nname = \"{a}\"\nversion = \"{va}\"\ngroups = [\"main\"]\n\n[package.dependencies]\n{b} = \"*\"\n\n[[package]]\nname = \"{b}\"\nversion = \"{vb}\"\ngroups = [\"main\"]\n\n[[package]]\nname = \"{c}\"\nversion = \"{vc}\"\ngroups = [\"{group}\"]\n"
        ),
    );
    if random.chance(60) {
        add(
            "poetry/pyproject.toml",
            format!(
                "[tool.poetry.dependencies]\npython = \"^3\"\n{a} = \"*\"\n\n[tool.poetry.group.dev.dependencies]\n{c} = \"*\"\n"
            ),
        );
    }
    add(
        "uv/uv.lock",
        format!(
            "version = 1\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = {{ virtual = \".\" }}\ndependencies = [{{ name = \"{a}\" }}]\n\n[package.dev-dependencies]\ndev = [{{ name = \"{c}\" }}]\n\n[[package]]\nname = \"{a}\"\nversion = \"{va}\"\ndependencies = [{{ name = \"{b}\" }}]\n\n[[package]]\nname = \"{b}\"\nversion = \"{vb}\"\n\n[[package]]\nname = \"{c}\"\nversion = \"{vc}\"\n"
        ),
    );
    add(
        "pylock/pylock.toml",
        format!(
            "lock-version = \"1.0\"\n\n[[packages]]\nname = \"{a}\"\nversion = \"{va}\"\ndependencies = [{{name = \"{b}\", version = \"{vb}\"}}]\n\n[[packages]]\nname = \"{b}\"\nversion = \"{vb}\"\n"
        ),
    );
    add("pip/requirements.txt", format!("{a}=={va}\n{b}[x] == {vb} ; python_version > '3'\n{c}>={vc}\n"));
    add(
        "conda/environment.yml",
        format!("name: x\ndependencies:\n  - {a}={va}=py38\n  - pip:\n    - {b}=={vb}\n"),
    );
}

fn others(random: &mut Random, add: &mut dyn FnMut(&str, String)) {
    let [r1, r2] = [version(random), version(random)];
    add(
        "ruby/Gemfile.lock",
        format!(
            "GEM\n  remote: https://registry.test/\n  specs:\n    rack ({r1})\n      rake\n    rake ({r2}-x86_64-linux)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n"
        ),
    );
    let [p1, p2] = [version(random), version(random)];
    let composer = json!({"packages": [{"name": PHP[0], "version": format!("v{p1}"), "require": {"php": ">=8", PHP[1]: "*"}, "license": ["MIT"]}], "packages-dev": [{"name": PHP[1], "version": p2}]});
    add("php/composer.lock", format!("{composer:#}"));
    if random.chance(50) {
        add("php/composer.json", json!({"require": {PHP[0]: "*"}}).to_string());
    }
    let [n1, n2] = [version(random), version(random)];
    let nuget = json!({"version": 1, "dependencies": {"net6.0": {NUGET[0]: {"type": "Direct", "resolved": n1, "dependencies": {NUGET[1]: n2}}, NUGET[1]: {"type": "Transitive", "resolved": n2}}}});
    add("net/packages.lock.json", format!("{nuget:#}"));
    add(
        "old/packages.config",
        format!(
            "<?xml version=\"1.0\"?>\n<packages>\n  <package id=\"{}\" version=\"{n1}\" />\n  <package id=\"{}\" version=\"{n2}\" developmentDependency=\"true\" />\n</packages>\n",
            NUGET[0], NUGET[1]
        ),
    );
    add(
        "props/Directory.Packages.props",
        format!(
            "<Project><ItemGroup><PackageVersion Include=\"{}\" Version=\"{n1}\"/></ItemGroup></Project>\n",
            NUGET[1]
        ),
    );
    add(
        "gradle/gradle.lockfile",
        format!(
            "# comment\ncom.example:lib:{}=compileClasspath\norg.apache.logging.log4j:log4j-core:{}=testCompileClasspath\nempty=\n",
            version(random),
            version(random)
        ),
    );
    let [c1, c2] = [version(random), version(random)];
    add(
        "rust/Cargo.lock",
        format!(
            "version = 3\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"smallvec\",\n \"time\",\n]\n\n[[package]]\nname = \"smallvec\"\nversion = \"{c1}\"\n\n[[package]]\nname = \"time\"\nversion = \"{c2}\"\n"
        ),
    );
    if random.chance(60) {
        add(
            "rust/Cargo.toml",
            format!(
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\n\n[dependencies]\nsmallvec = \"{}\"\n\n[dev-dependencies]\ntime = \"*\"\n",
                random.pick(&["1", "=1.2.0", "2.0", "*"])
            ),
        );
    }
}
