//! What a first run would wonder about, and what will surprise later. On stderr: on stdout there is only the address.

use std::env;
use std::net::IpAddr;

use tower_token_quota::Quota;

use crate::arguments::Arguments;
use crate::config::{Config, FREE_KEY, PRO_KEY};
use crate::proxy;

/// Refuses a start that would let everybody who knows the demo's keys spend the provider's account.
pub(crate) fn check(arguments: &Arguments, config: &Config) -> Result<(), String> {
    let spends = arguments.upstream.is_some() && has_upstream_key();
    if spends && config.is_demo() && !is_loopback(&arguments.listen) {
        return Err(format!(
            "--listen {} with {} and without --config: everybody who can reach it could call the provider with the demo's \
             published keys; give it a policy of your own",
            arguments.listen,
            proxy::KEY
        ));
    }
    Ok(())
}

/// Says how it runs.
pub(crate) async fn introduce(arguments: &Arguments, config: &Config, quota: &Quota) {
    match &arguments.upstream {
        None => eprintln!(
            "No --upstream: the built-in model answers. It makes its answers up and costs nothing."
        ),
        Some(base) => {
            if !has_upstream_key() {
                eprintln!(
                    "{} is not set: calls go to the provider without a key.",
                    proxy::KEY
                );
            }
            if base.ends_in_version() {
                eprintln!(
                    "--upstream ends in a version: it comes before that in the callers' paths, as in /v1/v1/chat/completions."
                );
            }
        }
    }
    if config.is_demo() {
        eprintln!(
            "No --config: the demo policy applies. Its keys are {FREE_KEY} (tier free) and {PRO_KEY} (tier pro)."
        );
    } else if quota.policy().keys().is_empty() {
        eprintln!("There are no [keys] in the policy: every call will be refused.");
    }
    if !arguments.metered {
        eprintln!("--no-quota: keys are asked for, and nothing is limited.");
    } else if let Err(error) = quota.health().await {
        eprintln!("--store: it does not answer yet: {error}");
    }
}

fn has_upstream_key() -> bool {
    env::var_os(proxy::KEY).is_some_and(|key| !key.is_empty())
}

fn is_loopback(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
