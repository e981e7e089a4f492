//! Who runs the server: on a managed one the same thing is mended in another way.
//!
//! Before the login only the host's name tells; after it, the roles and functions that a provider puts into every database.

use crate::catalog::quote_ident;
use crate::pg::Address;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Provider {
    /// Run by its users.
    Plain,
    Rds,
    Aurora,
    CloudSql,
    Azure,
    Supabase,
    Neon,
}

use Provider::{Aurora, Azure, CloudSql, Neon, Plain, Rds, Supabase};

/// What stands in every database of a provider. Aurora has what RDS has, and its function.
const MARKS: [(&str, Provider); 6] = [
    ("aurora_version", Aurora),
    ("rds_superuser", Rds),
    ("cloudsqlsuperuser", CloudSql),
    ("azure_pg_admin", Azure),
    ("supabase_admin", Supabase),
    ("neon_superuser", Neon),
];

/// Parts of host names; those of an Aurora cluster have more than those of RDS.
const HOSTS: [(&str, Provider); 8] = [
    (".cluster-", Aurora),
    (".rds.amazonaws.com", Rds),
    (".postgres.database.azure.com", Azure),
    (".supabase.co", Supabase),
    (".supabase.com", Supabase),
    (".neon.tech", Neon),
    (".neon.build", Neon),
    (".sql.goog", CloudSql),
];

impl Provider {
    /// By what was found in the database.
    pub(super) fn of_marks(marks: &[String]) -> Self {
        MARKS.iter().find(|(mark, _)| marks.iter().any(|found| found == mark)).map_or(Plain, |(_, provider)| *provider)
    }

    /// By the name of the host.
    pub(super) fn of_host(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        HOSTS.iter().find(|(part, _)| host.contains(part)).map_or(Plain, |(_, provider)| *provider)
    }

    /// None for a server that nobody but its users runs.
    pub(super) fn name(self) -> Option<&'static str> {
        Some(match self {
            Plain => return None,
            Rds => "Amazon RDS",
            Aurora => "Amazon Aurora",
            CloudSql => "Google Cloud SQL",
            Azure => "Azure Database for PostgreSQL",
            Supabase => "Supabase",
            Neon => "Neon",
        })
    }

    /// How to make the WAL logical, which takes a restart everywhere.
    pub(super) fn logical_wal(self) -> String {
        match self {
            Plain => "ALTER SYSTEM SET wal_level = 'logical'; then restart the server".to_owned(),
            Rds => self.set("rds.logical_replication", "1", true),
            Aurora => self.set("rds.logical_replication", "1", true),
            CloudSql => self.set("cloudsql.logical_decoding", "on", true),
            Azure => self.set("wal_level", "logical", true),
            Supabase => "restart the project in the dashboard: wal_level is logical on Supabase".to_owned(),
            Neon => "in the Neon console: Settings, Logical Replication, Enable".to_owned(),
        }
    }

    /// How to change a setting of the server.
    pub(super) fn set(self, name: &str, value: &str, restart: bool) -> String {
        let then = |text: &'static str| if restart { text } else { "" };
        match self {
            Plain => {
                let then = if restart { "then restart the server" } else { "SELECT pg_reload_conf();" };
                let quoted = if value.bytes().all(|b| b.is_ascii_digit()) { value } else { &format!("'{value}'") };
                format!("ALTER SYSTEM SET {name} = {quoted}; {then}")
            }
            Rds => {
                format!("set {name} = {value} in the instance's parameter group{}", then(", then reboot the instance"))
            }
            Aurora => {
                format!("set {name} = {value} in the cluster's parameter group{}", then(", then reboot the writer"))
            }
            CloudSql => format!(
                "gcloud sql instances patch INSTANCE --database-flags={name}={value} (beside the flags it has already)"
            ),
            Azure => format!(
                "az postgres flexible-server parameter set --resource-group GROUP --server-name SERVER --name {name} \
                 --value {value}{}",
                then(", then restart the server")
            ),
            Supabase => {
                format!("supabase postgres-config update --experimental --project-ref PROJECT --config {name}={value}")
            }
            Neon => format!("{name} is set by Neon: ask its support for {value}"),
        }
    }

    /// How a role gets to replicate.
    pub(super) fn let_replicate(self, role: &str) -> String {
        let name = quote_ident(role);
        match self {
            Rds | Aurora => format!("GRANT rds_replication TO {name};"),
            Neon => "set database.user to a role made in the Neon console, which may replicate".to_owned(),
            CloudSql => format!("as a member of cloudsqlsuperuser: ALTER USER {name} WITH REPLICATION;"),
            Azure => format!("as the server's administrator: ALTER ROLE {name} WITH REPLICATION;"),
            Plain | Supabase => format!("ALTER ROLE {name} WITH REPLICATION;"),
        }
    }

    /// What keeps connections out that the server itself would let in.
    pub(super) fn door(self, port: u16) -> String {
        match self {
            Plain => format!(
                "on the server, ALTER SYSTEM SET listen_addresses = '*'; and a restart, and let the firewall pass port {port}"
            ),
            Rds | Aurora => format!("let the security group of the database pass port {port} from here"),
            CloudSql => "add this host to the authorized networks of the instance, or use its private address".to_owned(),
            Azure => "add a firewall rule for this host: az postgres flexible-server firewall-rule create".to_owned(),
            Supabase => {
                "a direct connection to Supabase is IPv6 unless the project has the IPv4 add-on: get IPv6, or the add-on"
                    .to_owned()
            }
            Neon => "allow this host in the Neon console under Settings, IP Allow".to_owned(),
        }
    }
}

