//! The part of the shell's grammar that audit commands are written in: lists, pipelines, `if`, `for`, `$( )`, quotes.
//!
//! What is not in it (functions, `case`, `while`, here documents, most redirections) makes the whole command one that
//! only a shell can answer.

/// Commands one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct List(pub(super) Vec<(Join, Pipeline)>);

/// How a pipeline follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// In any case.
    Then,
    /// When that ended with 0.
    And,
    /// When that did not.
    Or,
}

/// Commands whose output goes into the next one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pipeline {
    /// Whether `!` stands before it.
    pub(super) negated: bool,
    /// The commands.
    pub(super) stages: Vec<Command>,
}

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    /// Assignments, then words; output is dropped when `quiet`.
    Simple { assigned: Vec<(String, Word)>, words: Vec<Word>, quiet: bool },
    /// Conditions with what they lead to, and what `else` leads to.
    If(Vec<(List, List)>, List),
    /// A name, the words it stands for, and what is done with each.
    For(String, Vec<Word>, List),
    /// A list in a shell of its own.
    Group(List),
}

/// A word in parts.
pub(super) type Word = Vec<Part>;

/// A part of a word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// Text as it is; without quotes it may be a pattern of file names.
    Text { text: String, quoted: bool },
    /// A variable, and what stands for it where it is empty.
    Variable { name: String, default: String, quoted: bool },
    /// What a list prints.
    Output { list: List, quoted: bool },
}

/// How deep lists may lie within each other.
const MAX_DEPTH: usize = 16;

/// Reads a command; `None` where the grammar goes beyond what is known.
pub(super) fn parse(text: &str) -> Option<List> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0, depth: 0, next: None };
    let list = parser.list(&[])?;
    (parser.token()? == Token::End).then_some(list)
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(Word),
    Op(&'static str),
    Quiet,
    End,
}

impl Token {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Op(op) => *op == text,
            Self::Word(word) => {
                matches!(word.as_slice(), [Part::Text { text: t, quoted: false }] if t == text)
            }
            _ => false,
        }
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    next: Option<Token>,
}

