//! System calls as Falco's drivers and captures encode them: which types there are, and one event of them.
//!
//! Types, parameters and names of values: Falco's `driver/{event_table.c,flags_table.c,ppm_events_public.h}`.

mod table;

pub use table::{EventTable, EventType, FlagSet, Param, ParamType};

/// One event, borrowed from the buffer it came in.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent<'a> {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// Thread that caused it.
    pub tid: i64,
    /// Processor it ran on.
    pub cpu: u16,
    /// Number of its type in the table.
    pub code: u16,
    /// Number of parameters.
    pub count: usize,
    /// Lengths of the parameters: `count` numbers of `width` bytes.
    pub lengths: &'a [u8],
    /// Two, or four in large events.
    pub width: usize,
    /// The parameters, one after the other.
    pub data: &'a [u8],
}

impl<'a> RawEvent<'a> {
    /// The parameters, in order. A length beyond the end yields what is left.
    pub fn params(&self) -> Params<'a> {
        Params { lengths: self.lengths, width: self.width, left: self.count, data: self.data }
    }

    /// The parameter of this number.
    pub fn param(&self, number: usize) -> Option<&'a [u8]> {
        self.params().nth(number)
    }

    /// Whether the lengths fit the data.
    pub fn fits(&self) -> bool {
        let mut params = self.params();
        while params.left > 0 {
            if params.next().is_none() {
                return false;
            }
        }
        true
    }
}

/// Iterator over the parameters of an event.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    lengths: &'a [u8],
    width: usize,
    left: usize,
    data: &'a [u8],
}

impl<'a> Iterator for Params<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let length = match self.width {
            2 => {
                let (length, rest) = self.lengths.split_first_chunk::<2>()?;
                self.lengths = rest;
                usize::from(u16::from_le_bytes(*length))
            }
            _ => {
                let (length, rest) = self.lengths.split_first_chunk::<4>()?;
                self.lengths = rest;
                usize::try_from(u32::from_le_bytes(*length)).ok()?
            }
        };
        let (param, rest) = self.data.split_at_checked(length)?;
        self.data = rest;
        Some(param)
    }
}

/// Reads a number of 1, 2, 4 or 8 bytes, little endian, without sign.
pub fn unsigned(bytes: &[u8]) -> Option<u64> {
    Some(match bytes.len() {
        1 => u64::from(*bytes.first()?),
        2 => u64::from(u16::from_le_bytes(bytes.try_into().ok()?)),
        4 => u64::from(u32::from_le_bytes(bytes.try_into().ok()?)),
        8 => u64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

/// Reads a number of 1, 2, 4 or 8 bytes, little endian, with sign.
pub fn signed(bytes: &[u8]) -> Option<i64> {
    Some(match bytes.len() {
        1 => i64::from(i8::from_le_bytes(bytes.try_into().ok()?)),
        2 => i64::from(i16::from_le_bytes(bytes.try_into().ok()?)),
        4 => i64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
        8 => i64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

/// A text without the zero that ends it.
pub fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_params() {
        assert_eq!(unsigned(&[1, 2]), Some(513));
        assert_eq!((signed(&[0xff; 8]), unsigned(&[0; 3]), signed(&[])), (Some(-1), None, None));
        let event = RawEvent {
            time: 0,
            tid: 1,
            cpu: 0,
            code: 5,
            count: 2,
            lengths: &[1, 0, 3, 0],
            width: 2,
            data: &[7, b'a', b'b', 0],
        };
        assert_eq!(event.params().collect::<Vec<_>>(), [&[7][..], b"ab\0"]);
        assert!(event.fits());
        assert!(!RawEvent { data: &[7, 1], ..event }.fits());
        assert!(!RawEvent { count: 3, ..event }.fits());
        assert_eq!(text(b"ab\0c"), b"ab");
    }
}
