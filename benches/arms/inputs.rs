//! Documents to measure on, made here so that they never change by accident.

use std::fmt::Write;

/// An input and its name.
pub struct Input {
    pub name: &'static str,
    pub html: String,
}

/// Every kind of mail, from small to large.
pub fn all() -> Vec<Input> {
    let input = |name, html| Input { name, html };
    vec![
        input("receipt-2k", receipt()),
        input("newsletter-50k", newsletter()),
        input("plain-newsletter", plain_newsletter()),
        input("dense-100k", dense()),
        input("outlook-heavy", outlook_heavy()),
        input("digest-1m", digest(1024 * 1024)),
    ]
}

/// The example mail: marketing, hand-made, 30 links.
pub fn newsletter() -> String {
    include_str!("../../examples/newsletter.html").to_owned()
}

/// The same without conditional comments, for rewriters that can't look into them.
pub fn plain_newsletter() -> String {
    let html = newsletter();
    let mut plain = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some((before, after)) = rest.split_once("<!--[if mso") {
        plain.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
        .replace("<!--[if !mso]><!-->", "")
        .replace("<!--<![endif]-->", "")
}

/// Two kilobytes, three links: what a shop sends on every order.
pub fn receipt() -> String {
    let mut html = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Your receipt</title>\n\
         <style>body{font-family:Arial,sans-serif;color:#222}td{padding:4px 8px}</style>\n\
         </head>\n<body>\n<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\">\n",
    );
    for (item, price) in [("Espresso beans, 1 kg", "18.00"), ("Filter papers", "4.50")] {
        writeln!(
            html,
            "<tr><td style=\"border-bottom:1px solid #ddd;padding:8px 0\">{item}</td>\
             <td align=\"right\" style=\"border-bottom:1px solid #ddd;padding:8px 0\">{price}</td></tr>"
        )
        .unwrap();
    }
    html.push_str(
        "</table>\n<p>Thank you for your order, Maria. It leaves our warehouse today.</p>\n",
    );
    for (path, text) in [
        (
            "orders/8842?utm_source=receipt&amp;utm_medium=email",
            "See your order",
        ),
        ("returns?order=8842", "Return something"),
        ("account/settings", "Your settings"),
    ] {
        writeln!(
            html,
            "<p><a href=\"https://shop.northwind.example/{path}\" style=\"color:#0a58ca;\
             text-decoration:underline\">{text}</a></p>"
        )
        .unwrap();
    }
    while html.len() < 2000 {
        html.push_str(
            "<p style=\"font-size:12px;color:#666\">Northwind Ltd., 12 Dock Street.</p>\n",
        );
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// A hundred kilobytes with a link every 700 bytes.
pub fn dense() -> String {
    let mut html = String::from("<!DOCTYPE html><html><head><title>Offers</title></head><body>\n");
    let mut number = 0;
    while html.len() < 100 * 1024 {
        number += 1;
        writeln!(
            html,
            "<tr><td class=\"offer\" valign=\"top\" style=\"padding:12px 16px 12px 16px;font-family:\
             Helvetica,Arial,sans-serif;font-size:14px;line-height:20px;color:#333333\">\
             <h3 style=\"margin:0 0 4px 0\">Offer number {number}</h3>\
             <p style=\"margin:0 0 8px 0\">Only this week, and only while there is some left: a \
             small thing that makes mornings better, roasted in town and sent out the same day.</p>\
             <a href=\"https://shop.northwind.example/offers/{number}?utm_source=mail&amp;utm_campaign\
             =week-47&amp;item={number}\" target=\"_blank\" style=\"color:#ffffff;background-color:\
             #0a58ca;display:inline-block;padding:8px 16px;text-decoration:none\">Have a look</a>\
             </td></tr>"
        )
        .unwrap();
    }
    html.push_str("</body></html>\n");
    html
}

/// Every block with an Outlook version beside it.
pub fn outlook_heavy() -> String {
    let mut html = String::from(
        "<!DOCTYPE html><html xmlns:v=\"urn:schemas-microsoft-com:vml\"><head></head><body>\n",
    );
    for number in 0..60 {
        writeln!(
            html,
            "<!--[if mso | IE]><table align=\"center\" border=\"0\" cellpadding=\"0\" cellspacing=\
             \"0\" style=\"width:600px\" width=\"600\"><tr><td style=\"line-height:0px;font-size:0px\
             \"><![endif]--><div style=\"margin:0px auto;max-width:600px\"><p>Story {number}, told in \
             a line or two, so that there is something to read.</p>\
             <!--[if mso]><v:roundrect xmlns:v=\"urn:schemas-microsoft-com:vml\" href=\"https://\
             news.northwind.example/story/{number}?a=1&amp;b=2\" style=\"height:40px;v-text-anchor:\
             middle;width:200px\" arcsize=\"10%\" fillcolor=\"#0a58ca\"><w:anchorlock/><center>Read\
             </center></v:roundrect><![endif]--><!--[if !mso]><!--><a href=\"https://news.northwind.\
             example/story/{number}?a=1&amp;b=2\" style=\"background:#0a58ca\">Read</a>\
             <!--<![endif]--></div><!--[if mso | IE]></td></tr></table><![endif]-->"
        )
        .unwrap();
    }
    html.push_str("</body></html>\n");
    html
}

/// News of a week: the newsletter's body over and over, up to a size.
pub fn digest(bytes: usize) -> String {
    let newsletter = newsletter();
    let (head, rest) = newsletter.split_once("<body").unwrap();
    let (attributes, rest) = rest.split_once('>').unwrap();
    let (body, _) = rest.rsplit_once("</body>").unwrap();
    let mut html = format!("{head}<body{attributes}>");
    while html.len() < bytes {
        html.push_str(body);
    }
    html.push_str("</body>\n</html>\n");
    html
}
