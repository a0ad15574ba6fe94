//! Our own verdict beside each control, by what it asks for and not by its number: the same topic serves every benchmark
//! that asks the same in the same words.
//!
//! A topic is a row of a table (`flags`, `kubelet`, `files`, `holders`, `admission`, `checks`) or, where it needs code of
//! its own, a file. It answers yes, no, or says what was not seen; it never answers by what it did not look at.

mod admission;
mod audit_on;
mod audit_policy;
mod bootstrap_tokens;
mod checks;
mod client_certificates;
mod cni;
mod encryption;
mod etcd_authority;
mod external_secrets;
mod files;
mod flags;
mod holders;
mod image_provenance;
mod kube_proxy;
mod kubelet;
mod masters;
mod policy_control;
mod scripts;
mod seen;
mod token_users;

pub use seen::Seen;

use super::node::Need;
use super::{Control, Verdict};

/// What a topic says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether what the control asks for holds.
    pub holds: bool,
    /// By what: the value, who, where; nothing where there is nothing to add.
    pub why: String,
}

/// Why a topic says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsure {
    /// Something of the node was not looked at.
    Needs(Need),
    /// The reason, and what to do about it where something helps.
    Because(String),
}

impl From<Need> for Unsure {
    fn from(need: Need) -> Self {
        Self::Needs(need)
    }
}

impl std::fmt::Display for Unsure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Needs(need) => need.fmt(f),
            Self::Because(why) => f.write_str(why),
        }
    }
}

/// A topic's answer.
pub type Own = Result<Said, Unsure>;

fn pass(why: impl Into<String>) -> Own {
    Ok(Said { holds: true, why: why.into() })
}

fn fail(why: impl Into<String>) -> Own {
    Ok(Said { holds: false, why: why.into() })
}

fn unsure(why: impl Into<String>) -> Own {
    Err(Unsure::Because(why.into()))
}

/// A word of a script of upstream, and what it says.
pub type Script = (&'static str, fn(&Seen<'_>) -> Option<bool>);

/// Something that benchmarks ask for.
pub struct Topic {
    /// Its name (`kubelet/anonymous-auth`).
    pub key: &'static str,
    /// Headings it is asked under: one of these is in the group's text.
    pub group: &'static [&'static str],
    /// What it is asked with: all words of one of these are in the control's text.
    pub words: &'static [&'static [&'static str]],
    /// Answers it.
    pub judge: Judge,
    /// Why upstream's answer can differ.
    pub upstream: &'static str,
    /// What upstream's script would say, and a word that it contains; scripts need a shell and `kubectl`.
    pub script: Option<Script>,
}

/// How a topic is answered.
#[derive(Clone, Copy)]
pub enum Judge {
    /// By flags of a program of the control plane.
    Flags(&'static str, fn(&crate::control_plane::Process, &Seen<'_>) -> Own),
    /// By a field of every kubelet's configuration.
    Field(&'static str),
    /// By every kubelet's configuration.
    Kubelet(fn(&crate::nodes::kubelet::Kubelet, &Seen<'_>) -> Own),
    /// By files of the node, and the control's own words on what they must be.
    Files(fn(&Seen<'_>, &str) -> Own),
    /// By checks that must find nothing above low severity, or nothing at all.
    Checks {
        /// Their ids.
        ids: &'static [&'static str],
        /// Resources that must have been read whole.
        reads: &'static [&'static str],
        /// Whether findings of low severity count.
        low: bool,
    },
    /// By who may do something.
    Holders(&'static [holders::Right]),
    /// By what namespaces admit, and what runs in them.
    Admission(&'static [&'static str], pss::Level),
    /// By code of its own.
    Code(fn(&Seen<'_>) -> Own),
}

/// Every topic: the tables, then those with a file of their own.
pub fn topics() -> impl Iterator<Item = &'static Topic> {
    let tables = [
        flags::API_SERVER,
        flags::CONTROLLER_MANAGER,
        flags::SCHEDULER,
        flags::ETCD,
        kubelet::TOPICS,
        files::TOPICS,
        holders::TOPICS,
        admission::TOPICS,
        checks::TOPICS,
    ];
    tables.into_iter().flatten().chain(OWN.iter().copied())
}

/// Those with a file of their own.
static OWN: &[&Topic] = &[
    &encryption::TOPIC,
    &etcd_authority::TOPIC,
    &client_certificates::TOPIC,
    &token_users::TOPIC,
    &bootstrap_tokens::TOPIC,
    &audit_on::TOPIC,
    &audit_policy::TOPIC,
    &kube_proxy::TOPIC,
    &masters::TOPIC,
    &policy_control::TOPIC,
    &cni::TOPIC,
    &external_secrets::TOPIC,
    &image_provenance::TOPIC,
];

impl Topic {
    /// The topic of a control under a heading.
    pub fn of(control: &Control, group: &str) -> Option<&'static Self> {
        let (text, group) = (plain(&control.text), plain(group));
        topics().find(|topic| {
            topic.group.iter().any(|part| group.contains(part))
                && topic.words.iter().any(|words| words.iter().all(|word| text.contains(word)))
        })
    }

    /// Our answer.
    pub fn judge(&self, control: &Control, seen: &Seen<'_>) -> Own {
        match self.judge {
            Judge::Flags(program, judge) => flags::judge(program, judge, seen),
            Judge::Field(id) => kubelet::field(id, seen),
            Judge::Kubelet(judge) => kubelet::each(seen, |kubelet| judge(kubelet, seen)),
            Judge::Files(judge) => judge(seen, &plain(&control.text)),
            Judge::Checks { ids, reads, low } => checks::judge(ids, reads, low, seen),
            Judge::Holders(rights) => holders::judge(rights, seen),
            Judge::Admission(ids, level) => admission::judge(ids, level, seen),
            Judge::Code(judge) => judge(seen),
        }
    }

    /// What upstream's script would answer, where this is that script.
    pub fn script(&self, control: &Control, seen: &Seen<'_>) -> Option<Verdict> {
        let (mark, says) = self.script?;
        let audit =
            control.audit.as_ref().filter(|audit| audit.contains("kubectl") && audit.contains(mark))?;
        let holds = (!audit.is_empty()).then(|| says(seen))??;
        Some(if holds { Verdict::Pass } else { Verdict::Fail })
    }
}

/// Text in lower case with single spaces.
fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A few names and a count.
fn some(names: &[String]) -> String {
    match names {
        [first, second, third, _, ..] => {
            format!("{first}, {second}, {third} and {} more", names.len().saturating_sub(3))
        }
        _ => names.join(", "),
    }
}

/// Namespaces that belong to the cluster itself.
fn of_cluster(namespace: &str) -> bool {
    matches!(namespace, "kube-system" | "kube-public" | "kube-node-lease")
}

#[cfg(test)]
mod tests;
