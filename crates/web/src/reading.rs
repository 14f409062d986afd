//! Reads plain JavaScript objects, the manifest and the page's commands, into Rust's types.
//!
//! serde-wasm-bindgen writes for us, but does not read: what it brings along to find fields and to
//! word errors is a tenth of the engine's budget, and its errors do not say where.
//! - Fields are looked up in the order of their declaration, so no names are compared.
//! - A variant with fields is an object whose `kind` names it, beside the fields.
//! - `undefined` is a field that is not there, `null` is none.

use std::fmt::{self, Display};

use js_sys::{Array, Reflect};
use serde::de::{
    self, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};
use wasm_bindgen::prelude::*;

/// The property that names a variant.
const TAG: &str = "kind";

/// Why something could not be read, and where.
#[derive(Debug)]
pub(crate) struct Misread {
    /// From the outside in, as JavaScript would write it; empty at the top.
    path: String,
    what: What,
}

#[derive(Debug)]
enum What {
    /// Words for people.
    Said(String),
    /// A list, or the fields of an object, end before this index.
    Missing(usize),
}

impl Misread {
    fn new(what: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            what: What::Said(what.into()),
        }
    }

    /// The same, seen from around it.
    fn within(mut self, place: &str) -> Self {
        self.path.insert_str(0, place);
        self
    }

    /// Names the field that is missing.
    fn among(self, fields: &[&str]) -> Self {
        match self.what {
            What::Missing(index) => {
                Self::new("is missing").within(&format!(".{}", fields.get(index).unwrap_or(&"?")))
            }
            What::Said(_) => self,
        }
    }
}

impl Display for Misread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(out, "`{}` ", self.path.trim_start_matches('.'))?;
        }
        match &self.what {
            What::Said(what) => out.write_str(what),
            What::Missing(_) => out.write_str("ends too early"),
        }
    }
}

impl std::error::Error for Misread {}

// None of these words the value itself: the words for every type would cost more than all of this.
impl de::Error for Misread {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new("has the wrong type")
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new("is out of range")
    }

    fn invalid_length(length: usize, _: &dyn Expected) -> Self {
        Self {
            path: String::new(),
            what: What::Missing(length),
        }
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::new("is not known")
    }
}

impl From<Misread> for JsValue {
    fn from(misread: Misread) -> Self {
        JsError::new(&misread.to_string()).into()
    }
}

/// A JavaScript value that is to be read.
pub(crate) struct Reader(pub(crate) JsValue);

impl Reader {
    fn number(&self) -> Result<f64, Misread> {
        let number = self.0.as_f64();
        number.ok_or_else(|| Misread::new("must be a number"))
    }

    fn text(&self) -> Result<String, Misread> {
        let text = self.0.as_string();
        text.ok_or_else(|| Misread::new("must be text"))
    }

    fn list(self) -> Result<List, Misread> {
        if !Array::is_array(&self.0) {
            return Err(Misread::new("must be a list"));
        }
        Ok(List {
            list: self.0.into(),
            next: 0,
        })
    }

    /// A property of an object; `undefined` where it has none.
    fn property(&self, name: &str) -> Result<Self, Misread> {
        if !self.0.is_object() {
            return Err(Misread::new("must be an object"));
        }
        let value = Reflect::get(&self.0, &JsValue::from_str(name));
        Ok(Self(value.unwrap_or(JsValue::UNDEFINED)))
    }

    /// Reads an object field by field.
    fn fields<'de, V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        let fields = Fields {
            object: self,
            names: names.iter(),
        };
        visitor
            .visit_seq(fields)
            .map_err(|misread| misread.among(names))
    }
}

impl<'de> Deserializer<'de> for Reader {
    type Error = Misread;

