//! The mail as sent, each link with its share of clicks.
//!
//! Mail is somebody else's HTML, shown in a frame that can do nothing: its sandbox and its policy (see
//! `pages::click_map`) forbid scripts, forms and navigation, and images unless the viewer asked for them. What is
//! taken out here would not work there either; it is taken out in case a browser fails at that.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use linkseal::{DomainConfig, EventKind, UntrustedToken};
use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str};
use maud::html;

use super::float;
use super::placeholder::placeholder;

/// Elements that load, run, redirect or change how links are read.
const REMOVED: &str =
    "script, noscript, iframe, frame, frameset, object, embed, applet, portal, base, link, meta";
/// What makes an element act. All that begin with `on` go as well.
const REMOVED_ATTRIBUTES: [&str; 10] = [
    "action",
    "formaction",
    "href",
    "ping",
    "poster",
    "srcdoc",
    "srcset",
    "target",
    "usemap",
    "xlink:href",
];

/// From few clicks to the most, as in static/reports.css.
const HEAT: [(&str, &str); 5] = [
    ("#fde68a", "#451a03"),
    ("#fbbf24", "#451a03"),
    ("#f97316", "#1c0a00"),
    ("#dc2626", "#ffffff"),
    ("#991b1b", "#ffffff"),
];
const COLD: (&str, &str) = ("#e5e7eb", "#374151");

/// What becomes of images that the mail loads from elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Images {
    /// A box stands in the place of each.
    Away,
    /// They are loaded, and whoever has them learns that somebody looks.
    Loaded,
}

/// What a link of the map was clicked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clicked {
    pub(super) count: i64,
    /// Among these, on the link that only Outlook shows.
    pub(super) in_outlook: i64,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Draws onto mail that was tracked with `config`. Returns the document and the positions of the links in it.
pub(super) fn draw(
    tracked: &str,
    config: &DomainConfig,
    clicked: &BTreeMap<i64, Clicked>,
    images: Images,
) -> Result<(String, BTreeSet<i64>), Error> {
    // Without scripts a browser shows what is in noscript; lol_html reads it as text, so it is unwrapped first.
    let unwrapped = rewrite_str(
        tracked,
        settings().append_element_content_handler(element!("noscript", |element| {
            element.remove_and_keep_content();
            Ok(())
        })),
    )?;
    let counts = || clicked.values().map(|clicked| clicked.count);
    let (total, greatest) = (counts().sum(), counts().max().unwrap_or_default());
    let shown = Rc::new(RefCell::new(BTreeSet::new()));
    let positions = Rc::clone(&shown);
    let removal = element!(REMOVED, |element| {
        element.remove();
        Ok(())
    });
    let marking = element!("a[href], area[href]", move |element| {
        let Some(link) = link(config, element) else {
            return Ok(());
        };
        positions.borrow_mut().insert(link.position);
        let share = Share {
            clicked: clicked.get(&link.position).copied().unwrap_or_default(),
            total,
            greatest,
        };
        mark(element, &link, &share)?;
        Ok(())
    });
    let disarming = element!("*", move |element| {
        disarm(element);
        if images == Images::Away {
            keep_away(element)?;
        }
        Ok(())
    });
    let settings = settings()
        .append_element_content_handler(removal)
        .append_element_content_handler(marking)
        .append_element_content_handler(disarming);
    let mut html = rewrite_str(&unwrapped, settings)?;
    html.push_str(&style());
    let shown = shown.borrow().clone();
    Ok((html, shown))
}

/// Mail is broken in all ways; none of them may be an error.
fn settings<'a>() -> RewriteStrSettings<'a, 'a> {
    RewriteStrSettings::new().with_strict(false)
}

struct Marked {
    position: i64,
    name: Option<String>,
    destination: String,
}

