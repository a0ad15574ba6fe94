//! What people call a licence, and SPDX's id for it: names in capitals, without the word licence and with the version
//! behind a hyphen, as [`super::license`] makes them.

/// An id, whether the name means later versions as well, and names of it.
struct Row(&'static str, bool, &'static [&'static str]);

/// The id a name means, and whether later versions count.
pub(super) fn find(name: &str) -> Option<(&'static str, bool)> {
    ROWS.iter().find(|row| row.2.contains(&name)).map(|row| (row.0, row.1))
}

static ROWS: &[Row] = &[
    Row("AFL-2.0", false, &["AFL-2"]),
    Row("AFL-2.1", false, &["ACADEMIC FREE LICENSE (AFL)", "ACADEMIC FREE LICENSE (AFL-2.1"]),
    Row("AFL-3.0", false, &["AFL"]),
    Row("AGPL-1.0", false, &["AGPL-1.0"]),
    Row("AGPL-3.0", false, &["AGPL", "AGPL-3.0", "GNU AFFERO GENERAL PUBLIC-3"]),
    Row("APSL-1.0", false, &["APPLE PUBLIC SOURCE"]),
    Row("Apache-1.0", false, &["APACHE-1", "ASF-1", "ASF-1.0", "ASL-1", "ASL-1.0"]),
    Row("Apache-1.1", false, &["ASF-1.1", "ASL-1.1", "APACHE PUBLIC-1.1", "APACHE SOFTWARE-1.1"]),
    Row(
        "Apache-2.0",
        false,
        &[
            "AL-2",
            "AL-2.0",
            "APACHE",
            "APACHE-STYLE",
            "APACHE-2",
            "APL-2",
            "APL-2.0",
            "ASF-2",
            "ASF-2.0",
            "ASL",
            "ASL-2",
            "ASL-2.0",
            "APACHE SOFTWARE",
            "APACHE SOFTWARE-2",
            "APACHE SOFTWARE-2.0",
            "APACHE PUBLIC-2.0",
            "APACHE 2 STYLE",
            "APACHE LICENSE, ASL-2.0",
        ],
    ),
    Row("Artistic-2.0", false, &["ARTISTIC"]),
    Row("BSD-1-Clause", false, &["BSD-1"]),
    Row(
        "BSD-2-Clause",
        false,
        &[
            "BSD-2",
            "BSD SOFTWARE",
            "2-CLAUSE BSD",
            "2-CLAUSE BSDL",
            "BSD 2 CLAUSE",
            "BSD 2-CLAUSE",
            "BSD TWO CLAUSE",
            "SIMPLIFIED BSD",
            "BERKELEY SOFTWARE DISTRIBUTION (BSD)",
        ],
    ),
    Row(
        "BSD-3-Clause",
        false,
        &[
            "BSD",
            "BSD*",
            "BSD-LIKE",
            "BSD-STYLE",
            "BSD-VARIANT",
            "BSD-3",
            "BSD-3-CLAUSE",
            "EDL-1.0",
            "GO",
            "BSD STYLE",
            "BSD 3 CLAUSE",
            "BSD 3-CLAUSE",
            "3-CLAUSE BSD",
            "BSD THREE CLAUSE",
            "NEW BSD",
            "MODIFIED BSD",
            "REVISED BSD",
            "ECLIPSE DISTRIBUTION-1.0",
            "BSD NEW",
            "BSD 3-CLAUSE NEW",
        ],
    ),
    Row("BSD-4-Clause", false, &["BSD-4", "BSD 4 CLAUSE", "BSD 4-CLAUSE", "BSD FOUR CLAUSE"]),
    Row(
        "BSL-1.0",
        false,
        &["BOOST", "BOOST-1.0", "BSL", "BOOST SOFTWARE", "BOOST SOFTWARE LICENSE 1.0 (BSL-1.0"],
    ),
    Row(
        "CC0-1.0",
        false,
        &[
            "CC0",
            "CC0 1.0 UNIVERSAL",
            "CREATIVE COMMONS CC0",
            "CREATIVE COMMONS ZERO",
            "PUBLIC DOMAIN (CC0-1.0)",
            "CC0 1.0 UNIVERSAL (CC0 1.0) PUBLIC DOMAIN DEDICATION",
        ],
    ),
    Row(
        "CC-BY-3.0",
        false,
        &[
            "CREATIVE COMMONS",
            "CREATIVE COMMONS - BY",
            "CREATIVE COMMONS ATTRIBUTION",
            "CREATIVE COMMONS-3.0",
        ],
    ),
    Row("CC-BY-4.0", false, &["CREATIVE COMMONS ATTRIBUTION-4.0"]),
    Row("CDDL-1.0", false, &["CDDL", "CDDL-1", "COMMON DEVELOPMENT AND DISTRIBUTION"]),
    Row("CPAL-1.0", false, &["CPAL"]),
    Row("CPL-1.0", false, &["CPL", "CPL-1.0", "COMMON PUBLIC", "COMMON PUBLIC-1.0"]),
    Row(
        "EPL-1.0",
        false,
        &[
            "ECLIPSE",
            "EPL",
            "ECLIPSE-1.0",
            "ECLIPSE PUBLIC LICENSE (EPL)",
            "ECLIPSE PUBLIC",
            "ECLIPSE PUBLIC-1.0",
        ],
    ),
    Row("EPL-2.0", false, &["ECLIPSE-2.0", "ECLIPSE PUBLIC-2.0", "ECLIPSE PUBLIC LICENSE (EPL)-2.0"]),
    Row("EUPL-1.0", false, &["EUPL", "EUROPEAN UNION PUBLIC-1.0"]),
    Row("EUPL-1.1", false, &["EUROPEAN UNION PUBLIC-1.1"]),
    Row("GFDL-1.1", false, &["GFDL-1.1"]),
    Row("GFDL-1.2", false, &["GFDL-1.2"]),
    Row("GFDL-1.3", false, &["GFDL-1.3"]),
    Row("GFDL-1.3", true, &["FDL", "GFDL", "GNU FREE DOCUMENTATION LICENSE (FDL)"]),
    Row("GPL-1.0", false, &["GPL-1", "GPL-1.0"]),
    Row("GPL-2.0", true, &["GPL", "GENERAL PUBLIC LICENSE (GPL)", "GNU PUBLIC"]),
    Row("GPL-2.0", false, &["GPL-2", "GPL-2.0", "GNU GPL", "GNU GPL-2", "GNU GENERAL PUBLIC-2"]),
    Row("GPL-2.0-with-autoconf-exception", false, &["GPL-2.0-WITH-AUTOCONF-EXCEPTION"]),
    Row("GPL-2.0-with-bison-exception", false, &["GPL-2.0-WITH-BISON-EXCEPTION"]),
    Row(
        "GPL-2.0-with-classpath-exception",
        false,
        &[
            "GPL-2.0-WITH-CLASSPATH-EXCEPTION",
            "GPL 2 WITH CLASSPATH EXCEPTION",
            "GPL V2 WITH CLASSPATH EXCEPTION",
        ],
    ),
    Row("GPL-2.0-with-font-exception", false, &["GPL-2.0-WITH-FONT-EXCEPTION"]),
    Row("GPL-2.0-with-GCC-exception", false, &["GPL-2.0-WITH-GCC-EXCEPTION"]),
    Row("GPL-3.0", true, &["GNU GENERAL PUBLIC LIBRARY", "GNU GENERAL PUBLIC LICENSE (GPL)"]),
    Row("GPL-3.0", false, &["GPL-3", "GPL-3.0", "GNU GPL-3", "GNU GENERAL PUBLIC-3"]),
    Row("GPL-3.0-with-autoconf-exception", false, &["GPL-3.0-WITH-AUTOCONF-EXCEPTION"]),
    Row("GPL-3.0-with-GCC-exception", false, &["GPL-3.0-WITH-GCC-EXCEPTION"]),
    Row("IPL-1.0", false, &["IBM PUBLIC"]),
    Row("ISC", false, &["ISCL", "ISC LICENSE (ISCL)"]),
    Row("LGPL-2.0", true, &["LGPL"]),
    Row(
        "LGPL-2.0",
        false,
        &[
            "LGPL-2",
            "LGPL-2.0",
            "GNU LGPL-2",
            "GNU LGPL-2.0",
            "GNU LESSER GENERAL PUBLIC-2",
            "GNU LESSER GENERAL PUBLIC-2.0",
        ],
    ),
    Row(
        "LGPL-2.1",
        false,
        &[
            "LGPL-2.1",
            "GNU LESSER GENERAL PUBLIC",
            "GNU LESSER PUBLIC",
            "GNU LESSER",
            "GNU LGPL",
            "GNU LESSER GENERAL PUBLIC-2.1",
        ],
    ),
    Row(
        "LGPL-3.0",
        false,
        &["LGPL-3", "LGPL-3.0", "GNU LGPL-3", "GNU LESSER GENERAL PUBLIC-3", "GNU LESSER GENERAL PUBLIC-3.0"],
    ),
    Row(
        "MIT",
        false,
        &["BOUNCY", "BOUNCY CASTLE", "EXPAT", "JQUERY", "MIT-LIKE", "MIT-STYLE", "EXPAT (MIT/X11)"],
    ),
    Row("MPL-1.0", false, &["MPL-1", "MOZILLA PUBLIC-1.0"]),
    Row("MPL-1.1", false, &["MOZILLA PUBLIC-1.1"]),
    Row(
        "MPL-2.0",
        false,
        &["MPL", "MPL-2", "MOZILLA PUBLIC", "MOZILLA PUBLIC-2.0", "MOZILLA PUBLIC LICENSE 2.0 (MPL-2.0"],
    ),
    Row("NCSA", false, &["NCSA OPEN SOURCE"]),
    Row("NPL-1.0", false, &["NETSCAPE PUBLIC"]),
    Row("NPL-1.1", false, &["NETSCAPE"]),
    Row("OFL-1.1", false, &["SIL OPEN FONT-1.1"]),
    Row("OpenSSL", false, &["OPENSSL"]),
    Row("OSL-1.0", false, &["OSL-1"]),
    Row("OSL-2.0", false, &["OSL-2"]),
    Row("OSL-3.0", false, &["OSL-3", "OPEN SOFTWARE-3.0"]),
    Row("Python-2.0", false, &["PYTHON", "PYTHON-2"]),
    Row("QPL-1.0", false, &["QPL-1", "QT PUBLIC"]),
    Row("Ruby", false, &["RUBY'S"]),
    Row("UPL-1.0", false, &["UPL-1", "UNIVERSAL PERMISSIVE-1.0"]),
    Row("Unlicense", false, &["UNLICENSE (UNLICENSE)"]),
    Row("W3C", false, &["W3CL", "W3C SOFTWARE"]),
    Row("WTFPL", false, &["WTF"]),
    Row("ZPL-1.1", false, &["ZOPE-1.1"]),
    Row("ZPL-2.0", false, &["ZOPE-2.0"]),
    Row("ZPL-2.1", false, &["ZOPE", "ZOPE-2.1", "ZOPE PUBLIC"]),
    Row("zlib-acknowledgement", false, &["ZLIB / LIBPNG", "ZLIB/LIBPNG"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let mut seen = BTreeSet::new();
        for name in ROWS.iter().flat_map(|row| row.2) {
            assert!(seen.insert(name), "{name}");
        }
        assert_eq!(find("GPL"), Some(("GPL-2.0", true)));
        assert_eq!(find("NOBODY'S"), None);
    }
}
