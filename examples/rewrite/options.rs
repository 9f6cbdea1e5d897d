//! The command line, and the settings that it makes.

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use linkseal::error::ConfigError;
use linkseal::{
    Charset, DomainConfig, KeyId, LinkParameters, Message, PixelPlacement, SigningKey,
    TrackingHost, TrackingLevel,
};

use crate::detect::Kind;

/// Rewrite an HTML mail, or a whole message: sign and track every link, and insert an open pixel.
#[derive(Parser)]
pub(crate) struct Options {
    /// What the input is. A message begins with two or more header fields up to an empty line, one of them
    /// From, Date, Received, Message-ID or MIME-Version; an mbox `From ` line may come first.
    #[arg(long, value_enum, default_value = "auto")]
    format: Format,
    /// Sending domain.
    #[arg(long, default_value = "example.com")]
    domain: String,
    /// Tracking host, a subdomain of the sending domain.
    #[arg(long, value_name = "HOST", default_value = "link.example.com")]
    tracking_host: String,
    /// Signing key: its id, and at least 32 bytes in hexadecimal.
    #[arg(long, value_name = "ID:HEX")]
    pub(crate) key: Option<String>,
    /// Key that still verifies, but no longer signs.
    #[arg(long, value_name = "ID:HEX")]
    retired_key: Vec<String>,
    /// Sender's id for the message. Without it, a message's own is its Message-ID.
    #[arg(long, default_value = "")]
    message: String,
    /// Sender's id for the recipient.
    #[arg(long, default_value = "")]
    recipient: String,
    /// Time of sending.
    #[arg(long, value_name = "UNIX", default_value_t = 0)]
    sent_at: u64,
    /// Seal tokens, so that nobody can read them without the key.
    #[arg(long)]
    sealed: bool,
    /// Leave links alone.
    #[arg(long)]
    no_clicks: bool,
    /// Insert no pixel.
    #[arg(long)]
    no_opens: bool,
    /// Where the pixel goes.
    #[arg(long, value_enum, default_value = "end")]
    pixel: Pixel,
    /// Leave markers in the output.
    #[arg(long)]
    keep_markers: bool,
    /// Leave links to this host alone.
    #[arg(long, value_name = "HOST")]
    exclude_host: Vec<String>,
    /// Leave this link alone, as the mail's List-Unsubscribe field names it.
    #[arg(long, value_name = "URL")]
    unsubscribe_url: Vec<String>,
    /// Leave links alone that hold one of the sender's own merge tags, from OPEN to CLOSE.
    #[arg(long, num_args = 2, value_names = ["OPEN", "CLOSE"])]
    merge_tag: Vec<String>,
    /// Leave links alone that have this attribute, with this value if one is given.
    #[arg(long, value_name = "NAME[=VALUE]")]
    opt_out_attribute: Vec<String>,
    /// Leave links of this class alone.
    #[arg(long, value_name = "NAME")]
    opt_out_class: Vec<String>,
    /// Add this campaign parameter to destinations.
    #[arg(long, value_name = "NAME=VALUE", requires = "parameter_host")]
    parameter: Vec<String>,
    /// Add campaign parameters to links to this host, or with *. before it to its subdomains.
    #[arg(long, value_name = "HOST")]
    parameter_host: Vec<String>,
    /// Add a campaign parameter of this name, whose value is the link's name.
    #[arg(long, value_name = "NAME", requires = "parameter_host")]
    name_parameter: Option<String>,
    /// Add campaign parameters also to links that are not tracked.
    #[arg(long, requires = "parameter_host")]
    parameters_untracked: bool,
    /// Make no line longer than this, such as 998, the most that SMTP allows.
    #[arg(long, value_name = "BYTES")]
    line_limit: Option<usize>,
    /// Track http and https URLs in the plain text of a message, too.
    #[arg(long)]
    plain_text_links: bool,
    /// Charset of the document, as its Content-Type states it. Without it UTF-8, or what the document's
    /// <meta> states if it is not valid UTF-8 and not a stream.
    #[arg(long, value_name = "LABEL")]
    pub(crate) charset: Option<Charset>,
    /// Stream the document in chunks of this size. A message is not streamed.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) chunk: Option<u32>,
    /// Write a report as JSON, one object for each document or message.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Rewrite each FILE to the same name in this folder.
    #[arg(long, value_name = "DIR", requires = "files")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Documents and messages to rewrite into --out-dir; without any, standard input.
    #[arg(value_name = "FILE", requires = "out_dir")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
enum Format {
    Auto,
    Html,
    Message,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pixel {
    End,
    Start,
    Both,
}

impl Options {
    /// Returns what the input is said to be, if it is not to be found out.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self.format {
            Format::Auto => None,
            Format::Html => Some(Kind::Html),
            Format::Message => Some(Kind::Message),
        }
    }

