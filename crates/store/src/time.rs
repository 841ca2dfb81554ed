//! Times in the store: signed microseconds since 1970-01-01T00:00:00Z.

use jiff::Timestamp;

use crate::StoreError;

/// The stored form of `time`; what is finer than a microsecond is cut off.
pub fn to_micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// The time behind a stored value; an error where it lies outside of the years -9999 to 9999.
pub fn from_micros(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::Unreadable(format!("{micros} microseconds is no time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for micros in [0, 1, -1, 1_700_000_000_123_456] {
            assert_eq!(to_micros(from_micros(micros).unwrap()), micros);
        }
        assert!(from_micros(i64::MAX).is_err());
    }
}
