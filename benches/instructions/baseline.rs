//! The counts that were accepted last: one line per case, and the tools they were counted with.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

const HEAD: &str = "\
# Instructions per row. `make instructions` counts again and fails above 103 %; `make instructions ACCEPT=1` writes this
# file anew.
";

#[derive(Default)]
pub(crate) struct Baseline {
    tools: String,
    /// Instructions per row by name of the case.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Baseline {
    fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions/baseline.txt")
    }

    /// An empty one if there is none yet.
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(Self::path()).unwrap_or_default();
        let mut baseline = Self::default();
        for line in text.lines() {
            match (line.strip_prefix("# with "), line.rsplit_once(' ')) {
                (Some(tools), _) => tools.clone_into(&mut baseline.tools),
                (None, Some((name, count))) if !line.starts_with('#') => {
                    let count = count.parse().unwrap_or_else(|e| panic!("{}: {line}: {e}", Self::path().display()));
                    baseline.counts.insert(name.trim_end().to_owned(), count);
                }
                _ => {}
            }
        }
        baseline
    }

    pub(crate) fn write(counts: &[(&str, u64)]) -> io::Result<()> {
        let mut text = format!("{HEAD}# with {}\n", tools());
        for (name, count) in counts {
            let _ = writeln!(text, "{name:32} {count:7}");
        }
        fs::write(Self::path(), text)
    }

    /// What differs in the tools, if anything does: then counts may differ without a change of ours.
    pub(crate) fn other_tools(&self) -> Option<String> {
        let now = tools();
        (now != self.tools).then(|| format!("the baseline was counted with {}; this is {now}", self.tools))
    }
}

/// Everything besides the source that a count depends on. The kind of processor is not among it: nothing of ours asks for
/// one, and libc is told not to.
fn tools() -> String {
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok();
        output.map_or_else(|| format!("no {program}"), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    [
        said("rustc", "--version"),
        env::consts::ARCH.to_owned(),
        said("getconf", "GNU_LIBC_VERSION"),
        said("valgrind", "--version"),
    ]
    .join(", ")
}
