//! Connect converters: from pushed values to bytes.

/// Settings of one side (key or value), after worker and connector settings have been merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// `org.apache.kafka.connect.json.JsonConverter`.
    Json(JsonConfig),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonConfig {
    /// `schemas.enable`: wrap each payload with its schema.
    pub schemas: bool,
    /// `decimal.format=NUMERIC`: plain numbers instead of base64.
    pub numeric_decimals: bool,
    /// `replace.null.with.default`.
    pub replace_null_with_default: bool,
}

impl Default for JsonConfig {
    fn default() -> Self {
        Self { schemas: true, numeric_decimals: false, replace_null_with_default: true }
    }
}
