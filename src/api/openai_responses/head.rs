//! What an item or a part is.

use super::items::INPUT;
use crate::api::json::Value;
use crate::api::{Detail, Invalid};

/// What decides how an item or a part is read. One that says it twice could be read in two ways.
#[derive(Default)]
pub(super) struct Head {
    pub(super) kind: String,
    pub(super) role: String,
    pub(super) detail: Detail,
}

impl Head {
    pub(super) fn of(item: Value<'_>) -> Result<Self, Invalid> {
        let mut head = Self::default();
        let mut seen = [false; 2];
        item.members(|key, value| {
            let known = match &*key {
                "type" => 0,
                "role" => 1,
                "detail" => {
                    head.detail = Detail::of(&value.string().unwrap_or_default());
                    return Ok(());
                }
                _ => return Ok(()),
            };
            if std::mem::replace(&mut seen[known], true) {
                return Err(Invalid::param(
                    INPUT,
                    format!("{key} is repeated in an item"),
                ));
            }
            let text = value.string().unwrap_or_default().into_owned();
            match known {
                0 => head.kind = text,
                _ => head.role = text,
            }
            Ok(())
        })
        .map_err(|stop| stop.at(INPUT))?;
        Ok(head)
    }
}
