//! Falco's rule files: read, merged, resolved and lowered to [`DetectionRule`](crate::rule::DetectionRule)s.
//!
//! Files are loaded in order; each answer says what is wrong with everything loaded so far, as the reference does.

mod collect;
pub mod config;
mod context;
mod diagnostics;
mod exceptions;
mod node;
mod official;
mod resolve;
mod result;
mod text;
mod version;

pub use context::{Context, ItemType, Location};
pub use diagnostics::{CODES, Code, Meaning, Problem};
pub use result::LoadResult;
pub use version::{ENGINE, PLUGINS, Version};

use crate::engine::Checker;
use crate::fields::Source;
use crate::rule::{Priority, RuleSet};
use collect::{Collector, Reader};
use node::Source as Texts;
use resolve::Resolver;
use std::sync::Arc;

/// How much is read, and which rules.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Caps of the YAML reader.
    pub yaml: yaml::Caps,
    /// Bytes of a condition once lists are put in. Default 4 MiB.
    pub condition: usize,
    /// Nesting of a condition. Default 1000, the reference's.
    pub depth: usize,
    /// Checks of a condition once macros are put in. Default 100,000.
    pub checks: usize,
    /// Rules less urgent than this are left out. Default debug: none.
    pub min_priority: Priority,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            yaml: yaml::Caps::default(),
            condition: 4 << 20,
            depth: 1000,
            checks: 100_000,
            min_priority: Priority::Debug,
        }
    }
}

/// Loads files one after the other.
pub struct Loader {
    limits: Limits,
    collector: Collector,
    rules: RuleSet,
}

impl Loader {
    /// A loader that has read nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, collector: Collector::default(), rules: RuleSet::default() }
    }

    /// Reads a file and resolves everything read so far. `name` is the file's name in reports.
    ///
    /// A bad item costs itself: everything else is loaded. An answer with errors is not successful, and a caller that
    /// wants the reference's all-or-nothing takes no rules from it.
    pub fn file(&mut self, name: &str, text: &[u8]) -> LoadResult {
        let name: Arc<str> = name.into();
        let root = Context::file(&name, 0);
        let mut result = LoadResult::new(name.clone(), text);
        let (documents, faults) = yaml::read(text, &self.limits.yaml);
        for fault in faults {
            let mut context = root.clone();
            context.position = fault.position;
            let code = match fault.level {
                model::Level::Error => Code::ErrYamlParse,
                model::Level::Warning => Code::WarningExtension,
            };
            result.problems.push(Problem {
                code,
                message: fault.message,
                context: Box::new(context),
                help: fault.help,
            });
        }
        for document in &documents {
            let root = Context::file(&name, document.offset);
            self.document(&document.value, &root, text, &mut result.problems);
        }
        self.resolve(&mut result.problems);
        result
    }

    fn document(
        &mut self,
        value: &serde_json::Value,
        root: &Context,
        text: &[u8],
        problems: &mut Vec<Problem>,
    ) {
        let serde_json::Value::Array(items) = value else {
            let message = match value {
                serde_json::Value::Object(_) => "rules content is not a list of mappings",
                _ => "rules content is not YAML rules",
            };
            problems.push(Problem::new(Code::ErrYamlValidate, message, root));
            return;
        };
        let known = |source: &str, field: &str| Source::named(source).map(|s| s.field(field).is_some());
        let mut source = Texts::new(text, root.document);
        for (n, item) in items.iter().enumerate().filter(|(_, item)| !item.is_null()) {
            let place = root.child(ItemType::RulesContentItem, "", &format!("/{n}"));
            let mut warnings = Vec::new();
            let mut reader = Reader {
                collector: &mut self.collector,
                source: &mut source,
                known: &known,
                warnings: &mut warnings,
            };
            let read = reader.item(item, &place);
            problems.append(&mut warnings);
            problems.extend(read.err());
        }
    }

    fn resolve(&mut self, problems: &mut Vec<Problem>) {
        let mut resolver = Resolver::new(&self.collector, &self.limits);
        resolver.macros();
        let mut checker = Checker::new();
        self.rules = resolver.rules(&mut checker);
        resolver.unused();
        problems.append(&mut resolver.problems);
    }

    /// Plugins that are required and not built in, with the alternatives that would do.
    pub fn missing_plugins(&self) -> Vec<String> {
        let unmet = self.collector.plugins.iter().filter(|(requirement, _)| !version::satisfied(requirement));
        unmet
            .map(|(requirement, _)| {
                let any: Vec<String> = requirement.iter().map(|(n, v)| format!("{n} {v}")).collect();
                any.join(" or ")
            })
            .collect()
    }

    /// Names of the macros that are defined.
    pub fn macros(&self) -> impl Iterator<Item = &str> {
        self.collector.macros.iter().map(|m| m.name.as_str())
    }

    /// The rules loaded so far.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The rules.
    pub fn into_rules(self) -> RuleSet {
        self.rules
    }
}
