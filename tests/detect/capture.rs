//! Small captures, made here: a process is executed, then opens files.

use std::io::Write as _;

/// A capture being written.
pub(super) struct Capture {
    bytes: Vec<u8>,
    time: u64,
}

/// Codes of today's events: what an execution and an open leave.
const EXECVE: u16 = 293;
const OPENAT: u16 = 307;
const CONTAINER: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";

/// A block in its frame.
fn framed(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().div_ceil(4) * 4, 0);
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &body, &length].concat()
}

fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    [text.as_ref(), b"\0"].concat()
}

impl Capture {
    pub(super) fn new() -> Self {
        let header = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 2, 0], &[0xff; 8]].concat();
        Self { bytes: framed(0x0a0d_0d0a, &header), time: 1_772_359_200_000_000_000 }
    }

    fn event(mut self, code: u16, thread: i64, params: &[Vec<u8>]) -> Self {
        self.time += 1_000_000_000;
        let lengths: Vec<u8> =
            params.iter().flat_map(|p| u16::try_from(p.len()).unwrap_or(u16::MAX).to_le_bytes()).collect();
        let data = params.concat();
        let length = u32::try_from(26 + lengths.len() + data.len()).unwrap_or(u32::MAX);
        let body = [
            &0u16.to_le_bytes()[..],
            &self.time.to_le_bytes(),
            &thread.to_le_bytes(),
            &length.to_le_bytes(),
            &code.to_le_bytes(),
            &u32::try_from(params.len()).unwrap_or(0).to_le_bytes(),
            &lengths,
            &data,
        ]
        .concat();
        self.bytes.extend(framed(0x216, &body));
        self
    }

    /// A process is executed: in a container, or on the host.
    pub(super) fn exec(self, thread: i64, name: &str, args: &[u8], container: bool) -> Self {
        let cgroups =
            if container { format!("cpu=/docker/{CONTAINER}") } else { "cpu=/user.slice".to_owned() };
        let args: Vec<u8> = args.iter().map(|b| if *b == b' ' { 0 } else { *b }).chain([0]).collect();
        let number = |n: i64| n.to_le_bytes().to_vec();
        let small = |n: u32| n.to_le_bytes().to_vec();
        let mut params =
            vec![number(0), text(name), args, number(thread), number(thread), number(1), text("/")];
        params.extend([number(1024), number(0), number(0), small(0), small(0), small(0), text(name)]);
        params.extend([text(cgroups), text("A=b"), small(34816), number(thread), small(1000), small(0)]);
        params.extend([number(0), number(0), number(0), number(7), number(0), number(0), small(0)]);
        self.event(EXECVE, thread, &params)
    }

    /// It opens a file to read.
    pub(super) fn open(self, thread: i64, path: &str) -> Self {
        let params = [
            3i64.to_le_bytes().to_vec(),
            (-100i64).to_le_bytes().to_vec(),
            text(path),
            1u32.to_le_bytes().to_vec(),
            0u32.to_le_bytes().to_vec(),
            0u32.to_le_bytes().to_vec(),
            9u64.to_le_bytes().to_vec(),
        ];
        self.event(OPENAT, thread, &params)
    }

    /// Any block.
    pub(super) fn block(mut self, kind: u32, body: &[u8]) -> Self {
        self.bytes.extend(framed(kind, body));
        self
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Compressed.
    pub(super) fn gzip(self) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let _ = out.write_all(&self.bytes);
        out.finish().unwrap_or_default()
    }
}
