//! The options of `scan`, which are Trivy's: one set for every target, so that a pipeline's flags go on working.
//!
//! Each is also a variable `TRIVY_…` and a key of trivy.yaml; a flag goes before the variable, that before the file.

use clap::Args;
use std::path::PathBuf;

/// What is looked for, what is shown, and what fails a build.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Report")]
pub(crate) struct ReportArgs {
    /// Format: table, json, sarif, template, github, cyclonedx, spdx-json, spdx, cosign-vuln
    #[arg(short, long, env = "TRIVY_FORMAT", default_value = "table", hide_env = true)]
    pub(crate) format: String,

    /// Template for --format template: a text, or @FILE; @contrib/NAME.tpl with asff, gitlab, gitlab-codequality,
    /// html or junit is always there
    #[arg(short, long, env = "TRIVY_TEMPLATE", value_name = "TEMPLATE", hide_env = true)]
    pub(crate) template: Option<String>,

    /// Write the report to a file
    #[arg(short, long, env = "TRIVY_OUTPUT", value_name = "FILE", hide_env = true)]
    pub(crate) output: Option<PathBuf>,

    /// Severities that count
    #[arg(
        short,
        long,
        env = "TRIVY_SEVERITY",
        value_delimiter = ',',
        default_value = "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL",
        hide_env = true
    )]
    pub(crate) severity: Vec<String>,

    /// Exit code when anything is found
    #[arg(long, env = "TRIVY_EXIT_CODE", default_value_t = 0, hide_env = true)]
    pub(crate) exit_code: u8,

    /// Exit code when the operating system is past its end of life
    #[arg(long, env = "TRIVY_EXIT_ON_EOL", default_value_t = 0, hide_env = true)]
    pub(crate) exit_on_eol: u8,

    /// Exit code 3 when part of what was asked for could not be judged
    #[arg(long)]
    pub(crate) strict: bool,

    /// Accepted findings: a .trivyignore or .trivyignore.yaml
    #[arg(
        long,
        env = "TRIVY_IGNOREFILE",
        default_value = ".trivyignore",
        value_name = "FILE",
        hide_env = true
    )]
    pub(crate) ignorefile: PathBuf,

    /// Leave out what has no fix
    #[arg(
        long,
        env = "TRIVY_IGNORE_UNFIXED",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) ignore_unfixed: bool,

    /// Leave out these statuses (unknown, not_affected, affected, fixed, under_investigation, will_not_fix, …)
    #[arg(long, env = "TRIVY_IGNORE_STATUS", value_delimiter = ',', hide_env = true)]
    pub(crate) ignore_status: Vec<String>,

    /// List all packages in json
    #[arg(
        long,
        env = "TRIVY_LIST_ALL_PKGS",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "true",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) list_all_pkgs: bool,

    /// List accepted findings as well
    #[arg(
        long,
        env = "TRIVY_SHOW_SUPPRESSED",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) show_suppressed: bool,

    /// Catalogue of exploited vulnerabilities, in CISA's JSON, beside the one that is built in
    #[arg(long, value_name = "FILE")]
    pub(crate) kev: Option<PathBuf>,

    /// Scores of how likely exploitation is: EPSS, in FIRST's CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) epss: Option<PathBuf>,

    /// One list, ranked by what is exploited, likely and severe, instead of one table a target
    #[arg(long)]
    pub(crate) rank: bool,
}

/// The settings of the search for secrets, where none are named.
pub(crate) const SECRET_CONFIG: &str = "trivy-secret.yaml";

