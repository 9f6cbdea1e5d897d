//! A mail server's side of the milter protocol, byte by byte: what the milter is built on is not used.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What Postfix 3.7 offers.
const ACTIONS: u32 = 0x1ff;
const PROTOCOL: u32 = 0x1f_ffff;
/// Whatever hangs must not hang the tests.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) trait Socket: Read + Send + Write {}
impl<S: Read + Send + Write> Socket for S {}

pub(crate) struct Wire {
    socket: Box<dyn Socket>,
}

/// What the milter says at the end of a message.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) chunks: Vec<usize>,
    /// The last packet's code: `c` for continue, `t` for a temporary failure.
    pub(crate) code: char,
    /// Index, name and new value of each changed header field.
    pub(crate) changes: Vec<(u32, String, String)>,
}

impl Wire {
    /// Connects, and agrees on all that Postfix offers.
    pub(crate) fn connect(address: &str) -> Self {
        let mut wire = Self::open(address);
        assert_eq!(wire.negotiate(6, ACTIONS, PROTOCOL), (6, 0x112, 0x10_0702));
        wire
    }

    pub(crate) fn open(address: &str) -> Self {
        let socket: Box<dyn Socket> = if let Some(path) = address.strip_prefix("unix:") {
            let socket = UnixStream::connect(path).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            Box::new(socket)
        } else {
            let socket = TcpStream::connect(address).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            Box::new(socket)
        };
        Self { socket }
    }

    pub(crate) fn negotiate(
        &mut self,
        version: u32,
        actions: u32,
        protocol: u32,
    ) -> (u32, u32, u32) {
        let offer = [version, actions, protocol].map(u32::to_be_bytes);
        let (code, answer) = self.ask(b'O', &offer.concat());
        assert_eq!(code, 'O');
        let number = |at: usize| u32::from_be_bytes(answer[at..at + 4].try_into().unwrap());
        (number(0), number(4), number(8))
    }

    pub(crate) fn send(&mut self, code: u8, content: &[u8]) {
        let length = u32::try_from(content.len() + 1).unwrap();
        let packet = [&length.to_be_bytes()[..], &[code], content].concat();
        self.socket.write_all(&packet).unwrap();
    }

    pub(crate) fn receive(&mut self) -> (char, Vec<u8>) {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length).unwrap();
        let mut packet = vec![0; u32::from_be_bytes(length).try_into().unwrap()];
        self.socket.read_exact(&mut packet).unwrap();
        (char::from(packet.remove(0)), packet)
    }

    pub(crate) fn ask(&mut self, code: u8, content: &[u8]) -> (char, Vec<u8>) {
        self.send(code, content);
        self.receive()
    }

    #[track_caller]
    pub(crate) fn step(&mut self, code: u8, content: &[u8]) {
        assert_eq!(self.ask(code, content).0, 'c', "{}", char::from(code));
    }

    /// Whether the milter has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        matches!(self.socket.read(&mut [0]), Ok(0) | Err(_))
    }

    pub(crate) fn macros(&mut self, stage: u8, macros: &[(&str, &str)]) {
        let mut content = vec![stage];
        for (name, value) in macros {
            content.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
        self.send(b'D', &content);
    }

    pub(crate) fn client(&mut self, address: &str, port: u16) {
        let family = if address.contains(':') { b'6' } else { b'4' };
        let start = [b"client.example\0", &[family][..], &port.to_be_bytes()].concat();
        self.step(b'C', &[&start[..], address.as_bytes(), b"\0"].concat());
    }

    pub(crate) fn mail(&mut self, sender: &str, recipients: &[&str]) {
        self.step(b'M', format!("<{sender}>\0").as_bytes());
        for recipient in recipients {
            self.step(b'R', format!("<{recipient}>\0").as_bytes());
        }
    }

    /// A login, and the envelope.
    pub(crate) fn authenticated_mail(&mut self, recipients: &[&str]) {
        self.macros(b'M', &[("i", "QUEUE1"), ("{auth_authen}", "shop")]);
        self.mail("bounce@example.com", recipients);
    }

    pub(crate) fn header(&mut self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            self.step(b'L', format!("{name}\0{value}\0").as_bytes());
        }
        self.step(b'N', b"");
    }

    /// The body in packets as Postfix sends them, until the milter has enough; then what it makes of the message.
    pub(crate) fn body(&mut self, body: &str) -> Verdict {
        for chunk in body.as_bytes().chunks(65_535) {
            match self.ask(b'B', chunk).0 {
                's' => break,
                code => assert_eq!(code, 'c'),
            }
        }
        self.end()
    }

    pub(crate) fn end(&mut self) -> Verdict {
        self.send(b'E', b"");
        let mut verdict = Verdict::default();
        loop {
            let (code, content) = self.receive();
            match code {
                'b' => {
                    verdict.chunks.push(content.len());
                    verdict.body.get_or_insert_default().extend(content);
                }
                'm' => verdict.changes.push(change(&content)),
                code => {
                    verdict.code = code;
                    return verdict;
                }
            }
        }
    }
}

fn change(content: &[u8]) -> (u32, String, String) {
    let (index, rest) = content.split_at(4);
    let mut texts = rest
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8(text.to_vec()).unwrap());
    (
        u32::from_be_bytes(index.try_into().unwrap()),
        texts.next().unwrap(),
        texts.next().unwrap(),
    )
}