fn link(config: &DomainConfig, element: &Element<'_, '_>) -> Option<Marked> {
    let token = UntrustedToken::parse_url(&element.get_attribute("href")?).ok()?;
    match token.verify(config).ok()?.kind() {
        EventKind::Click(click) => Some(Marked {
            position: i64::from(click.position()),
            name: click.name().map(str::to_owned),
            destination: click.destination().to_owned(),
        }),
        EventKind::Open(_) => None,
    }
}

struct Share {
    clicked: Clicked,
    total: i64,
    greatest: i64,
}

impl Share {
    fn percent(&self) -> String {
        if self.total == 0 {
            return "0 %".to_owned();
        }
        format!(
            "{:.0} %",
            100.0 * float(self.clicked.count) / float(self.total)
        )
    }

    /// A colour, and one for text that can be read on it.
    fn colours(&self) -> (&'static str, &'static str) {
        let step = (self.clicked.count > 0).then(|| self.clicked.count * 4 / self.greatest.max(1));
        step.and_then(|step| HEAT.get(usize::try_from(step).ok()?))
            .copied()
            .unwrap_or(COLD)
    }
}

/// The badge goes before the link, which may have no end tag, and takes no room, so that the mail keeps its shape.
fn mark(element: &mut Element<'_, '_>, link: &Marked, share: &Share) -> Result<(), Error> {
    let (background, text) = share.colours();
    let style = format!(
        "all:initial;position:absolute;z-index:9999;margin:-17px 0 0 -6px;padding:1px 7px;\
         border-radius:10px;border:1px solid #ffffff;box-shadow:0 1px 3px rgba(0,0,0,.45);\
         background:{background};color:{text};font:bold 12px/16px sans-serif;white-space:nowrap"
    );
    let named = match &link.name {
        Some(name) => format!("link {}, {name}", link.position),
        None => format!("link {}", link.position),
    };
    let Clicked { count, in_outlook } = share.clicked;
    let outlook = match in_outlook {
        0 => String::new(),
        some => format!(", {some} of them on its twin for Outlook"),
    };
    let title = format!("{named}: {count} clicks{outlook}, {}", link.destination);
    let badge = html! { span style=(style) title=(title) { (share.percent()) } };
    element.before(&badge.into_string(), ContentType::Html);
    let own = element.get_attribute("style").unwrap_or_default();
    element.set_attribute("style", &format!("{own};{}", outline(background)))?;
    Ok(())
}

fn outline(colour: &str) -> String {
    format!("outline:3px solid {colour}")
}

/// A linked image covers its link's outline, so it gets one itself; and a badge at the very top needs room.
fn style() -> String {
    let rules = HEAT.iter().chain([&COLD]).map(|(colour, _)| {
        let outline = outline(colour);
        format!("[style*='{outline}'] img{{{outline}!important;outline-offset:-3px}}")
    });
    format!(
        "<style>html{{padding-top:12px!important}}{}</style>",
        rules.collect::<String>()
    )
}

fn disarm(element: &mut Element<'_, '_>) {
    let removed: Vec<_> = element
        .attributes()
        .iter()
        .map(|attribute| attribute.name())
        .filter(|name| name.starts_with("on") || REMOVED_ATTRIBUTES.contains(&name.as_str()))
        .collect();
    for name in removed {
        element.remove_attribute(&name);
    }
}

/// Puts a box into the place of an image, so that the mail keeps its shape.
fn keep_away(element: &mut Element<'_, '_>) -> Result<(), Error> {
    element.remove_attribute("background");
    if element.tag_name() != "img" {
        return Ok(());
    }
    let source = element.get_attribute("src").unwrap_or_default();
    if !source.trim_start().starts_with("data:") {
        let number = |name| element.get_attribute(name)?.trim().parse().ok();
        let (width, height) = (number("width"), number("height"));
        let instead = element.get_attribute("alt").unwrap_or_default();
        element.set_attribute("src", &placeholder(&instead, width, height))?;
    }
    Ok(())
}
