//! What was learned of each API and model.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::Factor;
use super::quantile::Quantile;
use crate::api::{Counted, Opaque};
use crate::model;
use crate::usage::Usage;

/// The most entries of models that we do not know, of some 1.3 KiB each: their names may be invented, and what comes beyond
/// is not learned. Those that we know always have room.
const MOST_ENTRIES: usize = 4_096;

/// What is typical: what 95 % of the calls do not exceed, in thousandths.
const TYPICAL_PERMILLE: u32 = 950;

/// What was known of a call before it was made, to compare its usage with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lesson {
    /// The name of its API.
    pub(crate) api: &'static str,
    /// The canonical name of the model that was called.
    pub(crate) model: Arc<str>,
    /// Tokens of the input that we can see, before the learned factor.
    pub(crate) visible: Counted,
    /// How many answers were asked for; 0 is taken for 1.
    pub(crate) answers: u64,
    /// The cap on each of them: an answer that ends there does not tell how long it would have been.
    pub(crate) cap: Option<u64>,
    /// Why a part of the input cannot be seen.
    pub(crate) opaque: Option<Opaque>,
}

/// What is expected otherwise since a call was settled; nothing where it is as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Learnt {
    /// The factor of the input.
    pub(crate) input: Option<Factor>,
    /// Tokens of a typical answer.
    pub(crate) typical_output: Option<u64>,
    /// Tokens of the input of opaque calls that were not seen.
    pub(crate) hidden_input: Option<u64>,
}

/// All that was learned, by API and canonical model. Locks are held for a few steps of arithmetic, that of the table
/// before that of an entry, and never across an await.
#[derive(Debug, Default)]
pub(crate) struct Learned(RwLock<Table>);

impl Learned {
    /// By how much to multiply the estimate of an input; once, where nothing was learned.
    pub(crate) fn input(&self, api: &str, model: &str) -> Factor {
        self.look(api, model, |entry| entry.input)
            .unwrap_or_default()
    }

    /// Tokens that 95 % of the answers did not exceed; `None` where too few have come to tell.
    pub(crate) fn typical_output(&self, api: &str, model: &str) -> Option<u64> {
        self.look(api, model, |entry| entry.output.typical)?
    }

    /// Tokens that were billed beyond the visible ones and that 95 % of the calls opaque for this reason did not exceed; `None`
    /// where too few have come to tell. They go on top of [`Lesson::visible`], which no factor need be applied to.
    pub(crate) fn hidden_input(&self, api: &str, model: &str, reason: Opaque) -> Option<u64> {
        self.look(api, model, |entry| entry.hidden.get(&reason)?.typical)?
    }

    /// Learns from usage that a provider reported for a whole answer. Figures of our own and those of answers that were
    /// cut teach nothing true, and are not to be passed in. `None` where nothing is expected otherwise.
    pub(crate) fn learn(&self, lesson: &Lesson, usage: &Usage) -> Option<Learnt> {
        if usage.total() == 0 {
            return None;
        }
        let learnt = self.change(lesson, |entry| entry.learn(lesson, usage))?;
        (learnt != Learnt::default()).then_some(learnt)
    }

    fn look<T>(&self, api: &str, model: &str, look: impl FnOnce(&Entry) -> T) -> Option<T> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = table.entry(api, model)?;
        Some(look(&lock(entry)))
    }

    /// Changes the lesson's entry, which is made if there is room for it.
    fn change<T>(&self, lesson: &Lesson, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        {
            let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = table.entry(lesson.api, &lesson.model) {
                return Some(change(&mut lock(entry)));
            }
            // Others go on reading while invented names find no room.
            if !table.has_room(&lesson.model) {
                return None;
            }
        }
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let entry = table.obtain(lesson)?;
        Some(change(&mut lock(entry)))
    }
}

/// Nothing here panics between two writes that belong together, so a poisoned lock still guards sound data.
fn lock(entry: &Mutex<Entry>) -> MutexGuard<'_, Entry> {
    entry.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In two levels, so that entries are found by borrowed names.
