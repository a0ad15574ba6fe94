//! A component's command line: flags with values, as Go's flag libraries read them.

/// Flags in the order they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    flags: Vec<(String, String)>,
    /// What the environment says where no flag does.
    environment: Vec<(String, String)>,
}

/// Flags that decide about security and are worth showing, without dashes.
const DECIDING: &[&str] = &[
    "admission-control",
    "anonymous-auth",
    "audit-log-path",
    "audit-policy-file",
    "authorization-config",
    "authorization-mode",
    "auto-tls",
    "bind-address",
    "client-cert-auth",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "encryption-provider-config",
    "insecure-port",
    "listen-client-urls",
    "listen-peer-urls",
    "peer-client-cert-auth",
    "profiling",
    "token-auth-file",
    "use-service-account-credentials",
];

impl Arguments {
    /// Reads words after the program's name: `--flag=value`, `--flag value`, `--flag` (true); `_` in names is `-`.
    pub fn parse<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut flags: Vec<(String, String)> = Vec::new();
        let mut open = false;
        for word in words {
            let Some(flag) =
                word.strip_prefix("--").or_else(|| word.strip_prefix('-')).filter(|f| !f.is_empty())
            else {
                // A value of the flag before, when that has none yet.
                if let Some((_, value)) = flags.last_mut().filter(|_| open) {
                    word.clone_into(value);
                }
                open = false;
                continue;
            };
            let (name, value) =
                flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
            open = value.is_none();
            flags.push((name.replace('_', "-"), value.unwrap_or("true").to_owned()));
        }
        Self { flags, environment: Vec::new() }
    }

    /// The same with an environment that stands for flags: `ETCD_CERT_FILE` for `--cert-file`, with the prefix `ETCD_`.
    pub fn with_environment<'e>(
        mut self,
        prefix: &str,
        all: impl IntoIterator<Item = (&'e str, &'e str)>,
    ) -> Self {
        let flag = |(name, value): (&str, &str)| {
            Some((name.strip_prefix(prefix)?.to_ascii_lowercase().replace('_', "-"), value.to_owned()))
        };
        self.environment = all.into_iter().filter_map(flag).collect();
        self
    }

    /// The value of a flag; the last one wins.
    pub fn get(&self, name: &str) -> Option<&str> {
        let all = self.environment.iter().chain(&self.flags).rev();
        all.into_iter().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// Whether a flag is there and not empty.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_empty())
    }

    /// The boolean of a flag; `None` when it is no boolean.
    pub fn bool(&self, name: &str, absent: bool) -> Option<bool> {
        match self.get(name) {
            None => Some(absent),
            Some("true" | "1" | "t" | "T" | "TRUE" | "True") => Some(true),
            Some("false" | "0" | "f" | "F" | "FALSE" | "False") => Some(false),
            Some(_) => None,
        }
    }

    /// The elements of a flag that takes a list.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty())
    }

    /// Every flag as it would be written.
    pub fn written(&self) -> impl Iterator<Item = String> + '_ {
        self.flags.iter().map(|(name, value)| format!("--{name}={value}"))
    }

    /// Every flag with its value.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.flags.clone()
    }

    /// Those flags that decide about security, as written.
    pub fn deciding(&self) -> Vec<String> {
        let deciding = self.flags.iter().filter(|(name, _)| DECIDING.contains(&name.as_str()));
        deciding.map(|(name, value)| format!("--{name}={value}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_write_a_flag() {
        let arguments = Arguments::parse(["--a=1", "--b", "2", "-c=3", "--d", "--e_f=x=y", "--a=4", "stray"]);
        let of = |name| arguments.get(name);
        assert_eq!((of("a"), of("b"), of("c"), of("d")), (Some("4"), Some("2"), Some("3"), Some("true")));
        assert_eq!((of("e-f"), of("stray")), (Some("x=y"), None));
    }

    #[test]
    fn booleans_and_lists() {
        let arguments =
            Arguments::parse(["--on", "--off=false", "--odd=maybe", "--list=a, b,,c", "--empty="]);
        assert_eq!(arguments.bool("on", false), Some(true));
        assert_eq!(arguments.bool("off", true), Some(false));
        assert_eq!(arguments.bool("odd", true), None);
        assert_eq!(arguments.bool("absent", true), Some(true));
        assert_eq!(arguments.list("list").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(!arguments.has("empty") && arguments.has("on"));
    }

    #[test]
    fn flags_win_over_the_environment() {
        let words = ["--cert-file=/flag"];
        let environment = [("ETCD_CERT_FILE", "/env"), ("ETCD_CLIENT_CERT_AUTH", "true"), ("PATH", "/bin")];
        let arguments = Arguments::parse(words).with_environment("ETCD_", environment);
        assert_eq!(arguments.get("cert-file"), Some("/flag"));
        assert_eq!(arguments.bool("client-cert-auth", false), Some(true));
        assert_eq!(arguments.written().count(), 1);
    }

    #[test]
    fn what_is_shown() {
        let arguments = Arguments::parse(["--anonymous-auth=false", "--v=4"]);
        assert_eq!(arguments.deciding(), ["--anonymous-auth=false"]);
    }
}
