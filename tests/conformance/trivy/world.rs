//! What a scanner is given: databases, images, folders, written here from nothing but names and versions.

use std::collections::BTreeMap;
use std::path::Path;
use vuln::bolt::{Entry, write};

/// A database's entries: `bucket|…|key` and a JSON text.
pub(crate) type Rows = Vec<(String, String)>;

/// Puts a value at a path of buckets.
pub(crate) fn put(at: &mut BTreeMap<Vec<u8>, Entry>, path: &[&str], value: &str) {
    match path {
        [] => {}
        [key] => drop(at.insert(key.as_bytes().to_vec(), Entry::Value(value.as_bytes().to_vec()))),
        [key, rest @ ..] => {
            let inner = at.entry(key.as_bytes().to_vec()).or_insert_with(|| Entry::Bucket(BTreeMap::new()));
            if let Entry::Bucket(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// The bytes of a database.
pub(crate) fn database(rows: &[(String, String)]) -> Vec<u8> {
    let mut root = BTreeMap::new();
    for (path, value) in rows {
        put(&mut root, &path.split('|').collect::<Vec<_>>(), value);
    }
    write(&root)
}

/// A cache folder with a database in it, and one of Java archives that knows a few.
pub(crate) fn cache(folder: &Path, database: &[u8]) -> Result<(), String> {
    let metadata = r#"{"Version":2,"NextUpdate":"2100-01-01T00:00:00Z","UpdatedAt":"2026-01-01T00:00:00Z","DownloadedAt":"2026-01-01T00:00:00Z"}"#;
    let java = include_bytes!("java.db");
    for (part, file, bytes, metadata) in [
        ("db", "trivy.db", database, metadata.to_owned()),
        ("java-db", "trivy-java.db", java, metadata.replace("\"Version\":2", "\"Version\":1")),
    ] {
        let at = folder.join(part);
        std::fs::create_dir_all(&at).map_err(|e| e.to_string())?;
        std::fs::write(at.join(file), bytes).map_err(|e| e.to_string())?;
        std::fs::write(at.join("metadata.json"), metadata).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// A tar archive of files.
pub(crate) fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, body) in files {
        let mut header = [0_u8; 512];
        // Long names are split as ustar has it.
        let (prefix, name) = match path.len() > 99 {
            true => path.split_at(
                path.char_indices().rfind(|(at, c)| *c == '/' && *at < 150).map_or(0, |(at, _)| at),
            ),
            false => ("", path.as_str()),
        };
        let name = name.trim_start_matches('/');
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, name.as_bytes());
        // What lies where programs lie is one.
        put(100, if path.contains("/bin/") { b"0000755\0" } else { b"0000644\0" });
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", body.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, b"0");
        put(257, b"ustar\x0000");
        put(345, prefix.as_bytes());
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(header);
        out.extend(body);
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A zip archive of stored files: what a jar is.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, body) in files {
        let offset = out.len() as u32;
        let mut fixed = Vec::new();
        for word in [20_u16, 0, 0, 0, 0] {
            fixed.extend(word.to_le_bytes());
        }
        fixed.extend(crc32(body).to_le_bytes());
        fixed.extend((body.len() as u32).to_le_bytes());
        fixed.extend((body.len() as u32).to_le_bytes());
        fixed.extend((name.len() as u16).to_le_bytes());
        fixed.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&fixed);
        out.extend(name.as_bytes());
        out.extend(*body);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fixed);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        out.extend((files.len() as u16).to_le_bytes());
    }
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

/// A docker archive of these layers, lowest first.
pub(crate) fn image(layers: &[Vec<(String, Vec<u8>)>], tag: &str, created: &str) -> Vec<u8> {
    let packed: Vec<Vec<u8>> = layers.iter().map(|files| tar(files)).collect();
    let digest = |bytes: &[u8]| inventory::sha256(bytes).map(|d| d.to_string()).unwrap_or_default();
    let ids: Vec<String> = packed.iter().map(|bytes| digest(bytes)).collect();
    let steps: Vec<serde_json::Value> = (0..layers.len())
        .map(|n| serde_json::json!({"created": created, "created_by": format!("RUN step {n}")}))
        .collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "created": created, "config": {},
        "rootfs": {"type": "layers", "diff_ids": ids}, "history": steps,
    })
    .to_string()
    .into_bytes();
    let name = digest(&config).replace("sha256:", "") + ".json";
    let names: Vec<String> = (0..packed.len()).map(|n| format!("{n}/layer.tar")).collect();
    let manifest = serde_json::json!([{"Config": name, "RepoTags": [tag], "Layers": names}]).to_string();
    let mut files: Vec<(String, Vec<u8>)> = names.into_iter().zip(packed).collect();
    files.push((name, config));
    files.push(("manifest.json".into(), manifest.into_bytes()));
    tar(&files)
}
