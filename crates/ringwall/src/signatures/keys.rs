//! Keys and passwords from files, the environment, the terminal and standard input.

use crate::exit;
use signing::{PrivateKey, PrivateKeyError, PublicKey, ScryptCap};
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

/// Longest key file that is read, in bytes.
const CAP: u64 = 1 << 20;

/// The text a key's name stands for: `env://NAME` or a file.
pub(crate) fn text(name: &str) -> anyhow::Result<String> {
    if let Some(variable) = name.strip_prefix("env://") {
        return std::env::var(variable)
            .map_err(|_| exit::unreadable(format!("{name}: the variable is not set")));
    }
    if let Some((scheme, _)) = name.split_once("://") {
        return Err(exit::usage(format!(
            "{}: keys at {}:// are not supported; a file or env://NAME is",
            model::escape(name),
            model::escape(scheme)
        )));
    }
    let bytes = small_file(name)?;
    String::from_utf8(bytes).map_err(|_| exit::unreadable(format!("{}: not a text", model::escape(name))))
}

/// A small file.
pub(crate) fn small_file(name: &str) -> anyhow::Result<Vec<u8>> {
    let bad = |why: &dyn std::fmt::Display| exit::unreadable(format!("{}: {why}", model::escape(name)));
    let file = std::fs::File::open(name).map_err(|error| bad(&error))?;
    let mut bytes = Vec::new();
    file.take(CAP + 1).read_to_end(&mut bytes).map_err(|error| bad(&error))?;
    if bytes.len() as u64 > CAP {
        return Err(bad(&"longer than any key"));
    }
    Ok(bytes)
}

/// A public key.
pub(crate) fn public(name: &str) -> anyhow::Result<PublicKey> {
    let pem = text(name)?;
    PublicKey::from_pem(&pem).map_err(|error| exit::unreadable(format!("{}: {error}", model::escape(name))))
}

/// A private key, opened with a password if it is closed.
pub(crate) fn private(name: &str) -> anyhow::Result<PrivateKey> {
    let pem = text(name)?;
    if !name.starts_with("env://") {
        warn_if_open(Path::new(name));
    }
    let bad = |error: PrivateKeyError| exit::unreadable(format!("{}: {error}", model::escape(name)));
    if !pem.contains("-----BEGIN ENCRYPTED ") {
        return PrivateKey::import(&pem).map_err(bad);
    }
    let password = password(&format!("Password of {name}: "), false)?;
    PrivateKey::open(&pem, &password, ScryptCap::default()).map_err(bad)
}

/// Whoever can read the file has half of the key.
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
    if mode & 0o044 != 0 {
        crate::output::say(&format!(
            "warning: others on this machine can read {}; `chmod 600` it",
            model::escape(&path.display().to_string())
        ));
    }
}

/// A password: `COSIGN_PASSWORD` if it is set, a pipe's content, or what is typed. A new one is typed twice.
pub(crate) fn password(prompt: &str, new: bool) -> anyhow::Result<Vec<u8>> {
    if let Some(password) = std::env::var_os("COSIGN_PASSWORD") {
        use std::os::unix::ffi::OsStringExt as _;
        return Ok(password.into_vec());
    }
    if !std::io::stdin().is_terminal() {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(4096).read_to_end(&mut bytes)?;
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        return Ok(bytes);
    }
    let typed = rpassword::prompt_password(prompt)?;
    if new && rpassword::prompt_password("Again: ")? != typed {
        return Err(exit::usage("the two passwords differ"));
    }
    Ok(typed.into_bytes())
}

/// Writes a file that must not be there yet, readable by its owner alone if it is secret.
pub(crate) fn write_new(path: &Path, text: &[u8], secret: bool, force: bool) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let shown = model::escape(&path.display().to_string()).into_owned();
    if force && path.exists() {
        std::fs::remove_file(path).map_err(|error| exit::unreadable(format!("{shown}: {error}")))?;
    }
    let opened = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(if secret { 0o600 } else { 0o644 })
        .open(path);
    let mut file = match opened {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(exit::usage(format!("{shown} is there already; --force replaces it")));
        }
        opened => opened.map_err(|error| exit::unreadable(format!("{shown}: {error}")))?,
    };
    file.write_all(text).map_err(|error| exit::unreadable(format!("{shown}: {error}")))
}
