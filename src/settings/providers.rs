//! Config providers: `${env:VAR}`, `${file:PATH:KEY}`, `${dir:PATH:FILE}`, as Connect has them.
//!
//! Only providers that the worker names in `config.providers` exist, and only within what their parameters allow: whoever
//! may POST a connector must not thereby read files or variables.

use std::path::{Path, PathBuf};

use super::{Problem, Raw, properties, value};
use crate::debezium::pattern::Pattern;

/// The providers of a worker.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    named: Vec<(String, Provider)>,
}

#[derive(Clone, Debug)]
enum Provider {
    Env {
        /// `allowlist.pattern`.
        allowed: Option<Pattern>,
    },
    File {
        allowed: Vec<PathBuf>,
    },
    Directory {
        allowed: Vec<PathBuf>,
    },
}

impl Providers {
    pub(super) fn of_worker(worker: &Raw) -> Result<Self, Vec<Problem>> {
        let mut providers = Self::default();
        let mut problems = Vec::new();
        let names = value(worker, "config.providers").unwrap_or("").split(',').map(str::trim);
        for name in names.filter(|name| !name.is_empty()) {
            match provider(name, worker) {
                Ok(provider) => providers.named.push((name.to_owned(), provider)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(providers) } else { Err(problems) }
    }

    /// A copy of `raw` with every reference replaced. A reference to a provider that is not named stays as it is, as in
    /// Connect; one that cannot be resolved is a problem that names key and reference, never a value.
    pub(super) fn resolve(&self, raw: &Raw) -> Result<Raw, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut resolved = Raw::with_capacity(raw.len());
        for (key, value) in raw {
            match self.replaced(value) {
                Ok(value) => resolved.push((key.clone(), value)),
                Err(why) => problems.push(Problem::new(key, format!("Could not resolve {key}: {why}"))),
            }
        }
        if problems.is_empty() { Ok(resolved) } else { Err(problems) }
    }

    fn replaced(&self, text: &str) -> Result<String, String> {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, reference) = rest.split_at(start);
            result.push_str(before);
            let Some(end) = reference.find('}') else {
                rest = reference;
                break;
            };
            let (reference, after) = reference.split_at(end + 1);
            match self.reference(&reference[2..end]) {
                Some(found) => result.push_str(&found.map_err(|why| format!("{reference} {why}"))?),
                None => result.push_str(reference),
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn reference(&self, inner: &str) -> Option<Result<String, &'static str>> {
        let (name, address) = inner.split_once(':')?;
        let (_, provider) = self.named.iter().find(|(known, _)| known == name)?;
        Some(provider.get(address))
    }
}

fn provider(name: &str, worker: &Raw) -> Result<Provider, Problem> {
    let class_key = format!("config.providers.{name}.class");
    let class = value(worker, &class_key).unwrap_or("").trim();
    let parameter = |what: &str| value(worker, &format!("config.providers.{name}.param.{what}")).map(str::trim);
    let allowed = || -> Vec<PathBuf> {
        parameter("allowed.paths")
            .unwrap_or("")
            .split(',')
            .map(str::trim)
            .filter(|p| !p.is_empty())
            .map(PathBuf::from)
            .collect()
    };
    match class.rsplit('.').next().unwrap_or("") {
        "EnvVarConfigProvider" => {
            let pattern = parameter("allowlist.pattern").map(Pattern::case_sensitive).transpose();
            let allowed = pattern.map_err(|e| {
                let key = format!("config.providers.{name}.param.allowlist.pattern");
                Problem::new(&key, format!("Invalid value for configuration {key}: {e}"))
            })?;
            Ok(Provider::Env { allowed })
        }
        "FileConfigProvider" => Ok(Provider::File { allowed: allowed() }),
        "DirectoryConfigProvider" => Ok(Provider::Directory { allowed: allowed() }),
        _ => Err(Problem::new(
            &class_key,
            format!(
                "Invalid value {class} for configuration {class_key}: expected EnvVarConfigProvider, FileConfigProvider \
                 or DirectoryConfigProvider of org.apache.kafka.common.config.provider"
            ),
        )),
    }
}

impl Provider {
    fn get(&self, address: &str) -> Result<String, &'static str> {
        match self {
            Self::Env { allowed } => {
                // Connect's form has an empty path before the name: `${env::VAR}` works as `${env:VAR}` does.
                let variable = address.trim_start_matches(':');
                if allowed.as_ref().is_some_and(|pattern| !pattern.matches(variable)) {
                    return Err("is not within allowlist.pattern");
                }
                std::env::var(variable).map_err(|_| "is not set")
            }
            Self::File { allowed } => {
                // At the first colon, as in Connect: a key may hold others.
                let (path, key) = address.split_once(':').ok_or("needs a path and a key")?;
                let text = read(Path::new(path), allowed)?;
                let entries = properties::parse(&text).map_err(|_| "names a file with a malformed \\uXXXX escape")?;
                value(&entries, key).map(str::to_owned).ok_or("names a key the file does not have")
            }
            Self::Directory { allowed } => {
                let (path, file) = address.split_once(':').ok_or("needs a folder and a file")?;
                if file.contains(['/', '\\']) || file == ".." {
                    return Err("names a file outside of the folder");
                }
                read(&Path::new(path).join(file), allowed)
            }
        }
    }
}

