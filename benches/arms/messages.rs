//! A whole message, and what one does by hand with its HTML part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use linkseal::{Charset, DomainConfig, rewrite_bytes};
use quoted_printable::ParseMode;

/// The newsletter in quoted-printable, and an attachment of 1 MB.
pub struct MessageWithAttachment {
    /// The body of the HTML part.
    pub part: Vec<u8>,
    pub message: Vec<u8>,
}

impl MessageWithAttachment {
    pub fn of(html: &str) -> Self {
        let part = quoted_printable::encode(html.replace('\n', "\r\n"));
        let attachment: Vec<u8> = (0..1024 * 1024_u32)
            .map(|n| u8::try_from(n * 37 % 251).unwrap())
            .collect();
        let mut message = b"From: Northwind <news@example.com>\r\nTo: maria@example.org\r\n\
            Message-ID: <7f3a@example.com>\r\nSubject: Week 47\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=\"=_part\"\r\n\r\n--=_part\r\n\
            Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            .to_vec();
        message.extend_from_slice(&part);
        message.extend_from_slice(
            b"\r\n--=_part\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
            Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        );
        for line in STANDARD.encode(attachment).as_bytes().chunks(76) {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(b"--=_part--\r\n");
        Self { part, message }
    }
}

/// Decodes a part, rewrites it, and encodes all of it.
pub fn rewrite_part(part: &[u8], domain: &DomainConfig) -> Vec<u8> {
    let decoded = quoted_printable::decode(part, ParseMode::Robust).unwrap();
    quoted_printable::encode(rewrite_bytes(&decoded, Charset::UTF_8, domain).0)
}
