//! Members of a tar stream, in one pass, with caps on everything a header can claim.
//!
//! POSIX ustar with pax records, GNU long names and base-256 numbers. Sparse members are listed, not read.

use crate::bounded::Limit;
use std::io::{self, Read};

const BLOCK: usize = 512;

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// A symbolic link, with its target as written.
    Symlink(String),
    /// Another name of an earlier member.
    Hardlink(String),
    /// Stored with holes; its bytes are not the file's.
    Sparse,
    /// Devices, pipes and what nobody knows.
    Other,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// As written; not yet contained.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    /// Whether anybody may execute it.
    pub(crate) executable: bool,
}

/// Caps of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) entries: u64,
    pub(crate) extension_bytes: u64,
}

/// A tar stream.
pub(crate) struct Tar<'r> {
    input: &'r mut dyn Read,
    caps: Caps,
    /// Bytes of the present member not yet read, and its padding.
    left: u64,
    padding: u64,
    entries: u64,
}

/// What extension headers say of the next member.
#[derive(Default)]
struct Extension {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

impl<'r> Tar<'r> {
    pub(crate) fn new(input: &'r mut dyn Read, caps: Caps) -> Self {
        Self { input, caps, left: 0, padding: 0, entries: 0 }
    }

    /// The next member; what of the last one was not read is skipped.
    pub(crate) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut extension = Extension::default();
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            self.entries = self.entries.saturating_add(1);
            if self.entries > self.caps.entries {
                return Err(Limit::io("entries"));
            }
            self.left = header.size;
            match header.flag {
                b'L' => extension.path = Some(text(&self.extension()?)),
                b'K' => extension.link = Some(text(&self.extension()?)),
                b'x' => pax(&self.extension()?, &mut extension),
                b'g' => {}
                _ => return self.member(header, extension).map(Some),
            }
        }
    }

    /// The bytes of the present member.
    pub(crate) fn body(&mut self) -> Body<'_, 'r> {
        Body(self)
    }

    fn member(&mut self, header: Header, extension: Extension) -> io::Result<Member> {
        let link = extension.link.unwrap_or(header.link);
        let path = extension.path.unwrap_or(header.path);
        let kind = match header.flag {
            b'S' => Kind::Sparse,
            b'0' | b'7' | 0 if extension.sparse => Kind::Sparse,
            // Before POSIX a directory was a file whose name ends in a slash.
            0 | b'0' if path.ends_with('/') => Kind::Directory,
            b'0' | b'7' | 0 => Kind::File,
            b'1' => Kind::Hardlink(link),
            b'2' => Kind::Symlink(link),
            b'5' => Kind::Directory,
            _ => Kind::Other,
        };
        // Only files have bodies; links and devices may claim a size that nothing follows.
        let size = match kind {
            Kind::File | Kind::Sparse | Kind::Other => extension.size.unwrap_or(header.size),
            Kind::Hardlink(_) | Kind::Symlink(_) | Kind::Directory => 0,
        };
        let size = if matches!(header.flag, b'3' | b'4' | b'6') { 0 } else { size };
        self.open(size);
        if header.flag == b'S' && header.extended {
            self.sparse_map()?;
        }
        Ok(Member { path, kind, size, executable: header.mode & 0o111 != 0 })
    }

    fn open(&mut self, size: u64) {
        self.left = size;
        let rest = size.checked_rem(BLOCK as u64).unwrap_or(0);
        self.padding = if rest == 0 { 0 } else { (BLOCK as u64).saturating_sub(rest) };
    }

    /// Old GNU sparse maps go on in blocks between header and body.
    fn sparse_map(&mut self) -> io::Result<()> {
        let mut block = [0; BLOCK];
        for _ in 0..self.caps.extension_bytes.checked_div(BLOCK as u64).unwrap_or(0) {
            self.input.read_exact(&mut block)?;
            if block.get(504) != Some(&1) {
                return Ok(());
            }
        }
        Err(Limit::io("sparse map"))
    }

    fn extension(&mut self) -> io::Result<Vec<u8>> {
        if self.left > self.caps.extension_bytes {
            return Err(Limit::io("extension header"));
        }
        self.open(self.left);
        let mut bytes = Vec::new();
        self.body().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1 << 13];
        while self.left > 0 {
            self.read_some(&mut buffer)?;
        }
        let padding = usize::try_from(self.padding).unwrap_or(0);
        if let Some(rest) = buffer.get_mut(..padding) {
            self.input.read_exact(rest)?;
        }
        self.padding = 0;
        Ok(())
    }

    /// Reads of the present member, an error when it ends early.
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..want).filter(|part| !part.is_empty()) else { return Ok(0) };
        let read = self.input.read(part)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }

    /// The next header; `None` at a zero block or at the very end.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest)? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled = filled.saturating_add(read),
            }
        }
        if block.iter().all(|b| *b == 0) {
            return Ok(None);
        }
        Header::read(&block).map(Some).ok_or_else(|| invalid("not a tar header"))
    }
}

/// The bytes of one member.
pub(crate) struct Body<'t, 'r>(&'t mut Tar<'r>);

impl Read for Body<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_some(buffer)
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// One header block.
struct Header {
    path: String,
    link: String,
    size: u64,
    mode: u64,
    flag: u8,
    extended: bool,
}

