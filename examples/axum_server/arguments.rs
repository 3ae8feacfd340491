//! What the command line says.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Arg::{Long, Short};
use lexopt::ValueExt;

use crate::proxy::Base;
use crate::store::DEFAULT;

pub(crate) const HELP: &str = "\
A gateway that keeps an LLM bill bounded.

Usage: axum_server [--config FILE] [--prices FILE] [--listen ADDR] [--upstream URL] [--store WHERE]
                   [--store-timeout MS] [--hold-expiry SECONDS] [--admin-token-env NAME] [--no-quota]
       axum_server --backup TO [--store sqlite:PATH]

  --config FILE    the policy, as TOML, and where alerts are posted: [alerts] webhook = \"URL\"; a demo
                   policy when left out. SIGHUP reads it anew
  --prices FILE    what models cost, in litellm's format (model_prices_and_context_window.json), before
                   the built-in prices. SIGHUP reads it anew
  --listen ADDR    where to listen; 127.0.0.1:8080 when left out, port 0 for any that is free
  --upstream URL   the provider, http or https, such as https://api.openai.com; requests' paths are put
                   after it. Its key is taken from the environment, UPSTREAM_API_KEY.
                   A built-in model answers when left out
  --store WHERE    where usage is kept. sqlite:PATH is a file, which outlives restarts and crashes and is made
                   where there is none; sqlite:./quota.db when left out (memory with --no-quota). `memory` is this process's own.
                   Redis or Valkey are for several gateways that keep the same limits; it need not run yet:
                     redis://[USER:PASSWORD@]HOST[:PORT][/DB]              one server; rediss:// with TLS
                     redis+cluster://[USER:PASSWORD@]HOST[:PORT],HOST...   a cluster, some of its nodes
                     redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST.../NAME[/DB]
                                                                   the master that these sentinels name
  --backup TO      copies the file that --store says into a new one, also while a gateway writes it, and ends
  --store-timeout MS
                   how long the store may take to answer, in milliseconds, before each limit's
                   `on_store_failure` decides; 100 for Redis and 5000 for a file when left out
  --hold-expiry SECONDS
                   after which time a call's hold is given up that nobody settles, as those of a gateway
                   that was killed; a day in memory, else an hour. Longer than a model takes to begin
  --admin-token-env NAME
                   the variable of the environment with the admin's token; QUOTA_ADMIN_TOKEN when left
                   out. Without a token there is no POST /quota/adjust
  --no-quota       the same gateway without the quota, to compare
  --help           this text

Logs go to stderr; RUST_LOG says which (default: info).
GET /healthz, GET /metrics, GET /quota/status (with ?model=NAME of that model too), GET /quota/report and
POST /quota/adjust are answered by the gateway itself.";

/// How the gateway is to run.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) config: Option<PathBuf>,
    pub(crate) prices: Option<PathBuf>,
    pub(crate) listen: String,
    pub(crate) upstream: Option<Base>,
    pub(crate) store: Option<String>,
    pub(crate) store_timeout: Option<Duration>,
    pub(crate) backup: Option<PathBuf>,
    pub(crate) hold_expiry: Option<Duration>,
    pub(crate) admin_token_env: Option<String>,
    pub(crate) metered: bool,
}

impl Arguments {
    /// Where usage is kept: without a quota there is none, and no file is made for it.
    pub(crate) fn store(&self) -> &str {
        match (self.metered, &self.store) {
            (_, Some(store)) => store,
            (true, None) => DEFAULT,
            (false, None) => "memory",
        }
    }
}

/// Reads the command line; nothing if help is asked for.
pub(crate) fn read() -> Result<Option<Arguments>, String> {
    let mut parser = lexopt::Parser::from_env();
    parse(&mut parser).map_err(|error| error.to_string())
}

fn parse(parser: &mut lexopt::Parser) -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments = Arguments {
        config: None,
        prices: None,
        listen: "127.0.0.1:8080".to_owned(),
        upstream: None,
        store: None,
        store_timeout: None,
        backup: None,
        hold_expiry: None,
        admin_token_env: None,
        metered: true,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("config") => arguments.config = Some(parser.value()?.into()),
            Long("prices") => arguments.prices = Some(parser.value()?.into()),
            Long("listen") => arguments.listen = parser.value()?.parse_with(host_and_port)?,
            Long("upstream") => arguments.upstream = Some(parser.value()?.parse_with(Base::parse)?),
            Long("store") => arguments.store = Some(parser.value()?.string()?),
            Long("store-timeout") => {
                let timeout = whole("--store-timeout", "milliseconds", &parser.value()?)?;
                arguments.store_timeout = Some(Duration::from_millis(timeout));
            }
            Long("hold-expiry") => {
                let expiry = whole("--hold-expiry", "seconds", &parser.value()?)?;
                arguments.hold_expiry = Some(Duration::from_secs(expiry));
            }
            Long("backup") => arguments.backup = Some(parser.value()?.into()),
            Long("admin-token-env") => {
                arguments.admin_token_env = Some(parser.value()?.string()?);
            }
            Long("no-quota") => arguments.metered = false,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

/// What can be listened on, if the host is one of ours.
fn host_and_port(address: &str) -> Result<String, &'static str> {
    let parts = address.rsplit_once(':');
    let is_host = |host: &str| !host.is_empty() && !host.contains('/');
    let complete = |(host, port): &(&str, &str)| is_host(host) && port.parse::<u16>().is_ok();
    parts
        .filter(complete)
        .map(|_| address.to_owned())
        .ok_or("--listen is HOST:PORT, such as 127.0.0.1:8080, without http:// before it")
}

/// A whole number, at least one.
fn whole(name: &str, of: &str, value: &OsStr) -> Result<u64, lexopt::Error> {
    let number = value.to_str().and_then(|value| value.parse().ok());
    let complaint = || format!("{name} is a number of {of}, at least 1");
    number
        .filter(|&number| number > 0)
        .ok_or_else(|| complaint().into())
}
