//! Catalogues of what is exploited and how likely, read from files.

use super::options::ReportArgs;
use crate::exit;
use std::path::Path;
use vuln::columns::{Columns, Epss, Kev};

/// The columns the options name.
pub(crate) fn columns(options: &ReportArgs) -> anyhow::Result<Columns> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))
    };
    let sound = |path: &Path, broken: bool| match broken {
        true => Err(exit::unreadable(format!("{}: it is not the catalogue it should be", path.display()))),
        false => Ok(()),
    };
    let mut out = Columns::built_in();
    if let Some(path) = &options.kev {
        let (kev, diagnostics) = Kev::parse(&read(path)?);
        sound(path, kev.is_empty() && !diagnostics.is_empty())?;
        out.add_kev(kev);
    }
    if let Some(path) = &options.epss {
        let (epss, diagnostics) = Epss::parse(&read(path)?);
        sound(path, epss.is_empty() && !diagnostics.is_empty())?;
        out.epss = Some(epss);
    }
    Ok(out)
}
