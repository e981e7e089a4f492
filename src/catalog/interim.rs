//! Session settings and TLS until `pg` has its own.

pub(super) mod session {
    pub(crate) fn parameters() -> &'static [(&'static str, &'static str)] {
        &[
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO, MDY"),
            ("IntervalStyle", "postgres"),
            ("TimeZone", "UTC"),
            ("extra_float_digits", "3"),
            ("bytea_output", "hex"),
            ("search_path", "pg_catalog"),
            ("row_security", "off"),
            ("statement_timeout", "0"),
            ("lock_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
        ]
    }
}

pub(super) mod tls {
    use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
    use postgres_openssl::MakeTlsConnector;

    use crate::pg::{Address, TlsMode};

    pub(crate) fn make_connector(address: &Address) -> Result<MakeTlsConnector, openssl::error::ErrorStack> {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        if let Some(ca) = &address.tls.root_certificate {
            builder.set_ca_file(ca)?;
        }
        let verify = matches!(address.tls.mode, TlsMode::VerifyCa | TlsMode::VerifyFull);
        builder.set_verify(if verify { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
        let mut connector = MakeTlsConnector::new(builder.build());
        if address.tls.mode != TlsMode::VerifyFull {
            connector.set_callback(|ssl, _| {
                ssl.set_verify_hostname(false);
                Ok(())
            });
        }
        Ok(connector)
    }
}
