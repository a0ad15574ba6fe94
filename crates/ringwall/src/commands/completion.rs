//! `completion`: a script that completes our words in a shell.

use crate::exit::Exit;
use crate::{Cli, output};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

#[derive(Args)]
pub(crate) struct CompletionArgs {
    /// The shell
    shell: Shell,
}

impl CompletionArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "ringwall", &mut script);
        output::write(&String::from_utf8_lossy(&script), None)?;
        Ok(Exit::Done)
    }
}