#[derive(Debug, Default)]
struct Table {
    apis: FxHashMap<&'static str, HashMap<Arc<str>, Mutex<Entry>>>,
    /// How many entries of models that we do not know all APIs have together.
    unknown: usize,
}

fn is_known(model: &str) -> bool {
    model::facts(model).is_some()
}

impl Table {
    fn has_room(&self, model: &str) -> bool {
        self.unknown < MOST_ENTRIES || is_known(model)
    }

    fn entry(&self, api: &str, model: &str) -> Option<&Mutex<Entry>> {
        self.apis.get(api)?.get(model)
    }

    /// The entry, made if there is none; `None` where there is no room.
    fn obtain(&mut self, lesson: &Lesson) -> Option<&Mutex<Entry>> {
        let has_room = self.has_room(&lesson.model);
        let models = self.apis.entry(lesson.api).or_default();
        if !models.contains_key(&lesson.model) {
            if !has_room {
                return None;
            }
            self.unknown += usize::from(!is_known(&lesson.model));
        }
        Some(models.entry(Arc::clone(&lesson.model)).or_default())
    }
}

#[derive(Debug, Default)]
struct Entry {
    input: Factor,
    output: Typical,
    /// Most models see no opaque call; a search and a file hide different amounts.
    hidden: HashMap<Opaque, Typical>,
}

impl Entry {
    fn learn(&mut self, lesson: &Lesson, usage: &Usage) -> Learnt {
        let mut learnt = Learnt::default();
        // No output is no answer: an embedding, or one that a filter took.
        if usage.output_tokens > 0 {
            let each = usage.output_tokens.div_ceil(lesson.answers.max(1));
            // One that ends at its cap would have been longer: it tells something only if it is long as it is.
            let is_cut = lesson.cap.is_some_and(|cap| each >= cap);
            if !is_cut || self.output.typical.is_none_or(|typical| each > typical) {
                learnt.typical_output = self.output.learn(each);
            }
        }
        // There is no call without input: zero is what a provider says that does not tell.
        if usage.input_tokens == 0 {
            return learnt;
        }
        let Counted { known, estimated } = lesson.visible;
        if let Some(reason) = lesson.opaque {
            let hidden = usage.input_tokens.saturating_sub(lesson.visible.total());
            learnt.hidden_input = self.hidden.entry(reason).or_default().learn(hidden);
        } else if estimated >= known {
            // Where most is known, the bill says more of how well that is known.
            learnt.input = self.learn_factor(estimated, usage.input_tokens.saturating_sub(known));
        }
        learnt
    }

    fn learn_factor(&mut self, estimated: u64, billed: u64) -> Option<Factor> {
        let before = self.input.millionths();
        self.input.learn(estimated, billed);
        (self.input.millionths() != before).then_some(self.input)
    }
}

/// What is typical of what was seen, found when something is seen: reading costs nothing.
#[derive(Debug, Default)]
struct Typical {
    seen: Quantile,
    typical: Option<u64>,
}

