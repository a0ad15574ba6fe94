//! The report as templates see it: the names and kinds of its fields, in the order of Trivy's structs.
//!
//! Semantics: Trivy's `pkg/types`, `pkg/fanal/types` and trivy-db's `pkg/types`.

use super::Report;
use crate::template::{Field, Kind, Shape, Value};

use Kind::{Any, Bool, Embedded, Float, Int, List, Map, Named, Of, Pointer, Text, Time};

const TEXTS: Kind = List(&Text);

/// What a template is run on: the results.
pub(super) fn results(report: &Report) -> Value {
    static ALL: Kind = List(&Of(&RESULT));
    // Writing into memory and maps with text keys cannot fail.
    let json = serde_json::to_value(&report.results);
    debug_assert!(json.is_ok());
    ALL.read(&json.unwrap_or_default())
}

static RESULT: Shape = Shape {
    name: "types.Result",
    fields: &[
        Field::always("Target", Text),
        Field::new("Class", Text),
        Field::new("Type", Text),
        Field::new("Packages", List(&Of(&PACKAGE))),
        Field::new("Vulnerabilities", List(&Of(&VULNERABILITY))),
        Field::new("MisconfSummary", Pointer(&SUMMARY)),
        Field::new("Misconfigurations", List(&Of(&MISCONFIGURATION))),
        Field::new("Secrets", List(&Of(&SECRET))),
        Field::new("Licenses", List(&Of(&LICENSE))),
        Field::new("CustomResources", List(&Any)),
        Field {
            json: "ExperimentalModifiedFindings",
            ..Field::new("ModifiedFindings", List(&Of(&MODIFIED)))
        },
    ],
};

static SUMMARY: Shape = Shape {
    name: "types.MisconfSummary",
    fields: &[Field::always("Successes", Int), Field::always("Failures", Int)],
};

static MODIFIED: Shape = Shape {
    name: "types.ModifiedFinding",
    fields: &[
        Field::always("Type", Text),
        Field::always("Status", Text),
        Field::always("Statement", Text),
        Field::always("Source", Text),
        Field::always("Finding", Any),
    ],
};

static LAYER: Shape = Shape {
    name: "types.Layer",
    fields: &[
        Field::new("Size", Int),
        Field::new("Digest", Text),
        Field::new("DiffID", Text),
        Field::new("CreatedBy", Text),
    ],
};

static IDENTIFIER: Shape = Shape {
    name: "types.PkgIdentifier",
    fields: &[Field::new("UID", Text), Field::new("PURL", Kind::Purl), Field::new("BOMRef", Text)],
};