/// What is read, and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Scan")]
pub(crate) struct ScanArgs {
    /// Whether --scanners was given; stands before it, so that its default does not count.
    #[arg(
        long,
        default_value_if("scanners", clap::builder::ArgPredicate::IsPresent, "true"),
        default_value = "false",
        hide = true
    )]
    pub(crate) scanners_given: bool,

    /// What to look for: vuln, secret (misconfig and license are not looked for yet); nothing by default where a bill
    /// of materials is written
    #[arg(
        long,
        visible_alias = "security-checks",
        env = "TRIVY_SCANNERS",
        value_delimiter = ',',
        default_value = "vuln,secret",
        hide_env = true
    )]
    pub(crate) scanners: Vec<String>,

    /// Settings of the search for secrets: own rules, and which built-in ones count
    #[arg(
        long,
        env = "TRIVY_SECRET_CONFIG",
        default_value = SECRET_CONFIG,
        value_name = "FILE",
        hide_env = true
    )]
    pub(crate) secret_config: PathBuf,

    /// Which packages count: os, library
    #[arg(
        long,
        visible_alias = "vuln-type",
        env = "TRIVY_PKG_TYPES",
        value_delimiter = ',',
        default_value = "os,library",
        hide_env = true
    )]
    pub(crate) pkg_types: Vec<String>,

    /// Packages that only development needs count, too
    #[arg(
        long,
        env = "TRIVY_INCLUDE_DEV_DEPS",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) include_dev_deps: bool,

    /// Sources a severity may be from, in order
    #[arg(
        long,
        env = "TRIVY_VULN_SEVERITY_SOURCE",
        value_delimiter = ',',
        default_value = "auto",
        hide_env = true
    )]
    pub(crate) vuln_severity_source: Vec<String>,

    /// What makers say of vulnerabilities: VEX documents (OpenVEX, CSAF, CycloneDX), or `repo` for repositories in the cache
    #[arg(long, env = "TRIVY_VEX", value_delimiter = ',', value_name = "FILE", hide_env = true)]
    pub(crate) vex: Vec<String>,

    /// Folders to leave out (patterns)
    #[arg(long, env = "TRIVY_SKIP_DIRS", value_delimiter = ',', value_name = "DIR", hide_env = true)]
    pub(crate) skip_dirs: Vec<String>,

    /// Files to leave out (patterns)
    #[arg(long, env = "TRIVY_SKIP_FILES", value_delimiter = ',', value_name = "FILE", hide_env = true)]
    pub(crate) skip_files: Vec<String>,

    /// Take the system for this one (`alpine/3.19`)
    #[arg(long, env = "TRIVY_DISTRO", hide_env = true)]
    pub(crate) distro: Option<String>,

    /// Ask no server for anything but the target itself
    #[arg(
        long,
        visible_alias = "offline",
        env = "TRIVY_OFFLINE_SCAN",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) offline_scan: bool,
}

impl ScanArgs {
    /// Whether something is looked for, under its present name or an old one.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.scanners.iter().any(|s| s == name || (name == "vuln" && s == "vulnerability"))
    }
}

/// The database.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub(crate) struct DbArgs {
    /// Where databases and layers are kept [default: the user's cache folder]
    #[arg(long, env = "TRIVY_CACHE_DIR", value_name = "DIR", hide_env = true)]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Repositories to fetch the database from, in order
    #[arg(
        long,
        env = "TRIVY_DB_REPOSITORY",
        value_delimiter = ',',
        default_value = "mirror.gcr.io/aquasec/trivy-db:2,ghcr.io/aquasecurity/trivy-db:2",
        hide_env = true
    )]
    pub(crate) db_repository: Vec<String>,

    /// Use the database that is there, whatever its age
    #[arg(
        long,
        visible_alias = "skip-update",
        env = "TRIVY_SKIP_DB_UPDATE",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) skip_db_update: bool,

    /// Fetch the database and scan nothing
    #[arg(
        long,
        env = "TRIVY_DOWNLOAD_DB_ONLY",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) download_db_only: bool,

    /// Repositories to fetch the database of Java archives from, in order
    #[arg(
        long,
        env = "TRIVY_JAVA_DB_REPOSITORY",
        value_delimiter = ',',
        default_value = "mirror.gcr.io/aquasec/trivy-java-db:1,ghcr.io/aquasecurity/trivy-java-db:1",
        hide_env = true
    )]
    pub(crate) java_db_repository: Vec<String>,

    /// Use the database of Java archives that is there, whatever its age
    #[arg(
        long,
        env = "TRIVY_SKIP_JAVA_DB_UPDATE",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) skip_java_db_update: bool,

    /// Fetch the database of Java archives and scan nothing
    #[arg(
        long,
        env = "TRIVY_DOWNLOAD_JAVA_DB_ONLY",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) download_java_db_only: bool,

    /// Refuse a database older than this (`24h`, `7d`)
    #[arg(long, value_name = "AGE")]
    pub(crate) max_db_age: Option<String>,

    /// Say nothing while fetching
    #[arg(
        long,
        env = "TRIVY_NO_PROGRESS",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) no_progress: bool,
}