impl Typical {
    /// What is typical now, if that is something else than before.
    fn learn(&mut self, value: u64) -> Option<u64> {
        self.seen.record(value);
        let before = self.typical;
        self.typical = self.seen.at(TYPICAL_PERMILLE);
        self.typical.filter(|_| self.typical != before)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const API: &str = "anthropic.messages";
    const MODEL: &str = "claude-sonnet-4";

    fn estimated(tokens: u64) -> Counted {
        Counted {
            known: 0,
            estimated: tokens,
        }
    }

    fn lesson(visible_input: u64) -> Lesson {
        Lesson {
            api: API,
            model: MODEL.into(),
            visible: estimated(visible_input),
            answers: 1,
            cap: None,
            opaque: None,
        }
    }

    fn named(name: &str) -> Lesson {
        Lesson {
            model: name.into(),
            ..lesson(100)
        }
    }

    fn learn(learned: &Learned, times: u32, lesson: &Lesson, usage: Usage) -> Option<Learnt> {
        let mut learnt = None;
        for _ in 0..times {
            learnt = learned.learn(lesson, &usage);
        }
        learnt
    }

    #[test]
    fn nothing_is_known_at_first() {
        let learned = Learned::default();
        assert_eq!(learned.input(API, MODEL), Factor::default());
        assert_eq!(learned.typical_output(API, MODEL), None);
        assert_eq!(learned.hidden_input(API, MODEL, Opaque::HostedTool), None);
    }

    #[test]
    fn the_factor_is_learned_for_one_api_and_model() {
        let learned = Learned::default();
        let learnt = learned.learn(&lesson(1_000), &Usage::new(1_050, 0));
        let factor = learnt.and_then(|learnt| learnt.input).expect("a change");
        assert_eq!(factor.millionths(), 1_050_000);
        assert_eq!(learned.input(API, MODEL), factor);
        assert_eq!(learned.input("gemini", MODEL), Factor::default());
        assert_eq!(learned.input(API, "claude-opus-4"), Factor::default());
    }

    #[test]
    fn a_public_tokenizer_learns_no_factor() {
        let learned = Learned::default();
        let exact = Lesson {
            visible: Counted::known(1_000),
            ..lesson(1_000)
        };
        learn(&learned, 50, &exact, Usage::new(1_500, 10));
        assert_eq!(learned.input(API, MODEL), Factor::default());
        assert!(learned.typical_output(API, MODEL).is_some());
    }

    #[test]
    fn an_opaque_call_teaches_what_was_hidden_and_no_factor() {
        let learned = Learned::default();
        let opaque = Lesson {
            opaque: Some(Opaque::HostedTool),
            ..lesson(1_000)
        };
        assert_eq!(learn(&learned, 19, &opaque, Usage::new(9_000, 0)), None);
        let learnt = learned.learn(&opaque, &Usage::new(9_000, 0));
        let hidden = learnt.and_then(|learnt| learnt.hidden_input);
        assert!(hidden.is_some_and(|hidden| (8_000..=9_520).contains(&hidden)));
        assert_eq!(learned.hidden_input(API, MODEL, Opaque::HostedTool), hidden);
        assert_eq!(learned.input(API, MODEL), Factor::default());
        assert_eq!(learned.learn(&opaque, &Usage::new(9_000, 0)), None);
    }

    #[test]
    fn what_a_search_hides_says_nothing_of_a_file() {
        let learned = Learned::default();
        let search = Lesson {
            opaque: Some(Opaque::HostedTool),
            ..lesson(1_000)
        };
        learn(&learned, 20, &search, Usage::new(9_000, 1));
        assert_eq!(learned.hidden_input(API, MODEL, Opaque::File), None);
    }

    #[test]
    fn an_opaque_call_that_hid_nothing_says_so() {
        let learned = Learned::default();
        let opaque = Lesson {
            opaque: Some(Opaque::HostedTool),
            ..lesson(1_000)
        };
        learn(&learned, 20, &opaque, Usage::new(900, 1));
        assert_eq!(
            learned.hidden_input(API, MODEL, Opaque::HostedTool),
            Some(0)
        );
    }

    #[test]
    fn output_is_learned_for_each_answer() {
        let learned = Learned::default();
        let four = Lesson {
            answers: 4,
            ..lesson(1_000)
        };
        learn(&learned, 20, &four, Usage::new(1_000, 4));
        assert_eq!(learned.typical_output(API, MODEL), Some(1));
        let none = Lesson {
            answers: 0,
            ..named("another")
        };
        learn(&learned, 20, &none, Usage::new(1_000, 3));
        assert_eq!(learned.typical_output(API, "another"), Some(3));
    }

    #[test]
    fn an_answer_that_ends_at_its_cap_does_not_tell_how_long_it_would_have_been() {
        let learned = Learned::default();
        let capped = |cap| Lesson {
            cap: Some(cap),
            ..lesson(1_000)
        };
        learn(&learned, 20, &capped(1_000), Usage::new(1_000, 300));
        let typical = learned.typical_output(API, MODEL).expect("enough");
        learn(&learned, 200, &capped(10), Usage::new(1_000, 10));
        assert_eq!(learned.typical_output(API, MODEL), Some(typical));
        // Those that end at a cap beyond what is typical are at least so long.
        learn(&learned, 60, &capped(8_000), Usage::new(1_000, 8_000));
        let longer = learned.typical_output(API, MODEL).expect("enough");
        assert!(longer >= 8_000, "{longer}");
    }

    #[test]
    fn one_long_answer_in_twenty_is_not_typical_and_two_are() {
        let learned = Learned::default();
        learn(&learned, 19, &lesson(100), Usage::new(100, 3));
        learn(&learned, 1, &lesson(100), Usage::new(100, 16_384));
        assert_eq!(learned.typical_output(API, MODEL), Some(3));
        let learnt = learn(&learned, 1, &lesson(100), Usage::new(100, 16_384));
        let typical = learnt.and_then(|learnt| learnt.typical_output);
        assert!(typical.is_some_and(|typical| typical >= 16_384));
    }

    #[test]
    fn zeros_teach_nothing() {
        let learned = Learned::default();
        for lesson in [
            lesson(1_000),
            Lesson {
                opaque: Some(Opaque::HostedTool),
                ..lesson(1_000)
            },
        ] {
            assert_eq!(learn(&learned, 30, &lesson, Usage::new(0, 0)), None);
            learn(&learned, 30, &lesson, Usage::new(0, 7));
            assert_eq!(learned.input(API, MODEL), Factor::default());
            assert_eq!(learned.hidden_input(API, MODEL, Opaque::HostedTool), None);
        }
        learn(&learned, 30, &named("embeds"), Usage::new(100, 0));
        assert_eq!(learned.typical_output(API, "embeds"), None);
    }

    #[test]
    fn p8_the_largest_numbers_do_no_harm() {
        let learned = Learned::default();
        let most = Usage::new(u64::MAX, u64::MAX);
        for opaque in [None, Some(Opaque::Mcp)] {
            for (visible_input, answers) in [(0, 0), (u64::MAX, u64::MAX), (100, 1)] {
                let lesson = Lesson {
                    visible: estimated(visible_input),
                    answers,
                    opaque,
                    ..lesson(0)
                };
                learn(&learned, 2_000, &lesson, most);
            }
        }
        assert_eq!(learned.input(API, MODEL).millionths(), 2_000_000);
        assert_eq!(learned.typical_output(API, MODEL), Some(u64::MAX));
    }

    #[test]
    fn p8_invented_names_make_no_more_entries_than_there_is_room_for() {
        let learned = Learned::default();
        let first = Usage::new(110, 5);
        learn(&learned, 1, &named("known"), first);
        thread::scope(|threads| {
            for (thread, api) in ["a", "b", "c", "d"].into_iter().enumerate() {
                let learned = &learned;
                threads.spawn(move || {
                    for name in 0..1_500 {
                        let name = format!("{}-{name}", thread % 2);
                        let lesson = Lesson {
                            api,
                            ..named(&name)
                        };
                        learned.learn(&lesson, &first);
                        learned.input(api, &name);
                    }
                });
            }
        });
        let table = learned.0.read().expect("no panic");
        let count: usize = table.apis.values().map(HashMap::len).sum();
        assert_eq!((count, table.unknown), (MOST_ENTRIES, MOST_ENTRIES));
        drop(table);
        let catalogued = learned.learn(&named("gpt-4.1"), &first);
        assert!(catalogued.is_some(), "a model that we know always has room");
        assert_eq!(learned.learn(&named("late"), &first), None);
        assert_eq!(learned.input(API, "late"), Factor::default());
        assert!(
            learned
                .learn(&named("known"), &Usage::new(300, 5))
                .is_some()
        );
    }

    #[test]
    fn calls_at_once_all_teach() {
        let learned = Learned::default();
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| learn(&learned, 5, &lesson(100), Usage::new(100, 3)));
            }
        });
        assert_eq!(learned.typical_output(API, MODEL), Some(3));
    }
}
