//! From a URL and variables to a storage that is not connected yet.

use std::time::Duration;

use fusebox::environment::Variables;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use thiserror::Error;

use super::Redis;
use super::link::Link;

const URL: &str = "REDIS_URL";
const TTL: &str = "REDIS_CIRCUIT_BREAKER_TTL";

/// A year: longer lives nothing in force.
const TTL_MAX: u64 = 365 * 24 * 3600;

/// What is wrong with a setting of [`Redis`]. No text holds any part of the URL, which may have a
/// password in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedisSettingsError {
    /// It is no URL of a Redis server.
    #[error(
        "REDIS_URL: {problem}; allowed are redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE], \
         the same with rediss:// for TLS, and redis+unix:///PATH"
    )]
    Url {
        /// What cannot be read.
        problem: &'static str,
    },
    /// The URL asks for TLS, and this program was built without it.
    #[error("REDIS_URL: rediss:// needs a build with the feature `redis-tls`")]
    TlsNotBuiltIn,
    /// It is no time to live.
    #[error("REDIS_CIRCUIT_BREAKER_TTL = {value}: allowed are whole seconds, 1 to {TTL_MAX}")]
    Ttl {
        /// What it is set to, in quotes.
        value: String,
    },
    /// It is no certificate.
    #[error("the root certificate for Redis cannot be read: allowed is PEM with one or more")]
    Certificate,
}

pub(super) fn from_variables(
    variables: &Variables<'_>,
) -> Result<Option<Redis>, RedisSettingsError> {
    // The error that tells of a variable shows its value, so that it does not go further.
    let url = variables.read(URL, "", |text| Some(text.to_owned()));
    let url = url.map_err(|_| RedisSettingsError::Url {
        problem: "it is not UTF-8",
    })?;
    let Some(url) = url else {
        return Ok(None);
    };
    let redis = Redis::open(&url)?;
    let ttl = variables.read(TTL, "", seconds);
    let ttl = ttl.map_err(|error| RedisSettingsError::Ttl {
        value: error.value().chars().take(40).collect(),
    })?;
    Ok(Some(match ttl {
        None => redis,
        Some(ttl) => redis.ttl(ttl),
    }))
}

fn seconds(text: &str) -> Option<Duration> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| plain);
    let allowed = number.filter(|number| (1..=TTL_MAX).contains(number));
    allowed.map(Duration::from_secs)
}

/// A time to live as it can be in force.
pub(super) fn within_bounds(ttl: Duration) -> Duration {
    Duration::from_secs(ttl.as_secs().clamp(1, TTL_MAX))
}

pub(super) fn link(url: &str) -> Result<Link, RedisSettingsError> {
    let refused = |problem| RedisSettingsError::Url { problem };
    // The parser would take an empty host, too.
    let parsed =
        redis::parse_redis_url(url).ok_or_else(|| refused("it is not a URL of a Redis server"))?;
    if !cfg!(feature = "redis-tls") && matches!(parsed.scheme(), "rediss" | "valkeys") {
        return Err(RedisSettingsError::TlsNotBuiltIn);
    }
    if parsed.fragment().is_some() {
        return Err(refused("it has a part after `#`"));
    }
    let mut info = parsed
        .into_connection_info()
        .map_err(|_| refused("its host, port, database, user or password cannot be read"))?;
    if info.redis.db < 0 {
        return Err(refused("its database is below 0"));
    }
    // What is read here has one form in both protocols, and no pushed messages in this one.
    info.redis.protocol = ProtocolVersion::RESP2;
    let place = place(&info);
    Ok(Link::new(info, place))
}

fn place(info: &ConnectionInfo) -> String {
    let host = |host: &str| match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    let db = info.redis.db;
    match &info.addr {
        ConnectionAddr::Tcp(name, port) => format!("redis://{}:{port}/{db}", host(name)),
        ConnectionAddr::TcpTls {
            host: name, port, ..
        } => format!("rediss://{}:{port}/{db}", host(name)),
        ConnectionAddr::Unix(path) => format!("redis+unix://{}?db={db}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: Option<&str>, ttl: Option<&str>) -> Result<Option<Redis>, RedisSettingsError> {
        let set = [(URL, url), (TTL, ttl)].into_iter();
        let set = set.filter_map(|(name, value)| Some((name, value?)));
        from_variables(&set.collect())
    }

    #[test]
    fn the_variables_make_a_storage_and_without_a_url_there_is_none() {
        assert!(read(None, Some("60")).expect("no URL").is_none());
        let redis = read(Some("redis://cache.internal"), None).expect("a URL");
        let redis = redis.expect("a storage");
        assert_eq!(redis.place(), "redis://cache.internal:6379/0");
        assert_eq!(redis.ttl, Duration::from_secs(3600));
        let redis = read(Some("redis://[::1]:7000/3"), Some("90")).expect("both");
        let redis = redis.expect("a storage");
        assert_eq!(redis.place(), "redis://[::1]:7000/3");
        assert_eq!(redis.ttl, Duration::from_secs(90));
    }

    #[test]
    fn a_ttl_that_is_no_whole_number_of_seconds_is_refused_with_what_is_allowed() {
        for value in [
            "",
            "0",
            "-1",
            "+5",
            "1.5",
            "1h",
            " 60",
            "31536001",
            "99999999999999999999",
        ] {
            let error = read(Some("redis://localhost"), Some(value)).expect_err(value);
            let expected = format!(
                "REDIS_CIRCUIT_BREAKER_TTL = {value:?}: allowed are whole seconds, 1 to 31536000"
            );
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_a_word_of_it() {
        for url in [
            "",
            "localhost",
            "s3cret",
            "http://:s3cret@localhost",
            "redis://:s3cret@/0",
            "redis://:s3cret@host:99999",
            "redis://:s3cret@host/zero",
            "redis://:s3cret@host/-1",
            "redis://%ff:s3cret@host",
            "redis://:s3cret%ff@host",
            "rediss://:s3cret@host#insecure",
        ] {
            let error = read(Some(url), None).expect_err(url);
            let texts = format!("{error} {error:?}");
            assert!(!texts.contains("s3cret"), "{texts}");
            let names_what_helps = texts.contains("allowed are redis://") || url.contains('#');
            assert!(names_what_helps, "{texts}");
        }
    }

    #[test]
    fn no_text_of_a_storage_holds_its_password() {
        let redis = Redis::open("redis://ann:s3cret@localhost:1/2").expect("a URL");
        let texts = format!("{redis:?} {}", redis.place());
        assert!(texts.contains("redis://localhost:1/2"), "{texts}");
        assert!(
            !texts.contains("s3cret") && !texts.contains("ann"),
            "{texts}"
        );
    }

    #[cfg(not(feature = "redis-tls"))]
    #[test]
    fn a_url_with_tls_names_the_feature_that_is_missing() {
        let error = Redis::open("rediss://localhost").expect_err("no TLS");
        assert_eq!(error, RedisSettingsError::TlsNotBuiltIn);
    }
}
