//! Which of the loaded rules are switched on: by name, by tag, by priority.

use crate::rule::{Priority, RuleSet};

/// Which rules a switch is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Those of this name; a `*` stands for any text.
    Named(String),
    /// Those with this tag.
    Tagged(String),
}

/// A choice of rules, as the reference's command line makes it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Rules whose name contains one of these texts are switched off; a `*` stands for any text.
    pub disabled: Vec<String>,
    /// Rules with one of these tags are switched off.
    pub disabled_tags: Vec<String>,
    /// Only rules with one of these tags are switched on. Not together with the others.
    pub only_tags: Vec<String>,
    /// Rules switched on and off, one after the other, once the others were.
    pub switches: Vec<(bool, Switch)>,
    /// Rules less urgent than this are switched off.
    pub min_priority: Option<Priority>,
}

impl Selection {
    /// Switches rules on and off.
    ///
    /// # Errors
    /// Rules are both chosen and taken away.
    pub fn apply(&self, rules: &mut RuleSet) -> Result<(), String> {
        let away = !(self.disabled.is_empty() && self.disabled_tags.is_empty());
        if away && !self.only_tags.is_empty() {
            return Err("rules cannot be both switched off and chosen by tag".to_owned());
        }
        for rule in &mut rules.rules {
            let tagged = |tags: &[String]| tags.iter().any(|tag| rule.tags.contains(tag));
            if !self.only_tags.is_empty() {
                rule.enabled = tagged(&self.only_tags);
            }
            let named = self.disabled.iter().any(|text| names(text, &rule.name));
            if named || tagged(&self.disabled_tags) {
                rule.enabled = false;
            }
            for (on, switch) in &self.switches {
                let meant = match switch {
                    Switch::Named(name) if name.contains('*') => names(name, &rule.name),
                    Switch::Named(name) => *name == rule.name,
                    Switch::Tagged(tag) => rule.tags.contains(tag),
                };
                if meant {
                    rule.enabled = *on;
                }
            }
            if self.min_priority.is_some_and(|min| rule.priority > min) {
                rule.enabled = false;
            }
        }
        Ok(())
    }
}

fn names(pattern: &str, name: &str) -> bool {
    match pattern.contains('*') {
        false => name.contains(pattern),
        true => {
            let mut parts = pattern.split('*');
            let first = parts.next().unwrap_or("");
            let Some(mut rest) = name.strip_prefix(first) else { return false };
            for part in parts {
                let Some(at) = rest.find(part) else { return false };
                rest = rest.get(at.saturating_add(part.len())..).unwrap_or("");
            }
            rest.is_empty() || pattern.ends_with('*')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::falco::{Limits, Loader};

    fn enabled(selection: &Selection) -> Result<Vec<String>, String> {
        let rule = |name: &str, tags: &str, priority: &str| {
            format!(
                "- rule: {name}\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: {priority}\n  tags: [{tags}]\n"
            )
        };
        let text =
            [rule("one", "a", "INFO"), rule("two", "a, b", "ERROR"), rule("three", "c", "ERROR")].concat();
        let mut loader = Loader::new(Limits::default());
        assert!(loader.file("r", text.as_bytes()).problems.is_empty());
        let mut rules = loader.into_rules();
        selection.apply(&mut rules)?;
        Ok(rules.rules.into_iter().filter(|r| r.enabled).map(|r| r.name).collect())
    }

    #[test]
    fn choices() {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let none = Selection::default();
        assert_eq!(enabled(&none).unwrap(), ["one", "two", "three"]);
        assert_eq!(enabled(&Selection { disabled: list(&["t"]), ..none.clone() }).unwrap(), ["one"]);
        assert_eq!(
            enabled(&Selection { disabled: list(&["t*o"]), ..none.clone() }).unwrap(),
            ["one", "three"]
        );
        assert_eq!(
            enabled(&Selection { disabled_tags: list(&["b", "c"]), ..none.clone() }).unwrap(),
            ["one"]
        );
        assert_eq!(enabled(&Selection { only_tags: list(&["b"]), ..none.clone() }).unwrap(), ["two"]);
        let switches = vec![
            (false, Switch::Named("*".into())),
            (true, Switch::Tagged("c".into())),
            (true, Switch::Named("one".into())),
        ];
        assert_eq!(enabled(&Selection { switches, ..none.clone() }).unwrap(), ["one", "three"]);
        let urgent = Selection { min_priority: Some(Priority::Error), ..none.clone() };
        assert_eq!(enabled(&urgent).unwrap(), ["two", "three"]);
        assert!(enabled(&Selection { only_tags: list(&["a"]), disabled: list(&["x"]), ..none }).is_err());
    }
}
