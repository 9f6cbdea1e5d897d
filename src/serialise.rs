//! Feature `serde`: events, reports, names and ids as data.
//!
//! Names and ids are what `Display` prints, except for a [`KeyId`], which is a number; both can be read back.
//! What is absent of an event is left out; what is absent of a link is null. A secret can't be written:
//! neither [`SigningKey`](crate::SigningKey) nor [`DomainConfig`](crate::DomainConfig) implements `Serialize`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::domain_status::DomainStatus;
use crate::key::KeyId;
#[cfg(feature = "mime")]
use crate::mime::{MessageReport, PartReport, PartSkipReason, SignatureKind};
use crate::pixel::{PixelOutcome, PixelPlacement, PixelPosition};
use crate::report::{Link, LinkContext, LinkOutcome, Report, SkipReason, Untouched};
use crate::sending_domain::SendingDomain;
use crate::token::{Click, Event, EventKind, Open, TokenError};
use crate::tracking_level::TrackingLevel;

macro_rules! serialise_as_str {
    ($($type:ty),+ $(,)?) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )+};
}

macro_rules! deserialise_from_str {
    ($($type:ty: $what:literal),+ $(,)?) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(FromText::expecting($what))
            }
        }
    )+};
}

serialise_as_str!(
    DomainStatus,
    LinkContext,
    PixelOutcome,
    PixelPlacement,
    PixelPosition,
    SendingDomain,
    SkipReason,
    TokenError,
    TrackingLevel,
    Untouched,
);

deserialise_from_str!(
    DomainStatus: "a domain status",
    LinkContext: "a link context",
    PixelOutcome: "a pixel outcome",
    PixelPlacement: "a pixel placement",
    PixelPosition: "a pixel position",
    SendingDomain: "a sending domain",
    SkipReason: "a skip reason",
    TrackingLevel: "a tracking level",
);

#[cfg(feature = "mime")]
serialise_as_str!(PartSkipReason, SignatureKind);

#[cfg(feature = "mime")]
deserialise_from_str!(
    PartSkipReason: "a part skip reason",
    SignatureKind: "a signature kind",
);

/// Reads a value from its text.
struct FromText<T> {
    value: PhantomData<T>,
    what: &'static str,
}

impl<T> FromText<T> {
    fn expecting(what: &'static str) -> Self {
        Self {
            value: PhantomData,
            what,
        }
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Event", 9)?;
        put_kind_name(&mut fields, self.kind())?;
        fields.serialize_field("key_id", &self.key_id())?;
        fields.serialize_field("domain", self.domain())?;
        put_kind(&mut fields, self.kind())?;
        put_stated(&mut fields, "sent_at", self.sent_at())?;
        put_stated(&mut fields, "message", self.message())?;
        put_stated(&mut fields, "recipient", self.recipient())?;
        fields.end()
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("EventKind", 4)?;
        put_kind_name(&mut fields, self)?;
        put_kind(&mut fields, self)?;
        fields.end()
    }
}

impl Serialize for Click {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Click", 3)?;
        put_click(&mut fields, self)?;
        fields.end()
    }
}

impl Serialize for Open {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Open", 1)?;
        fields.serialize_field("placement", &self.placement())?;
        fields.end()
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Report", 12)?;
        fields.serialize_field("links", self.links())?;
        fields.serialize_field("tracked", &self.tracked())?;
        fields.serialize_field("skipped", &self.skipped())?;
        fields.serialize_field("pixel", &self.pixel())?;
        fields.serialize_field("untouched", &self.untouched())?;
        fields.serialize_field("input_bytes", &self.input_bytes())?;
        fields.serialize_field("output_bytes", &self.output_bytes())?;
        fields.serialize_field("input_longest_line", &self.input_longest_line())?;
        fields.serialize_field("output_longest_line", &self.output_longest_line())?;
        fields.serialize_field("gmail_clips", &self.gmail_clips())?;
        fields.serialize_field("click_tracking", &self.click_tracking())?;
        fields.serialize_field("open_tracking", &self.open_tracking())?;
        fields.end()
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Link", 8)?;
        fields.serialize_field("element", self.element())?;
        fields.serialize_field("context", &self.context())?;
        fields.serialize_field("position", &self.position())?;
        fields.serialize_field("name", &self.name())?;
        fields.serialize_field("original", self.original())?;
        fields.serialize_field("destination", &self.destination())?;
        put_outcome(&mut fields, self.outcome())?;
        fields.end()
    }
}

impl Serialize for LinkOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("LinkOutcome", 2)?;
        put_outcome(&mut fields, *self)?;
        fields.end()
    }
}

#[cfg(feature = "mime")]
impl Serialize for MessageReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("MessageReport", 6)?;
        fields.serialize_field("parts", self.parts())?;
        fields.serialize_field("input_bytes", &self.input_bytes())?;
        fields.serialize_field("output_bytes", &self.output_bytes())?;
        fields.serialize_field("input_longest_line", &self.input_longest_line())?;
        fields.serialize_field("output_longest_line", &self.output_longest_line())?;
        fields.serialize_field("signatures", self.signatures())?;
        fields.end()
    }
}

#[cfg(feature = "mime")]
impl Serialize for PartReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.report();
        let mut fields = serializer.serialize_struct("PartReport", 9)?;
        fields.serialize_field("path", self.path())?;
        fields.serialize_field("type", self.content_type())?;
        fields.serialize_field("encoding", self.encoding())?;
        fields.serialize_field("charset", &self.charset())?;
        fields.serialize_field("outcome", self.outcome().as_str())?;
        fields.serialize_field("reason", &self.outcome().skip_reason())?;
        fields.serialize_field("links", report.map_or(&[][..], Report::links))?;
        fields.serialize_field("pixel", &report.map(Report::pixel))?;
        fields.serialize_field("untouched", &report.and_then(Report::untouched))?;
        fields.end()
    }
}

fn put_kind_name<F: SerializeStruct>(fields: &mut F, kind: &EventKind) -> Result<(), F::Error> {
    let name = match kind {
        EventKind::Click(_) => "click",
        EventKind::Open(_) => "open",
    };
    fields.serialize_field("kind", name)
}

fn put_kind<F: SerializeStruct>(fields: &mut F, kind: &EventKind) -> Result<(), F::Error> {
    match kind {
        EventKind::Click(click) => put_click(fields, click),
        EventKind::Open(open) => fields.serialize_field("placement", &open.placement()),
    }
}

fn put_click<F: SerializeStruct>(fields: &mut F, click: &Click) -> Result<(), F::Error> {
    fields.serialize_field("position", &click.position())?;
    put_stated(fields, "name", click.name())?;
    fields.serialize_field("destination", click.destination())
}

fn put_outcome<F: SerializeStruct>(fields: &mut F, outcome: LinkOutcome) -> Result<(), F::Error> {
    fields.serialize_field("outcome", outcome.as_str())?;
    fields.serialize_field("reason", &outcome.skip_reason())
}

fn put_stated<F: SerializeStruct>(
    fields: &mut F,
    name: &'static str,
    value: Option<impl Serialize>,
) -> Result<(), F::Error> {
    match value {
        Some(value) => fields.serialize_field(name, &value),
        None => fields.skip_field(name),
    }
}