fn read(path: &Path, allowed: &[PathBuf]) -> Result<String, &'static str> {
    // Links and `..` are followed first, so that they cannot lead out of what is allowed.
    let real = path.canonicalize().map_err(|_| "names a file that cannot be read")?;
    let within = |root: &PathBuf| root.canonicalize().is_ok_and(|root| real.starts_with(root));
    if !allowed.is_empty() && !allowed.iter().any(within) {
        return Err("is not within allowed.paths");
    }
    std::fs::read_to_string(&real).map_err(|_| "names a file that cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(pairs: &[(&str, &str)]) -> Raw {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn references_are_replaced_only_for_providers_that_are_named() {
        let folder = std::env::temp_dir().join(format!("walcast-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("secrets.properties");
        std::fs::write(&file, "password=se\\u0063ret\n").unwrap();
        let worker = raw(&[
            ("config.providers", "file"),
            ("config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider"),
            ("config.providers.file.param.allowed.paths", folder.to_str().unwrap()),
        ]);
        let providers = Providers::of_worker(&worker).unwrap();
        let reference = format!("a${{file:{}:password}}b${{env:PATH}}", file.display());
        let resolved = providers.resolve(&raw(&[("x", &reference)])).unwrap();
        assert_eq!(resolved[0].1, "asecretb${env:PATH}");

        let outside = raw(&[("x", "${file:/etc/passwd:root}")]);
        let problems = providers.resolve(&outside).unwrap_err();
        assert!(problems[0].message.contains("allowed.paths"), "{problems:?}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn variables_are_held_to_the_allowlist() {
        let worker = raw(&[
            ("config.providers", "env"),
            ("config.providers.env.class", "org.apache.kafka.common.config.provider.EnvVarConfigProvider"),
            ("config.providers.env.param.allowlist.pattern", "WALCAST_.*"),
        ]);
        let providers = Providers::of_worker(&worker).unwrap();
        assert!(providers.resolve(&raw(&[("x", "${env:PATH}")])).is_err());
        assert!(providers.resolve(&raw(&[("x", "${env:WALCAST_SURELY_NOT_SET}")])).is_err());
    }

    #[test]
    fn other_provider_classes_are_refused_by_name() {
        let worker = raw(&[("config.providers", "vault"), ("config.providers.vault.class", "x.Vault")]);
        assert_eq!(Providers::of_worker(&worker).unwrap_err()[0].key, "config.providers.vault.class");
    }
}
