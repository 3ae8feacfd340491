//! Where alerts go, and sinks that are slow, full or broken.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tower_token_quota::watch::{
    Alert, AlertLevel, AlertSink as _, Alerts, ChannelAlerts, MetricsObserver, TracingAlerts,
};
use tower_token_quota::{Quota, Subject};

use crate::spending::{hundred, spend, watched};
use crate::support;

const PATIENCE: Duration = Duration::from_secs(30);

/// Log lines, as they are written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// So many users, each of whom crosses one threshold.
async fn cross(quota: &Quota, users: usize) {
    for user in 0..users {
        let user = Subject::user(user.to_string(), "t");
        spend(quota, &user, 50).await.unwrap();
    }
}

fn with(alerts: &Alerts) -> Quota {
    watched(hundred(&[50])).0.observer(alerts.clone())
}

#[tokio::test]
async fn a_channel_gets_alerts_and_drops_what_it_has_no_room_for() {
    let (sink, mut receiver) = ChannelAlerts::new(2);
    let alerts = Alerts::new().to(sink.clone());
    cross(&with(&alerts), 5).await;
    assert!(alerts.flush(PATIENCE));
    assert_eq!((sink.dropped(), alerts.dropped()), (3, 0));
    let first = receiver.recv().await.unwrap();
    assert_eq!(first.level, AlertLevel::Info);
    assert_eq!(first.user.as_deref(), Some("0"));
    drop(receiver);
    cross(&with(&alerts), 1).await;
    assert!(alerts.flush(PATIENCE));
    assert_eq!(sink.dropped(), 4);
}

#[tokio::test]
async fn a_sink_that_hangs_delays_neither_calls_nor_other_sinks_and_keeps_only_so_much() {
    let (go, hanging) = mpsc::channel::<()>();
    let (sink, mut receiver) = ChannelAlerts::new(3_000);
    let hang = move |_: &Alert| {
        let _ = hanging.recv();
    };
    let alerts = Alerts::new().to(hang).to(sink);
    let quota = with(&alerts);
    cross(&quota, 2_000).await;
    assert!(alerts.dropped() >= 2_000 - 1_024 - 1, "{alerts:?}");
    for _ in 0..1_000 {
        let told = tokio::time::timeout(PATIENCE, receiver.recv()).await;
        assert!(told.unwrap().is_some());
    }
    assert!(!alerts.flush(Duration::from_millis(1)));
    drop(go);
    assert!(alerts.flush(PATIENCE));
}

#[tokio::test]
async fn a_sink_that_panics_gets_the_next_alert_and_breaks_nothing() {
    let (sender, told) = mpsc::channel();
    let panics = move |alert: &Alert| {
        sender.send(alert.user.clone()).unwrap();
        panic!("a bug in a sink (this test wants it)");
    };
    let alerts = Alerts::new().to(panics);
    cross(&with(&alerts), 2).await;
    assert!(alerts.flush(PATIENCE));
    assert!(told.try_iter().flatten().eq(["0", "1"]));
}

#[test]
fn the_log_has_an_alert_at_its_level_and_the_metrics_count_it() {
    let (quota, events, _) = watched(hundred(&[50, 90]));
    let metrics = PrometheusBuilder::new().build_recorder();
    let quota = quota.observer(MetricsObserver::new());
    metrics::with_local_recorder(&metrics, || {
        support::run(async {
            cross(&quota, 3).await;
            spend(&quota, &Subject::user("0", "t"), 40).await.unwrap();
        });
    });
    let text = metrics.handle().render();
    for counted in [
        r#"token_quota_alerts_total{limit="budget",percent="50",level="info"} 3"#,
        r#"token_quota_alerts_total{limit="budget",percent="90",level="critical"} 1"#,
    ] {
        assert!(text.contains(counted), "{text}");
    }

    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || written.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        for alert in events.take().iter().filter_map(Alert::of) {
            TracingAlerts.alert(&alert);
        }
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let critical = log.lines().find(|line| line.contains("ERROR")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("INFO")).count(), 3);
    assert!(critical.contains("has reached 90 %"), "{critical}");
    assert!(critical.contains("$90.00 of $100.00 used"), "{critical}");
}
