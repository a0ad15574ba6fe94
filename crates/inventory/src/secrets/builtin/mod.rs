//! The rules every search begins with: ids, severities and expressions as allow lists and ignore files name them.
//!
//! Semantics: Trivy's `pkg/fanal/secret/builtin-rules.go` and `builtin-allow-rules.go`. One family a file, one rule a
//! row. Expressions are in Go's syntax.

mod cloud;
mod code;
mod keys;
mod services;

const CRITICAL: &str = "CRITICAL";
const HIGH: &str = "HIGH";
const MEDIUM: &str = "MEDIUM";
const LOW: &str = "LOW";
const UNKNOWN: &str = "UNKNOWN";

/// The families.
pub(super) static FAMILIES: &[&[BuiltIn]] = &[cloud::RULES, code::RULES, keys::RULES, services::RULES];

/// What a secret of a rule looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// The whole expression. A group named `secret` is what is hidden and reported; without one the match is.
    Text(&'static str),
    /// The secret, which begins a word.
    Word(&'static str),
    /// The secret, which is a word.
    Bounded(&'static str),
    /// A quoted secret that is given to a name: how the name begins, and the secret.
    Assigned(&'static str, &'static str),
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuiltIn {
    pub(super) id: &'static str,
    pub(super) category: &'static str,
    pub(super) title: &'static str,
    pub(super) severity: &'static str,
    pub(super) shape: Shape,
    /// Where none of these is, in whatever case, there is no such secret.
    pub(super) keywords: &'static [&'static str],
    /// Paths it is for; empty for all.
    pub(super) path: &'static str,
    /// Matches it is not for: id and expression.
    pub(super) unless: Option<(&'static str, &'static str)>,
}

const fn rule(
    id: &'static str,
    category: &'static str,
    title: &'static str,
    severity: &'static str,
    shape: Shape,
    keywords: &'static [&'static str],
) -> BuiltIn {
    BuiltIn { id, category, title, severity, shape, keywords, path: "", unless: None }
}

impl BuiltIn {
    const fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    const fn unless(self, id: &'static str, expression: &'static str) -> Self {
        Self { unless: Some((id, expression)), ..self }
    }
}

impl Shape {
    /// The whole expression, in Go's syntax.
    pub(super) fn expression(self) -> String {
        const BEFORE: &str = "([^0-9a-zA-Z_]|^)";
        const AFTER: &str = "([^0-9a-zA-Z_]|$)";
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Word(secret) => format!("{BEFORE}(?P<secret>{secret})"),
            Self::Bounded(secret) => format!("{BEFORE}(?P<secret>{secret}){AFTER}"),
            Self::Assigned(name, secret) => format!(
                r#"(?i)(?P<key>{name}[a-z0-9_ .\-,]{{0,25}})(=|>|:=|\|\|:|<=|=>|:).{{0,5}}['"](?P<secret>{secret})['"]"#
            ),
        }
    }
}

/// One allowance: id, expression over paths, expression over matches; empty for none.
pub(super) struct Allowance {
    pub(super) id: &'static str,
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

const fn path(id: &'static str, path: &'static str) -> Allowance {
    Allowance { id, path, text: "" }
}

/// What is allowed wherever a rule finds it: files of packages, documentation, tests.
pub(super) static ALLOWED: &[Allowance] = &[
    path("dist-info", r"\.dist-info\/"),
    path("tests", r"(^(?i)test|\/test|-test|_test|\.test)"),
    Allowance { id: "examples", path: "example", text: "(?i)example" },
    path("vendor", r"\/vendor\/"),
    path("usr-dirs", r"^usr\/(?:share|include|lib)\/"),
    path("locale-dir", r"\/locales?\/"),
    path("markdown", r"\.md$"),
    path("node.js", r"^opt\/yarn-v[\d.]+\/"),
    path("golang", r"^usr\/local\/go\/"),
    path("python", r"^usr\/local\/lib\/python[\d.]+\/"),
    path("rubygems", r"^usr\/lib\/gems\/"),
    path("wordpress", r"^usr\/src\/wordpress\/"),
    path("anaconda-log", r"^var\/log\/anaconda\/"),
];

/// Files that are not looked at unless the settings say otherwise: lock files, pictures, archives.
pub(super) static SKIPPED: &[&str] = &[
    "**/.git/**",
    "**/node_modules/**",
    "**/go.mod",
    "**/go.sum",
    "**/package-lock.json",
    "**/yarn.lock",
    "**/pnpm-lock.yaml",
    "**/Pipfile.lock",
    "**/Gemfile.lock",
    "**/*.jpg",
    "**/*.png",
    "**/*.gif",
    "**/*.doc",
    "**/*.pdf",
    "**/*.bin",
    "**/*.svg",
    "**/*.socket",
    "**/*.deb",
    "**/*.rpm",
    "**/*.zip",
    "**/*.gz",
    "**/*.gzip",
    "**/*.tar",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::dialect;
    use std::collections::BTreeSet;

    #[test]
    fn registry_laws() {
        let all = || FAMILIES.iter().flat_map(|family| family.iter());
        let ids: BTreeSet<_> = all().map(|rule| rule.id).collect();
        assert_eq!((ids.len(), all().count()), (105, 105), "ids are unique");
        for rule in all() {
            assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
            assert!(!rule.title.is_empty() && !rule.category.is_empty() && !rule.keywords.is_empty());
            assert!(rule.keywords.iter().all(|k| k.is_ascii() && !k.is_empty()), "{}", rule.id);
            dialect::compile(&rule.shape.expression()).unwrap();
            dialect::compile(rule.path).unwrap();
        }
        for allowance in ALLOWED {
            dialect::compile(allowance.path).unwrap();
            dialect::compile(allowance.text).unwrap();
        }
    }
}
