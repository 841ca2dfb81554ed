//! What outlives the server: a mail server and a webhook receiver that note what they took.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Octets of a webhook's body, or lines of a mail, that are taken at most.
const LARGEST: usize = 1 << 20;

/// What was received, in order.
#[derive(Debug, Clone, Default)]
pub struct Taken(Arc<Mutex<Vec<String>>>);

impl Taken {
    /// All of it.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

/// A receiver; it ends when dropped.
#[derive(Debug)]
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    /// What came.
    pub taken: Taken,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// A mail server (RFC 5321) that takes everything and notes each Message-ID once the text has ended,
    /// whether or not its answer reaches anybody.
    pub async fn mail() -> anyhow::Result<Self> {
        Self::start(|stream, taken| async move { converse(stream, &taken).await }).await
    }

    /// An HTTP server that notes each `X-Netwarden-Request`.
    pub async fn webhook() -> anyhow::Result<Self> {
        Self::start(|stream, taken| async move { answer(stream, &taken).await }).await
    }

    async fn start<F>(serve: fn(TcpStream, Taken) -> F) -> anyhow::Result<Self>
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a receiver's socket")?;
        let (address, taken) = (listener.local_addr()?, Taken::default());
        let kept = taken.clone();
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                // A peer that is killed in the middle is what this is for.
                tokio::spawn(serve(stream, kept.clone()));
            }
        });
        Ok(Self { address, taken, task })
    }
}

async fn converse(stream: TcpStream, taken: &Taken) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read.take(LARGEST as u64)).lines();
    write.write_all(b"220 receiver\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" | "HELO" => write.write_all(b"250 receiver\r\n").await?,
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut id = String::new();
                loop {
                    let Some(line) = lines.next_line().await? else { return Ok(()) };
                    if line == "." {
                        break;
                    }
                    if let Some(value) = line.strip_prefix("Message-ID: ") {
                        id = value.trim().to_owned();
                    }
                }
                taken.add(id);
                write.write_all(b"250 taken\r\n").await?;
            }
            _ => write.write_all(b"250 fine\r\n").await?,
        }
    }
    Ok(())
}

async fn answer(stream: TcpStream, taken: &Taken) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut reader = BufReader::new(read);
    loop {
        let (mut length, mut id, mut any) = (0, String::new(), false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            any = true;
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse::<usize>().unwrap_or(0).min(LARGEST),
                "x-netwarden-request" => id = value.trim().to_owned(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await?;
        if any {
            taken.add(id);
        }
        write.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn say(address: SocketAddr, text: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        said
    }

    #[tokio::test]
    async fn what_came_whole_is_noted_and_nothing_else() {
        let mail = Receiver::mail().await.unwrap();
        say(mail.address, "EHLO x\r\nDATA\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n.\r\nQUIT\r\n").await;
        say(mail.address, "EHLO x\r\nDATA\r\nMessage-ID: <2@x>\r\n\r\nhel").await;
        assert_eq!(mail.taken.all(), ["<1@x>"]);
        let hook = Receiver::webhook().await.unwrap();
        let whole = "POST / HTTP/1.1\r\nContent-Length: 2\r\nX-Netwarden-Request: 7\r\n\r\n{}";
        assert!(say(hook.address, whole).await.starts_with("HTTP/1.1 204"));
        say(hook.address, "POST / HTTP/1.1\r\nContent-Length: 9\r\nX-Netwarden-Request: 8\r\n\r\n{").await;
        assert_eq!(hook.taken.all(), ["7"]);
    }
}
