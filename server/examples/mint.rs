//! Prints paths of genuine links for `load/run`: of `example.com`, each to a recipient of its own, signed
//! with the key that the script puts into the database.

use std::io::{BufWriter, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use linkseal::{DomainConfig, KeyId, Message, SigningKey, TrackingHost, TrackingLevel, rewrite};

const SECRET: [u8; 32] = [0x42; 32];
const HOUR: Duration = Duration::from_secs(3600);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |name| {
        let argument: String = arguments.next().ok_or(name)?;
        Ok::<u32, Box<dyn std::error::Error>>(argument.parse()?)
    };
    let (key_id, count) = (number("expected a key id")?, number("expected a count")?);
    let key = SigningKey::new(KeyId(key_id), &SECRET)?;
    let domain = DomainConfig::new(
        "example.com".parse()?,
        TrackingHost::custom("link.example.com")?,
        key,
    )?
    .with_open_tracking(TrackingLevel::Off);
    let sent_at = (SystemTime::now() - HOUR)
        .duration_since(UNIX_EPOCH)?
        .as_secs();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for recipient in 0..count {
        let message = Message::new("newsletter-2026-07")?
            .with_recipient(format!("recipient-{recipient}"))?
            .with_sent_at(sent_at)?;
        let html = "<a data-track-name=\"offer\" href=\"https://shop.example/offers/spring?from=mail\">Offer</a>";
        let html = rewrite(html, &domain.for_message(message));
        let path = html
            .split_once("link.example.com")
            .and_then(|(_, rest)| rest.split('"').next())
            .ok_or("expected a tracked link")?;
        writeln!(out, "{path}")?;
    }
    Ok(())
}
