//! trivy.yaml: settings that stand where neither a flag nor a variable says otherwise.

use yaml::Value;

/// Flag and key of the settings this build reads.
const KEYS: &[(&str, &str)] = &[
    ("format", "format"),
    ("template", "template"),
    ("output", "output"),
    ("severity", "severity"),
    ("exit_code", "exit-code"),
    ("exit_on_eol", "exit-on-eol"),
    ("ignorefile", "ignorefile"),
    ("ignore_policy", "ignore-policy"),
    ("ignore_unfixed", "vulnerability.ignore-unfixed"),
    ("ignore_status", "vulnerability.ignore-status"),
    ("vex", "vulnerability.vex"),
    ("vuln_severity_source", "vulnerability.severity-source"),
    ("list_all_pkgs", "list-all-pkgs"),
    ("show_suppressed", "scan.show-suppressed"),
    ("scanners", "scan.scanners"),
    ("secret_config", "secret.config"),
    ("skip_dirs", "scan.skip-dirs"),
    ("skip_files", "scan.skip-files"),
    ("offline_scan", "scan.offline"),
    ("distro", "scan.distro"),
    ("pkg_types", "pkg.types"),
    ("include_dev_deps", "pkg.include-dev-deps"),
    ("cache_dir", "cache.dir"),
    ("db_repository", "db.repository"),
    ("skip_db_update", "db.skip-update"),
    ("download_db_only", "db.download-only"),
    ("java_db_repository", "db.java-repository"),
    ("skip_java_db_update", "db.java-skip-update"),
    ("download_java_db_only", "db.download-java-only"),
    ("no_progress", "db.no-progress"),
    ("input", "image.input"),
    ("platform", "image.platform"),
    ("image_src", "image.source"),
    ("docker_host", "image.docker.host"),
    ("podman_host", "image.podman.host"),
    ("username", "registry.username"),
    ("password", "registry.password"),
    ("registry_token", "registry.token"),
    ("insecure", "insecure"),
    ("quiet", "quiet"),
    ("debug", "debug"),
];

/// Makes the settings of a file the defaults of a command and of those below it.
pub(crate) fn defaults(command: clap::Command, text: &[u8]) -> Result<clap::Command, String> {
    let (documents, diagnostics) = yaml::read(text, &yaml::Caps::default());
    if let Some(bad) = diagnostics.iter().find(|d| d.level == model::Level::Error) {
        return Err(bad.message.clone());
    }
    let Some(document) = documents.into_iter().next() else { return Ok(command) };
    let mut found = Vec::new();
    for (flag, key) in KEYS {
        if let Some(values) = lookup(&document.value, key)? {
            found.push((*flag, values));
        }
    }
    Ok(apply(command, &found))
}

/// The texts of a key; a list is several.
fn lookup(value: &Value, key: &str) -> Result<Option<Vec<String>>, String> {
    let found = key.split('.').try_fold(value, |value, part| value.get(part));
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => {
            let all: Option<Vec<String>> = list.iter().map(text).collect();
            all.map(Some).ok_or_else(|| format!("{key} is no list of texts"))
        }
        Some(value) => text(value).map(|text| Some(vec![text])).ok_or_else(|| format!("{key} is no text")),
    }
}

fn apply(mut command: clap::Command, found: &[(&'static str, Vec<String>)]) -> clap::Command {
    for (flag, values) in found {
        if command.get_arguments().any(|arg| arg.get_id() == *flag) && !values.is_empty() {
            // A default lives as long as the command line's grammar: as long as the program.
            let values: Vec<&'static str> =
                values.iter().map(|value| &*Box::leak(value.clone().into_boxed_str())).collect();
            command = command.mut_arg(*flag, |arg| arg.default_values(values));
        }
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| apply(sub, found));
    }
    command
}

/// The settings file of a command line: `--config FILE`, `-c FILE`, `TRIVY_CONFIG`, else `trivy.yaml`; and whether it
/// was asked for.
pub(crate) fn file(words: &[std::ffi::OsString]) -> (std::path::PathBuf, bool) {
    let texts: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let of = |at: usize, word: &str| {
        let next = || texts.get(at + 1).map(|next| (*next).to_owned());
        match word {
            "--config" | "-c" => next(),
            word => word.strip_prefix("--config=").map(str::to_owned),
        }
    };
    let given = texts.iter().enumerate().find_map(|(at, word)| of(at, word));
    let given = given.or_else(|| std::env::var("TRIVY_CONFIG").ok().filter(|text| !text.is_empty()));
    match given {
        Some(path) => (path.into(), true),
        None => ("trivy.yaml".into(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::options::Options;
    use clap::Args as _;

    fn parse(text: &str, words: &[&str]) -> Result<clap::ArgMatches, String> {
        let command = Options::augment_args(clap::Command::new("scan"));
        let command = defaults(command, text.as_bytes())?;
        command.try_get_matches_from(words).map_err(|e| e.to_string())
    }

    #[test]
    fn a_file_is_below_a_flag() {
        let text = "severity:\n- HIGH\n- CRITICAL\nexit-code: 5\nvulnerability:\n  ignore-unfixed: true\ndb:\n  skip-update: true\n";
        let matches = parse(text, &["scan", "--exit-code", "7"]).unwrap();
        let severities: Vec<&String> = matches.get_many("severity").unwrap().collect();
        assert_eq!(severities, ["HIGH", "CRITICAL"]);
        assert_eq!(matches.get_one::<u8>("exit_code"), Some(&7));
        assert_eq!(matches.get_one::<bool>("ignore_unfixed"), Some(&true));
        assert_eq!(matches.get_one::<bool>("skip_db_update"), Some(&true));
        let matches = parse("", &["scan"]).unwrap();
        assert_eq!(matches.get_one::<u8>("exit_code"), Some(&0));
    }

    #[test]
    fn what_is_wrong_is_an_error() {
        assert!(parse("severity:\n  a: b\n", &["scan"]).is_err());
        assert!(parse("a: [\n", &["scan"]).is_err());
    }

    #[test]
    fn every_key_is_of_a_flag() {
        let command = Options::augment_args(clap::Command::new("scan"));
        for (flag, key) in KEYS {
            assert!(command.get_arguments().any(|arg| arg.get_id() == *flag), "{flag} ({key})");
        }
    }

    #[test]
    fn which_file() {
        let words = |list: &[&str]| list.iter().map(std::ffi::OsString::from).collect::<Vec<_>>();
        assert_eq!(file(&words(&["image", "--config", "a.yaml"])), ("a.yaml".into(), true));
        assert_eq!(file(&words(&["image", "--config=b.yaml", "x"])), ("b.yaml".into(), true));
        assert_eq!(file(&words(&["image", "x"])), ("trivy.yaml".into(), false));
    }
}