static SEVERITIES: &[&str] = &["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

static STATUSES: &[&str] = &[
    "unknown",
    "not_affected",
    "affected",
    "fixed",
    "under_investigation",
    "will_not_fix",
    "fix_deferred",
    "end_of_life",
];

static VULNERABILITY: Shape = Shape {
    name: "types.DetectedVulnerability",
    fields: &[
        Field::new("VulnerabilityID", Text),
        Field::new("VendorIDs", TEXTS),
        Field::new("PkgID", Text),
        Field::new("PkgName", Text),
        Field::new("PkgPath", Text),
        Field::new("PkgIdentifier", Of(&IDENTIFIER)),
        Field::new("InstalledVersion", Text),
        Field::new("FixedVersion", Text),
        Field::new("Status", Named(STATUSES)),
        Field::new("Layer", Of(&LAYER)),
        Field::new("SeveritySource", Text),
        Field::new("PrimaryURL", Text),
        Field::new("DataSource", Pointer(&DATA_SOURCE)),
        Field::new("Fingerprint", Text),
        Field::new("Custom", Any),
        Field::new("Vulnerability", Embedded(&DETAIL)),
    ],
};

static DATA_SOURCE: Shape = Shape {
    name: "types.DataSource",
    fields: &[
        Field::new("ID", Text),
        Field::new("BaseID", Text),
        Field::new("Name", Text),
        Field::new("URL", Text),
    ],
};

static DETAIL: Shape = Shape {
    name: "types.Vulnerability",
    fields: &[
        Field::new("Title", Text),
        Field::new("Description", Text),
        Field::new("Severity", Text),
        Field::new("CweIDs", TEXTS),
        Field::new("VendorSeverity", Map(&Named(SEVERITIES))),
        Field::new("CVSS", Map(&Of(&SCORES))),
        Field::new("References", TEXTS),
        Field::new("PublishedDate", Time),
        Field::new("LastModifiedDate", Time),
        Field::new("Custom", Any),
    ],
};

static SCORES: Shape = Shape {
    name: "types.CVSS",
    fields: &[
        Field::new("V2Vector", Text),
        Field::new("V3Vector", Text),
        Field::new("V40Vector", Text),
        Field::new("V2Score", Float),
        Field::new("V3Score", Float),
        Field::new("V40Score", Float),
    ],
};

static MISCONFIGURATION: Shape = Shape {
    name: "types.DetectedMisconfiguration",
    fields: &[
        Field::new("Type", Text),
        Field::new("ID", Text),
        Field::new("AVDID", Text),
        Field::new("Title", Text),
        Field::new("Description", Text),
        Field::new("Message", Text),
        Field::new("Namespace", Text),
        Field::new("Query", Text),
        Field::new("Resolution", Text),
        Field::new("Severity", Text),
        Field::new("PrimaryURL", Text),
        Field::new("References", TEXTS),
        Field::new("Status", Text),
        Field::new("Layer", Of(&LAYER)),
        Field::new("CauseMetadata", Of(&CAUSE)),
        Field::new("Traces", TEXTS),
    ],
};

static CAUSE: Shape = Shape {
    name: "types.CauseMetadata",
    fields: &[
        Field::new("Resource", Text),
        Field::new("Provider", Text),
        Field::new("Service", Text),
        Field::new("StartLine", Int),
        Field::new("EndLine", Int),
        Field::new("Code", Of(&CODE)),
        Field::new("Occurrences", List(&Of(&OCCURRENCE))),
        Field::new("RenderedCause", Of(&RENDERED)),
    ],
};

static RENDERED: Shape = Shape {
    name: "types.RenderedCause",
    fields: &[Field::new("Raw", Text), Field::new("Highlighted", Text)],
};

static OCCURRENCE: Shape = Shape {
    name: "types.Occurrence",
    fields: &[
        Field::new("Resource", Text),
        Field::new("Filename", Text),
        Field::always("Location", Of(&LOCATION)),
    ],
};

static LOCATION: Shape =
    Shape { name: "types.Location", fields: &[Field::new("StartLine", Int), Field::new("EndLine", Int)] };

static CODE: Shape = Shape { name: "types.Code", fields: &[Field::always("Lines", List(&Of(&LINE)))] };

static LINE: Shape = Shape {
    name: "types.Line",
    fields: &[
        Field::always("Number", Int),
        Field::always("Content", Text),
        Field::always("IsCause", Bool),
        Field::always("Annotation", Text),
        Field::always("Truncated", Bool),
        Field::new("Highlighted", Text),
        Field::always("FirstCause", Bool),
        Field::always("LastCause", Bool),
    ],
};

static SECRET: Shape = Shape {
    name: "types.DetectedSecret",
    fields: &[
        Field::always("RuleID", Text),
        Field::always("Category", Text),
        Field::always("Severity", Text),
        Field::always("Title", Text),
        Field::always("StartLine", Int),
        Field::always("EndLine", Int),
        Field::always("Code", Of(&CODE)),
        Field::always("Match", Text),
        Field::new("Layer", Of(&LAYER)),
        Field::new("Offset", Int),
    ],
};

static LICENSE: Shape = Shape {
    name: "types.DetectedLicense",
    fields: &[
        Field::always("Severity", Text),
        Field::always("Category", Text),
        Field::always("PkgName", Text),
        Field::always("FilePath", Text),
        Field::always("Name", Text),
        Field::always("Text", Text),
        Field::always("Confidence", Float),
        Field::always("Link", Text),
    ],
};

static RELATIONSHIPS: &[&str] = &["unknown", "root", "workspace", "direct", "indirect"];

static PACKAGE: Shape = Shape {
    name: "types.Package",
    fields: &[
        Field::new("ID", Text),
        Field::new("Name", Text),
        Field::new("Identifier", Of(&IDENTIFIER)),
        Field::new("Version", Text),
        Field::new("Release", Text),
        Field::new("Epoch", Int),
        Field::new("Arch", Text),
        Field::new("Dev", Bool),
        Field::new("SrcName", Text),
        Field::new("SrcVersion", Text),
        Field::new("SrcRelease", Text),
        Field::new("SrcEpoch", Int),
        Field::new("Licenses", TEXTS),
        Field::new("Maintainer", Text),
        Field::new("Modularitylabel", Text),
        Field::new("BuildInfo", Pointer(&BUILD)),
        Field::new("Repository", Of(&REPOSITORY)),
        Field::new("Indirect", Bool),
        Field::new("Relationship", Named(RELATIONSHIPS)),
        Field::new("DependsOn", TEXTS),
        Field::new("Layer", Of(&LAYER)),
        Field::new("FilePath", Text),
        Field::new("Digest", Text),
        Field::new("Locations", List(&Of(&LOCATION))),
        Field::new("InstalledFiles", TEXTS),
        Field::new("AnalyzedBy", Text),
    ],
};

static BUILD: Shape = Shape {
    name: "types.BuildInfo",
    fields: &[Field::new("ContentSets", TEXTS), Field::new("Nvr", Text), Field::new("Arch", Text)],
};

static REPOSITORY: Shape = Shape { name: "types.PackageRepository", fields: &[Field::new("Class", Text)] };
