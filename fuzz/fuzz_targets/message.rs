#![no_main]

use linkseal_fuzz::{Input, try_laws};

libfuzzer_sys::fuzz_target!(|input: Input| try_laws("message", input));
