//! `walcast status`: how the connectors of a running worker are, asked over REST.
//!
//! A walcast tells more than a Connect worker does (`/v1/connectors`); what is missing there is taken from the interface that
//! both have, so a Connect with Debezium can be asked too. Nothing is changed and nothing is waited for.

mod http;
mod report;

pub use http::{Access, AskError};
pub use report::{Report, exit_code};

use serde_json::Value;

use self::http::Client;
use self::report::Entry;

/// The connectors called `names`, or all of them. `url`: where REST listens, such as `http://127.0.0.1:8083`.
pub async fn ask(url: &str, access: &Access, names: &[String]) -> Result<Report, AskError> {
    let client = Client::new(url, access)?;
    let entries = match client.get("/v1/connectors").await {
        Ok(told) => {
            let mut entries: Vec<Entry> = told.as_array().into_iter().flatten().map(Entry::of_walcast).collect();
            for entry in &mut entries {
                let path = format!("/v1/connectors/{}/lag", http::segment(&entry.name));
                // Not known before the database was reached.
                entry.lag = client.get(&path).await.ok().as_ref().and_then(report::lag);
            }
            entries
        }
        Err(AskError::Refused { status: 404, .. }) => {
            let told = client.get("/connectors?expand=status").await?;
            let all = told.as_object().into_iter().flatten();
            all.map(|(name, expanded)| Entry::of_connect(name, expanded.get("status").unwrap_or(&Value::Null)))
                .collect()
        }
        Err(error) => return Err(error),
    };
    let missing = names.iter().find(|name| !entries.iter().any(|entry| entry.name == **name));
    if let Some(name) = missing {
        return Err(AskError::Unknown { name: name.clone(), url: url.to_owned() });
    }
    let wanted = |entry: &Entry| names.is_empty() || names.contains(&entry.name);
    Ok(Report { url: url.to_owned(), entries: entries.into_iter().filter(wanted).collect() })
}
