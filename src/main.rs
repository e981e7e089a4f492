//! Arguments, and the exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use walcast::app::{self, Options};

/// Postgres changes to Kafka, byte for byte as Debezium writes them.
#[derive(Parser)]
#[command(name = "walcast", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run connectors and the REST interface until SIGTERM.
    Run {
        /// Connector files, as one would POST them to Kafka Connect.
        files: Vec<PathBuf>,
        /// Folder of connector files; what REST changes is written there.
        #[arg(long, value_name = "DIR")]
        connectors: Option<PathBuf>,
        /// Worker settings: Connect's .properties, or TOML, YAML, JSON.
        #[arg(long, value_name = "FILE")]
        worker: Option<PathBuf>,
        /// Where the REST interface listens [default: 127.0.0.1:8083].
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<String>,
    },
    /// Look at everything a connector needs, and print what mends it.
    Check {
        file: PathBuf,
        #[arg(long, value_name = "FILE")]
        worker: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::from(2),
    };
    let code = runtime.block_on(async {
        match arguments.command {
            Command::Run { files, connectors, worker, listen } => {
                app::run(Options { files, connectors, worker, listen }).await
            }
            Command::Check { file, worker } => app::check(&file, worker.as_deref()).await,
        }
    });
    // Blocking calls that hang (a broker that does not answer) must not keep the process.
    let patience = if code == app::CUT_SHORT { Duration::ZERO } else { Duration::from_secs(1) };
    runtime.shutdown_timeout(patience);
    ExitCode::from(code)
}
