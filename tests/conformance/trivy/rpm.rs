//! rpm's databases, written here: headers of packages in the ndb form and in a Berkeley DB hash file.

/// A package's header: texts by tag and perhaps an epoch, as rpm's "header structure" without its magic.
pub(super) fn header(fields: &[(u32, &str)], epoch: Option<u32>) -> Vec<u8> {
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, text) in fields {
        for word in [*tag, 6, data.len() as u32, 1] {
            index.extend(word.to_be_bytes());
        }
        data.extend(text.as_bytes());
        data.push(0);
    }
    if let Some(epoch) = epoch {
        data.resize(data.len().div_ceil(4) * 4, 0);
        for word in [1003, 4, data.len() as u32, 1] {
            index.extend(word.to_be_bytes());
        }
        data.extend(epoch.to_be_bytes());
    }
    let (count, length) = ((index.len() / 16) as u32, data.len() as u32);
    [&count.to_be_bytes()[..], &length.to_be_bytes(), &index, &data].concat()
}

/// The tags every package here has: name, version, release, vendor, architecture, source.
pub(super) fn package(name: &str, version: &str, release: &str, vendor: &str, source: &str) -> Vec<u8> {
    let source = format!("{source}-{version}-{release}.src.rpm");
    header(
        &[
            (1000, name),
            (1001, version),
            (1002, release),
            (1011, vendor),
            (1014, "MIT"),
            (1022, "x86_64"),
            (1044, &source),
        ],
        None,
    )
}

/// `Packages.db` with these headers.
pub(super) fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    const PAGE: usize = 4096;
    let mut slots = b"RpmP".to_vec();
    let room = (headers.len() + 2).div_ceil(PAGE / 16) * PAGE;
    for word in [0_u32, 1, (room / PAGE) as u32, 0, 0, 0, 0] {
        slots.extend(word.to_le_bytes());
    }
    let mut blocks = Vec::new();
    for (n, header) in headers.iter().enumerate() {
        let number = (n as u32 + 1).to_le_bytes();
        let start = (room + blocks.len()) / 16;
        blocks.extend(b"BlbS");
        blocks.extend([&number[..], &[0; 4], &(header.len() as u32).to_le_bytes(), header].concat());
        blocks.resize(blocks.len().div_ceil(16) * 16 + 16, 0);
        let count = (room + blocks.len()) / 16 - start;
        slots.extend(b"Slot");
        slots.extend([number, (start as u32).to_le_bytes(), (count as u32).to_le_bytes()].concat());
    }
    while slots.len() < room {
        slots.extend(b"Slot");
        slots.extend([0; 12]);
    }
    slots.extend(blocks);
    slots
}

/// `Packages` with these headers: the first page, one page of pairs, pages of values; at most 200 headers.
pub(super) fn bdb(headers: &[Vec<u8>]) -> Vec<u8> {
    const PAGE: usize = 4096;
    const HEAD: usize = 26;
    let mut pages = vec![vec![0; PAGE], vec![0; PAGE]];
    for (n, header) in headers.iter().enumerate() {
        let first = pages.len();
        let chunks: Vec<&[u8]> = header.chunks(PAGE - HEAD).collect();
        for (at, chunk) in chunks.iter().enumerate() {
            let mut page = vec![0; PAGE];
            let next = if at + 1 < chunks.len() { first + at + 1 } else { 0 };
            page[16..20].copy_from_slice(&(next as u32).to_le_bytes());
            page[22..24].copy_from_slice(&(chunk.len() as u16).to_le_bytes());
            page[25] = 7;
            page[HEAD..HEAD + chunk.len()].copy_from_slice(chunk);
            pages.push(page);
        }
        let entry = PAGE - 12 * (n + 1);
        let place = HEAD + 4 * n + 2;
        pages[1][place..place + 2].copy_from_slice(&(entry as u16).to_le_bytes());
        pages[1][entry] = 3;
        pages[1][entry + 4..entry + 8].copy_from_slice(&(first as u32).to_le_bytes());
        pages[1][entry + 8..entry + 12].copy_from_slice(&(header.len() as u32).to_le_bytes());
    }
    pages[1][20..22].copy_from_slice(&(headers.len() as u16 * 2).to_le_bytes());
    pages[1][25] = 13;
    let last = pages.len() as u32 - 1;
    pages[0][12..16].copy_from_slice(&0x0006_1561_u32.to_le_bytes());
    pages[0][20..24].copy_from_slice(&(PAGE as u32).to_le_bytes());
    pages[0][25] = 8;
    pages[0][32..36].copy_from_slice(&last.to_le_bytes());
    pages.concat()
}
