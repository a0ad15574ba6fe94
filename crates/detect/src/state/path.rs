//! Paths as the process means them: joined to a directory and cleaned of `.`, `..` and doubled slashes.

/// Joins a path to the directory it is relative to.
pub(crate) fn join(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(directory.len().saturating_add(path.len()).saturating_add(1));
    let absolute = path.first() == Some(&b'/');
    if !absolute {
        append(&mut out, directory);
    } else {
        out.push(b'/');
    }
    append(&mut out, path);
    out
}

/// Appends the components of a path to one that is clean.
fn append(out: &mut Vec<u8>, path: &[u8]) {
    if out.is_empty() && path.first() == Some(&b'/') {
        out.push(b'/');
    }
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                let keep = out.iter().rposition(|b| *b == b'/').unwrap_or(0);
                out.truncate(keep.max(usize::from(out.first() == Some(&b'/'))));
            }
            part => {
                if !matches!(out.last(), None | Some(b'/')) {
                    out.push(b'/');
                }
                out.extend_from_slice(part);
            }
        }
    }
}

/// What comes before the last slash: the directory of a file.
pub(crate) fn directory(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|b| *b == b'/') {
        None | Some(0) => b"/",
        Some(at) => path.get(..at).unwrap_or(path),
    }
}

/// What follows the last slash.
pub(crate) fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn joined() {
        for (directory, path, want) in [
            ("/a/b/", "c", "/a/b/c"),
            ("/a/b", "../c", "/a/c"),
            ("/a", "/x//y/./z", "/x/y/z"),
            ("/a", "../../../x", "/x"),
            ("/", "", "/"),
            ("/a/", ".", "/a"),
            ("", "c", "c"),
            ("/", "etc/../../etc/shadow", "/etc/shadow"),
        ] {
            assert_eq!(join(directory.as_bytes(), path.as_bytes()), want.as_bytes(), "{directory} {path}");
        }
        assert_eq!(
            (directory(b"/etc/x"), directory(b"/x"), directory(b"x")),
            (&b"/etc"[..], &b"/"[..], &b"/"[..])
        );
        assert_eq!((file_name(b"/etc/x"), file_name(b"x")), (&b"x"[..], &b"x"[..]));
    }

    proptest! {
        #[test]
        fn clean(directory in "/[a./]{0,12}", path in "[a./]{0,12}") {
            let out = String::from_utf8(join(directory.as_bytes(), path.as_bytes())).unwrap();
            prop_assert!(out.starts_with('/'));
            prop_assert!(out.split('/').skip(1).all(|p| p != "." && p != "..") && !out.contains("//"));
        }
    }
}
