//! A group as rows of SQLite's tables.

use linkseal::PixelPosition;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::agreed::{Agreed, DOMAIN_SQLITE, DomainRow, RECIPIENT_SQLITE};
use super::record::Group;
use super::rows::reasons;
use crate::nul::without_nul;
use crate::recipients;

/// The `count` of gathered repeats is a running total, so the greatest is the latest, whatever comes first and
/// however often. One that may not be identified any more takes from the row what tells whose it is. At the same
/// level the row's texts stay: an erasure may have taken an id out of them.
const EVENT: &str = "INSERT INTO events (id, kind, domain, message, recipient, position, name, destination, \
     placement, at, sent_at_s, method, ip, user_agent, referer, accept_language, machine, reasons, count, level) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (id) DO UPDATE SET count = excluded.count, level = excluded.level, recipient = excluded.recipient, \
     message = CASE WHEN excluded.level < events.level THEN excluded.message ELSE events.message END, \
     name = CASE WHEN excluded.level < events.level THEN excluded.name ELSE events.name END, \
     destination = CASE WHEN excluded.level < events.level THEN excluded.destination ELSE events.destination END, \
     sent_at_s = excluded.sent_at_s, ip = excluded.ip, user_agent = excluded.user_agent, \
     referer = excluded.referer, accept_language = excluded.accept_language \
     WHERE excluded.count > events.count AND excluded.level <= events.level";

const REWRITTEN: &str = "INSERT INTO rewritten (id, domain, message, at, mails) \
     VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";

/// Inserts what was agreed on of a group, and commits it.
pub(super) fn insert(connection: &mut Connection, group: &Group) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let agreed = agreed(&transaction, group)?;
    let mut statement = transaction.prepare_cached(EVENT)?;
    for event in &group.events {
        let Some(event) = agreed.event(event) else {
            continue;
        };
        statement.execute(params![
            event.id.as_bytes(),
            event.kind.as_str(),
            without_nul(&event.domain),
            without_nul(&event.message),
            without_nul(&event.recipient),
            event.position,
            event.name.as_deref().map(without_nul),
            event.destination.as_deref().map(without_nul),
            event.placement.map(PixelPosition::as_str),
            event.at,
            event.sent_at,
            without_nul(&event.method),
            event.ip,
            event.user_agent.as_deref().map(without_nul),
            event.referer.as_deref().map(without_nul),
            event.accept_language.as_deref().map(without_nul),
            event.machine.as_str(),
            reasons(&event.reasons),
            event.count,
            event.level.as_str(),
        ])?;
    }
    drop(statement);
    let mut statement = transaction.prepare_cached(REWRITTEN)?;
    for row in &group.rewritten {
        statement.execute(params![
            row.id.as_bytes(),
            without_nul(&row.domain),
            without_nul(&row.message),
            row.at,
            row.mails,
        ])?;
    }
    drop(statement);
    transaction.commit()
}

fn agreed(connection: &Connection, group: &Group) -> rusqlite::Result<Agreed> {
    let mut agreed = Agreed::default();
    let mut statement = connection.prepare_cached(DOMAIN_SQLITE)?;
    for domain in Agreed::domains(group) {
        if let Some(row) = statement.query_row([domain], domain_row).optional()? {
            agreed.add_domain(row);
        }
    }
    let mut statement = connection.prepare_cached(RECIPIENT_SQLITE)?;
    for (domain, pseudonym) in agreed.pseudonyms(group) {
        let row = statement.query_row([domain, &pseudonym], recipient_row);
        if let Some(row) = row.optional()? {
            agreed.add_recipient(domain.to_owned(), row);
        }
    }
    Ok(agreed)
}

fn domain_row(row: &Row<'_>) -> rusqlite::Result<DomainRow> {
    Ok(DomainRow {
        id: row.get(0)?,
        click_tracking: row.get(1)?,
        click_level: row.get(2)?,
        open_tracking: row.get(3)?,
        open_level: row.get(4)?,
        secret: row.get(5)?,
    })
}

fn recipient_row(row: &Row<'_>) -> rusqlite::Result<recipients::Row> {
    Ok(recipients::Row {
        pseudonym: row.get(0)?,
        click_level: row.get(1)?,
        open_level: row.get(2)?,
        changed_at: row.get(3)?,
        earlier_click_level: row.get(4)?,
        earlier_open_level: row.get(5)?,
        raised_at: row.get(6)?,
        erased_at: row.get(7)?,
    })
}
