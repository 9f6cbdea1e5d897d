//! Sealed tokens, over the AES-SIV and the base64url that each of them takes at least.

use std::hint::black_box;

use aes_siv::aead::KeyInit;
use aes_siv::siv::Aes128Siv;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use linkseal::{Template, TrackingLevel, rewrite};

use super::arms::{domain, inputs, message};
use super::{arm, least, print, tokens};

/// Header and key id: what of a token is not encrypted, and the least that a template can keep.
const HEAD_BYTES: usize = 2;
const IV_BYTES: usize = 16;

pub fn sealed() {
    one();
    newsletter();
}

/// AES-SIV with its key at hand, and base64url.
struct Floor {
    cipher: Aes128Siv,
    bytes: Vec<u8>,
    text: String,
}

impl Floor {
    fn new() -> Self {
        Self {
            cipher: Aes128Siv::new(&[0x5e; 32].into()),
            bytes: Vec::new(),
            text: String::new(),
        }
    }

    /// Makes a token of these bytes: the same head, and the others encrypted behind the synthetic IV.
    fn seal(&mut self, token: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(token);
        let (head, rest) = self.bytes.split_at_mut(HEAD_BYTES);
        let (iv, fields) = rest.split_at_mut(IV_BYTES);
        let sealed = self.cipher.encrypt_inout_detached([&*head], fields.into());
        iv.copy_from_slice(&sealed.unwrap());
        URL_SAFE_NO_PAD.encode_string(&self.bytes, &mut self.text);
    }
}

/// A template with nothing in it but one link.
fn one() {
    let html = "<a href='https://shop.northwind.example/orders/8842?utm_source=receipt'>x</a>";
    let domain = domain().with_open_tracking(TrackingLevel::Off);
    let template = Template::compile(html, &domain.with_sealed_tokens(true));
    let message = message();
    let token = tokens(&template.render(&message)).next().unwrap();
    let (mut rendered, mut floor) = (String::new(), Floor::new());
    let [sealing, raw] = least([
        arm(|| {
            rendered.clear();
            template.render_into(&message, &mut rendered);
            black_box(&rendered);
        }),
        arm(|| {
            floor.text.clear();
            floor.seal(&token);
            black_box(&floor.text);
        }),
    ]);
    print("seal/aes-siv", sealing / raw, 1.4);
}

fn newsletter() {
    let html = inputs::newsletter();
    let domain = domain().with_sealed_tokens(true);
    let message = message();
    let template = Template::compile(&html, &domain);
    let output = template.render(&message);
    assert_eq!(
        output,
        rewrite(&html, &domain),
        "a rendering is what rewrite returns"
    );
    let tokens: Vec<Vec<u8>> = tokens(&output).collect();
    let (mut rendered, mut floor) = (String::new(), Floor::new());
    let [rendering, copying] = least([
        arm(|| {
            rendered.clear();
            template.render_into(&message, &mut rendered);
            black_box(&rendered);
        }),
        arm(|| {
            floor.text.clear();
            floor.text.push_str(&output);
            for token in &tokens {
                floor.seal(token);
            }
            black_box(&floor.text);
        }),
    ]);
    print("sealed-template/floor", rendering / copying, 1.35);
}
