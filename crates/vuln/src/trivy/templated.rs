//! `--format template`: the results through a template, a user's or one of those that belong to the program.

use super::{Report, Setting, WriteError, shapes};
use crate::template::{Caps, Template};

/// One template that belongs to the program.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name, as a path has it behind `contrib/`.
    pub name: &'static str,
    /// For whom.
    pub about: &'static str,
    text: &'static str,
    /// Whether its lines end as those of Windows do.
    windows: bool,
}

/// Every template that belongs to the program.
pub static TEMPLATES: &[BuiltIn] = &[
    BuiltIn {
        name: "asff.tpl",
        about: "AWS Security Hub",
        text: include_str!("templates/asff.tpl"),
        windows: false,
    },
    BuiltIn {
        name: "gitlab.tpl",
        about: "GitLab's container scanning",
        text: include_str!("templates/gitlab.tpl"),
        windows: false,
    },
    BuiltIn {
        name: "gitlab-codequality.tpl",
        about: "GitLab's code quality",
        text: include_str!("templates/gitlab-codequality.tpl"),
        windows: true,
    },
    BuiltIn { name: "html.tpl", about: "a page", text: include_str!("templates/html.tpl"), windows: false },
    BuiltIn {
        name: "junit.tpl",
        about: "JUnit's XML",
        text: include_str!("templates/junit.tpl"),
        windows: false,
    },
];

/// The text of the template a path means, where the path is one the program's own are known by: their folder is
/// `contrib`, or Trivy's package installed them below `share/trivy/templates`.
pub fn built_in(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let known =
        folder == "contrib" || folder.ends_with("/contrib") || folder.ends_with("share/trivy/templates");
    TEMPLATES.iter().find(|built_in| known && built_in.name == name).map(BuiltIn::text)
}

impl BuiltIn {
    /// Its text.
    pub fn text(&self) -> String {
        match self.windows {
            true => self.text.replace('\n', "\r\n"),
            false => self.text.to_owned(),
        }
    }
}

/// Writes the results through the template of the setting.
pub(super) fn write(report: &Report, setting: &Setting) -> Result<String, WriteError> {
    let Some(text) = &setting.template else { return Err(WriteError::NoTemplate) };
    let caps = Caps::default();
    let bytes = Template::parse(text, &caps)?.run(shapes::results(report), &setting.world, &caps)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        // A template cut a text within a character.
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Caps as ReadCaps, read};
    use super::*;
    use crate::template::World;

    fn setting(text: &str) -> Setting {
        let environment = [("AWS_REGION", "test-region"), ("AWS_ACCOUNT_ID", "123456789012")];
        Setting {
            world: World {
                now: "2021-08-25T12:20:30.000000005Z".parse().unwrap(),
                environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                version: "dev".to_owned(),
            },
            template: Some(text.to_owned()),
            ..Setting::default()
        }
    }

    fn lines(got: &str, want: &str, what: &str) {
        for (at, (got, want)) in got.lines().zip(want.lines()).enumerate() {
            assert_eq!(got, want, "{what}, line {}", at + 1);
        }
        assert_eq!(got, want, "{what}");
    }

    /// The goldens of Trivy's own templates.
    #[test]
    fn goldens() {
        for (report, template, golden) in [
            ("alpine-310.json", "junit", "alpine-310.junit"),
            ("alpine-310.json", "html", "alpine-310.html"),
            ("alpine-310.json", "asff", "alpine-310.asff"),
            ("alpine-310.json", "gitlab", "alpine-310.gitlab"),
            ("alpine-310.json", "gitlab-codequality", "alpine-310.gitlab-codequality"),
            ("npm.json", "gitlab", "npm.gitlab"),
        ] {
            let corpus =
                |name: &str| crate::corpus::read(&format!("trivy/integration/testdata/{name}.golden"));
            let (Some(report), Some(want)) = (corpus(report), corpus(golden)) else { return };
            let report = read(&report, &ReadCaps::default()).0;
            let text = built_in(&format!("contrib/{template}.tpl")).unwrap();
            lines(&write(&report, &setting(&text)).unwrap(), &String::from_utf8(want).unwrap(), golden);
        }
    }

    /// The same bytes as the templates of the corpus give, on every report there is.
    #[test]
    fn as_the_originals() {
        let root = "trivy/integration/testdata";
        let mut count = 0;
        for name in [
            "alpine-310",
            "centos-7",
            "debian-buster",
            "dockerfile",
            "dockerfile-custom-policies",
            "gomod",
            "gomod-vex",
            "helm_testchart",
            "helm",
            "npm",
            "npm-with-dev",
            "pip",
            "pom",
            "ubi-7-comprehensive",
            "ubuntu-1804",
            "fixtures/convert/npm-with-suppressed",
        ] {
            let Some(text) = crate::corpus::read(&format!("{root}/{name}.json.golden")) else { return };
            let report = read(&text, &ReadCaps::default()).0;
            for built_in in TEMPLATES {
                let Some(original) = crate::corpus::read(&format!("trivy/contrib/{}", built_in.name)) else {
                    return;
                };
                let original = write(&report, &setting(&String::from_utf8(original).unwrap())).unwrap();
                let got = write(&report, &setting(&built_in.text())).unwrap();
                lines(&got, &original, &format!("{name} {}", built_in.name));
                count += 1;
            }
        }
        println!("{count} pages");
    }

    #[test]
    fn empty() {
        for built_in in TEMPLATES {
            assert!(write(&Report::default(), &setting(&built_in.text())).is_ok(), "{}", built_in.name);
        }
        assert!(write(&Report::default(), &Setting::default()).is_err());
    }

    #[test]
    fn paths() {
        for (path, known) in [
            ("contrib/junit.tpl", true),
            ("/contrib/junit.tpl", true),
            ("/usr/local/share/trivy/templates/html.tpl", true),
            ("x/contrib/gitlab-codequality.tpl", true),
            ("junit.tpl", false),
            ("mycontrib/junit.tpl", false),
            ("contrib/sarif.tpl", false),
        ] {
            assert_eq!(built_in(path).is_some(), known, "{path}");
        }
    }
}
