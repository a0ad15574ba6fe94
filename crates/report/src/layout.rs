//! Columns and wrapping for a terminal, in characters a cell wide (wide characters count two).

/// Cells a text takes: East Asian wide characters and emoji two, combining marks none.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(cells).sum()
}

fn cells(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Breaks a text at spaces into lines of at most `room` cells; a longer word is cut.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let needed = width(&line) + usize::from(!line.is_empty()) + width(word);
        if needed > room && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if width(&line) + cells(c) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

/// A text behind an indent, its further lines as far in.
pub fn hanging(indent: &str, text: &str, total: usize) -> String {
    columns(indent, width(indent), text, "", total).join("\n")
}

/// `left` wrapped beside a right column: `right` ends the first line at `total` cells.
pub(crate) fn columns(indent: &str, hang: usize, left: &str, right: &str, total: usize) -> Vec<String> {
    let right_width = if right.is_empty() { 0 } else { width(right) + 2 };
    let room = total.saturating_sub(hang + right_width);
    wrap(left, room)
        .into_iter()
        .enumerate()
        .map(|(at, line)| {
            if at > 0 {
                return format!("{:hang$}{line}", "");
            }
            if right.is_empty() {
                return format!("{indent}{line}");
            }
            let used = hang + width(&line) + width(right);
            format!("{indent}{line}{:gap$}{right}", "", gap = total.saturating_sub(used))
        })
        .collect()
}

/// A text cut in the middle to `room` cells: names keep their beginning and end.
pub(crate) fn shorten(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let half = room.saturating_sub(1) / 2;
    let head: String = text.chars().take(room.saturating_sub(1) - half).collect();
    let tail: Vec<char> = text.chars().rev().take(half).collect();
    format!("{head}…{}", tail.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_words_are_cut() {
        assert_eq!(wrap("one two three", 9), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("", 9), [""]);
    }

    #[test]
    fn the_right_column_ends_at_the_edge() {
        let lines = columns("  1 ", 4, "a text that needs two lines here", "f.yaml:3", 30);
        assert_eq!(width(&lines[0]), 30, "{lines:?}");
        assert!(lines[0].ends_with("f.yaml:3") && lines[1].starts_with("    "));
    }

    #[test]
    fn wide_characters_count_two() {
        assert_eq!(width("漢字a"), 5);
        assert_eq!(width("e\u{301}"), 1);
    }

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(shorten("abcdefghij", 5), "ab…ij");
        assert_eq!(shorten("abc", 5), "abc");
    }
}
