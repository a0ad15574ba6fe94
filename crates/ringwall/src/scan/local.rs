//! Images this machine has: from Docker's or Podman's socket, from Podman's command, from containerd's store on disk.

use super::images::{self, Folder, Reading};
use super::options::ImageArgs;
use crate::exit;
use anyhow::{Context as _, anyhow};
use inventory::Inventory;
use model::{Digest, Reference};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use vuln::bolt::Bolt;

/// An image of this machine, from the first place that has it; `None` when none does. `tried` says where one looked.
pub(crate) fn image(
    name: &str,
    reference: &Reference,
    options: &ImageArgs,
    reading: &Reading<'_>,
    tried: &mut Vec<String>,
) -> anyhow::Result<Option<Inventory>> {
    for source in &options.image_src {
        let found = match source.as_str() {
            "docker" => socket(&docker_socket(options.docker_host.as_deref()), name, reading, tried)?,
            "podman" => match socket(&podman_socket(options.podman_host.as_deref()), name, reading, tried)? {
                None => podman(name, reading, tried)?,
                found => found,
            },
            "containerd" => containerd(Path::new("/var/lib/containerd"), reference, reading, tried)?,
            _ => None,
        };
        if let Some(mut found) = found {
            found.image.reference = Some(reference.clone());
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn unix(given: Option<&str>, variable: &str) -> Option<PathBuf> {
    let text = given.map(str::to_owned).or_else(|| std::env::var(variable).ok())?;
    Some(PathBuf::from(text.strip_prefix("unix://").unwrap_or(&text)))
}

fn docker_socket(given: Option<&str>) -> PathBuf {
    unix(given, "DOCKER_HOST").unwrap_or_else(|| "/var/run/docker.sock".into())
}

fn podman_socket(given: Option<&str>) -> PathBuf {
    unix(given, "CONTAINER_HOST").unwrap_or_else(|| {
        let own =
            std::env::var_os("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("podman/podman.sock"));
        own.filter(|path| path.exists()).unwrap_or_else(|| "/run/podman/podman.sock".into())
    })
}

/// Asks a socket that speaks Docker's API to save an image.
fn socket(
    path: &Path,
    name: &str,
    reading: &Reading<'_>,
    tried: &mut Vec<String>,
) -> anyhow::Result<Option<Inventory>> {
    let Ok(stream) = UnixStream::connect(path) else {
        tried.push(format!("{} (no socket)", path.display()));
        return Ok(None);
    };
    let mut body = match save(stream, name) {
        Ok(Some(body)) => body,
        Ok(None) => {
            tried.push(format!("{} (no such image)", path.display()));
            return Ok(None);
        }
        Err(error) => return Err(exit::unreadable(format!("{}: {error:#}", path.display()))),
    };
    images::stream(&mut body, path, reading).map(Some)
}

/// `GET /images/NAME/get`; `None` when there is no such image.
fn save(mut stream: UnixStream, name: &str) -> anyhow::Result<Option<Box<dyn Read>>> {
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let escaped: String = name
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'/' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    write!(stream, "GET /images/{escaped}/get HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut reader = BufReader::new(stream);
    let status = line(&mut reader)?;
    let mut chunked = false;
    let mut length = None;
    loop {
        let header = line(&mut reader)?;
        if header.is_empty() {
            break;
        }
        let (key, value) = header.split_once(':').unwrap_or((&header, ""));
        match key.to_ascii_lowercase().as_str() {
            "transfer-encoding" => chunked = value.to_ascii_lowercase().contains("chunked"),
            "content-length" => length = value.trim().parse::<u64>().ok(),
            _ => {}
        }
    }
    match status.split(' ').nth(1) {
        Some("200") => {}
        Some("404") => return Ok(None),
        _ => return Err(anyhow!("it answered {}", model::escape(&status))),
    }
    Ok(Some(match (chunked, length) {
        (true, _) => Box::new(Chunked { reader, left: 0, over: false }),
        (false, Some(length)) => Box::new(reader.take(length)),
        (false, None) => Box::new(reader),
    }))
}

/// A line of a header, without its end.
fn line(reader: &mut impl std::io::BufRead) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    reader.take(16 << 10).read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(anyhow!("the answer ends within a header"));
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned())
}

/// A body in chunks (RFC 9112, 7.1).
struct Chunked<R> {
    reader: R,
    left: u64,
    over: bool,
}

impl<R: std::io::BufRead> Read for Chunked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let broken =
            || std::io::Error::new(std::io::ErrorKind::InvalidData, "the answer's chunks are broken");
        if self.over || buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            let size = line(&mut self.reader).map_err(|_| std::io::ErrorKind::UnexpectedEof)?;
            self.left = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(|_| broken())?;
            if self.left == 0 {
                self.over = true;
                return Ok(0);
            }
        }
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(buffer.get_mut(..count).unwrap_or_default())?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        if self.left == 0 && !line(&mut self.reader).map_err(|_| broken())?.is_empty() {
            return Err(broken());
        }
        Ok(read)
    }
}