/// Images and registries.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Image")]
pub(crate) struct ImageArgs {
    /// An archive (docker save, OCI layout) instead of a name
    #[arg(long, env = "TRIVY_INPUT", value_name = "FILE", hide_env = true)]
    pub(crate) input: Option<PathBuf>,

    /// Platform of an image for several (`linux/arm64`)
    #[arg(long, env = "TRIVY_PLATFORM", hide_env = true)]
    pub(crate) platform: Option<String>,

    /// Where to look for the image, in order
    #[arg(
        long,
        env = "TRIVY_IMAGE_SRC",
        value_delimiter = ',',
        default_value = "docker,containerd,podman,remote",
        hide_env = true
    )]
    pub(crate) image_src: Vec<String>,

    /// Docker's socket
    #[arg(long, env = "TRIVY_DOCKER_HOST", value_name = "SOCKET", hide_env = true)]
    pub(crate) docker_host: Option<String>,

    /// Podman's socket
    #[arg(long, env = "TRIVY_PODMAN_HOST", value_name = "SOCKET", hide_env = true)]
    pub(crate) podman_host: Option<String>,

    /// User name for the registry
    #[arg(long, env = "TRIVY_USERNAME", value_delimiter = ',', hide_env = true)]
    pub(crate) username: Vec<String>,

    /// Password for the registry (the environment or --password-stdin keep it out of lists of processes)
    #[arg(long, env = "TRIVY_PASSWORD", value_delimiter = ',', hide_env = true, hide_env_values = true)]
    pub(crate) password: Vec<String>,

    /// Read the password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,

    /// Token for the registry
    #[arg(long, env = "TRIVY_REGISTRY_TOKEN", hide_env = true, hide_env_values = true)]
    pub(crate) registry_token: Option<String>,

    /// Allow plain HTTP and any certificate
    #[arg(
        long,
        env = "TRIVY_INSECURE",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        require_equals = true,
        hide_env = true
    )]
    pub(crate) insecure: bool,
}

/// Everything.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) report: ReportArgs,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
    #[command(flatten)]
    pub(crate) db: DbArgs,
    #[command(flatten)]
    pub(crate) image: ImageArgs,
    #[command(flatten)]
    pub(crate) accepted: AcceptedArgs,
}

impl Options {
    /// Whether something is looked for. A bill of materials lists what there is: what is wrong with it is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let bill = matches!(self.report.format.as_str(), "cyclonedx" | "spdx" | "spdx-json");
        (!bill || self.scan.scanners_given) && self.scan.wants(name)
    }

    /// All at their defaults.
    pub(crate) fn none() -> Self {
        use clap::FromArgMatches as _;
        let command = Self::augment_args(clap::Command::new("scan"));
        let matches = command.try_get_matches_from(["scan"]).unwrap_or_default();
        // The defaults are values the options themselves name.
        Self::from_arg_matches(&matches).expect("defaults are valid")
    }
}

