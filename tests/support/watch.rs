//! How long each test takes, which the stable toolchain does not say: a line for each in
//! `target/tmp/times-<binary>.tsv`, seconds and name, of the last run.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

thread_local! {
    /// Goes with its thread, and every test has a thread of its own.
    static TEST: Watch = Watch::begin();
}

struct Watch {
    begun: Instant,
    /// `None` on threads that a test has started.
    test: Option<String>,
}

/// Notes that the test of this thread has begun, unless it is noted already.
pub fn begin() {
    TEST.with(|_| ());
}

impl Watch {
    fn begin() -> Self {
        let thread = std::thread::current();
        Self {
            begun: Instant::now(),
            test: thread.name().map(str::to_owned),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        static TIMES: LazyLock<Option<File>> = LazyLock::new(|| {
            let name = concat!("times-", env!("CARGO_CRATE_NAME"), ".tsv");
            File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)).ok()
        });
        if let (Some(test), Some(mut times)) = (&self.test, TIMES.as_ref()) {
            let seconds = self.begun.elapsed().as_secs_f64();
            let binary = env!("CARGO_CRATE_NAME");
            // In one piece, for two tests may end at once.
            let line = format!("{seconds:.2}\t{binary} {test}\n");
            let _nobody_is_told = times.write_all(line.as_bytes());
        }
    }
}