/// Podman keeps images without a daemon: its own command saves one.
fn podman(name: &str, reading: &Reading<'_>, tried: &mut Vec<String>) -> anyhow::Result<Option<Inventory>> {
    use std::process::{Command, Stdio};
    let there = Command::new("podman")
        .args(["image", "exists", name])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match there {
        Ok(status) if status.success() => {}
        Ok(_) => {
            tried.push("podman (no such image)".into());
            return Ok(None);
        }
        Err(_) => {
            tried.push("podman (no such program)".into());
            return Ok(None);
        }
    }
    let mut child = Command::new("podman")
        .args(["save", "--quiet", "--format", "docker-archive", "--", name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("podman save")?;
    let mut out = child.stdout.take().context("podman save has no output")?;
    let read = images::stream(&mut out, Path::new("podman save"), reading);
    // What is left is of no interest; a closed pipe ends the program.
    drop(out);
    let _ = child.wait();
    read.map(Some)
}

/// Deepest folder of blobs below containerd's root.
const CONTENT: &str = "io.containerd.content.v1.content/blobs";
const META: &str = "io.containerd.metadata.v1.bolt/meta.db";

/// containerd's own database tells which manifest a name is; its store holds the blobs.
fn containerd(
    root: &Path,
    reference: &Reference,
    reading: &Reading<'_>,
    tried: &mut Vec<String>,
) -> anyhow::Result<Option<Inventory>> {
    let path = root.join(META);
    let Ok(file) = super::file::Positioned::open(&path) else {
        tried.push("containerd (its store is not there or not readable)".into());
        return Ok(None);
    };
    let bolt = Bolt::open(Box::new(file)).with_context(|| path.display().to_string())?;
    let Some(digest) = target(&bolt, reference)? else {
        tried.push("containerd (no such image)".into());
        return Ok(None);
    };
    let blobs = Folder(root.join(CONTENT));
    let text =
        format!(r#"{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{digest}","size":0}}"#);
    let descriptor = serde_json::from_str(&text)?;
    let mut found = images::described(&blobs, &descriptor, Vec::new(), reading, 0)?;
    found.tags.push(reference.to_string());
    Ok(Some(found))
}

/// `v1 / NAMESPACE / images / NAME / target / digest`, in any namespace.
fn target(bolt: &Bolt, reference: &Reference) -> anyhow::Result<Option<Digest>> {
    let Some(top) = bolt.bucket(&bolt.root(), b"v1")? else { return Ok(None) };
    let mut namespaces = Vec::new();
    bolt.each(&top, b"", &mut |name, value| {
        if value.is_none() {
            namespaces.push(name.to_vec());
        }
        true
    })?;
    let full = reference.tag.is_some() || reference.digest.is_some();
    let name = if full { reference.to_string() } else { format!("{reference}:latest") };
    let repository = reference.repository.to_string();
    // Names are kept with their registry; Docker's images under docker.io.
    let spelled = [
        name.clone(),
        format!("{}/{repository}:{}", reference.registry, reference.tag.as_deref().unwrap_or("latest")),
    ];
    for namespace in namespaces {
        let Some(inside) = bolt.bucket(&top, &namespace)? else { continue };
        let Some(all) = bolt.bucket(&inside, b"images")? else { continue };
        for name in &spelled {
            let Some(image) = bolt.bucket(&all, name.as_bytes())? else { continue };
            let Some(target) = bolt.bucket(&image, b"target")? else { continue };
            let digest = bolt.value(&target, b"digest")?.unwrap_or_default();
            if let Some(digest) = Digest::parse(&String::from_utf8_lossy(&digest)) {
                return Ok(Some(digest));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use vuln::bolt::{Entry, write};

    #[test]
    fn chunks() {
        let read = |text: &str| {
            let mut out = String::new();
            Chunked { reader: text.as_bytes(), left: 0, over: false }.read_to_string(&mut out).map(|_| out)
        };
        assert_eq!(read("3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n").unwrap(), "abcde");
        for broken in ["3\r\nab", "x\r\n", "3\r\nabcd\r\n", ""] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn names_of_containerd() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let bucket = |entries: Vec<(&str, Entry)>| {
            Entry::Bucket(entries.into_iter().map(|(k, v)| (k.as_bytes().to_vec(), v)).collect())
        };
        let target_of =
            bucket(vec![("target", bucket(vec![("digest", Entry::Value(digest.clone().into_bytes()))]))]);
        let images = bucket(vec![("images", bucket(vec![("docker.io/library/app:latest", target_of)]))]);
        let root: BTreeMap<Vec<u8>, Entry> = [(b"v1".to_vec(), bucket(vec![("k8s.io", images)]))].into();
        let bolt = Bolt::open(Box::new(write(&root))).unwrap();
        let found = |name: &str| target(&bolt, &name.parse().unwrap()).unwrap().map(|d| d.to_string());
        assert_eq!(found("app"), Some(digest.clone()));
        assert_eq!(found("docker.io/library/app:latest"), Some(digest));
        assert_eq!(found("other"), None);
    }

    #[test]
    fn a_socket_answers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in [
                "HTTP/1.1 404 Not Found\r\n\r\n",
                "HTTP/1.1 500 Oh\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            ] {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                asked.push(line(&mut reader).unwrap());
                while !line(&mut reader).unwrap().is_empty() {}
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
            asked
        });
        let ask = || save(UnixStream::connect(&path).unwrap(), "registry.test/a b:1");
        assert!(ask().unwrap().is_none());
        assert!(ask().is_err());
        let mut text = String::new();
        ask().unwrap().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "ok");
        assert_eq!(server.join().unwrap()[0], "GET /images/registry.test/a%20b%3A1/get HTTP/1.1");
    }
}
