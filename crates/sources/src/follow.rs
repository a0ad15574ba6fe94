//! A file that grows, as logs do: what is added is read, and a file that was moved away, cut or replaced is begun anew.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A growing file.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    file: Option<File>,
    at: u64,
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With what is there.
    Start,
    /// With what is added from now on.
    End,
}

impl Follow {
    /// Opens a file.
    ///
    /// # Errors
    /// It is not there, or may not be read.
    pub fn open(path: &Path, begin: Begin) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        let at = match begin {
            Begin::Start => 0,
            Begin::End => file.seek(SeekFrom::End(0))?,
        };
        Ok(Self { path: path.to_owned(), file: Some(file), at })
    }

    /// Reads what was added, as far as the buffer goes; 0 when there is nothing now.
    ///
    /// # Errors
    /// Reading fails. A file that is gone for the moment is no error.
    pub fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Some(file) = &mut self.file {
            // A file that became shorter was cut and begins anew.
            if file.metadata()?.len() < self.at {
                self.at = file.seek(SeekFrom::Start(0))?;
            }
            let read = file.read(buffer)?;
            if read > 0 {
                self.at = self.at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
                return Ok(read);
            }
        }
        self.reopen();
        Ok(0)
    }

    /// Takes the file that has the name now, once the old one is read to its end.
    fn reopen(&mut self) {
        let Ok(there) = std::fs::metadata(&self.path) else { return };
        let ours = self.file.as_ref().and_then(|file| file.metadata().ok());
        let same = ours.is_some_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()));
        if !same && let Ok(file) = File::open(&self.path) {
            self.file = Some(file);
            self.at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn all(follow: &mut Follow) -> String {
        let (mut text, mut buffer, mut quiet) = (Vec::new(), [0; 7], 0);
        while quiet < 2 {
            match follow.read(&mut buffer).expect("reads") {
                0 => quiet += 1,
                n => text.extend_from_slice(&buffer[..n]),
            }
        }
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn grows_is_moved_and_is_cut() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        std::fs::write(&path, "one\n").expect("written");
        let mut follow = Follow::open(&path, Begin::Start).expect("opens");
        let mut late = Follow::open(&path, Begin::End).expect("opens");
        assert_eq!(all(&mut follow), "one\n");
        let mut file = File::options().append(true).open(&path).expect("opens");
        file.write_all(b"two\n").expect("written");
        assert_eq!((all(&mut follow), all(&mut late)), ("two\n".into(), "two\n".into()));
        std::fs::rename(&path, folder.path().join("old")).expect("moved");
        file.write_all(b"last\n").expect("written");
        assert_eq!(all(&mut follow), "last\n");
        std::fs::write(&path, "new\n").expect("written");
        assert_eq!(all(&mut follow), "new\n");
        std::fs::write(&path, "x\n").expect("written");
        assert_eq!(all(&mut follow), "x\n");
        assert!(Follow::open(&folder.path().join("none"), Begin::Start).is_err());
    }
}
