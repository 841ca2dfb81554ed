//! Server-sent events: octets in, messages out (HTML Living Standard section 9.2.6).
//!
//! Pure: whoever holds the connection feeds what arrives, in pieces of any size.

/// A line that is longer than any the server sends ends the stream.
pub const LONGEST_LINE: usize = 1 << 20;

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// `id:`, by which the stream goes on after a break.
    pub id: Option<String>,
    /// `event:`; `message` where the server named none.
    pub event: Option<String>,
    /// `data:`, lines joined by line feeds.
    pub data: String,
}

/// Why the stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// See [`LONGEST_LINE`].
    #[error("a message of the event stream is longer than {LONGEST_LINE} octets")]
    TooLong,
}

/// Collects pieces until messages are whole.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    after_return: bool,
    message: Message,
    has_data: bool,
}

impl Decoder {
    /// Takes what has arrived and gives the messages that it completes.
    ///
    /// # Errors
    /// Where a line or a message grows without end.
    pub fn feed(&mut self, octets: &[u8]) -> Result<Vec<Message>, StreamError> {
        let mut messages = Vec::new();
        for &octet in octets {
            let follows_return = std::mem::take(&mut self.after_return);
            match octet {
                b'\n' if follows_return => {}
                b'\n' | b'\r' => {
                    self.after_return = octet == b'\r';
                    let line = std::mem::take(&mut self.line);
                    messages.extend(self.take(&String::from_utf8_lossy(&line))?);
                }
                _ if self.line.len() >= LONGEST_LINE => return Err(StreamError::TooLong),
                _ => self.line.push(octet),
            }
        }
        Ok(messages)
    }

    fn take(&mut self, line: &str) -> Result<Option<Message>, StreamError> {
        if line.is_empty() {
            let message = std::mem::take(&mut self.message);
            return Ok(std::mem::take(&mut self.has_data).then_some(message));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.message.data.len() + value.len() > LONGEST_LINE {
                    return Err(StreamError::TooLong);
                }
                if self.has_data {
                    self.message.data.push('\n');
                }
                self.message.data.push_str(value);
                self.has_data = true;
            }
            "event" => self.message.event = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.message.id = Some(value.to_owned()),
            // Comments (an empty name) keep the connection alive; the others are not for us.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> Vec<Message> {
        let mut decoder = Decoder::default();
        pieces.iter().flat_map(|piece| decoder.feed(piece.as_bytes()).unwrap()).collect()
    }

    #[test]
    fn messages_are_whole_however_they_arrive() {
        let text = ": alive\n\nid: 7\nevent: new_endpoint\ndata: {\"a\":\ndata: 1}\n\nretry: 5\r\n\r\ndata:x\r\n\r\n";
        let whole = read(&[text]);
        assert_eq!(whole.len(), 2);
        assert_eq!(whole[0].id.as_deref(), Some("7"));
        assert_eq!(whole[0].event.as_deref(), Some("new_endpoint"));
        assert_eq!(whole[0].data, "{\"a\":\n1}");
        assert_eq!(whole[1], Message { data: "x".to_owned(), ..Message::default() });
        for cut in 0..text.len() {
            assert_eq!(read(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut decoder = Decoder::default();
        let piece = vec![b'x'; LONGEST_LINE];
        assert_eq!(decoder.feed(&piece), Ok(vec![]));
        assert_eq!(decoder.feed(b"x"), Err(StreamError::TooLong));
        let mut decoder = Decoder::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        assert!((0..2000).any(|_| decoder.feed(line.as_bytes()).is_err()));
    }
}