/// The address is known to be that of a connection pooler, none of which passes replication: how to go past it.
pub(super) fn past_the_pooler(address: &Address) -> Option<String> {
    let host = address.host.to_ascii_lowercase();
    let direct = |host: &str, port: u16| Some(format!("set database.hostname={host} and database.port={port}"));
    match Provider::of_host(&host) {
        Neon if host.contains("-pooler.") => direct(&host.replacen("-pooler.", ".", 1), address.port),
        Supabase if host.contains("pooler.") || address.port == 6543 => direct("db.PROJECT.supabase.co", 5432),
        Azure if address.port == 6432 => direct(&host, 5432),
        Rds if host.contains(".proxy-") => direct("the endpoint of the instance, not of the proxy", address.port),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    const ALL: [Provider; 7] = [Plain, Rds, Aurora, CloudSql, Azure, Supabase, Neon];

    #[test]
    fn a_provider_is_known_by_its_marks_and_by_its_hosts() {
        let marks = |names: &[&str]| Provider::of_marks(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(marks(&[]), Plain);
        assert_eq!(marks(&["rds_superuser"]), Rds);
        assert_eq!(marks(&["rds_superuser", "aurora_version"]), Aurora);
        assert_eq!(marks(&["neon_superuser"]), Neon);
        for (host, provider) in [
            ("db.example.com", Plain),
            ("shop.abc.eu-west-1.rds.amazonaws.com", Rds),
            ("shop.cluster-abc.eu-west-1.rds.amazonaws.com", Aurora),
            ("Shop.Postgres.Database.Azure.com", Azure),
            ("db.abcdef.supabase.co", Supabase),
            ("ep-cool-pond-1.eu-central-1.aws.neon.tech", Neon),
        ] {
            assert_eq!(Provider::of_host(host), provider, "{host}");
        }
    }

    #[test]
    fn only_a_server_of_ones_own_is_altered_by_sql() {
        for provider in ALL {
            let plain = provider == Plain;
            assert_eq!(provider.set("max_wal_senders", "20", true).contains("ALTER SYSTEM"), plain, "{provider:?}");
            assert_eq!(provider.logical_wal().contains("ALTER SYSTEM"), plain, "{provider:?}");
            assert_eq!(provider.name().is_none(), plain);
        }
        assert_eq!(
            Plain.set("max_slot_wal_keep_size", "50GB", false),
            "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();"
        );
    }

    #[test]
    fn a_pooler_is_passed_by_the_name_behind_it() {
        let address = |host: &str, port| Address { host: host.to_owned(), port, ..sample::config().address };
        let past = |host: &str, port| past_the_pooler(&address(host, port));
        assert_eq!(
            past("ep-a-pooler.eu.aws.neon.tech", 5432).unwrap(),
            "set database.hostname=ep-a.eu.aws.neon.tech and database.port=5432"
        );
        assert!(past("aws-0-eu.pooler.supabase.com", 5432).is_some());
        assert!(past("db.x.supabase.co", 6543).is_some());
        assert!(past("x.proxy-abc.eu-west-1.rds.amazonaws.com", 5432).is_some());
        assert_eq!(past("db.x.supabase.co", 5432), None);
        assert_eq!(past("pgbouncer", 6432), None);
    }
}
