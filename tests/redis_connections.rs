//! Connections of every kind are made when they are needed, and again when they are lost.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tower_token_quota::store::{Charge, CounterKey, RedisStore, Reservation, Store};

mod redis_support;
mod store_support;
use redis_support::cluster::Cluster;
use redis_support::server::{DEADLINE, Server, free_port, until};
use redis_support::silent::Silent;
use store_support::*;

fn store(url: &str) -> RedisStore {
    RedisStore::connect_within(url, DEADLINE)
        .unwrap()
        .at_callers_time()
}

async fn answers(store: &RedisStore, id: u128) -> bool {
    let call = [hard("k", gauge(1_000), 1)];
    let decision = store.reserve(reservation(id, at(0), &[&call])).await;
    decision.is_ok_and(|decision| granted(&decision))
}

/// Asks until it is answered, which it is sooner or later.
async fn answers_again(store: &RedisStore) -> bool {
    for id in 1_000..3_000 {
        if answers(store, id).await {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn a_store_is_made_before_its_server_and_outlives_it() {
    let mut server = Server::absent(&[]);
    let store = store(&server.url());
    assert!(!answers(&store, 1).await);
    assert!(store.health().await.is_err());
    server.start_again();
    assert!(answers_again(&store).await);
    server.kill();
    assert!(!answers(&store, 2).await);
    server.start_again();
    assert!(answers_again(&store).await);
    assert!(store.health().await.is_ok());
}

#[tokio::test]
async fn a_store_is_made_while_its_cluster_is_away() {
    let mut cluster = Cluster::start();
    cluster.nodes.iter_mut().for_each(Server::kill);
    let store = store(&cluster.url());
    assert!(!answers(&store, 1).await);
    assert!(store.health().await.is_err());
    // They remember who has which slots, though not what was in them.
    cluster.nodes.iter_mut().for_each(Server::start_again);
    assert!(answers_again(&store).await);
    assert!(store.health().await.is_ok());
}

#[tokio::test]
async fn of_a_cluster_one_node_that_is_up_is_enough_to_know() {
    let cluster = Cluster::start();
    let store = store(&format!(
        "redis+cluster://127.0.0.1:1,127.0.0.1:{}",
        cluster.nodes[1].port
    ));
    for (organization, id) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)] {
        let key = CounterKey::new(organization, &[("limit", "k")]);
        let charge = Charge {
            key,
            ..hard("k", gauge(1), 1)
        };
        let asked = Reservation {
            organization: organization.into(),
            ..reservation(id, at(0), &[&[charge]])
        };
        assert!(
            granted(&store.reserve(asked).await.unwrap()),
            "{organization}"
        );
    }
    let nodes = cluster.nodes.iter();
    let used: Vec<usize> = nodes.map(|node| node.ask(&["DBSIZE"])).collect();
    assert!(used.iter().all(|&keys| keys > 0), "{used:?}");
}

#[tokio::test]
async fn a_wrong_password_is_an_error_and_the_right_one_none() {
    let server = Server::start();
    let _: () = server.ask(&[
        "ACL",
        "SETUSER",
        "quota",
        "on",
        ">secret",
        "allkeys",
        "allcommands",
    ]);
    let store = |user: &str| store(&server.url().replace("://", &format!("://{user}@")));
    assert!(answers(&store("quota:secret"), 1).await);
    assert!(!answers(&store("quota:wrong"), 2).await);
}

/// A sentinel that watches one master, alone.
struct Sentinel {
    port: u16,
    config: PathBuf,
    process: Child,
}

impl Sentinel {
    fn of(master: &Server) -> Self {
        let port = free_port();
        let config =
            std::env::temp_dir().join(format!("sentinel-{}-{port}.conf", std::process::id()));
        let text = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {} 1\n",
            master.port
        );
        fs::write(&config, text).unwrap();
        let process = Command::new("redis-server")
            .arg(&config)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let sentinel = Self {
            port,
            config,
            process,
        };
        until("a sentinel that answers", || sentinel.tell(&["PING"]));
        sentinel
    }

    /// Whether it did as it was told.
    fn tell(&self, command: &[&str]) -> bool {
        let url = format!("redis://127.0.0.1:{}", self.port);
        let client = redis::Client::open(url).unwrap();
        let connection = client.get_connection_with_timeout(DEADLINE);
        connection.is_ok_and(|mut connection| {
            let mut asking = redis::cmd(command[0]);
            asking.arg(&command[1..]).exec(&mut connection).is_ok()
        })
    }

    fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/main", self.port)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.config);
    }
}

#[tokio::test]
async fn sentinels_say_which_server_is_asked() {
    let (mut first, second) = (Server::start(), Server::start());
    let sentinel = Sentinel::of(&first);
    let store = store(&sentinel.url());
    assert!(
        answers(&store, 1).await,
        "the first of the sentinels is down"
    );
    assert_eq!(first.ask::<usize>(&["EXISTS", "tq1:{acme}/counter=k"]), 1);
    first.kill();
    assert!(!answers(&store, 2).await);
    assert!(sentinel.tell(&["SENTINEL", "REMOVE", "main"]));
    let port = second.port.to_string();
    assert!(sentinel.tell(&["SENTINEL", "MONITOR", "main", "127.0.0.1", &port, "1"]));
    assert!(answers_again(&store).await);
    assert_eq!(second.ask::<usize>(&["EXISTS", "tq1:{acme}/counter=k"]), 1);
}

/// Its clients wait for a second by themselves, and a store for a tenth.
#[tokio::test]
async fn a_sentinel_that_never_answers_keeps_nobody_from_the_others() {
    let master = Server::start();
    let sentinel = Sentinel::of(&master);
    let port = free_port();
    let _silent = Silent::on(port);
    let url = sentinel.url().replace(":1,", &format!(":{port},"));
    let store = RedisStore::connect(&url).unwrap().at_callers_time();
    assert!(answers_again(&store).await);
}
