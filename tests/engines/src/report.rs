//! What a script reports of an example that it has deployed into an engine and used.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Engine, binary};

impl Engine {
    /// Builds an example, deploys it by a script of the folder `python`, and returns what the script reports.
    ///
    /// # Panics
    ///
    /// If the example does not build, or the script fails.
    pub fn report_of(&self, example: &str, script: &str) -> Value {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let built = binary::example(example);
        let output = Command::new(self.program("python"))
            .arg(here.join("python").join(script))
            .arg(self.endpoint())
            .arg(here.join("../../examples").join(example))
            .arg(built.values().find_map(|binary| binary.parent()).expect("a folder"))
            .stderr(Stdio::inherit())
            .output()
            .expect("python starts");
        assert!(output.status.success(), "{script} failed");
        serde_json::from_slice(&output.stdout).expect("a report")
    }
}
