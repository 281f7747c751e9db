//! One field of a thing that serialises to an object, without making JSON of the others: how private fields of large
//! values are read. Knows no particular thing.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{Error as _, Impossible, SerializeMap, SerializeStruct, Serializer};
use serde_json::{Error, Value};

/// The field `name` of `thing`; nothing where it has none of that name.
///
/// # Errors
/// Where it does not serialise, or not to an object.
pub fn field<T: Serialize>(thing: &T, name: &str) -> Result<Option<Value>, Error> {
    thing.serialize(Seeking { name, next: false, found: None })
}

struct Seeking<'a> {
    name: &'a str,
    /// Whether the key seen last is the one sought.
    next: bool,
    found: Option<Value>,
}

type Found = Option<Value>;
type Never = Impossible<Found, Error>;

fn no_object<T>(what: impl Display) -> Result<T, Error> {
    Err(Error::custom(format_args!("{what} is no object")))
}

impl SerializeMap for Seeking<'_> {
    type Ok = Found;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next = serde_json::to_value(key)? == self.name;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if std::mem::take(&mut self.next) {
            self.found = Some(serde_json::to_value(value)?);
        }
        Ok(())
    }

    fn end(self) -> Result<Found, Error> {
        Ok(self.found)
    }
}

impl SerializeStruct for Seeking<'_> {
    type Ok = Found;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        if key == self.name {
            self.found = Some(serde_json::to_value(value)?);
        }
        Ok(())
    }

    fn end(self) -> Result<Found, Error> {
        Ok(self.found)
    }
}

/// Everything but an object is an error.
macro_rules! no_objects {
    ($($method:ident: $of:ty),* $(,)?) => {
        $(fn $method(self, _: $of) -> Result<Found, Error> { no_object(stringify!($of)) })*
    };
}

impl Serializer for Seeking<'_> {
    type Ok = Found;
    type Error = Error;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Never;

    no_objects!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
    );

    fn serialize_none(self) -> Result<Found, Error> {
        no_object("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Found, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Found, Error> {
        no_object("null")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Found, Error> {
        no_object(name)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Found, Error> {
        no_object(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Found, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Found, Error> {
        if name == self.name { serde_json::to_value(value).map(Some) } else { Ok(None) }
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Never, Error> {
        no_object("a list")
    }

    fn serialize_tuple(self, _: usize) -> Result<Never, Error> {
        no_object("a list")
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Never, Error> {
        no_object(name)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, name: &'static str, _: usize) -> Result<Never, Error> {
        no_object(name)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, name: &'static str, _: usize) -> Result<Never, Error> {
        no_object(name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    /// Fails where it is serialised.
    struct Trap;

    impl Serialize for Trap {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("it was serialised"))
        }
    }

    #[derive(Serialize)]
    struct Inner {
        b: [u8; 2],
        trap: Trap,
    }

    #[derive(Serialize)]
    struct Outer {
        a: u8,
        large: Trap,
        #[serde(flatten)]
        inner: Inner,
    }

    #[test]
    fn only_the_field_sought_is_serialised() {
        let thing = Outer { a: 1, large: Trap, inner: Inner { b: [1, 2], trap: Trap } };
        assert_eq!(field(&thing, "a").unwrap(), Some(json!(1)));
        assert_eq!(field(&thing, "b").unwrap(), Some(json!([1, 2])));
        assert_eq!(field(&thing, "c").unwrap(), None);
        assert!(field(&thing, "trap").is_err());
        assert_eq!(field(&Some(&thing.inner), "b").unwrap(), Some(json!([1, 2])));
        assert_eq!(field(&BTreeMap::from([("x", 5), ("y", 6)]), "y").unwrap(), Some(json!(6)));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        assert!(field(&1, "a").is_err() && field(&"a", "a").is_err() && field(&[1], "a").is_err());
    }
}
