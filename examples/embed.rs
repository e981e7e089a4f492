//! walcast as a library: one connector inside a program of yours.
//!
//!     cargo run --example embed -- connector.json

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use walcast::connector::{self, Meters, Status};
use walcast::settings::connector::{parse_file, resolve};
use walcast::settings::invalid_message;
use walcast::settings::worker::Worker;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a connector file")?;
    // No worker file: records go to standard output unless BOOTSTRAP_SERVERS is set.
    let (worker, _) = Worker::load(None::<&Path>, std::env::vars()).map_err(|problems| invalid_message(&problems))?;
    let file = parse_file(&std::fs::read_to_string(&path)?, "embedded").map_err(|problem| problem.message)?;
    let (context, _) = resolve(&file.name, &file.config, &worker).map_err(|problems| invalid_message(&problems))?;

    let (_pause, paused) = watch::channel(false);
    let (status, mut changes) = watch::channel(Status::default());
    let stop = CancellationToken::new();
    let ctrl_c = stop.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        ctrl_c.cancel();
    });
    tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            tracing::info!("{:?}", changes.borrow().activity);
        }
    });
    Ok(connector::run(context, paused, status, Arc::<Meters>::default(), stop).await?)
}
