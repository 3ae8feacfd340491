//! A cluster of three nodes, whose slots can be moved.

use std::ops::RangeInclusive;

use super::server::{DEADLINE, Server, until};

const SLOTS: u16 = 16_384;
const NODES: u16 = 3;

/// Three servers that share the slots, a third each.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Server>,
}

impl Cluster {
    pub fn start() -> Self {
        let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "5000"];
        let nodes = (0..NODES).map(|_| Server::with(&options)).collect();
        let cluster = Self { nodes };
        for (number, node) in (0..NODES).zip(&cluster.nodes) {
            cluster.introduce(number, node);
        }
        until("a cluster that is of one mind", || cluster.agrees());
        cluster
    }

    pub fn url(&self) -> String {
        let node = |node: &Server| format!("127.0.0.1:{}", node.port);
        let nodes: Vec<String> = self.nodes.iter().map(node).collect();
        format!("redis+cluster://{}", nodes.join(","))
    }

    /// The only slot that has keys, and a node that does not have it.
    pub fn used_slot(&self) -> (u16, usize) {
        let keys = |node: &Server| node.ask::<Vec<String>>(&["KEYS", "*"]);
        let keys: Vec<String> = self.nodes.iter().flat_map(keys).collect();
        let slot = self.slot(&keys[0]);
        assert!(keys.iter().all(|key| self.slot(key) == slot), "{keys:?}");
        (slot, (self.owner(slot) + 1) % self.nodes.len())
    }

    /// The number of the node that has a slot.
    pub fn owner(&self, slot: u16) -> usize {
        let owns = |&node: &usize| {
            self.slots(node, node)
                .iter()
                .any(|range| range.contains(&slot))
        };
        (0..self.nodes.len())
            .find(owns)
            .expect("each slot has an owner")
    }

    pub fn slot(&self, key: &str) -> u16 {
        self.nodes[0].ask(&["CLUSTER", "KEYSLOT", key])
    }

    /// Begins to move a slot: its keys stay where they are, and what is new goes to its next owner.
    pub fn begin_to_move(&self, slot: u16, to: usize) {
        let from = self.owner(slot);
        let slot = slot.to_string();
        let (giver, taker) = (self.id(from), self.id(to));
        let _: String = self.nodes[to].ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &giver]);
        let _: String = self.nodes[from].ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &taker]);
    }

    /// Moves so many of a slot's keys, while it is moved. How many there were to move.
    pub fn move_keys(&self, slot: u16, to: usize, most: usize) -> usize {
        let (from, to) = (&self.nodes[self.owner(slot)], &self.nodes[to]);
        let (slot, most) = (slot.to_string(), most.to_string());
        let keys: Vec<String> = from.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, &most]);
        let (port, patience) = (to.port.to_string(), DEADLINE.as_millis().to_string());
        let mut moving = vec!["MIGRATE", "127.0.0.1", &port, "", "0", &patience, "KEYS"];
        moving.extend(keys.iter().map(String::as_str));
        if !keys.is_empty() {
            let _: String = from.ask(&moving);
        }
        keys.len()
    }

    /// The slot is the new owner's; what is left of its keys was moved before.
    pub fn end_of_move(&self, slot: u16, to: usize) {
        let (from, number) = (self.owner(slot), slot.to_string());
        let taker = self.id(to);
        let others = (0..self.nodes.len()).filter(|&node| node != to && node != from);
        for node in [to, from].into_iter().chain(others) {
            let _: String = self.nodes[node].ask(&["CLUSTER", "SETSLOT", &number, "NODE", &taker]);
        }
        until("a cluster that is of one mind", || self.agrees());
    }

    /// Gives a node its part of the slots, and makes it known to the first.
    fn introduce(&self, number: u16, node: &Server) {
        let first = |number: u16| u32::from(SLOTS) * u32::from(number) / u32::from(NODES);
        let slots: Vec<String> = (first(number)..first(number + 1))
            .map(|slot| slot.to_string())
            .collect();
        let mut adding = vec!["CLUSTER", "ADDSLOTS"];
        adding.extend(slots.iter().map(String::as_str));
        let _: String = node.ask(&adding);
        let (epoch, port) = ((number + 1).to_string(), self.nodes[0].port.to_string());
        let _: String = node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]);
        let _: String = node.ask(&["CLUSTER", "MEET", "127.0.0.1", &port]);
    }

    fn id(&self, node: usize) -> String {
        self.nodes[node].ask(&["CLUSTER", "MYID"])
    }

    /// Whether all nodes know who has which slots, and that all is well.
    fn agrees(&self) -> bool {
        let is_well = |node: &Server| {
            let info: String = node.ask(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok")
        };
        let is_known = |of: usize| {
            let own = self.slots(of, of);
            !own.is_empty() && (0..self.nodes.len()).all(|at| self.slots(at, of) == own)
        };
        self.nodes.iter().all(is_well) && (0..self.nodes.len()).all(is_known)
    }

    /// Which slots a node has, as another one knows it.
    fn slots(&self, at: usize, of: usize) -> Vec<RangeInclusive<u16>> {
        let id = self.id(of);
        let nodes: String = self.nodes[at].ask(&["CLUSTER", "NODES"]);
        let line = nodes.lines().find(|line| line.starts_with(&id));
        // Id, address, flags, master, two times, epoch, link, and the slots. In brackets are those that are moved.
        let slots = line
            .into_iter()
            .flat_map(|line| line.split_whitespace().skip(8));
        slots
            .filter(|range| !range.starts_with('['))
            .map(range)
            .collect()
    }
}

fn range(text: &str) -> RangeInclusive<u16> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    first.parse().unwrap()..=last.parse().unwrap()
}
