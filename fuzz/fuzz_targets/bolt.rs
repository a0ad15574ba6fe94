//! A Bolt file, and Trivy's database in it, whatever the bytes.
#![no_main]

use vuln::bolt::Bolt;
use vuln::trivy::Database;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(bolt) = Bolt::open(Box::new(data.to_vec())) else { return };
    let _ = bolt.each(&bolt.root(), b"", &mut |_, _| true);
    if let Ok(database) = Database::open(bolt) {
        let _ = database.advisories("npm::", "left-pad");
        let _ = database.detail("CVE-2020-1");
    }
});
