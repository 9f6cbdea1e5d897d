//! What came of clicks: the section of a report, and the cells of other tables.

use maud::{Markup, html};

use super::numbers::grouped;
use crate::reports::{Conversions, Converted};

/// Nothing, where there are none.
pub(super) fn section(converted: &Converted) -> Markup {
    html! {
        @if converted.all.total > 0 {
            section #conversions {
                h2 { "Conversions" }
                p.hint { "What the sites that links lead to reported of clicks in this time, whatever else they are taken for." }
                div.scroll { table.conversions {
                    thead { tr { th { "Name" } th.number { "Conversions" } th.number { "Amount" } } }
                    tbody {
                        @for named in &converted.by_name { tr {
                            td { strong.name { (named.name) } }
                            td.number { (grouped(named.conversions.total)) }
                            td.number { (amounts(&named.conversions)) }
                        } }
                        @if converted.by_name.len() > 1 { tr {
                            td { "All" }
                            td.number { (grouped(converted.all.total)) }
                            td.number { (amounts(&converted.all)) }
                        } }
                    }
                } }
            }
        }
    }
}

/// A cell with the number and the amounts.
pub(super) fn cell(conversions: &Conversions) -> Markup {
    html! {
        td.number data-label="Conversions" {
            (grouped(conversions.total))
            @if !conversions.amounts.is_empty() { br; (amounts(conversions)) }
        }
    }
}

fn amounts(conversions: &Conversions) -> String {
    let sums = conversions.amounts.iter();
    let sums: Vec<_> = sums
        .map(|sum| format!("{} {}", sum.amount, sum.currency))
        .collect();
    sums.join(", ")
}
