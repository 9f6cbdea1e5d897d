//! What is known of one mail, as a request states it.

use linkseal::Message;
use linkseal::error::MessageError;

use crate::failure::Failure;
use crate::level::Level;

pub(super) struct MailFacts<'a> {
    pub(super) message: Option<&'a str>,
    pub(super) recipient: Option<&'a str>,
    pub(super) sent_at: Option<u64>,
    pub(super) list_unsubscribe: Option<&'a str>,
    pub(super) click_tracking: Level,
    pub(super) open_tracking: Level,
}

impl<'a> MailFacts<'a> {
    /// Of a message, before anything is known of one mail.
    pub(super) fn of(message: &'a str) -> Self {
        Self {
            message: Some(message),
            recipient: None,
            sent_at: None,
            list_unsubscribe: None,
            click_tracking: Level::Identified,
            open_tracking: Level::Identified,
        }
    }

    pub(super) fn message(&self) -> Result<Message, Failure> {
        let mut message = Message::default();
        if let Some(id) = self.message {
            storable("message id", id)?;
            message = Message::new(id).map_err(unfit)?;
        }
        if let Some(recipient) = self.recipient {
            storable("recipient", recipient)?;
            message = message.with_recipient(recipient).map_err(unfit)?;
        }
        if let Some(seconds) = self.sent_at {
            message = message.with_sent_at(seconds).map_err(unfit)?;
        }
        if let Some(field_value) = self.list_unsubscribe {
            message = message.with_list_unsubscribe(field_value);
        }
        Ok(message
            .with_click_tracking(self.click_tracking.into())
            .with_open_tracking(self.open_tracking.into()))
    }
}

/// PostgreSQL stores no NUL in a text, so an event with one could never be stored.
pub(super) fn storable(field: &str, text: &str) -> Result<(), Failure> {
    match text.bytes().position(|byte| byte == 0) {
        Some(at) => Err(Failure::Invalid(format!(
            "{field} has a NUL character at byte {at}, expected none"
        ))),
        None => Ok(()),
    }
}

fn unfit(error: MessageError) -> Failure {
    Failure::Invalid(error.to_string())
}
