//! What observers are told of calls.

use crate::learn::Lesson;
use crate::reject::Rejection;
use crate::store::{HoldId, Rule};
use crate::subject::Subject;
use crate::usage::Usage;
use crate::watch::Event;

use super::engine::Engine;
use super::granted::{ChargedLimit, Granted};
use super::pace::ChargedPace;

impl Engine {
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        self.observers.tell(event);
    }

    /// Tells of a call that we answered, or replied to in a model's place.
    pub(crate) fn tell_refused(
        &self,
        subject: Option<&Subject>,
        model: Option<&str>,
        rejection: &Rejection,
    ) {
        self.tell(|| match (&rejection.reply, subject) {
            (Some(reply), Some(subject)) => Event::Replied {
                subject: subject.clone(),
                model: model.unwrap_or_default().into(),
                limit: reply.limit.clone(),
                cost: rejection.cost,
            },
            _ => Event::Refused {
                subject: subject.cloned(),
                model: model.map(Into::into),
                kind: rejection.kind,
                limits: rejection.limit_ids(),
                estimate: rejection.estimate,
                cost: rejection.cost,
            },
        });
    }

    /// Tells of an admitted call.
    pub(super) fn tell_admitted(&self, id: HoldId, granted: &Granted) {
        let subject = granted.subject();
        self.tell(|| Event::Admitted {
            hold: id,
            subject: subject.clone(),
            model: granted.model().shared_canonical(),
            downgraded_from: granted
                .downgraded_from()
                .map(|asked| asked.shared_canonical()),
            input_tokens: granted.candidate().reserved.input_tokens,
            output_tokens: granted.candidate().reserved.output_tokens,
        });
        for limit in granted.limits() {
            self.tell_warnings(subject, &limit);
        }
        for day in granted.paces() {
            self.tell_pace(subject, day);
        }
    }

    /// Tells of a day on which a budget is spent too fast, once.
    fn tell_pace(&self, subject: &Subject, day: ChargedPace<'_>) {
        if !day.pace.is_too_fast() || !self.paces_told.is_first(&day.charge.key) {
            return;
        }
        self.tell(|| Event::PaceExceeded {
            subject: subject.clone(),
            counter: day.of.key.clone(),
            limit: day.of.limit.clone(),
            today: day.pace.today(),
            daily: day.pace.daily(),
            ends_at: match day.charge.rule {
                Rule::Budget { ends_at, .. } => ends_at,
                Rule::Bucket { .. } | Rule::Gauge { .. } => 0,
            },
        });
    }

    fn tell_warnings(&self, subject: &Subject, limit: &ChargedLimit<'_>) {
        let (subject, id) = (|| subject.clone(), || limit.charge.limit.clone());
        if limit.would_block {
            self.tell(|| Event::WouldBlock {
                subject: subject(),
                limit: id(),
            });
        }
        if limit.is_soft_and_passed() {
            self.tell(|| Event::SoftLimitPassed {
                subject: subject(),
                limit: id(),
            });
        }
    }

    pub(super) fn learn(&self, lesson: &Lesson, usage: &Usage) {
        let Some(learnt) = self.learned.learn(lesson, usage) else {
            return;
        };
        self.tell(|| Event::Learned {
            api: lesson.api,
            model: lesson.model.clone(),
            input_millionths: learnt.input.map(|factor| factor.millionths()),
            typical_output_tokens: learnt.typical_output,
            hidden_input_tokens: learnt.hidden_input.zip(lesson.opaque),
        });
    }
}
