//! `grep`.

use super::{Job, Program, input_of, printed};
use crate::cis::shell::Printed;
use crate::cis::shell::pattern::{Dialect, compile};
use regex::Regex;

pub(super) static PROGRAM: Program = Program { names: &["grep"], read };

#[derive(Clone, Debug)]
struct Options {
    dialect: Dialect,
    invert: bool,
    any_case: bool,
    only: bool,
    quiet: bool,
    words: bool,
    count: bool,
    most: usize,
    after: usize,
}

fn read(words: &[&str]) -> Option<Job> {
    let mut options = Options {
        dialect: Dialect::Basic,
        invert: false,
        any_case: false,
        only: false,
        quiet: false,
        words: false,
        count: false,
        most: usize::MAX,
        after: 0,
    };
    let (mut plain, mut given) = (Vec::new(), None);
    let mut rest = words.iter().skip(1).copied();
    while let Some(word) = rest.next() {
        match word.strip_prefix('-') {
            Some("-") => plain.extend(rest.by_ref()),
            Some(flags) if !flags.is_empty() => flag(flags, &mut options, &mut given, &mut rest)?,
            _ => plain.push(word),
        }
    }
    let mut plain = plain.into_iter();
    let text = given.or_else(|| plain.next())?;
    let files: Vec<String> = plain.map(str::to_owned).collect();
    if files.len() > 1 || text.contains('\n') {
        return None;
    }
    let mut pattern = compile(text, options.dialect, options.any_case)?;
    if options.words {
        pattern = Regex::new(&format!(r"\b(?:{pattern})\b")).ok()?;
    }
    Some(Box::new(move |node, input| {
        let from = input_of(node, input, &files)?;
        let mut out = search(&from.text, &pattern, &options);
        if from.status != 0 {
            out.status = 2;
        }
        Ok(out)
    }))
}

fn flag<'w>(
    flags: &'w str,
    options: &mut Options,
    given: &mut Option<&'w str>,
    rest: &mut dyn Iterator<Item = &'w str>,
) -> Option<()> {
    let mut left = flags;
    while let Some(letter) = left.chars().next() {
        left = left.get(letter.len_utf8()..)?;
        match letter {
            'v' => options.invert = true,
            'i' => options.any_case = true,
            'o' => options.only = true,
            'q' => options.quiet = true,
            'w' => options.words = true,
            'c' => options.count = true,
            'E' => options.dialect = Dialect::Extended,
            'F' => options.dialect = Dialect::Fixed,
            'm' | 'A' | 'e' => {
                let value = if left.is_empty() { rest.next()? } else { left };
                match letter {
                    'm' => options.most = value.parse().ok()?,
                    'A' => options.after = value.parse().ok()?,
                    _ if given.is_some() => return None,
                    _ => *given = Some(value),
                }
                return Some(());
            }
            _ => return None,
        }
    }
    Some(())
}

fn search(text: &str, pattern: &Regex, options: &Options) -> Printed {
    let (mut out, mut found, mut context, mut gap) = (Vec::new(), 0_usize, 0_usize, false);
    for line in text.lines() {
        if found < options.most && pattern.is_match(line) != options.invert {
            found = found.saturating_add(1);
            if options.only {
                let hits = pattern.find_iter(line).filter(|hit| !hit.is_empty() && !options.invert);
                out.extend(hits.map(|hit| hit.as_str().to_owned()));
                continue;
            }
            // Groups of lines that do not touch are set apart.
            if gap && options.after > 0 && !out.is_empty() {
                out.push("--".to_owned());
            }
            out.push(line.to_owned());
            (context, gap) = (options.after, false);
        } else if context > 0 {
            context = context.saturating_sub(1);
            out.push(line.to_owned());
        } else {
            gap = true;
        }
    }
    let mut shown = match (options.quiet, options.count) {
        (true, _) => Printed::default(),
        (false, true) => printed(vec![found.to_string()]),
        (false, false) => printed(out),
    };
    shown.status = i32::from(found == 0);
    shown
}
