//! Where a list goes on: the last row's sort value and id, as one opaque word.
//!
//! Layout before base64url: version 1, four octets that bind it to the sort order, then two values,
//! each a tag (0 null, 1 integer, 2 text, 3 octets), for integers 8 octets big-endian, for the others
//! a length of 4 octets and the content.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::Value;

/// Longest cursor accepted, in characters.
const LONGEST: usize = 8_192;
const VERSION: u8 = 1;

/// What is wrong with a cursor that a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// It was not made by a list.
    #[error("the cursor is not one that a list gave out")]
    Malformed,
    /// It was made by a list in another order.
    #[error("the cursor belongs to a list in another order")]
    OtherOrder,
}

/// A value by which lists can be continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Key> for Value {
    fn from(key: Key) -> Value {
        match key {
            Key::Null => Value::BigInt(None),
            Key::Integer(value) => value.into(),
            Key::Text(value) => value.into(),
            Key::Bytes(value) => value.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) sort: Key,
    pub(crate) id: Key,
}

impl Cursor {
    pub(crate) fn encode(&self, order: [u8; 4]) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(order);
        for key in [&self.sort, &self.id] {
            match key {
                Key::Null => bytes.push(0),
                Key::Integer(value) => {
                    bytes.push(1);
                    bytes.extend(value.to_be_bytes());
                }
                Key::Text(value) => put(&mut bytes, 2, value.as_bytes()),
                Key::Bytes(value) => put(&mut bytes, 3, value),
            }
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn decode(text: &str, order: [u8; 4]) -> Result<Self, CursorError> {
        if text.len() > LONGEST {
            return Err(CursorError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError::Malformed)?;
        let (&version, rest) = bytes.split_first().ok_or(CursorError::Malformed)?;
        let (bound, rest) = rest.split_first_chunk::<4>().ok_or(CursorError::Malformed)?;
        if version != VERSION {
            return Err(CursorError::Malformed);
        }
        if *bound != order {
            return Err(CursorError::OtherOrder);
        }
        let (sort, rest) = take(rest).ok_or(CursorError::Malformed)?;
        let (id, rest) = take(rest).ok_or(CursorError::Malformed)?;
        if !rest.is_empty() || id == Key::Null {
            return Err(CursorError::Malformed);
        }
        Ok(Self { sort, id })
    }
}

/// FNV-1a over the words that make an order: a cursor of another list is a mistake, not an attack, for
/// filters and scope are applied whatever the cursor says.
pub(crate) fn order_tag(words: &[&str]) -> [u8; 4] {
    let mut hash: u32 = 0x811c_9dc5;
    for word in words {
        for byte in word.bytes().chain([0]) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    hash.to_be_bytes()
}

fn put(bytes: &mut Vec<u8>, tag: u8, value: &[u8]) {
    bytes.push(tag);
    bytes.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(value);
}

fn take(bytes: &[u8]) -> Option<(Key, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    match tag {
        0 => Some((Key::Null, rest)),
        1 => {
            let (value, rest) = rest.split_first_chunk::<8>()?;
            Some((Key::Integer(i64::from_be_bytes(*value)), rest))
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (value, rest) = rest.split_at_checked(length)?;
            let key = if *tag == 2 {
                Key::Text(String::from_utf8(value.to_vec()).ok()?)
            } else {
                Key::Bytes(value.to_vec())
            };
            Some((key, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = Key> {
        prop_oneof![
            any::<i64>().prop_map(Key::Integer),
            ".*".prop_map(Key::Text),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Key::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn cursors_come_back(sort in prop_oneof![Just(Key::Null), key()], id in key()) {
            let cursor = Cursor { sort, id };
            let order = order_tag(&["name", "asc"]);
            prop_assert_eq!(Cursor::decode(&cursor.encode(order), order), Ok(cursor.clone()));
            prop_assert_eq!(
                Cursor::decode(&cursor.encode(order), order_tag(&["name", "desc"])),
                Err(CursorError::OtherOrder)
            );
        }

        #[test]
        fn hostile_cursors_are_refused_without_harm(text in "[A-Za-z0-9_-]{0,200}") {
            let _ = Cursor::decode(&text, order_tag(&["name"]));
        }

        #[test]
        fn altered_cursors_never_panic(at in 0_usize..40, to in any::<u8>()) {
            let order = order_tag(&["x"]);
            let text = Cursor { sort: Key::Text("abc".into()), id: Key::Integer(1) }.encode(order);
            let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = Cursor::decode(&URL_SAFE_NO_PAD.encode(bytes), order);
        }
    }

    #[test]
    fn what_is_no_cursor_is_said_to_be_none() {
        for text in ["", "=", "é", "AQ", &"A".repeat(LONGEST + 1)] {
            assert_eq!(Cursor::decode(text, [0; 4]), Err(CursorError::Malformed), "{text:.10}");
        }
    }
}
