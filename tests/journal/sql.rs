//! What plain SQL says.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::watch::ModelReport;
use tower_token_quota::{DEFAULT_ORGANIZATION, Demand, Limit, Policy, Subject, Tier, Usage, Usd};

use crate::folder::{Folder, limits, reserve_for, tokens_only, written};
use crate::support::{NOON, alice};

#[tokio::test]
async fn the_views_answer_for_projects_users_and_models() {
    let folder = Folder::new();
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    let calls = [
        ("alice", Some("web-app"), 1_000),
        ("alice", Some("web-app"), 3_000),
        ("bob", Some("batch"), 10_000),
        ("bob", None, 1),
    ];
    for (user, project, input) in calls {
        let subject = Subject::user(user, "t");
        let subject = match project {
            Some(project) => subject.project(project),
            None => subject,
        };
        let hold = reserve_for(&quota, &subject).await.unwrap();
        hold.settle(Usage::new(input, 1));
    }
    let open = reserve_for(&quota, &Subject::user("carol", "t"))
        .await
        .unwrap();
    written(&quota).await;
    let row = |columns: &str, view: &str| folder.ask(&format!("SELECT {columns} FROM {view}"));
    let totals = "month || ' ' || ifnull(project, '-') || ' ' || calls || ' ' || input_tokens || '+' || output_tokens || ' ' || usd";
    assert_eq!(
        row(totals, "spend_by_project"),
        [
            "2026-11 - 1 1+1 0.000000750",
            "2026-11 batch 1 10000+1 0.001500600",
            "2026-11 web-app 2 4000+2 0.000601200",
        ]
    );
    let days = "day || ' ' || user || ' ' || calls || ' ' || usd";
    assert_eq!(
        row(days, "spend_by_user"),
        [
            "2026-11-21 alice 2 0.000601200",
            "2026-11-21 bob 2 0.001501350"
        ]
    );
    let models = "month || ' ' || model || ' ' || calls || ' ' || usd";
    assert_eq!(
        row(models, "spend_by_model"),
        ["2026-11 gpt-4o-mini 4 0.002102550"]
    );
    let holds = "since || ' ' || user || ' ' || model || ' ' || input_tokens || '+' || output_tokens || ' ' || usd";
    assert_eq!(
        row(holds, "open_holds"),
        ["2026-11-21T12:00:00Z carol gpt-4o-mini 1000+1000 0.001250000"]
    );
    drop(open);
    quota.drain().await;
    assert_eq!(
        row(holds, "unreconciled_holds"),
        ["2026-11-21T12:00:00Z carol gpt-4o-mini 1000+1000 0.001250000"]
    );
    assert_eq!(row("count(*)", "open_holds"), ["0"]);
}

#[tokio::test]
async fn a_model_that_was_asked_for_and_never_called_has_saved_something_and_spent_nothing() {
    let folder = Folder::new();
    let clock = FakeClock::at(NOON);
    let dear = Limit::usd(Usd::from_nanos(1))
        .per_month()
        .for_models(["gpt-4o"]);
    let tier = Tier::new("t")
        .limit(dear.then_downgrade())
        .limit(Limit::tokens(1_000_000).per_day().id("tokens"))
        .ladder(["gpt-4o-mini"]);
    let policy = Policy::new().tier(tier);
    let quota = folder.quota(policy.clone(), &clock);
    let demand = Demand::new("gpt-4o").input_tokens(1_000).output_tokens(0);
    let hold = quota.reserve(&alice(), demand).await.unwrap();
    hold.settle(Usage::new(1_000, 0));
    written(&quota).await;
    drop(quota);
    assert_eq!(
        folder.ask("SELECT model || ' ' || calls || ' ' || usd FROM spend_by_model"),
        ["gpt-4o-mini 1 0.000150000"]
    );
    let quota = folder.quota(policy, &clock);
    let report = quota.report().await.unwrap();
    let of = |model: &ModelReport| {
        let saved = model.totals.saved.downgraded;
        (
            model.model.to_string(),
            model.totals.calls,
            saved.calls,
            saved.cost.nanos(),
        )
    };
    let models: Vec<_> = report.organizations[0].models.iter().map(of).collect();
    assert_eq!(
        models,
        [
            ("gpt-4o-mini".to_owned(), 1, 0, 0),
            ("gpt-4o".to_owned(), 0, 1, 2_350_000)
        ]
    );
}

#[tokio::test]
async fn names_that_callers_invent_leave_no_row_each_for_ever() {
    let folder = Folder::new();
    let quota = folder.quota(tokens_only(), &FakeClock::at(NOON));
    for call in 0..5 {
        let demand = Demand::new(format!("invented-{call}")).input_tokens(1);
        quota.reserve(&alice(), demand).await.unwrap().release();
    }
    reserve_for(&quota, &alice()).await.unwrap().release();
    written(&quota).await;
    assert_eq!(
        folder.ask("SELECT model || ' ' || calls FROM spend_by_model ORDER BY model"),
        ["gpt-4o-mini 1", "other 5"]
    );
    let report = quota.report().await.unwrap();
    let names: Vec<_> = report.organizations[0]
        .models
        .iter()
        .map(|of| &*of.model)
        .collect();
    assert_eq!(names, ["gpt-4o-mini", "other"]);
}

/// A provider that says nonsense makes no journal unreadable: sums stop at the largest number.
#[tokio::test]
async fn absurd_usages_are_summed_and_read_again() {
    let folder = Folder::new();
    let clock = FakeClock::at(NOON);
    let quota = folder.quota(limits(), &clock);
    let mut holds = Vec::new();
    for _ in 0..3 {
        holds.push(reserve_for(&quota, &alice()).await.unwrap());
    }
    for hold in holds {
        hold.settle(Usage::new(u64::MAX, u64::MAX));
    }
    written(&quota).await;
    drop(quota);
    let most = i64::MAX.to_string();
    for view in ["spend_by_project", "spend_by_model", "spend_by_user"] {
        let tokens = folder.ask(&format!("SELECT output_tokens FROM {view}"));
        assert_eq!(tokens, [most.as_str()], "{view}");
    }
    let usd = |view: &str| folder.ask(&format!("SELECT usd FROM {view}"));
    assert_eq!(usd("spend_by_project"), ["9223372036.854775807"]);
    assert_eq!(usd("spend_by_user"), ["27670116110.564327421"]);
    let totals = "SELECT DISTINCT typeof(cost) || typeof(output_tokens) FROM totals";
    assert_eq!(folder.ask(totals), ["integerinteger"]);
    let quota = folder.quota(limits(), &clock);
    quota.report().await.unwrap();
    drop(quota);
    // One that an earlier version has summed.
    folder.run("UPDATE totals SET cost = 1.8e19, output_tokens = 1.8e19");
    let quota = folder.quota(limits(), &FakeClock::at("2026-12-02T12:00:00Z"));
    let history = quota.history(DEFAULT_ORGANIZATION, None);
    assert_eq!(history[0].1, Usd::from_nanos(i64::MAX.unsigned_abs()));
}

#[test]
fn sqlite_is_ours_and_has_no_bug_in_its_log() {
    let version: Vec<u32> = rusqlite::version()
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(version >= vec![3, 51, 3], "{version:?}");
    let folder = Folder::new();
    drop(folder.open().unwrap());
    assert_eq!(folder.ask("SELECT sqlite_version()"), [rusqlite::version()]);
}
