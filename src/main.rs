//! Arguments, and the exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use tikv_jemallocator::Jemalloc;
use walcast::app::{self, Options};
use walcast::preview::Wish;
use walcast::reposition::Order;
use walcast::status::Access;
use walcast::words::Lsn;

/// Of librdkafka too, whose threads give back what the stream's thread has taken, a dozen times for each record: the C
/// library's allocator takes a lock each time, and keeps what is free.
#[global_allocator]
static MEMORY: Jemalloc = Jemalloc;

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
        /// Lines for people, or one JSON object each: human, json [default: human].
        #[arg(long, value_name = "FORMAT")]
        log_format: Option<String>,
    },
    /// Look at everything a connector needs, and print what mends it.
    Check {
        file: PathBuf,
        #[arg(long, value_name = "FILE")]
        worker: Option<PathBuf>,
        /// For programs: one JSON document.
        #[arg(long)]
        json: bool,
        /// End with 3 when there are warnings.
        #[arg(long)]
        strict: bool,
    },
    /// Tell what a start would do, create and send, before anything is created.
    Plan {
        file: PathBuf,
        #[arg(long, value_name = "FILE")]
        worker: Option<PathBuf>,
        /// Show records of this table [default: the largest].
        #[arg(long, value_name = "SCHEMA.TABLE")]
        table: Option<String>,
        /// How many records to show; they hold values of rows.
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        samples: usize,
        /// For programs: one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Turn the settings of Debezium Server into a connector file and a worker file, naming what has no counterpart.
    Convert {
        /// application.properties, or the same as YAML.
        file: PathBuf,
        /// Folder for worker.properties and connectors/NAME.json, which must not exist there yet.
        #[arg(long, value_name = "DIR", default_value = ".")]
        into: PathBuf,
    },
    /// Ask a running walcast (or Kafka Connect) how its connectors are.
    Status {
        /// Only these connectors.
        names: Vec<String>,
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8083")]
        url: String,
        /// For programs: one JSON document.
        #[arg(long)]
        json: bool,
        /// File that holds the Authorization header: `Bearer ...` or `Basic ...`.
        #[arg(long, value_name = "FILE")]
        authorization: Option<PathBuf>,
        /// PEM file of the authority that signed the worker's certificate.
        #[arg(long, value_name = "FILE")]
        cacert: Option<PathBuf>,
        /// PEM file of a certificate and its key, for a worker that asks its callers for one.
        #[arg(long, value_name = "FILE")]
        cert: Option<PathBuf>,
    },
    /// Compare what is in the topics with what is in the tables, while both are in use.
    Verify {
        file: PathBuf,
        #[arg(long, value_name = "FILE")]
        worker: Option<PathBuf>,
        /// How long the connector may take to come as far as the snapshot that is compared.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        timeout: u64,
    },
    /// Show where a connector stands and what its next start would do; move or forget its position.
    Offsets {
        #[arg(value_enum)]
        action: Action,
        file: PathBuf,
        #[arg(long, value_name = "FILE")]
        worker: Option<PathBuf>,
        /// For `set`: go on here.
        #[arg(long, value_name = "X/Y", required_if_eq("action", "set"))]
        lsn: Option<Lsn>,
        /// Do it. Without this, `set` and `reset` only tell what they would do.
        #[arg(long)]
        apply: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    Show,
    Set,
    Reset,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Connectors have threads of their own: this is for REST and what is done beside them.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::from(2),
    };
    let ended = runtime.block_on(async {
        match arguments.command {
            Command::Run { files, connectors, worker, listen, log_format } => {
                app::run(Options { files, connectors, worker, listen, log_format }).await
            }
            Command::Check { file, worker, json, strict } => app::check(&file, worker.as_deref(), json, strict).await,
            Command::Plan { file, worker, table, samples, json } => {
                app::plan(&file, worker.as_deref(), &Wish { table, samples }, json).await
            }
            Command::Convert { file, into } => app::convert(&file, &into).await,
            Command::Status { names, url, json, authorization, cacert, cert } => {
                let access = Access { authorization, authority: cacert, identity: cert };
                app::status(&url, &access, &names, json).await
            }
            Command::Verify { file, worker, timeout } => {
                app::verify(&file, worker.as_deref(), Duration::from_secs(timeout)).await
            }
            Command::Offsets { action, file, worker, lsn, apply } => {
                let order = match (action, lsn) {
                    (Action::Show, _) => Order::Show,
                    (Action::Set, lsn) => Order::Set(lsn.unwrap_or(Lsn::ZERO)),
                    (Action::Reset, _) => Order::Reset,
                };
                app::offsets(&file, worker.as_deref(), order, apply).await
            }
        }
    });
    let code = ended.unwrap_or_else(|problems| app::complain(&problems));
    // Blocking calls that hang (a broker that does not answer) must not keep the process.
    let patience = if code == app::CUT_SHORT { Duration::ZERO } else { Duration::from_secs(1) };
    runtime.shutdown_timeout(patience);
    ExitCode::from(code)
}
