//! A file of Docker's credentials, whatever the bytes; what is wrong with it is told without quoting it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = sources::registry::DockerConfig::parse(data);
});
