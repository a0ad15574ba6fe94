//! What can be wrong with a rules file: the reference's codes, each with its place.
//!
//! Codes and order: Falco's `userspace/engine/falco_load_result.cpp`.

use super::context::Context;

/// A code of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is described by its row of CODES")]
pub enum Code {
    ErrFileRead,
    ErrYamlParse,
    ErrYamlValidate,
    ErrCompileCondition,
    ErrCompileOutput,
    ErrValidate,
    ErrExtension,
    UnknownSource,
    UnsafeNaCheck,
    NoEvtType,
    UnknownFilter,
    UnusedMacro,
    UnusedList,
    UnknownItem,
    DeprecatedItem,
    WarningExtension,
    AppendNoValues,
    ExceptionNameNotUnique,
    InvalidMacroName,
    InvalidListName,
    CompileCondition,
    UnknownKey,
}

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// The code.
    pub code: Code,
    /// Its name in reports.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// When it comes up.
    pub explain: &'static str,
}

macro_rules! codes {
    ($($code:ident $name:literal $title:literal $explain:literal)*) => {
        /// Every code, errors first.
        pub static CODES: &[Meaning] =
            &[$(Meaning { code: Code::$code, name: $name, title: $title, explain: $explain }),*];
    };
}

codes! {
    ErrFileRead "LOAD_ERR_FILE_READ" "File read error" "the file could not be read"
    ErrYamlParse "LOAD_ERR_YAML_PARSE" "YAML parse error" "the file is not YAML"
    ErrYamlValidate "LOAD_ERR_YAML_VALIDATE" "Error validating internal structure of YAML file"
        "the file is YAML, but not a list of rules, macros and lists: a key is missing or its value has another type"
    ErrCompileCondition "LOAD_ERR_COMPILE_CONDITION" "Error compiling condition"
        "a condition does not follow the grammar, names an unknown field or compares a field with a value it cannot have"
    ErrCompileOutput "LOAD_ERR_COMPILE_OUTPUT" "Error compiling output" "an output names an unknown field or ends within one"
    ErrValidate "LOAD_ERR_VALIDATE" "Error validating rule/macro/list/exception objects"
        "an item contradicts another: an undefined macro, an append to nothing, lists of different length, a version that is not there"
    ErrExtension "LOAD_ERR_EXTENSION" "Error in extension item" "an item of an extension is wrong"
    UnknownSource "LOAD_UNKNOWN_SOURCE" "Unknown event source" "the rule is about events nothing here produces; it is left out"
    UnsafeNaCheck "LOAD_UNSAFE_NA_CHECK" "Unsafe <NA> comparison in condition"
        "a field is compared with the text <NA>, which it never is; ask with 'exists' instead"
    NoEvtType "LOAD_NO_EVTTYPE" "Condition has no event-type restriction"
        "the condition matches too many event types and is evaluated for all of them; restrict evt.type"
    UnknownFilter "LOAD_UNKNOWN_FILTER" "Unknown field or event-type in condition or output"
        "a field is unknown, and the rule asked to be left out in that case"
    UnusedMacro "LOAD_UNUSED_MACRO" "Unused macro" "no rule or macro uses it"
    UnusedList "LOAD_UNUSED_LIST" "Unused list" "no rule, macro or list uses it"
    UnknownItem "LOAD_UNKNOWN_ITEM" "Unknown rules file item" "an item is neither rule, macro, list nor requirement; it is left out"
    DeprecatedItem "LOAD_DEPRECATED_ITEM" "Used deprecated item" "an item is written in a way that is going away"
    WarningExtension "LOAD_WARNING_EXTENSION" "Warning in extension item" "an item of an extension is odd"
    AppendNoValues "LOAD_APPEND_NO_VALUES" "Overriding/appending with no values" "an exception is appended to without values"
    ExceptionNameNotUnique "LOAD_EXCEPTION_NAME_NOT_UNIQUE" "Multiple exceptions defined with the same name"
        "a rule defines two exceptions of one name"
    InvalidMacroName "LOAD_INVALID_MACRO_NAME" "Invalid macro name" "a macro's name cannot be written in a condition"
    InvalidListName "LOAD_INVALID_LIST_NAME" "Invalid list name" "a list's name cannot be written in a condition"
    CompileCondition "LOAD_COMPILE_CONDITION" "Warning in rule condition" "a condition is understood but odd"
    UnknownKey "LOAD_UNKNOWN_KEY" "Unknown key in item definition" "a key is not known here and is ignored; perhaps it is misspelt"
}

impl Code {
    /// What it means.
    pub fn meaning(self) -> &'static Meaning {
        static UNKNOWN: Meaning =
            Meaning { code: Code::ErrValidate, name: "LOAD_ERR_VALIDATE", title: "", explain: "" };
        CODES.iter().find(|m| m.code == self).unwrap_or(&UNKNOWN)
    }

    /// Whether what it is about is not in the answer.
    pub fn is_error(self) -> bool {
        self <= Self::ErrExtension
    }
}

/// Something wrong with a rules file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Which kind.
    pub code: Code,
    /// What is wrong here.
    pub message: String,
    /// Where.
    pub context: Box<Context>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(code: Code, message: impl Into<String>, context: &Context) -> Self {
        Self { code, message: message.into(), context: Box::new(context.clone()), help: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_meaning() {
        let mut names: Vec<&str> = CODES.iter().map(|m| m.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 22);
        assert!(CODES.iter().all(|m| m.code.meaning().name == m.name && !m.explain.is_empty()));
        assert!(CODES.iter().all(|m| m.code.is_error() == m.name.starts_with("LOAD_ERR_")));
        assert!(CODES.is_sorted_by_key(|m| m.code));
    }
}