/// Options of Trivy that change nothing here: taken, so that a pipeline that sets them goes on working.
#[derive(Args, Clone, Debug)]
pub(crate) struct AcceptedArgs {
    /// Settings file
    #[arg(short, long, env = "TRIVY_CONFIG", default_value = "trivy.yaml", value_name = "FILE", hide = true)]
    pub(crate) config: PathBuf,
    #[arg(short, long, env = "TRIVY_QUIET", num_args = 0..=1, default_missing_value = "true", default_value = "false", require_equals = true, hide = true)]
    pub(crate) quiet: bool,
    #[arg(short, long, env = "TRIVY_DEBUG", num_args = 0..=1, default_missing_value = "true", default_value = "false", require_equals = true, hide = true)]
    pub(crate) debug: bool,
    #[arg(long, env = "TRIVY_IGNORE_POLICY", hide = true)]
    pub(crate) ignore_policy: Option<String>,
    #[arg(long, env = "TRIVY_COMPLIANCE", hide = true)]
    pub(crate) compliance: Option<String>,
    #[arg(long, env = "TRIVY_TIMEOUT", hide = true)]
    timeout: Option<String>,
    #[arg(long, env = "TRIVY_PARALLEL", hide = true)]
    parallel: Option<String>,
    #[arg(long, env = "TRIVY_REPORT", hide = true)]
    report_kind: Option<String>,
    #[arg(long = "report", hide = true)]
    report_style: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    dependency_tree: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    skip_check_update: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    skip_policy_update: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    skip_vex_repo_update: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    skip_version_check: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    disable_telemetry: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    removed_pkgs: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    license_full: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    clear_cache: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    reset: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    no_color: Option<bool>,
    #[arg(long, hide = true)]
    checks_bundle_repository: Option<String>,
    #[arg(long, hide = true)]
    cache_backend: Option<String>,
    #[arg(long, hide = true)]
    cache_ttl: Option<String>,
    #[arg(long, hide = true)]
    image_config_scanners: Vec<String>,
    #[arg(long, hide = true)]
    max_image_size: Option<String>,
    #[arg(long, hide = true)]
    table_mode: Vec<String>,
    #[arg(long, hide = true)]
    file_patterns: Vec<String>,
    #[arg(long, hide = true)]
    sbom_sources: Vec<String>,
    #[arg(long, hide = true)]
    rekor_url: Option<String>,
    #[arg(long, hide = true)]
    detection_priority: Option<String>,
    #[arg(long, hide = true)]
    pkg_relationships: Vec<String>,
    #[arg(long, visible_alias = "config-policy", hide = true)]
    config_check: Vec<String>,
    #[arg(long, hide = true)]
    config_data: Vec<String>,
    #[arg(long, visible_alias = "policy-namespaces", hide = true)]
    check_namespaces: Vec<String>,
    #[arg(long, hide = true)]
    misconfig_scanners: Vec<String>,
    #[arg(long, hide = true)]
    license_confidence_level: Option<String>,
    #[arg(long, hide = true)]
    ignored_licenses: Vec<String>,
    #[arg(long, hide = true)]
    module_dir: Option<String>,
    #[arg(long, hide = true)]
    enable_modules: Vec<String>,
    #[arg(long, hide = true)]
    server: Option<String>,
    #[arg(long, hide = true)]
    token: Option<String>,
    #[arg(long, hide = true)]
    trace: Option<String>,
    #[arg(long, hide = true)]
    branch: Option<String>,
    #[arg(long, hide = true)]
    commit: Option<String>,
    #[arg(long, hide = true)]
    tag: Option<String>,
}

impl AcceptedArgs {
    /// Options whose meaning would be lost in silence if they were only taken: what they ask for is not there.
    pub(crate) fn refused(&self) -> Option<&'static str> {
        let given = [
            (self.ignore_policy.is_some(), "--ignore-policy: policies in Rego are not read"),
            (self.compliance.is_some(), "--compliance: compliance reports are not made"),
            (self.server.is_some(), "--server: client and server are not there yet"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, why)| why)
    }
}