    // Every type here says what it wants.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Misread> {
        Err(Misread::new("cannot be read"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.0.as_bool() {
            Some(value) => visitor.visit_bool(value),
            None => Err(Misread::new("must be true or false")),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let number = self.number()?;
        // Beyond, JavaScript's numbers are no longer whole.
        if number.trunc() != number || number.abs() > js_sys::Number::MAX_SAFE_INTEGER {
            return Err(Misread::new("must be a whole number"));
        }
        visitor.visit_i64(number as i64)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        if self.0.is_null() || self.0.is_undefined() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        let list = self.list()?;
        if list.list.length() as usize != length {
            return Err(Misread::new(format!("must have {length} elements")));
        }
        visitor.visit_seq(list)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.fields(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        let name = match self.0.as_string() {
            Some(name) => name,
            None => {
                let tag = self.property(TAG)?;
                tag.text().map_err(|misread| misread.within(".kind"))?
            }
        };
        match variants.iter().position(|variant| *variant == name) {
            Some(index) => visitor.visit_enum(Variant {
                index: index as u32,
                value: self,
            }),
            None => Err(Misread::new(format!("must not be \"{name}\""))),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u16 u128 char bytes byte_buf unit unit_struct map identifier ignored_any
    }
}

/// The elements of a list.
struct List {
    list: Array,
    next: u32,
}

impl<'de> SeqAccess<'de> for List {
    type Error = Misread;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misread> {
        let index = self.next;
        if index == self.list.length() {
            return Ok(None);
        }
        self.next += 1;
        let element = seed.deserialize(Reader(self.list.get(index)));
        element
            .map(Some)
            .map_err(|misread| misread.within(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.list.length() - self.next) as usize)
    }
}

/// The fields of an object in the order of their declaration.
struct Fields {
    object: Reader,
    names: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Fields {
    type Error = Misread;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misread> {
        let Some(name) = self.names.next() else {
            return Ok(None);
        };
        let value = self.object.property(name)?;
        let is_there = !value.0.is_undefined();
        match seed.deserialize(value) {
            Ok(value) => Ok(Some(value)),
            Err(misread) if is_there => Err(misread.within(&format!(".{name}"))),
            // Then its default serves, or serde says that it is missing.
            Err(_) => Ok(None),
        }
    }
}

/// One of several, by its place among them.
struct Variant {
    index: u32,
    value: Reader,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Misread;
    type Variant = Reader;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Reader), Misread> {
        let variant = seed.deserialize(self.index.into_deserializer())?;
        Ok((variant, self.value))
    }
}

impl<'de> VariantAccess<'de> for Reader {
    type Error = Misread;

    fn unit_variant(self) -> Result<(), Misread> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misread> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.fields(fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what serde's other readers read is read alike; errors say what and where.

    use super::*;
    use serde::Deserialize;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Team {
        team_name: String,
        #[serde(default)]
        is_home: bool,
        goals: Option<u8>,
        players: Vec<Player>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Player {
        place: [f32; 2],
        role: Role,
        #[serde(default)]
        bytes: u64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Role {
        Goalkeeper,
    }

    fn team(json: &str) -> Result<Team, String> {
        let value = js_sys::JSON::parse(json).unwrap();
        Team::deserialize(Reader(value)).map_err(|misread| misread.to_string())
    }

    #[wasm_bindgen_test]
    fn everything_is_read() {
        let full = r#"{"teamName":"A","isHome":true,"goals":2,"other":[{}],"players":[
            {"place":[1.5,-2],"role":"goalkeeper","bytes":9007199254740991}]}"#;
        let player = Player {
            place: [1.5, -2.0],
            role: Role::Goalkeeper,
            bytes: (1 << 53) - 1,
        };
        let mut wanted = Team {
            team_name: "A".into(),
            is_home: true,
            goals: Some(2),
            players: vec![player],
        };
        assert_eq!(team(full).as_ref(), Ok(&wanted));
        wanted.players.clear();
        wanted.is_home = false;
        wanted.goals = None;
        let least = r#"{"teamName":"A","players":[]}"#;
        assert_eq!(team(least).as_ref(), Ok(&wanted));
        let none = r#"{"teamName":"A","players":[],"goals":null}"#;
        assert_eq!(team(none), Ok(wanted));
    }

    #[wasm_bindgen_test]
    fn errors_say_what_and_where() {
        let player = |fields: &str| format!(r#"{{"teamName":"A","players":[{{{fields}}}]}}"#);
        for (json, wanted) in [
            ("3", "must be an object"),
            ("{}", "`teamName` is missing"),
            (r#"{"teamName":4}"#, "`teamName` must be text"),
            (r#"{"teamName":"A"}"#, "`players` is missing"),
            (
                r#"{"teamName":"A","players":{}}"#,
                "`players` must be a list",
            ),
            (
                r#"{"teamName":"A","isHome":null}"#,
                "`isHome` must be true or false",
            ),
            (r#"{"teamName":"A","goals":256}"#, "`goals` is out of range"),
            (
                r#"{"teamName":"A","goals":0.5}"#,
                "`goals` must be a whole number",
            ),
            (&player(""), "`players[0].place` is missing"),
            (
                &player(r#""place":[1]"#),
                "`players[0].place` must have 2 elements",
            ),
            (
                &player(r#""place":[1,"2"]"#),
                "`players[0].place[1]` must be a number",
            ),
            (
                &player(r#""place":[1,2],"role":"coach""#),
                "`players[0].role` must not be \"coach\"",
            ),
            (
                &player(r#""place":[1,2],"role":"goalkeeper","bytes":-1"#),
                "`players[0].bytes` is out of range",
            ),
        ] {
            assert_eq!(team(json), Err(wanted.to_owned()), "{json}");
        }
    }
}
