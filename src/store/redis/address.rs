//! Where Redis is: an address, read before anything is connected to.

use std::fmt;

use ::redis::{ConnectionInfo, IntoConnectionInfo, RedisError};

/// How addresses may begin; the first stands for what is none of them. With one more `s` behind they are encrypted.
const SCHEMES: [&str; 4] = ["redis", "rediss", "valkey", "valkeys"];

/// What comes after that, where there is one server, a cluster, or sentinels.
const SERVER: &str = "://HOST:PORT/DB";
const CLUSTER: &str = "+cluster://HOST:PORT,HOST:PORT";
const SENTINEL: &str = "+sentinel://HOST:PORT,HOST:PORT/NAME/DB";

/// The form of an address, as it is shown to whoever wrote another one.
#[derive(Clone, Copy)]
pub(super) struct Form {
    scheme: &'static str,
    rest: &'static str,
}

impl Form {
    /// The form that was meant, as far as an address says by how it begins.
    pub(super) fn of(address: &str) -> Self {
        let scheme = address.split([':', '/']).next().unwrap_or_default();
        let (name, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let is_it = |known: &&str| known.eq_ignore_ascii_case(name);
        Self {
            scheme: SCHEMES.into_iter().find(is_it).unwrap_or(SCHEMES[0]),
            rest: match &*kind.to_ascii_lowercase() {
                "cluster" => CLUSTER,
                "sentinel" => SENTINEL,
                _ => SERVER,
            },
        }
    }

    /// The same with something else after the scheme.
    fn with(self, rest: &'static str) -> Self {
        Self { rest, ..self }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scheme, self.rest)
    }
}

/// Why there is no connection to an address, not even one that is made later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address makes no sense: why, and how it is written. It is not repeated, as it may have a password.
    #[error("the address of Redis: {0}")]
    Address(String),
    /// Connections are made by tasks.
    #[error("a connection to Redis is made inside of a Tokio runtime")]
    NoRuntime,
}

impl ConnectError {
    /// What the client library says of an address, and the form that one has.
    pub(super) fn of(error: &RedisError, form: Form) -> Self {
        let said = error.to_string();
        // The name of the library's kind of error tells nobody anything.
        let said = said
            .split_once(" - InvalidClientConfig")
            .map_or(&*said, |(said, _)| said);
        if said.contains("TLS") {
            let feature = "it is one of the `redis` crate's, such as `tokio-rustls-comp`; name that crate as a dependency of your own";
            return Self::Address(format!("{said}: {feature}"));
        }
        Self::Address(format!("{said}; write {form}"))
    }

    fn wrong(why: &str) -> Self {
        Self::Address(why.to_owned())
    }
}

/// What an address says, as the client library understands it.
pub(super) enum Address {
    Server(ConnectionInfo),
    Cluster(Vec<ConnectionInfo>),
    Sentinel {
        sentinels: Vec<ConnectionInfo>,
        master: String,
        database: i64,
    },
}

impl Address {
    pub(super) fn read(address: &str) -> Result<Self, ConnectError> {
        let form = Form::of(address);
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        if let Some(scheme) = scheme.strip_suffix("+cluster") {
            return Self::cluster(scheme, rest, form);
        }
        if let Some(scheme) = scheme.strip_suffix("+sentinel") {
            return Self::sentinel(scheme, rest, form);
        }
        let hosts = rest.rsplit('@').next().unwrap_or_default();
        if hosts.split('/').next().unwrap_or_default().contains(',') {
            let several = format!(
                "{form} has one host; several are a cluster's, {}, or sentinels, {}",
                form.with(CLUSTER),
                form.with(SENTINEL)
            );
            return Err(ConnectError::Address(several));
        }
        info(address, form).map(Self::Server)
    }

    fn cluster(scheme: &str, hosts: &str, form: Form) -> Result<Self, ConnectError> {
        let nodes = each(scheme, hosts, form)?;
        if nodes.iter().any(|node| node.redis_settings().db() != 0) {
            return Err(ConnectError::wrong(
                "a cluster has no database but 0: leave it out",
            ));
        }
        Ok(Self::Cluster(nodes))
    }

    fn sentinel(scheme: &str, rest: &str, form: Form) -> Result<Self, ConnectError> {
        let (sentinels, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (master, database) = path.split_once('/').unwrap_or((path, "0"));
        let wrong = |why: &str| Err(ConnectError::Address(format!("{why}; write {form}")));
        if master.is_empty() {
            return wrong("the master's name is missing");
        }
        let Ok(database) = database.parse() else {
            return wrong("the database after the master's name is no number");
        };
        Ok(Self::Sentinel {
            sentinels: each(scheme, sentinels, form)?,
            master: master.to_owned(),
            database,
        })
    }
}

/// Each of several hosts, with what stands before them all.
fn each(scheme: &str, hosts: &str, form: Form) -> Result<Vec<ConnectionInfo>, ConnectError> {
    let (user, hosts) = match hosts.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), hosts),
    };
    let hosts = hosts.split(',').map(|host| host.trim_end_matches('/'));
    hosts
        .map(|host| info(&format!("{scheme}://{user}{host}"), form))
        .collect()
}