    /// Checks what the parser of the command line can't.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        match self.format {
            Format::Message if self.chunk.is_some() => Err(
                "--chunk can't go with --format message: a message is read whole, expected one of them",
            ),
            Format::Message if self.charset.is_some() => Err(
                "--charset can't go with --format message: its parts state theirs, expected one of them",
            ),
            Format::Html if self.plain_text_links => Err(
                "--plain-text-links can't go with --format html: only a message has plain text, expected one of them",
            ),
            _ => Ok(()),
        }
    }

    /// Returns the sending domain's settings, scoped to the message.
    pub(crate) fn domain(&self) -> Result<DomainConfig, Box<dyn Error>> {
        let key = match &self.key {
            Some(key) => key.parse()?,
            None => SigningKey::new(KeyId(1), DEMO_KEY)?,
        };
        let host = TrackingHost::custom(&self.tracking_host)?;
        let mut domain = DomainConfig::new(self.domain.parse()?, host, key)?;
        for key in &self.retired_key {
            domain = domain.with_retired_key(key.parse()?)?;
        }
        for host in &self.exclude_host {
            domain = domain.with_excluded_host(host)?;
        }
        domain = domain.with_sealed_tokens(self.sealed);
        if self.keep_markers {
            domain = domain.with_markers_kept();
        }
        if let Some(bytes) = self.line_limit {
            domain = domain.with_line_limit(bytes);
        }
        domain = domain.with_plain_text_links(self.plain_text_links);
        domain = domain.with_pixel_placement(match self.pixel {
            Pixel::End => PixelPlacement::End,
            Pixel::Start => PixelPlacement::Start,
            Pixel::Both => PixelPlacement::Both,
        });
        if let Some(parameters) = self.parameters()? {
            domain = domain.with_link_parameters(parameters);
        }
        Ok(self.with_dialect(domain)?.for_message(self.message()?))
    }

    /// Returns the campaign parameters, if there are hosts for them.
    fn parameters(&self) -> Result<Option<LinkParameters>, Box<dyn Error>> {
        if self.parameter_host.is_empty() {
            return Ok(None);
        }
        let mut parameters = LinkParameters::new(&self.parameter_host)?;
        for parameter in &self.parameter {
            let (name, value) = parameter.split_once('=').ok_or_else(|| {
                format!("campaign parameter `{parameter}` has no value, expected NAME=VALUE")
            })?;
            parameters = parameters.with_parameter(name, value)?;
        }
        if let Some(name) = &self.name_parameter {
            parameters = parameters.with_name_parameter(name)?;
        }
        Ok(Some(
            parameters.with_untracked_links(self.parameters_untracked),
        ))
    }

    /// Adds the sender's own merge tags and markers.
    fn with_dialect(&self, mut domain: DomainConfig) -> Result<DomainConfig, ConfigError> {
        for [open, close] in self.merge_tag.as_chunks().0 {
            domain = domain.with_merge_tag(open, close)?;
        }
        for attribute in &self.opt_out_attribute {
            domain = match attribute.split_once('=') {
                Some((name, value)) => domain.with_opt_out_attribute(name, value)?,
                None => domain.with_opt_out_attribute(attribute, None)?,
            };
        }
        for name in &self.opt_out_class {
            domain = domain.with_opt_out_class(name)?;
        }
        Ok(domain)
    }

    fn message(&self) -> Result<Message, Box<dyn Error>> {
        let mut message = Message::new(self.message.clone())?
            .with_recipient(self.recipient.clone())?
            .with_sent_at(self.sent_at)?;
        for url in &self.unsubscribe_url {
            if !url.contains(':') {
                return Err(format!("unsubscribe URL `{url}` has no scheme, expected one").into());
            }
            message = message.with_list_unsubscribe(url);
        }
        if self.no_clicks {
            message = message.with_click_tracking(TrackingLevel::Off);
        }
        if self.no_opens {
            message = message.with_open_tracking(TrackingLevel::Off);
        }
        Ok(message)
    }
}

/// For trials; `verify` takes it as `1:` and this in hexadecimal.
pub(crate) const DEMO_KEY: &[u8; 32] = b"linkseal demo key, not a secret!";