const KEYWORDS: &[&str] = &[
    "then", "elif", "else", "fi", "do", "done", "case", "esac", "while", "until", "function", "{", "}", "in",
];

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn ahead(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at.saturating_add(i)) == Some(&c))
    }

    fn token(&mut self) -> Option<Token> {
        match self.next.take() {
            Some(token) => Some(token),
            None => self.read(),
        }
    }

    fn look(&mut self) -> Option<&Token> {
        if self.next.is_none() {
            self.next = Some(self.read()?);
        }
        self.next.as_ref()
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.token()?.is(text).then_some(())
    }

    fn read(&mut self) -> Option<Token> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.skip(1),
                Some('\\') if self.ahead("\\\n") => self.skip(2),
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.skip(1);
                    }
                }
                _ => break,
            }
        }
        for quiet in ["2>/dev/null", "2> /dev/null"] {
            if self.ahead(quiet) {
                self.skip(quiet.len());
                return Some(Token::Op("2>"));
            }
        }
        for quiet in [">/dev/null", "> /dev/null"] {
            if self.ahead(quiet) {
                self.skip(quiet.len());
                return Some(Token::Quiet);
            }
        }
        for op in ["&&", "||", "|", ";", "\n", "(", ")"] {
            if self.ahead(op) {
                self.skip(op.len());
                return Some(Token::Op(op));
            }
        }
        match self.peek() {
            None => Some(Token::End),
            Some('&' | '<' | '>' | '`') => None,
            Some(_) => self.word().map(Token::Word),
        }
    }

    fn word(&mut self) -> Option<Word> {
        let mut word = Word::new();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | ')' | '(' => break,
                '&' | '<' | '>' | '`' => return None,
                '\'' => {
                    self.skip(1);
                    let mut text = String::new();
                    loop {
                        let c = self.peek()?;
                        self.skip(1);
                        match c {
                            '\'' => break,
                            c => text.push(c),
                        }
                    }
                    word.push(Part::Text { text, quoted: true });
                }
                '"' => self.double_quoted(&mut word)?,
                '$' => {
                    let part = self.dollar(false)?;
                    word.push(part);
                }
                '\\' => {
                    self.skip(1);
                    let c = self.peek()?;
                    self.skip(1);
                    if c != '\n' {
                        word.push(Part::Text { text: c.to_string(), quoted: true });
                    }
                }
                c => {
                    self.skip(1);
                    match word.last_mut() {
                        Some(Part::Text { text, quoted: false }) => text.push(c),
                        _ => word.push(Part::Text { text: c.to_string(), quoted: false }),
                    }
                }
            }
        }
        (!word.is_empty()).then_some(word)
    }

    fn double_quoted(&mut self, word: &mut Word) -> Option<()> {
        self.skip(1);
        let mut text = String::new();
        loop {
            match self.peek()? {
                '"' => break,
                '`' => return None,
                '$' => {
                    word.push(Part::Text { text: std::mem::take(&mut text), quoted: true });
                    let part = self.dollar(true)?;
                    word.push(part);
                }
                '\\' => {
                    self.skip(1);
                    let c = self.peek()?;
                    self.skip(1);
                    match c {
                        '"' | '\\' | '$' | '`' => text.push(c),
                        '\n' => {}
                        c => text.extend(['\\', c]),
                    }
                }
                c => {
                    self.skip(1);
                    text.push(c);
                }
            }
        }
        self.skip(1);
        word.push(Part::Text { text, quoted: true });
        Some(())
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
            self.skip(1);
        }
        name
    }

    /// What `$` begins.
    fn dollar(&mut self, quoted: bool) -> Option<Part> {
        self.skip(1);
        match self.peek() {
            Some('(') if !self.ahead("((") => {
                self.skip(1);
                let before = self.next.take();
                let list = self.list(&[")"])?;
                self.expect(")")?;
                self.next = before;
                Some(Part::Output { list, quoted })
            }
            Some('{') => {
                self.skip(1);
                let name = Some(self.name()).filter(|name| !name.is_empty())?;
                let mut default = String::new();
                if self.ahead(":-") {
                    self.skip(2);
                    while let Some(c) =
                        self.peek().filter(|c| c.is_ascii_alphanumeric() || "-_/.".contains(*c))
                    {
                        default.push(c);
                        self.skip(1);
                    }
                }
                (self.peek()? == '}').then(|| self.skip(1))?;
                Some(Part::Variable { name, default, quoted })
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                Some(Part::Variable { name: self.name(), default: String::new(), quoted })
            }
            // A sign before something that is no name stands for itself.
            Some(' ' | '"' | '%' | '/' | '\n') | None => {
                Some(Part::Text { text: "$".to_owned(), quoted: true })
            }
            _ => None,
        }
    }

    fn list(&mut self, ends: &[&str]) -> Option<List> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut list = List::default();
        let mut join = Join::Then;
        loop {
            while self.look()?.is("\n") || (join == Join::Then && self.look()?.is(";")) {
                self.token()?;
            }
            let next = self.look()?;
            if *next == Token::End || ends.iter().any(|end| next.is(end)) {
                break;
            }
            let pipeline = self.pipeline()?;
            list.0.push((join, pipeline));
            let next = self.look()?;
            join = match next {
                Token::Op("&&") => Join::And,
                Token::Op("||") => Join::Or,
                Token::Op(";" | "\n") => Join::Then,
                _ => break,
            };
            self.token()?;
        }
        self.depth = self.depth.saturating_sub(1);
        Some(list)
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        let mut negated = false;
        while self.look()?.is("!") {
            self.token()?;
            negated = !negated;
        }
        let mut stages = vec![self.command()?];
        while self.look()?.is("|") {
            self.token()?;
            while self.look()?.is("\n") {
                self.token()?;
            }
            stages.push(self.command()?);
        }
        Some(Pipeline { negated, stages })
    }

    fn command(&mut self) -> Option<Command> {
        let next = self.look()?.clone();
        if next.is("if") {
            self.token()?;
            return self.branches();
        }
        if next.is("for") {
            self.token()?;
            return self.each();
        }
        if next.is("(") {
            self.token()?;
            let list = self.list(&[")"])?;
            self.expect(")")?;
            return Some(Command::Group(list));
        }
        if KEYWORDS.iter().any(|keyword| next.is(keyword)) {
            return None;
        }
        self.simple()
    }

    fn branches(&mut self) -> Option<Command> {
        let mut branches = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.expect("then")?;
            let body = self.list(&["elif", "else", "fi"])?;
            branches.push((condition, body));
            let next = self.token()?;
            if next.is("fi") {
                return Some(Command::If(branches, List::default()));
            }
            if next.is("else") {
                let other = self.list(&["fi"])?;
                self.expect("fi")?;
                return Some(Command::If(branches, other));
            }
            if !next.is("elif") {
                return None;
            }
        }
    }

    fn each(&mut self) -> Option<Command> {
        let Token::Word(word) = self.token()? else { return None };
        let [Part::Text { text: name, quoted: false }] = word.as_slice() else { return None };
        let name = name.clone();
        self.expect("in")?;
        let mut words = Vec::new();
        while let Token::Word(_) = self.look()? {
            let Token::Word(word) = self.token()? else { return None };
            words.push(word);
        }
        while self.look()?.is(";") || self.look()?.is("\n") {
            self.token()?;
        }
        self.expect("do")?;
        let body = self.list(&["done"])?;
        self.expect("done")?;
        Some(Command::For(name, words, body))
    }

    fn simple(&mut self) -> Option<Command> {
        let (mut assigned, mut words, mut quiet) = (Vec::new(), Vec::new(), false);
        loop {
            match self.look()? {
                Token::Word(_) => {
                    let Token::Word(word) = self.token()? else { return None };
                    match assignment(&word).filter(|_| words.is_empty()) {
                        Some(pair) => assigned.push(pair),
                        None => words.push(word),
                    }
                }
                Token::Op("2>") => {
                    self.token()?;
                }
                Token::Quiet => {
                    self.token()?;
                    quiet = true;
                }
                Token::Op(_) | Token::End => break,
            }
        }
        (!(assigned.is_empty() && words.is_empty())).then_some(Command::Simple { assigned, words, quiet })
    }
}

