//! Paths inside an image: relative, with `/`, contained in the root.

/// Why a path cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathError {
    /// It climbs out with `..`.
    Escapes,
    /// It is longer than the cap.
    TooLong,
}

/// The path without leading `/` and `./`, empty and `.` parts. `..` is refused, wherever it leads.
pub(crate) fn normal(path: &str, cap: usize) -> Result<String, PathError> {
    if path.len() > cap {
        return Err(PathError::TooLong);
    }
    let mut out = String::with_capacity(path.len());
    for part in path.split('/') {
        match part {
            "" | "." => continue,
            ".." => return Err(PathError::Escapes),
            part => {
                if !out.is_empty() {
                    out.push('/');
                }
                out.push_str(part);
            }
        }
    }
    Ok(out)
}

/// Where a symbolic link leads inside the root; `..` above the root stays at the root, as the kernel has it.
pub(crate) fn follow(link: &str, target: &str) -> String {
    let base = if target.starts_with('/') { "" } else { parent(link) };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The directory of a path, empty at the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether `path` lies below `directory` (not: is it); everything lies below the empty root.
pub(crate) fn below(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// The directories above a path, nearest first, without the root.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |p| Some(parent(p))).skip(1).take_while(|p| !p.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_contains() {
        for (path, want) in [
            ("./etc/os-release", Ok("etc/os-release")),
            ("/etc//./x", Ok("etc/x")),
            ("", Ok("")),
            ("../etc/passwd", Err(PathError::Escapes)),
            ("a/../b", Err(PathError::Escapes)),
            ("..a/b..", Ok("..a/b..")),
            ("0123456789abcdefg", Err(PathError::TooLong)),
        ] {
            assert_eq!(normal(path, 16).as_deref(), want.as_ref().map(|s| *s), "{path}");
        }
    }

    #[test]
    fn links_stay_inside() {
        assert_eq!(follow("etc/os-release", "../usr/lib/os-release"), "usr/lib/os-release");
        assert_eq!(follow("etc/x", "../../../../etc/shadow"), "etc/shadow");
        assert_eq!(follow("a/b/c", "/d"), "d");
        assert_eq!(follow("a", "b"), "b");
    }

    #[test]
    fn relations() {
        assert!(below("a/b", "a") && below("a", "") && !below("a", "a") && !below("ab", "a"));
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(ancestors("a").count(), 0);
        assert_eq!((parent("a/b"), name("a/b"), parent("a"), name("a")), ("a", "b", "", "a"));
    }
}
