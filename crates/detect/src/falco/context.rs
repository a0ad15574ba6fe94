//! Where in a rules file something is: a chain of items from the file down to the value.

use std::sync::Arc;

/// What kind of thing a place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    /// The value of a key.
    ValueFor,
    /// A rule's `exceptions`.
    Exceptions,
    /// One of them.
    Exception,
    /// Its `values`.
    ExceptionValues,
    /// One of them.
    ExceptionValue,
    /// The file.
    RulesContent,
    /// An item of it.
    RulesContentItem,
    /// A required engine version.
    RequiredEngineVersion,
    /// Required plugin versions.
    RequiredPluginVersions,
    /// One of them.
    RequiredPluginVersionsEntry,
    /// Another plugin that would do.
    RequiredPluginVersionsAlternative,
    /// A list.
    List,
    /// An item of it.
    ListItem,
    /// A macro.
    Macro,
    /// Its condition.
    MacroCondition,
    /// A rule.
    Rule,
    /// Its condition.
    RuleCondition,
    /// Text within a condition.
    ConditionExpression,
    /// A rule's output.
    RuleOutput,
    /// A rule's priority.
    RulePriority,
    /// An `override` block.
    Overrides,
}

impl ItemType {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValueFor => "value for",
            Self::Exceptions => "exceptions",
            Self::Exception => "exception",
            Self::ExceptionValues => "exception values",
            Self::ExceptionValue => "exception value",
            Self::RulesContent => "rules content",
            Self::RulesContentItem => "rules content item",
            Self::RequiredEngineVersion => "required_engine_version",
            Self::RequiredPluginVersions => "required plugin versions",
            Self::RequiredPluginVersionsEntry => "required plugin versions entry",
            Self::RequiredPluginVersionsAlternative => "required plugin versions alternative",
            Self::List => "list",
            Self::ListItem => "list item",
            Self::Macro => "macro",
            Self::MacroCondition => "macro condition",
            Self::Rule => "rule",
            Self::RuleCondition => "rule condition",
            Self::ConditionExpression => "condition expression",
            Self::RuleOutput => "rule output",
            Self::RulePriority => "rule priority",
            Self::Overrides => "overrides",
        }
    }
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// What kind of thing.
    pub kind: ItemType,
    /// Its name, empty where it has none.
    pub name: String,
    /// JSON pointer in its document; the position is looked up when it is shown.
    pub pointer: String,
}

/// Where something is.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// Name of the file.
    pub file: Arc<str>,
    /// Byte offset of the YAML document in it.
    pub document: u64,
    /// From the file down.
    pub locations: Vec<Location>,
    /// A place within the text of a condition (lists already put in): the text and a byte offset.
    pub condition: Option<(Arc<str>, usize)>,
    /// A position a parser reported, where there is no document to look in.
    pub position: Option<model::Position>,
}

impl Context {
    /// The file as a whole.
    pub fn file(name: &Arc<str>, document: u64) -> Self {
        let root = Location { kind: ItemType::RulesContent, name: String::new(), pointer: String::new() };
        Self { file: name.clone(), document, locations: vec![root], condition: None, position: None }
    }

    /// Something within it; `below` is what follows the pointer of this place.
    #[must_use]
    pub fn child(&self, kind: ItemType, name: &str, below: &str) -> Self {
        let mut child = self.clone();
        let base = self.locations.last().map_or("", |last| last.pointer.as_str());
        child.locations.push(Location { kind, name: name.to_owned(), pointer: format!("{base}{below}") });
        child
    }

    /// A place within a condition's text.
    #[must_use]
    pub fn in_condition(&self, text: &str, at: usize) -> Self {
        let mut child = self.clone();
        child.condition = Some((text.into(), at));
        child
    }

    /// JSON pointer of the innermost place.
    pub fn pointer(&self) -> &str {
        self.locations.last().map_or("", |last| last.pointer.as_str())
    }
}
