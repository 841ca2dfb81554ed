//! What is asked for on the terminal: reasons, and secrets without echo.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Read, Write};

use anyhow::Context;
use clap::Args;
use nix::sys::termios::{self, LocalFlags, SetArg, SpecialCharacterIndices, Termios};
use zeroize::Zeroizing;

use super::fault::{Fault, failed};

/// Longest line that is taken, in octets.
const LONGEST: usize = 4096;

/// Why an act is done; recorded with it.
#[derive(Debug, Clone, Default, Args)]
pub struct ReasonArgument {
    /// Why, for the record; asked for on a terminal where it is missing.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

impl ReasonArgument {
    /// The reason, asked for where it is missing and somebody is there to ask.
    pub fn get(&self) -> Result<String, Fault> {
        if let Some(reason) = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
            return Ok(reason.to_owned());
        }
        let missing = || Fault::Usage("--reason is needed: it is recorded with the act".to_owned());
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(missing());
        }
        eprint!("Reason (it is recorded): ");
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .take(LONGEST as u64)
            .read_line(&mut line)
            .context("the reason cannot be read")?;
        let reason = line.trim();
        if reason.is_empty() { Err(missing()) } else { Ok(reason.to_owned()) }
    }
}

/// A secret: from the variable where it is set, else from standard input where that was wished, else
/// asked for without echo.
pub fn secret(prompt: &str, variable: &str, from_stdin: bool) -> Result<Zeroizing<String>, Fault> {
    if let Ok(secret) = std::env::var(variable)
        && !secret.is_empty()
    {
        return Ok(Zeroizing::new(secret));
    }
    if from_stdin {
        return read_line(&mut std::io::stdin().lock(), prompt);
    }
    let opened = File::options().read(true).write(true).open("/dev/tty");
    let Ok(terminal) = opened else {
        return Err(Fault::Usage(format!(
            "{prompt}: there is no terminal to ask on; set {variable} or use --secrets-stdin"
        )));
    };
    ask_hidden(terminal, prompt)
}

/// A new secret, asked for twice where a person types it.
pub fn new_secret(prompt: &str, variable: &str, from_stdin: bool) -> Result<Zeroizing<String>, Fault> {
    let first = secret(prompt, variable, from_stdin)?;
    let is_typed = !from_stdin && std::env::var(variable).map_or(true, |value| value.is_empty());
    if is_typed {
        let second = secret(&format!("{prompt}, again"), variable, false)?;
        if *first != *second {
            return Err(failed(format!("{prompt}: the two are not the same, nothing was changed")));
        }
    }
    Ok(first)
}

/// One line, without its end; secrets may begin or end with blanks.
fn read_line(input: &mut impl BufRead, prompt: &str) -> Result<Zeroizing<String>, Fault> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    input
        .by_ref()
        .take(LONGEST as u64)
        .read_until(b'\n', &mut line)
        .with_context(|| format!("{prompt}: standard input cannot be read"))?;
    while line.last().is_some_and(|last| matches!(last, b'\n' | b'\r')) {
        line.pop();
    }
    if line.is_empty() {
        return Err(Fault::Usage(format!("{prompt}: standard input has no line for it")));
    }
    let text = std::str::from_utf8(&line).map_err(|_| failed(format!("{prompt}: it is not UTF-8")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The terminal as it was, however the asking ends.
struct Restore<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

fn ask_hidden(terminal: File, prompt: &str) -> Result<Zeroizing<String>, Fault> {
    let before = termios::tcgetattr(&terminal).context("the terminal cannot be asked")?;
    let mut hidden = before.clone();
    // Signals too: a Ctrl-C in the middle must not leave the terminal without echo.
    hidden.local_flags &= !(LocalFlags::ECHO | LocalFlags::ECHONL | LocalFlags::ICANON | LocalFlags::ISIG);
    if let Some(least) = hidden.control_chars.get_mut(SpecialCharacterIndices::VMIN as usize) {
        *least = 1;
    }
    let restore = Restore { terminal: &terminal, before };
    termios::tcsetattr(&terminal, SetArg::TCSAFLUSH, &hidden).context("the terminal cannot be asked")?;
    let mut screen = &terminal;
    write!(screen, "{prompt}: ").and_then(|()| screen.flush()).context("the terminal cannot be asked")?;
    let typed = edit(&mut screen);
    let _ = writeln!(screen);
    drop(restore);
    match typed.context("the terminal cannot be read")? {
        Typed::Line(line) if !line.is_empty() => Ok(line),
        Typed::Line(_) => Err(Fault::Usage(format!("{prompt}: nothing was typed"))),
        Typed::Interrupted => Err(failed("interrupted")),
    }
}

enum Typed {
    Line(Zeroizing<String>),
    Interrupted,
}

/// Reads octets as they are typed: enter ends, backspace takes one character back, Ctrl-U all of them.
fn edit(input: &mut impl Read) -> std::io::Result<Typed> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut octet = [0u8; 1];
    loop {
        let count = input.read(&mut octet)?;
        let [typed] = octet;
        match typed {
            _ if count == 0 => break,
            b'\n' | b'\r' => break,
            0x03 | 0x1c => return Ok(Typed::Interrupted),
            0x04 if line.is_empty() => return Ok(Typed::Interrupted),
            0x15 => line.clear(),
            0x7f | 0x08 => {
                // A character of UTF-8 is one octet and those that go on (10xxxxxx).
                while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            _ if line.len() < LONGEST => line.push(typed),
            _ => {}
        }
    }
    let text = std::str::from_utf8(&line)
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "what was typed is not UTF-8"))?;
    Ok(Typed::Line(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Option<String> {
        match edit(&mut keys.as_bytes()).unwrap() {
            Typed::Line(line) => Some(line.to_string()),
            Typed::Interrupted => None,
        }
    }

    #[test]
    fn what_is_typed_can_be_corrected() {
        assert_eq!(typed("secret\n").as_deref(), Some("secret"));
        assert_eq!(typed("sü\u{7f}ecret\r").as_deref(), Some("secret"));
        assert_eq!(typed("wrong\u{15}right\n").as_deref(), Some("right"));
        assert_eq!(typed("\u{7f}\u{7f}a\n").as_deref(), Some("a"));
        assert_eq!(typed("half\u{3}"), None);
        assert_eq!(typed("\u{4}"), None);
    }

    #[test]
    fn lines_of_standard_input_are_taken_one_by_one() {
        let mut input = "first \r\nsecond\n\n".as_bytes();
        assert_eq!(*read_line(&mut input, "a").unwrap(), "first ");
        assert_eq!(*read_line(&mut input, "b").unwrap(), "second");
        assert!(read_line(&mut input, "c").unwrap_err().to_string().starts_with("c: "));
    }

    #[test]
    fn a_reason_of_blanks_is_none() {
        let reason = |text: &str| ReasonArgument { reason: Some(text.to_owned()) };
        assert_eq!(reason(" taken over ").get().unwrap(), "taken over");
    }
}
