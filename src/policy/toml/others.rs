//! Sections of a file that are somebody else's: they are passed over, and all else knows where it stands as before.

use std::fmt;

use ::toml::de::{Deserializer, Error};
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

/// Reads a file as if it had no such sections. One that is neither theirs nor the file's own is an error, which names both.
pub(super) fn without<'t, T: Deserialize<'t>>(text: &'t str, others: &[&str]) -> Result<T, Error> {
    let file = Deserializer::parse(text)?;
    T::deserialize(Beside { file, others })
}

/// A file that has sections of others beside its own.
struct Beside<'o, F> {
    file: F,
    others: &'o [&'o str],
}

impl<'de, D: de::Deserializer<'de>> de::Deserializer<'de> for Beside<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        own: &'static [&'static str],
        file: V,
    ) -> Result<V::Value, D::Error> {
        let others = self.others;
        let names = Names { own, others };
        self.file
            .deserialize_struct(name, own, Without { file, names })
    }

    /// What has no fields has no sections either.
    fn deserialize_any<V: Visitor<'de>>(self, value: V) -> Result<V::Value, D::Error> {
        self.file.deserialize_any(value)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Whose the sections are.
#[derive(Clone, Copy)]
struct Names<'o> {
    own: &'static [&'static str],
    others: &'o [&'o str],
}

impl Names<'_> {
    fn unknown<E: de::Error>(self, name: &str) -> E {
        let known = self.own.iter().chain(self.others);
        let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
        E::custom(format_args!(
            "unknown field `{}`, expected one of {}",
            name.escape_debug(),
            known.join(", ")
        ))
    }
}

/// A visitor of a file, its entries, or one entry's key: without the others'.
struct Without<'o, F> {
    file: F,
    names: Names<'o>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Without<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, file: A) -> Result<V::Value, A::Error> {
        let names = self.names;
        self.file.visit_map(Without { file, names })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Without<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        loop {
            let file = &mut seed;
            let names = self.names;
            match self.file.next_key_seed(Without { file, names })? {
                None => return Ok(None),
                Some(Some(ours)) => return Ok(Some(ours)),
                Some(None) => self.file.next_value::<IgnoredAny>()?,
            };
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.file.next_value_seed(seed)
    }
}

/// A key: nothing if it is one of the others'. The seed is used up by the first that is not.
impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Without<'_, &mut Option<K>> {
    type Value = Option<K::Value>;

    fn deserialize<D: de::Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(key)?;
        let Names { own, others } = self.names;
        match self.file.take_if(|_| !others.contains(&&*key)) {
            None => Ok(None),
            Some(_) if !own.contains(&&*key) => Err(self.names.unknown(&key)),
            Some(seed) => seed
                .deserialize(de::value::StringDeserializer::new(key))
                .map(Some),
        }
    }
}
