#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Limit, Scope, Tier};

fn tier() -> Tier {
    Tier::new("pro")
}

fn policy(tier: Tier) -> Policy {
    Policy::new().tier(tier).build().unwrap()
}

fn names(policy: &Policy, model: &str) -> Vec<String> {
    let asked = policy.resolve(model);
    let rungs = policy.candidates(&Subject::new("pro"), &asked).unwrap();
    rungs
        .iter()
        .map(|rung| rung.model.raw().to_owned())
        .collect()
}

fn refusal(policy: &Policy, subject: &Subject, model: &str) -> Rejection {
    let asked = policy.resolve(model);
    policy.candidates(subject, &asked).unwrap_err()
}

fn limits(policy: &Policy, subject: &Subject, model: &str) -> Vec<String> {
    let asked = policy.resolve(model);
    let rungs = policy.candidates(subject, &asked).unwrap();
    let ids = rungs[0].limits.iter().map(|limit| limit.id.to_string());
    ids.collect()
}

#[test]
fn without_a_ladder_the_asked_model_is_the_only_candidate() {
    assert_eq!(names(&policy(tier()), "gpt-4o"), ["gpt-4o"]);
}

#[test]
fn a_model_outside_of_the_ladder_may_go_down_all_of_it() {
    let policy = policy(tier().ladder(["gpt-4.1-mini", "gpt-4o-mini"]));
    assert_eq!(
        names(&policy, "gpt-4o"),
        ["gpt-4o", "gpt-4.1-mini", "gpt-4o-mini"]
    );
}

#[test]
fn a_model_in_the_ladder_goes_down_from_its_place() {
    let policy = policy(tier().ladder(["gpt-4o", "gpt-4.1-mini", "gpt-4o-mini"]));
    assert_eq!(
        names(&policy, "gpt-4.1-mini"),
        ["gpt-4.1-mini", "gpt-4o-mini"]
    );
    assert_eq!(names(&policy, "gpt-4o-mini"), ["gpt-4o-mini"]);
}

#[test]
fn another_spelling_of_a_rung_has_the_rungs_place_and_keeps_its_spelling() {
    let policy = policy(tier().ladder(["gpt-4o", "gpt-4o-mini-2024-07-18"]));
    let asked = "openai/GPT-4o-2024-08-06";
    assert_eq!(names(&policy, asked), [asked, "gpt-4o-mini-2024-07-18"]);
    assert_eq!(names(&policy, "gpt-4o-mini"), ["gpt-4o-mini"]);
}

#[test]
fn the_first_ladder_that_matches_applies() {
    let tier = tier()
        .ladder_for(["claude-*"], ["claude-3-5-haiku"])
        .ladder_for(["claude-opus*"], ["claude-sonnet-4"])
        .ladder(["gpt-4o-mini"]);
    let policy = policy(tier);
    assert_eq!(
        names(&policy, "claude-opus-4"),
        ["claude-opus-4", "claude-3-5-haiku"]
    );
    assert_eq!(names(&policy, "gpt-4o"), ["gpt-4o", "gpt-4o-mini"]);
}

#[test]
fn a_model_that_the_tier_does_not_have_is_refused_by_name() {
    let policy = policy(tier().models(["gpt-4o-mini", "o*"]).ladder(["gpt-4o-mini"]));
    let rejection = refusal(&policy, &Subject::new("pro"), "gpt-4o");
    assert_eq!(rejection.kind, RejectionKind::ModelNotAllowed);
    assert_eq!(rejection.param, Some("model"));
    assert_eq!(
        rejection.message,
        "The model `gpt-4o` is not in the tier `pro`, which has gpt-4o-mini,o*."
    );
}

#[test]
fn a_model_that_the_tier_does_not_have_goes_down_the_ladder_if_the_tier_says_so() {
    let tier = tier()
        .models(["gpt-*-mini"])
        .ladder_for(["gpt-*"], ["gpt-4.1-mini", "gpt-4o-mini"])
        .downgrade_when_not_allowed();
    let policy = policy(tier);
    assert_eq!(names(&policy, "gpt-4o"), ["gpt-4.1-mini", "gpt-4o-mini"]);
    let rejection = refusal(&policy, &Subject::new("pro"), "claude-opus-4");
    assert_eq!(
        rejection.kind,
        RejectionKind::ModelNotAllowed,
        "no ladder is for it"
    );
}

#[test]
fn a_snapshot_that_the_tier_does_not_have_may_become_the_one_that_it_has() {
    let tier = tier()
        .models(["gpt-4o-2024-08-06", "gpt-4o-mini"])
        .ladder(["gpt-4o-2024-08-06", "gpt-4o-mini"]);
    let policy = policy(tier.downgrade_when_not_allowed());
    assert_eq!(
        names(&policy, "gpt-4o-2024-05-13"),
        ["gpt-4o-2024-08-06", "gpt-4o-mini"]
    );
}

#[test]
fn an_alias_is_matched_by_what_it_stands_for_and_kept_as_it_was_written() {
    let policy = Policy::new()
        .alias("Fast", "gpt-4o-mini-2024-07-18")
        .tier(
            tier()
                .models(["gpt-4o-mini"])
                .limit(Limit::tokens(5).per_day().for_models(["gpt-4o-mini"])),
        )
        .build()
        .unwrap();
    assert_eq!(names(&policy, "fast"), ["fast"]);
    assert_eq!(names(&policy, "azure/FAST"), ["azure/FAST"]);
    let ids = limits(&policy, &Subject::new("pro"), "fast");
    assert_eq!(ids, ["pro/tokens/day/gpt-4o-mini"]);
}

