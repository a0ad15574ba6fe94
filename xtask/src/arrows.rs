//! The dependency arrows of ARCHITECTURE.md as data: who may lean on whom, and who is pure.
//!
//! A new crate is one row here. An arrow that is not here fails `cargo xtask tidy`.

/// What a room may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A synchronous function of values: no files, network, clock, environment, threads or global state.
    Pure,
    /// Brings the outside world in or keeps what must last.
    Io,
    /// Puts the rooms together: the binary, the suites and the chores.
    Composition,
}

/// One room of the house.
pub(crate) struct Room {
    /// Package name, which is the folder's name.
    pub(crate) name: &'static str,
    /// What it may touch.
    pub(crate) kind: Kind,
    /// The rooms it may depend on, normal and build dependencies. Tests may use `yaml` besides.
    pub(crate) arrows: &'static [&'static str],
}

const fn pure(name: &'static str, arrows: &'static [&'static str]) -> Room {
    Room { name, kind: Kind::Pure, arrows }
}

const fn io(name: &'static str, arrows: &'static [&'static str]) -> Room {
    Room { name, kind: Kind::Io, arrows }
}

/// Stands for every room, in [`Room::arrows`].
pub(crate) const EVERY: &str = "*";

/// Every room there is or is planned, in the order of the house.
pub(crate) static ROOMS: &[Room] = &[
    pure("model", &[]),
    pure("yaml", &["model"]),
    pure("event", &["model"]),
    pure("snapshot", &["model"]),
    pure("signing", &["model"]),
    pure("operate", &["model"]),
    pure("inventory", &["model", "yaml"]),
    pure("rbac", &["model", "snapshot"]),
    pure("pss", &["model", "snapshot"]),
    pure("reach", &["model", "snapshot"]),
    pure("posture", &["model", "snapshot", "yaml", "rbac", "pss", "reach"]),
    pure("policy", &["model", "snapshot", "yaml", "rbac", "pss"]),
    pure("vuln", &["model", "inventory", "yaml"]),
    pure("detect", &["model", "event", "yaml"]),
    pure("audit", &["model", "event", "yaml", "rbac"]),
    pure("risk", &["model", "snapshot", "rbac", "reach"]),
    pure("report", &["model", "risk", "yaml"]),
    io("sources", &["model", "snapshot", "yaml", "event"]),
    io("store", &["model", "event"]),
    io("sensor", &["model", "event"]),
    Room { name: "ringwall", kind: Kind::Composition, arrows: &[EVERY] },
    // Suites drive the binary from outside, and start what it is compared with; they link no engine.
    // No word says which checks of the Pod Security Standards a pod violates: that suite asks the engine; random images are written from the database the engine reads.
    Room {
        name: "integration",
        kind: Kind::Composition,
        arrows: &["yaml", "peers", "model", "snapshot", "pss", "inventory", "vuln"],
    },
    // The real programs, and chores on the repository, which make snapshots to measure on: neither links an engine.
    Room { name: "peers", kind: Kind::Composition, arrows: &[] },
    Room { name: "xtask", kind: Kind::Composition, arrows: &["model", "peers", "snapshot"] },
];

/// What the tests of any room may lean on beyond its own arrows.
pub(crate) const FOR_TESTS: &[&str] = &["yaml"];

/// External crates that bring the world in: never in a pure room.
pub(crate) const WORLDLY: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "futures",
    "kube",
    "k8s-openapi",
    "reqwest",
    "hyper",
    "hyper-util",
    "ureq",
    "axum",
    "tower",
    "tonic",
    "rustls",
    "native-tls",
    "openssl",
    "ring",
    "aya",
    "object_store",
    "parquet",
    "notify",
    "nix",
    "libc",
    "rustix",
    "tempfile",
    "walkdir",
    "indicatif",
    "dirs",
    "rand",
    "getrandom",
];

/// An external crate that lives in certain rooms only.
pub(crate) struct Home {
    /// The external crate.
    pub(crate) dependency: &'static str,
    /// Rooms that may depend on it (normal and build dependencies).
    pub(crate) rooms: &'static [&'static str],
    /// Why.
    pub(crate) why: &'static str,
}

/// External crates with a fixed home.
pub(crate) static HOMES: &[Home] = &[
    Home { dependency: "saphyr-parser", rooms: &["yaml"], why: "there is one reader of YAML" },
    Home { dependency: "yaml_serde", rooms: &[], why: "there is one reader of YAML" },
    Home { dependency: "serde_yaml", rooms: &[], why: "there is one reader of YAML" },
    Home {
        dependency: "kube",
        rooms: &["sources", "ringwall"],
        why: "only sources and serve/ speak to an API server",
    },
    Home { dependency: "sigstore-verify", rooms: &["signing"], why: "one trait hides it" },
    Home { dependency: "sigstore-trust-root", rooms: &["signing"], why: "one trait hides it" },
    // The one crypto library an engine may lean on: it computes, and its randomness is not used for anything kept.
    Home {
        dependency: "aws-lc-rs",
        rooms: &["signing"],
        why: "signatures are signing's, and TLS comes with rustls",
    },
    Home { dependency: "aya", rooms: &["sensor"], why: "only the sensor speaks to the kernel" },
    Home { dependency: "anyhow", rooms: &["ringwall"], why: "errors of rooms are small enums" },
    Home { dependency: "clap", rooms: &["ringwall"], why: "only the binary reads a command line" },
];

/// Crates that must not even be locked.
pub(crate) static BANNED: &[(&str, &str)] = &[
    ("openssl", "rustls with aws-lc-rs does all TLS"),
    ("openssl-sys", "rustls with aws-lc-rs does all TLS"),
    ("native-tls", "rustls with aws-lc-rs does all TLS"),
    ("ring", "there is one crypto provider, aws-lc-rs"),
    ("serde_yaml", "unmaintained, and there is one reader of YAML"),
];

/// The row of a room.
pub(crate) fn room(name: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.name == name)
}
