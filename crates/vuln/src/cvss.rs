//! What a CVSS vector says about how a vulnerability is reached.

/// Whether a vector of CVSS 2, 3 or 4 says it is reached over the network; `None` when it says nothing.
///
/// `AV:N` is the network, `AV:A` the neighbourhood (an attacker on the same link), `AV:L` and `AV:P` are at the machine.
pub fn network(vector: &str) -> Option<bool> {
    let attack = vector.split('/').find_map(|part| part.strip_prefix("AV:"))?;
    match attack {
        "N" => Some(true),
        "A" | "L" | "P" => Some(false),
        _ => None,
    }
}

/// Base score of a CVSS 3.0 or 3.1 vector, 0 to 10 in tenths; `None` for other versions and broken vectors.
///
/// Semantics: first.org's CVSS v3.1 specification, section 7.1, with its rounding up (appendix A).
pub fn score(vector: &str) -> Option<f64> {
    let metrics = vector.strip_prefix("CVSS:3.0/").or_else(|| vector.strip_prefix("CVSS:3.1/"))?;
    let get = |key: &str| metrics.split('/').find_map(|part| part.strip_prefix(key)?.strip_prefix(':'));
    let of = |key: &str, values: &[(&str, f64)]| {
        let value = get(key)?;
        values.iter().find(|(name, _)| *name == value).map(|(_, weight)| *weight)
    };
    let changed = match get("S")? {
        "U" => false,
        "C" => true,
        _ => return None,
    };
    let impact = [("H", 0.56), ("L", 0.22), ("N", 0.0)];
    let (c, i, a) = (of("C", &impact)?, of("I", &impact)?, of("A", &impact)?);
    let privileges = match changed {
        false => [("N", 0.85), ("L", 0.62), ("H", 0.27)],
        true => [("N", 0.85), ("L", 0.68), ("H", 0.5)],
    };
    let reach = 8.22
        * of("AV", &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?
        * of("AC", &[("L", 0.77), ("H", 0.44)])?
        * of("PR", &privileges)?
        * of("UI", &[("N", 0.85), ("R", 0.62)])?;
    let base = 1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a);
    let impact = match changed {
        false => 6.42 * base,
        true => 7.52 * (base - 0.029) - 3.25 * (base - 0.02).powi(15),
    };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = impact + reach;
    Some(round_up(if changed { 1.08 * sum } else { sum }.min(10.0)))
}

/// The next tenth, without being misled by the last binary digit.
fn round_up(score: f64) -> f64 {
    let scaled = (score * 100_000.0).round();
    if scaled % 10_000.0 == 0.0 { scaled / 100_000.0 } else { ((scaled / 10_000.0).floor() + 1.0) / 10.0 }
}

/// The severity a score stands for.
pub(crate) fn severity(score: f64) -> model::Severity {
    match score {
        s if s >= 9.0 => model::Severity::Critical,
        s if s >= 7.0 => model::Severity::High,
        s if s >= 4.0 => model::Severity::Medium,
        s if s > 0.0 => model::Severity::Low,
        _ => model::Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores() {
        for (vector, want) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(9.8)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Some(10.0)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", Some(5.3)),
            ("CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:N", Some(4.8)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", Some(6.1)),
            ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", Some(7.8)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Some(7.5)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Some(0.0)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N", None),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", None),
            ("AV:N/AC:L/Au:N/C:P/I:N/A:N", None),
        ] {
            assert_eq!(score(vector), want, "{vector}");
        }
        assert_eq!(severity(9.0), model::Severity::Critical);
        assert_eq!(severity(0.0), model::Severity::Unknown);
    }

    #[test]
    fn vectors() {
        for (vector, want) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", Some(true)),
            ("CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some(false)),
            ("AV:N/AC:L/Au:N/C:P/I:N/A:N", Some(true)),
            ("CVSS:3.0/AV:A/AC:H", Some(false)),
            ("CVSS:4.0/MAV:N", None),
            ("CVSS:3.1/AV:X", None),
            ("", None),
        ] {
            assert_eq!(network(vector), want, "{vector}");
        }
    }
}
