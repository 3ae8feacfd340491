//! The gateway: a whole server around the layer, to run as it is or to copy from.
//!
//! ```sh
//! cargo run --release --example axum_server
//! ```
//!
//! answers at once, with a built-in model and a demo policy. `--upstream URL` puts it before a provider, `--config FILE`
//! gives it a policy of your own. Each file shows one thing:
//!
//! | file | shows |
//! | --- | --- |
//! | `gateway.rs` | where the layer stands among axum's routes and tower-http's layers |
//! | `config.rs`, `reload.rs` | policy and prices from files, read anew on SIGHUP |
//! | `routes.rs`, `status.rs` | what is asked of the quota itself: health, metrics, a caller's status |
//! | `admin.rs`, `adjust.rs` | corrections, behind a token |
//! | `report.rs` | what was spent and saved, and who may see it |
//! | `webhook.rs` | alerts, posted as JSON, with retries |
//! | `store.rs` | where usage is kept |
//! | `keys.rs` | whose key a request brings, and keys that stay out of logs |
//! | `proxy/` | forwarding to a provider with the provider's key |
//! | `builtin/` | a model that costs nothing and reports true usage, by every API, one file each |
//! | `linger.rs` | refusals that reach a client who is still sending |
//! | `serve.rs`, `signals.rs` | stopping without losing a settlement |
//! | `logs.rs`, `lines.rs`, `errors.rs`, `client.rs`, `arguments.rs`, `introduce.rs` | what every server needs |

mod adjust;
mod admin;
mod arguments;
mod builtin;
mod client;
mod config;
mod errors;
mod gateway;
mod introduce;
mod keys;
mod lines;
mod linger;
mod logs;
mod proxy;
mod reload;
mod report;
mod routes;
mod serve;
mod signals;
mod status;
mod store;
mod webhook;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use mimalloc::MiMalloc;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tower_token_quota::watch::{Alerts, MetricsObserver, TracingAlerts, TracingObserver};
use tower_token_quota::{Quota, count};

use admin::Admin;
use arguments::Arguments;
use config::Config;
use proxy::Upstream;
use store::Store;
use webhook::{Address, Patience, Webhook};

/// Memory is taken and given back in every call, on all threads; what this allocator gains by that stands in ARCHITECTURE.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How long alerts may take to be delivered when the gateway stops.
const LAST_ALERTS: Duration = Duration::from_secs(10);

/// Why the gateway does not run.
enum Failure {
    /// It was told something wrong: exit code 2.
    Wrong(String),
    /// Something did not work: exit code 1.
    Failed(String),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match arguments::read() {
        Ok(Some(arguments)) => run(arguments).await,
        Ok(None) => {
            println!("{}", arguments::HELP);
            Ok(())
        }
        Err(wrong) => Err(Failure::Wrong(format!("{wrong} (try --help)"))),
    };
    let (message, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Wrong(message)) => (message, 2),
        Err(Failure::Failed(message)) => (message, 1),
    };
    eprintln!("{message}");
    ExitCode::from(code)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let admin = Admin::from_env(arguments.admin_token_env.as_deref()).map_err(Failure::Wrong)?;
    let store = Store::open(arguments.store(), arguments.store_timeout).map_err(Failure::Wrong)?;
    if let Some(to) = arguments.backup {
        return store.back_up(to).await;
    }
    let config = Config::new(arguments.config.clone(), arguments.prices.clone());
    let configured = config.read().map_err(Failure::Wrong)?;
    introduce::check(&arguments, &config).map_err(Failure::Wrong)?;
    let model = match arguments.upstream.clone() {
        Some(base) => proxy::routes(Upstream::new(base).map_err(Failure::Wrong)?),
        None => builtin::routes(),
    };
    let _logs = logs::to_stderr();
    // The journal comes after all that may fail: what it has to tell of calls that were under way, it tells once.
    let listener = TcpListener::bind(&arguments.listen).await;
    let listener = listener.map_err(failed(&format!("listen on {}", arguments.listen)))?;
    let recorder = Arc::new(PrometheusBuilder::new().build_recorder());
    metrics::set_global_recorder(recorder.clone()).map_err(failed("metrics"))?;
    let metrics = recorder.handle();
    let webhook = Address::default();
    webhook.set(configured.webhook);
    let alerts = alerts(&webhook);
    let kept = store.keep(Quota::new(configured.policy), arguments.hold_expiry);
    let (quota, store_note) = kept.await.map_err(Failure::Failed)?;
    let quota = quota
        .observer(TracingObserver)
        .observer(MetricsObserver::bound_to(recorder))
        .observer(alerts.clone());
    // From here on the process ends as it is told to: until now there was nothing to finish.
    let stop = signals::stop().map_err(failed("signals"))?;
    let checked = config.check(&quota.policy(), &quota);
    checked.map_err(Failure::Wrong)?;
    reload::on_hangup(config.clone(), quota.clone(), webhook).map_err(failed("signals"))?;

    introduce::introduce(&arguments, &config, &quota).await;
    for note in configured.notes.into_iter().chain(store_note) {
        eprintln!("{note}");
    }
    // Before the first call comes: it would have to wait for it.
    let _ = tokio::task::spawn_blocking(count::warm_up).await;
    let app = gateway::app(&quota, model, arguments.metered, metrics, admin);
    announce(&listener).map_err(failed("stdout"))?;
    serve::until(stop, listener, app, &quota).await;
    let told = tokio::task::spawn_blocking(move || alerts.flush(LAST_ALERTS)).await;
    if !told.unwrap_or(false) {
        tracing::error!("some alerts could not be delivered");
    }
    Ok(())
}

/// Says that it is ready, and where.
fn announce(listener: &TcpListener) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()
}

/// Alerts go to the log, and to the webhook if there is one.
fn alerts(webhook: &Address) -> Alerts {
    let webhook = Webhook::new(
        webhook.clone(),
        client::https(),
        Patience::default(),
        Handle::current(),
    );
    Alerts::new().to(TracingAlerts).to(webhook)
}

fn failed<E: std::fmt::Display>(doing: &str) -> impl FnOnce(E) -> Failure {
    move |error| Failure::Failed(format!("{doing}: {error}"))
}