/// `NAME=…` taken apart.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let (first, rest) = word.split_first()?;
    let Part::Text { text, quoted: false } = first else { return None };
    let (name, value) = text.split_once('=')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(fits) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut parts = vec![Part::Text { text: value.to_owned(), quoted: true }];
    parts.extend(rest.iter().cloned());
    Some((name.to_owned(), parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_grammar() {
        for text in [
            "a b | c && d || ! e; f",
            "if test -e /a; then b; elif c; then d; else e; fi",
            "for d in $(a | b) /c; do\n  if test -d \"$d\"; then X=\"$d\"; fi\ndone\nstat $X",
            "# a remark\na \\\n  b",
            "sh -c 'if test -e /a; then find /a -name '*x*' | b; fi'",
            "(a; b) | c 2>/dev/null",
            "a ${b:-c-d} 'x' \"y \\\"z\\\"\"",
        ] {
            assert!(parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_not() {
        for text in [
            "while read -r a; do b; done",
            "a > /b",
            "a < b",
            "comm <(a) <(b)",
            "a &",
            "a `b`",
            "x=$((1 + 2))",
            "f() { a; }",
            "if a; then b",
            "echo 'a",
            "case a in b) c;; esac",
            "a; )",
            &"$(".repeat(40),
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn words_in_parts() {
        let Some(List(all)) = parse("X=a$b \"c $d\"e") else { panic!("it is in the grammar") };
        let Command::Simple { assigned, words, .. } = &all[0].1.stages[0] else { panic!("it is simple") };
        assert_eq!((assigned.len(), words.len(), assigned[0].0.as_str()), (1, 1, "X"));
        assert_eq!(words[0].len(), 4);
    }
}
