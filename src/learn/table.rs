//! What was learned of each API and model: bounded, and shared by all calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::entry::Entry;
use super::{Factor, Learnt, Lesson};
use crate::api::Opaque;
use crate::model;
use crate::usage::Usage;

/// The most entries of models that we do not know, of some 1.3 KiB each: their names may be invented, and what comes beyond
/// is not learned. Those that we know always have room.
const MOST_ENTRIES: usize = 4_096;

/// All that was learned, by API and canonical model. Locks are held for a few steps of arithmetic, that of the table
/// before that of an entry, and never across an await.
#[derive(Debug, Default)]
pub(crate) struct Learned(RwLock<Table>);

impl Learned {
    /// By how much to multiply the estimate of an input; once, where nothing was learned.
    pub(crate) fn input(&self, api: &str, model: &str) -> Factor {
        self.look(api, model, Entry::input).unwrap_or_default()
    }

    /// Tokens that 95 % of the answers did not exceed; `None` where too few have come to tell.
    pub(crate) fn typical_output(&self, api: &str, model: &str) -> Option<u64> {
        self.look(api, model, Entry::output)?
    }

    /// Tokens that were billed beyond the visible ones and that 95 % of the calls opaque for this reason did not exceed; `None`
    /// where too few have come to tell. They go on top of [`Lesson::visible`], which no factor need be applied to.
    pub(crate) fn hidden_input(&self, api: &str, model: &str, reason: Opaque) -> Option<u64> {
        self.look(api, model, |entry| entry.hidden(reason))?
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::api::Counted;

    const API: &str = "anthropic.messages";
    const MODEL: &str = "claude-sonnet-4";

    fn lesson(visible_input: u64) -> Lesson {
        Lesson {
            api: API,
            model: MODEL.into(),
            visible: Counted {
                known: 0,
                estimated: visible_input,
            },
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
    fn what_was_hidden_is_learned_for_one_reason_and_told_once() {
        let learned = Learned::default();
        let opaque = Lesson {
            opaque: Some(Opaque::HostedTool),
            ..lesson(1_000)
        };
        let learnt = learn(&learned, 20, &opaque, Usage::new(9_000, 0));
        let hidden = learnt.and_then(|learnt| learnt.hidden_input);
        assert!(hidden.is_some());
        assert_eq!(learned.hidden_input(API, MODEL, Opaque::HostedTool), hidden);
        assert_eq!(learned.hidden_input(API, MODEL, Opaque::File), None);
        assert_eq!(learned.learn(&opaque, &Usage::new(9_000, 0)), None);
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
                    answers,
                    opaque,
                    ..lesson(visible_input)
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
