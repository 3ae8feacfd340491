//! What plain SQL says.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::{Subject, Usage};

use crate::folder::{Folder, limits, reserve_for, written};
use crate::support::NOON;

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
