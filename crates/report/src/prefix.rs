//! Ids as short as they can be while they still tell apart.

/// The shortest prefix of `id` that no other of `all` has, at least four hex digits after `RW-`.
pub fn shortest<'a>(id: &'a str, all: &[&str]) -> &'a str {
    let shared = |other: &&&str| id.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let longest = all.iter().filter(|other| **other != id).map(|other| shared(&other)).max().unwrap_or(0);
    let end = (longest + 1).max("RW-".len() + 4).min(id.len());
    id.get(..end).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::shortest;

    #[test]
    fn four_digits_unless_two_ids_agree_on_them() {
        let all = ["RW-7f3a000001", "RW-7f3a900001", "RW-11c0000000"];
        assert_eq!(shortest(all[2], &all), "RW-11c0");
        assert_eq!(shortest(all[0], &all), "RW-7f3a0");
        assert_eq!(shortest("RW-1", &["RW-1"]), "RW-1");
    }
}
