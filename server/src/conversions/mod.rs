//! Conversions: what came of a click, as the site that it led to reports it by the click's id.
//!
//! A report is taken whether or not the click is in the log yet: it may wait in a spool, or on another server. Reports
//! put the two together when they are asked for, by the id and the domain. A conversion knows nothing else of its
//! click, so of one that is anonymous, or was erased, it says nothing more.

mod amount;
mod erasing;
mod store;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use amount::written;
pub(crate) use erasing::erase_from_conversions;

use crate::access::ApiCaller;
use crate::app::App;
use crate::domains;
use crate::failure::{ApiFailure, Failure};
use crate::json::JsonBody;
use amount::Amount;
use store::Conversion;

const MAX_ID_BYTES: usize = 128;
const MAX_NAME_BYTES: usize = 128;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/conversions", post(report))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewConversion {
    domain: String,
    /// The reporter's: a report that is sent again is the same one.
    id: String,
    click_id: String,
    name: String,
    /// A decimal number as text, since JSON's numbers are not exact for everybody.
    amount: Option<String>,
    currency: Option<String>,
}

async fn report(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    JsonBody(new): JsonBody<NewConversion>,
) -> Result<impl IntoResponse, ApiFailure> {
    let known = domains::visible(&app, &caller, &new.domain)?;
    let domain = known.domain.id.as_str();
    let new = checked(new, domain, app.clock.now())?;
    let (status, stored) = if store::insert(&app.database, &new).await? {
        (StatusCode::CREATED, new)
    } else {
        let found = store::find(&app.database, domain, &new.id).await?;
        // It was deleted by age just now.
        let found = found.ok_or(Failure::NotFound("conversion any more"))?;
        if !found.says_what(&new) {
            let text = format!(
                "conversion `{}` is there already and says something else, expected the same click, name and amount, \
                 or another id",
                new.id
            );
            return Err(Failure::Conflict(text).into());
        }
        (StatusCode::OK, found)
    };
    let is_logged = store::is_logged(&app.database, domain, stored.click_id).await?;
    Ok((status, Json(described(&stored, is_logged))))
}

fn checked(new: NewConversion, domain: &str, at: i64) -> Result<Conversion, Failure> {
    text("id", &new.id, MAX_ID_BYTES)?;
    text("name", &new.name, MAX_NAME_BYTES)?;
    let click_id = Uuid::try_parse(&new.click_id).map_err(|_| {
        let given: String = new.click_id.chars().take(64).collect();
        Failure::Invalid(format!(
            "click_id `{given}` is not the id of a click, expected one as its destination got it, such as \
             `0197f2f0-0000-7000-8000-000000000000`"
        ))
    })?;
    let amount = match (new.amount, new.currency) {
        (None, None) => None,
        (Some(amount), Some(currency)) => Some(money(&amount, currency)?),
        (amount, _) => {
            let (one, other) = match amount {
                Some(_) => ("amount", "currency"),
                None => ("currency", "amount"),
            };
            let text = format!("there is {one} and no {other}, expected both of them or none");
            return Err(Failure::Invalid(text));
        }
    };
    Ok(Conversion {
        domain: domain.to_owned(),
        id: new.id,
        click_id,
        name: new.name,
        amount,
        at,
    })
}

fn text(field: &str, text: &str, most: usize) -> Result<(), Failure> {
    let bytes = text.len();
    if !(1..=most).contains(&bytes) {
        let text = format!("{field} is {bytes} bytes, expected 1 to {most}");
        return Err(Failure::Invalid(text));
    }
    match text.contains(char::is_control) {
        true => Err(Failure::Invalid(format!(
            "{field} has a control character, expected none"
        ))),
        false => Ok(()),
    }
}

fn money(amount: &str, currency: String) -> Result<(Amount, String), Failure> {
    let given = |text: &str| text.chars().take(32).collect::<String>();
    let parsed = Amount::parse(amount).ok_or_else(|| {
        Failure::Invalid(format!(
            "amount `{}` can't be used, expected a decimal number such as `12.50`, of at most 14 digits before the point \
             and 4 behind it",
            given(amount)
        ))
    })?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Failure::Invalid(format!(
            "currency `{}` can't be used, expected three capital letters such as `EUR` (ISO 4217)",
            given(&currency)
        )));
    }
    Ok((parsed, currency))
}

fn described(conversion: &Conversion, is_logged: bool) -> Value {
    let amount = conversion.amount.as_ref();
    json!({
        "domain": domains::name_of(&conversion.domain),
        "id": conversion.id,
        "click_id": conversion.click_id,
        "name": conversion.name,
        "amount": amount.map(|(amount, _)| amount.text()),
        "currency": amount.map(|(_, currency)| currency),
        "at": conversion.at,
        // What is not logged yet counts in reports as soon as it is.
        "click": if is_logged { "logged" } else { "awaited" },
    })
}