/// An organization with limits of its own, two projects, and limits on certain models.
fn sections() -> Policy {
    Policy::new()
        .organization_limit(Limit::tokens(1).per_month())
        .organization(
            "acme",
            [
                Limit::tokens(2).per_month().id("acme"),
                Limit::requests(2).per_day().for_models(["o*"]),
            ],
        )
        .project("web", [Limit::tokens(1).per_week()])
        .project("app", [])
        .tier(
            tier()
                .ladder(["gpt-4o-mini"])
                .limit(Limit::requests(9).per_minute())
                .limit(
                    Limit::tokens(9)
                        .per_day()
                        .for_models(["gpt-4o"])
                        .then_downgrade()
                        .id("big"),
                ),
        )
        .build()
        .unwrap()
}

#[test]
fn a_call_is_bound_by_the_organization_then_the_project_then_the_tier() {
    let policy = sections();
    let subject = Subject::new("pro");
    let (organization, web, tier) = (
        "organization/tokens/month",
        "projects.web/tokens/week",
        "pro/requests/minute",
    );
    assert_eq!(limits(&policy, &subject, "o1"), [organization, tier]);
    let in_web = subject.clone().project("web");
    assert_eq!(
        limits(&policy, &in_web, "gpt-4o"),
        [organization, web, tier, "big"]
    );
    assert_eq!(
        limits(&policy, &subject.project("app"), "gpt-4o"),
        [organization, tier, "big"]
    );
}

#[test]
fn an_organizations_own_limits_stand_in_place_of_everyones() {
    let acme = Subject::new("pro").organization("acme");
    let tier = "pro/requests/minute";
    assert_eq!(
        limits(&sections(), &acme, "o1"),
        ["acme", "organization/requests/day/o*", tier]
    );
    assert_eq!(limits(&sections(), &acme, "gpt-4o-mini"), ["acme", tier]);
}

#[test]
fn a_limit_on_certain_models_does_not_bind_the_rungs() {
    let policy = sections();
    let rungs = policy
        .candidates(&Subject::new("pro"), &policy.resolve("gpt-4o"))
        .unwrap();
    let bound = |rung: &Rung<'_>| rung.limits.iter().any(|limit| &*limit.id == "big");
    assert_eq!(rungs.iter().map(bound).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn scopes_follow_the_section_unless_they_are_given() {
    let policy = Policy::new()
        .organization_limit(Limit::tokens(1).per_month())
        .project(
            "web",
            [
                Limit::tokens(1).per_month(),
                Limit::tokens(1).per_day().scope(Scope::USER),
            ],
        )
        .tier(tier().limit(Limit::tokens(1).per_month()))
        .build()
        .unwrap();
    let subject = Subject::new("pro").project("web");
    let rungs = policy.candidates(&subject, &policy.resolve("o1")).unwrap();
    let scopes: Vec<Scope> = rungs[0].limits.iter().map(|limit| limit.scope).collect();
    assert_eq!(
        scopes,
        [
            Scope::ORGANIZATION,
            Scope::PROJECT,
            Scope::USER,
            Scope::USER
        ]
    );
}

#[test]
fn a_subject_of_an_unknown_tier_or_project_is_refused() {
    let policy = sections();
    let unknown = [Subject::new("gold"), Subject::new("pro").project("other")];
    for subject in unknown {
        let rejection = refusal(&policy, &subject, "gpt-4o");
        assert_eq!(rejection.kind, RejectionKind::UnknownSubject, "{rejection}");
        assert_eq!(rejection.status(), 403);
    }
}

#[test]
fn where_no_project_is_declared_every_project_is_known() {
    let subject = Subject::new("pro").project("any");
    assert!(limits(&policy(tier()), &subject, "gpt-4o").is_empty());
}

#[test]
fn a_model_that_cannot_be_told_is_refused_under_a_hard_limit_on_certain_models() {
    let on_some = || Limit::tokens(9).per_day().for_models(["gpt-4o"]);
    let hard = policy(tier().limit(on_some()));
    let harmless = [
        policy(tier().limit(Limit::tokens(9).per_day())),
        policy(tier().limit(on_some().soft())),
        policy(tier().limit(on_some().shadow())),
    ];
    let subject = Subject::new("pro");
    let deployment = |policy: &Policy, known| policy.resolve_deployment("prod-1", |_| known);
    for name in ["", " ", "ft:", "ft::org"] {
        let rejection = refusal(&hard, &subject, name);
        assert_eq!(rejection.kind, RejectionKind::ModelNotAllowed, "{name}");
        assert!(rejection.message.contains("alias"), "{rejection}");
    }
    assert!(
        hard.candidates(&subject, &deployment(&hard, false))
            .is_err()
    );
    assert!(hard.candidates(&subject, &deployment(&hard, true)).is_ok());
    for policy in harmless {
        assert!(
            policy
                .candidates(&subject, &deployment(&policy, false))
                .is_ok()
        );
    }
}

#[test]
fn an_alias_tells_which_model_a_deployment_is() {
    let policy = Policy::new()
        .alias("prod-1", "gpt-4o")
        .tier(tier().limit(Limit::tokens(9).per_day().for_models(["gpt-4o"])))
        .build()
        .unwrap();
    let model = policy.resolve_deployment("Prod-1", |_| false);
    assert!(model.is_resolved());
    assert_eq!((model.raw(), model.canonical()), ("Prod-1", "gpt-4o"));
}

#[test]
fn a_name_as_long_as_no_model_has_is_refused_in_a_short_message() {
    let rejection = refusal(
        &policy(tier()),
        &Subject::new("pro"),
        &"x".repeat(1_000_000),
    );
    assert_eq!(rejection.kind, RejectionKind::ModelNotAllowed);
    assert!(rejection.message.len() < 500);
}