fn info(url: &str, form: Form) -> Result<ConnectionInfo, ConnectError> {
    let info = url.into_connection_info();
    info.map_err(|error| ConnectError::of(&error, form))
}

#[cfg(test)]
mod tests {
    use ::redis::ErrorKind;

    use super::*;

    fn places(infos: &[ConnectionInfo]) -> Vec<String> {
        infos.iter().map(|info| info.addr().to_string()).collect()
    }

    fn complaint(address: &str) -> String {
        let read = Address::read(address);
        read.err().expect(address).to_string()
    }

    #[test]
    fn it_names_one_server_a_cluster_or_sentinels() {
        let Ok(Address::Server(server)) = Address::read("redis://a:1/2") else {
            panic!("one server");
        };
        assert_eq!(server.addr().to_string(), "a:1");
        assert_eq!(server.redis_settings().db(), 2);
        let Ok(Address::Cluster(nodes)) = Address::read("rediss+cluster://u:p,@a:1,b/") else {
            panic!("a cluster");
        };
        assert_eq!(places(&nodes), ["a:1", "b:6379"]);
        assert!(
            nodes
                .iter()
                .all(|node| node.redis_settings().password() == Some("p,"))
        );
        let Ok(Address::Sentinel {
            sentinels,
            master,
            database,
        }) = Address::read("valkey+sentinel://a,b:2/main/3")
        else {
            panic!("sentinels");
        };
        assert_eq!(places(&sentinels), ["a:6379", "b:2"]);
        assert_eq!((&*master, database), ("main", 3));
        assert!(Address::read("redis://u:p,q@a:1").is_ok());
    }

    #[test]
    fn one_that_is_none_is_told_the_form() {
        for (address, form) in [
            ("redis", "redis://HOST:PORT/DB"),
            ("redis:127.0.0.1", "redis://HOST:PORT/DB"),
            ("redis://h:abc", "redis://HOST:PORT/DB"),
            ("redis://h/first", "redis://HOST:PORT/DB"),
            ("localhost:6379", "redis://HOST:PORT/DB"),
            ("rediss", "rediss://HOST:PORT/DB"),
            ("rediss:127.0.0.1", "rediss://HOST:PORT/DB"),
            ("rediss://h:abc", "rediss://HOST:PORT/DB"),
            ("Rediss://h/first", "rediss://HOST:PORT/DB"),
            (
                "redis+CLUSTER://h:abc",
                "redis+cluster://HOST:PORT,HOST:PORT",
            ),
            ("valkeys://h:abc", "valkeys://HOST:PORT/DB"),
            (
                "rediss+cluster://h:abc",
                "rediss+cluster://HOST:PORT,HOST:PORT",
            ),
            (
                "valkey+sentinel://h",
                "valkey+sentinel://HOST:PORT,HOST:PORT/NAME/DB",
            ),
            (
                "rediss+sentinel://h/m/x",
                "rediss+sentinel://HOST:PORT,HOST:PORT/NAME/DB",
            ),
        ] {
            let complaint = complaint(address);
            assert!(
                complaint.ends_with(&format!("; write {form}")),
                "{complaint}"
            );
            assert!(!complaint.contains("InvalidClientConfig"), "{complaint}");
        }
        for (address, scheme) in [
            ("redis://h:1,h:2", "redis"),
            ("redis://u:p@h,i:2/1", "redis"),
            ("redis:h,i", "redis"),
            ("rediss://h:1,h:2", "rediss"),
        ] {
            let complaint = complaint(address);
            for form in [CLUSTER, SENTINEL] {
                let form = format!(" {scheme}{form}");
                assert!(complaint.contains(&form), "{complaint}");
            }
        }
    }

    #[test]
    fn a_cluster_has_one_database() {
        assert!(Address::read("redis+cluster://h:1/0,i:2").is_ok());
        for address in ["redis+cluster://h:1/2", "redis+cluster://h:1/2,i:1"] {
            assert!(complaint(address).contains("no database but 0"));
        }
    }

    #[test]
    fn a_password_is_not_repeated() {
        for address in [
            "redis//u:secret@a",
            "http://u:secret@a",
            "redis://u:secret@a,b",
            "redis+cluster://u:secret@a/2",
            "redis+sentinel://u:secret@a",
            "redis+sentinel://u:secret@a/m/x",
        ] {
            let complaint = complaint(address);
            assert!(!complaint.contains("secret"), "{complaint}");
        }
    }

    #[test]
    fn where_tls_is_not_built_in_it_is_said_whose_feature_it_is() {
        let missing = "can't connect with TLS, the feature is not enabled";
        let error = (ErrorKind::InvalidClientConfig, missing).into();
        let complaint = ConnectError::of(&error, Form::of("rediss://h")).to_string();
        assert!(
            complaint.contains("`redis` crate's, such as `tokio-rustls-comp`"),
            "{complaint}"
        );
    }
}
