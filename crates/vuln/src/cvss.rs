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

#[cfg(test)]
mod tests {
    use super::*;

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
