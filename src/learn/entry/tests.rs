//! What of a call is believed.

use super::{Entry, Factor, Learnt, Lesson, Opaque, Usage};
use crate::api::Counted;

fn estimated(tokens: u64) -> Counted {
    Counted {
        known: 0,
        estimated: tokens,
    }
}

fn lesson(visible_input: u64) -> Lesson {
    Lesson {
        api: "anthropic.messages",
        model: "claude-sonnet-4".into(),
        visible: estimated(visible_input),
        answers: 1,
        cap: None,
        opaque: None,
    }
}

fn learn(entry: &mut Entry, times: u32, lesson: &Lesson, usage: Usage) -> Learnt {
    let mut learnt = Learnt::default();
    for _ in 0..times {
        learnt = entry.learn(lesson, &usage);
    }
    learnt
}

#[test]
fn a_public_tokenizer_learns_no_factor() {
    let mut entry = Entry::default();
    let exact = Lesson {
        visible: Counted::known(1_000),
        ..lesson(1_000)
    };
    learn(&mut entry, 50, &exact, Usage::new(1_500, 10));
    assert_eq!(entry.input(), Factor::default());
    assert!(entry.output().is_some());
}

#[test]
fn an_opaque_call_teaches_what_was_hidden_and_no_factor() {
    let mut entry = Entry::default();
    let opaque = Lesson {
        opaque: Some(Opaque::HostedTool),
        ..lesson(1_000)
    };
    let none = Learnt::default();
    assert_eq!(learn(&mut entry, 19, &opaque, Usage::new(9_000, 0)), none);
    let hidden = entry.learn(&opaque, &Usage::new(9_000, 0)).hidden_input;
    assert!(hidden.is_some_and(|hidden| (8_000..=9_520).contains(&hidden)));
    assert_eq!(entry.hidden(Opaque::HostedTool), hidden);
    assert_eq!(entry.input(), Factor::default());
    assert_eq!(entry.learn(&opaque, &Usage::new(9_000, 0)), none);
}

#[test]
fn what_a_search_hides_says_nothing_of_a_file() {
    let mut entry = Entry::default();
    let search = Lesson {
        opaque: Some(Opaque::HostedTool),
        ..lesson(1_000)
    };
    learn(&mut entry, 20, &search, Usage::new(9_000, 1));
    assert_eq!(entry.hidden(Opaque::File), None);
}

#[test]
fn an_opaque_call_that_hid_nothing_says_so() {
    let mut entry = Entry::default();
    let opaque = Lesson {
        opaque: Some(Opaque::HostedTool),
        ..lesson(1_000)
    };
    learn(&mut entry, 20, &opaque, Usage::new(900, 1));
    assert_eq!(entry.hidden(Opaque::HostedTool), Some(0));
}

#[test]
fn output_is_learned_for_each_answer() {
    let mut entry = Entry::default();
    let four = Lesson {
        answers: 4,
        ..lesson(1_000)
    };
    learn(&mut entry, 20, &four, Usage::new(1_000, 4));
    assert_eq!(entry.output(), Some(1));
    let none = Lesson {
        answers: 0,
        ..lesson(100)
    };
    let mut another = Entry::default();
    learn(&mut another, 20, &none, Usage::new(1_000, 3));
    assert_eq!(another.output(), Some(3));
}

#[test]
fn an_answer_that_ends_at_its_cap_does_not_tell_how_long_it_would_have_been() {
    let mut entry = Entry::default();
    let capped = |cap| Lesson {
        cap: Some(cap),
        ..lesson(1_000)
    };
    learn(&mut entry, 20, &capped(1_000), Usage::new(1_000, 300));
    let typical = entry.output().expect("enough");
    learn(&mut entry, 200, &capped(10), Usage::new(1_000, 10));
    assert_eq!(entry.output(), Some(typical));
    // Those that end at a cap beyond what is typical are at least so long.
    learn(&mut entry, 60, &capped(8_000), Usage::new(1_000, 8_000));
    let longer = entry.output().expect("enough");
    assert!(longer >= 8_000, "{longer}");
}

#[test]
fn one_long_answer_in_twenty_is_not_typical_and_two_are() {
    let mut entry = Entry::default();
    learn(&mut entry, 19, &lesson(100), Usage::new(100, 3));
    learn(&mut entry, 1, &lesson(100), Usage::new(100, 16_384));
    assert_eq!(entry.output(), Some(3));
    let learnt = learn(&mut entry, 1, &lesson(100), Usage::new(100, 16_384));
    let typical = learnt.typical_output;
    assert!(typical.is_some_and(|typical| typical >= 16_384));
}