impl Header {
    fn read(block: &[u8; BLOCK]) -> Option<Self> {
        let field = |start: usize, len: usize| block.get(start..start.checked_add(len)?);
        // The sum is over the block with its own field as spaces; some writers summed signed bytes.
        let sum = number(field(148, 8)?)?;
        let (mut plain, mut signed) = (0_u64, 0_i64);
        for (at, byte) in block.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { *byte };
            plain = plain.saturating_add(u64::from(byte));
            signed = signed.saturating_add(i64::from(byte.cast_signed()));
        }
        if sum != plain && i64::try_from(sum) != Ok(signed) {
            return None;
        }
        let mut path = text(field(0, 100)?);
        let prefix = if field(257, 6)? == b"ustar\0" { text(field(345, 155)?) } else { String::new() };
        if !prefix.is_empty() {
            path = format!("{prefix}/{path}");
        }
        Some(Self {
            path,
            link: text(field(157, 100)?),
            size: number(field(124, 12)?)?,
            mode: number(field(100, 8)?).unwrap_or(0),
            flag: *block.get(156)?,
            extended: block.get(482) == Some(&1),
        })
    }
}

/// Text up to the first NUL; what is not UTF-8 is replaced.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).into_owned()
}

/// Octal digits between spaces and NULs, or GNU's base 256 with the top bit set.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if *first == 0x80 {
        let (high, low) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
        return high.iter().all(|b| *b == 0).then(|| u64::from_be_bytes(low.try_into().unwrap_or([0xff; 8])));
    }
    let digits = field.iter().skip_while(|b| **b == b' ').take_while(|b| !matches!(**b, b' ' | 0));
    digits.into_iter().try_fold(0_u64, |sum, b| match b {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(u64::from(b & 7)),
        _ => None,
    })
}

/// Records `LENGTH KEY=VALUE\n`; what is malformed ends the list.
fn pax(bytes: &[u8], out: &mut Extension) {
    let mut rest = bytes;
    while let Some((record, tail)) = pax_record(rest) {
        rest = tail;
        let Some(at) = record.iter().position(|b| *b == b'=') else { continue };
        let (key, value) = record.split_at(at);
        let value = text(value.get(1..).unwrap_or_default());
        match key {
            b"path" => out.path = Some(value),
            b"linkpath" => out.link = Some(value),
            b"size" => out.size = value.parse().ok(),
            key if key.starts_with(b"GNU.sparse.") => out.sparse = true,
            _ => {}
        }
    }
}

fn pax_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|b| *b == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..space)?).ok()?.parse().ok()?;
    let record = bytes.get(space.checked_add(1)?..length.checked_sub(1)?)?;
    Some((record, bytes.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::tar::{Builder, EntryType, Header as Make};

    const CAPS: Caps = Caps { entries: 100, extension_bytes: 4096 };

    fn members(bytes: &[u8]) -> io::Result<Vec<(Member, Vec<u8>)>> {
        let mut input: &[u8] = bytes;
        let mut tar = Tar::new(&mut input, CAPS);
        let mut out = Vec::new();
        while let Some(member) = tar.next()? {
            let mut body = Vec::new();
            tar.body().read_to_end(&mut body)?;
            out.push((member, body));
        }
        Ok(out)
    }

    fn file(builder: &mut Builder<Vec<u8>>, path: &str, body: &[u8]) {
        let mut header = Make::new_gnu();
        header.set_size(body.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, path, body).unwrap();
    }

    #[test]
    fn reads_what_another_writer_wrote() {
        let mut builder = Builder::new(Vec::new());
        let long = "d/".repeat(150) + "name";
        file(&mut builder, "a", b"hello");
        file(&mut builder, &long, &[7; 1025]);
        let mut link = Make::new_gnu();
        link.set_entry_type(EntryType::Symlink);
        link.set_size(0);
        builder.append_link(&mut link, "l", "../target").unwrap();
        builder.append_pax_extensions([("path", b"pax/name".as_slice()), ("size", b"2")]).unwrap();
        file(&mut builder, "short", b"ok");
        let got = members(&builder.into_inner().unwrap()).unwrap();
        let want = [
            ("a", Kind::File, 5),
            (&long, Kind::File, 1025),
            ("l", Kind::Symlink("../target".into()), 0),
            ("pax/name", Kind::File, 2),
        ];
        assert_eq!(got.len(), want.len());
        for ((member, body), (path, kind, size)) in got.iter().zip(want) {
            assert_eq!((member.path.as_str(), &member.kind, member.size), (path, &kind, size));
            assert_eq!(body.len() as u64, size);
        }
    }

    #[test]
    fn lies_are_errors() {
        let mut builder = Builder::new(Vec::new());
        file(&mut builder, "a", &[1; 600]);
        let whole = builder.into_inner().unwrap();
        assert_eq!(members(&whole[..700]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(members(&whole[..100]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut corrupt = whole.clone();
        corrupt[0] ^= 1;
        assert_eq!(members(&corrupt).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(members(&[]).unwrap().is_empty());
    }

    #[test]
    fn caps_hold() {
        let mut builder = Builder::new(Vec::new());
        for n in 0..101 {
            file(&mut builder, &n.to_string(), b"");
        }
        let error = members(&builder.into_inner().unwrap()).unwrap_err();
        assert_eq!(Limit::of(&error), Some(&Limit("entries")));

        let mut header = Make::new_gnu();
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(4 << 30);
        header.set_cksum();
        let error = members(header.as_bytes()).unwrap_err();
        assert_eq!(Limit::of(&error), Some(&Limit("extension header")));
    }

    #[test]
    fn numbers() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   12 \0"), Some(0o12));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]), Some(1 << 32));
        assert_eq!(number(&[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(number(b"99"), None);
    }
}
