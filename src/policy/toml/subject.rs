//! Whom an API key belongs to.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use crate::Subject;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    user: Option<String>,
    tier: String,
    project: Option<String>,
    organization: Option<String>,
}

/// `{ user, tier, project, organization }`
pub(super) struct SubjectFile(Fields);

impl From<SubjectFile> for Subject {
    fn from(SubjectFile(fields): SubjectFile) -> Self {
        let mut subject = match fields.user {
            Some(user) => Self::user(user, fields.tier),
            None => Self::new(fields.tier),
        };
        if let Some(project) = fields.project {
            subject = subject.project(project);
        }
        if let Some(organization) = fields.organization {
            subject = subject.organization(organization);
        }
        subject
    }
}

impl<'de> Deserialize<'de> for SubjectFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SubjectVisitor)
    }
}

/// Beside a key, a text may be a key written on the wrong side: unlike serde's own, this message does not repeat it.
struct SubjectVisitor;

impl<'de> Visitor<'de> for SubjectVisitor {
    type Value = SubjectFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a subject such as `{ user = \"alice\", tier = \"pro\" }`")
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<Self::Value, E> {
        Err(E::custom(format_args!(
            "invalid type: string, expected {}",
            &self as &dyn serde::de::Expected
        )))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Fields::deserialize(MapAccessDeserializer::new(map)).map(SubjectFile)
    }
}
