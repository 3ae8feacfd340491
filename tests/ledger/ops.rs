//! What may happen: who asks for what, and how it ends.

use proptest::prelude::*;
use tower_token_quota::Subject;

pub(crate) const USERS: [&str; 2] = ["alice", "bob"];

const PROJECTS: [Option<&str>; 3] = [None, Some("api"), Some("batch")];

const ORGANIZATIONS: [&str; 2] = ["default", "acme"];

pub(crate) const MODELS: [&str; 6] = [
    "gpt-4o",
    "gpt-4o-mini",
    "claude-sonnet-4-5",
    "my-model",
    "my-free-model",
    "nobody-knows-its-price",
];

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Reserve {
        who: (usize, usize, usize),
        model: usize,
        input: u64,
        output: u64,
    },
    /// Settles one of the open holds by what it used.
    Settle(usize, How),
    /// An answer that is made in the background: booked whole, and corrected later.
    Background { user: usize, cap: u64 },
    /// Asks again for such an answer, which tells its usage.
    Follow(usize, u64, u64),
    /// Time passes, in minutes.
    Pass(u64),
    /// The price of a model changes.
    Reprice(u64),
}

#[derive(Debug, Clone)]
pub(crate) enum How {
    Reported {
        input: u64,
        output: u64,
        cached: u64,
        reasoning: u64,
    },
    Counted(u64, u64),
    NothingRan,
    /// The hold is dropped: nobody knows.
    Dropped,
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let tokens = 0_u64..200_000;
    let who = (0..ORGANIZATIONS.len(), 0..PROJECTS.len(), 0..USERS.len());
    let reported = (tokens.clone(), tokens.clone(), 0_u64..1_000, 0_u64..1_000);
    let how = prop_oneof![
        4 => reported.prop_map(|(input, output, cached, reasoning)| How::Reported {
            input, output, cached: cached.min(input), reasoning: reasoning.min(output),
        }),
        1 => (tokens.clone(), tokens.clone()).prop_map(|(input, output)| How::Counted(input, output)),
        1 => Just(How::NothingRan),
        2 => Just(How::Dropped),
    ];
    prop_oneof![
        8 => (who, 0..MODELS.len(), tokens.clone(), tokens.clone()).prop_map(
            |(who, model, input, output)| Op::Reserve { who, model, input, output }
        ),
        7 => (0_usize..8, how).prop_map(|(hold, how)| Op::Settle(hold, how)),
        2 => (0..USERS.len(), 16_u64..10_000).prop_map(|(user, cap)| Op::Background { user, cap }),
        2 => (0_usize..4, tokens.clone(), tokens).prop_map(|(which, input, output)| Op::Follow(which, input, output)),
        2 => (0_u64..900).prop_map(Op::Pass),
        1 => (0_u64..9_000).prop_map(Op::Reprice),
    ]
}

pub(crate) fn subject((organization, project, user): (usize, usize, usize)) -> Subject {
    let subject = Subject::user(USERS[user], "t").organization(ORGANIZATIONS[organization]);
    match PROJECTS[project] {
        Some(project) => subject.project(project),
        None => subject,
    }
}
