//! What is known of one mail, as a request states it.

use linkseal::{Message, MessageError};

use crate::failure::Failure;

pub(super) struct MailFacts<'a> {
    pub(super) message: &'a str,
    pub(super) recipient: &'a str,
    pub(super) sent_at: u64,
    pub(super) list_unsubscribe: Option<&'a str>,
    pub(super) click_tracking: bool,
    pub(super) open_tracking: bool,
}

impl<'a> MailFacts<'a> {
    /// Of a message, before anything is known of one mail.
    pub(super) fn of(message: &'a str) -> Self {
        Self {
            message,
            recipient: "",
            sent_at: 0,
            list_unsubscribe: None,
            click_tracking: true,
            open_tracking: true,
        }
    }

    pub(super) fn message(&self) -> Result<Message, Failure> {
        storable("message id", self.message)?;
        storable("recipient", self.recipient)?;
        let message = Message::new(self.message)
            .and_then(|message| message.with_recipient(self.recipient))
            .and_then(|message| message.with_sent_at(self.sent_at))
            .map_err(unfit)?;
        let message = match self.list_unsubscribe {
            Some(field_value) => message.with_list_unsubscribe(field_value),
            None => message,
        };
        let message = if self.click_tracking {
            message
        } else {
            message.without_click_tracking()
        };
        Ok(if self.open_tracking {
            message
        } else {
            message.without_open_tracking()
        })
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

/// Switches are on unless a request turns them off.
pub(super) fn on() -> bool {
    true
}
