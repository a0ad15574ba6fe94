//! A file that grows; one that was moved or removed under it is made anew.

use super::{Fault, Sink};
use crate::alerts::Style;
use detect::Alert;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) struct File {
    path: PathBuf,
    file: fs::File,
    style: Style,
}

fn append(path: &Path) -> std::io::Result<fs::File> {
    fs::OpenOptions::new().create(true).append(true).open(path)
}

impl File {
    pub(super) fn open(path: &Path, style: Style) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: append(path)?, style })
    }

    /// The file that has the name now.
    fn current(&mut self) -> std::io::Result<&mut fs::File> {
        let ours = self.file.metadata()?;
        let same = fs::metadata(&self.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
        if !same {
            self.file = append(&self.path)?;
        }
        Ok(&mut self.file)
    }
}

impl Sink for File {
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
        let mut text = String::new();
        for alert in alerts {
            text.push_str(&self.style.line(alert));
            text.push('\n');
        }
        let file = self.current().map_err(Fault::new)?;
        file.write_all(text.as_bytes()).map_err(Fault::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use detect::alert::Shape;

    #[test]
    fn a_moved_file_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("alerts");
        let style = Style { json: false, shape: Shape::default(), program: "ringwall" };
        let alert = detect::import(br#"{"rule":"r","priority":"Debug","output":"o"}"#, &Default::default());
        let alert = Arc::new(alert.alerts.into_iter().next().expect("an alert"));
        let mut sink = File::open(&path, style).expect("opens");
        sink.take(std::slice::from_ref(&alert)).expect("taken");
        fs::rename(&path, folder.path().join("old")).expect("moved");
        sink.take(&[alert.clone(), alert]).expect("taken");
        let lines = |name: &str| fs::read_to_string(folder.path().join(name)).map(|t| t.lines().count());
        assert_eq!((lines("old").ok(), lines("alerts").ok()), (Some(1), Some(2)));
        assert!(File::open(&folder.path().join("no/such"), style).is_err());
    }
}
