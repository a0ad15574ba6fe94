//! Every analyzer of package files, whatever the bytes.
#![no_main]

/// Paths by which one analyzer tells several forms apart.
const PATHS: [&str; 8] = [
    "any/path",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
    "x/Cargo.toml",
    "x/composer.json",
    "x/.yarn/cache/a.zip",
    "x/pylock.toml",
    "x/envs/y/conda-meta/a-1-0.json",
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for analyzer in inventory::ANALYZERS {
        for path in PATHS {
            let mut out = inventory::Packages::default();
            (analyzer.parse)(path, data, &mut out);
        }
    }
});
