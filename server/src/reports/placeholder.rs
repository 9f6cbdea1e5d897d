//! A box in the place of an image that is not loaded.

use std::fmt::Write as _;

use maud::html;

/// Where a mail does not say how large an image is.
const WIDTH: u32 = 300;
const MAX_SIDE: u32 = 4000;
const MAX_TEXT: usize = 60;

/// The address of an SVG image that says what would be there, with the sides in pixels or in the shape of a photograph.
pub(super) fn placeholder(text: &str, width: Option<u32>, height: Option<u32>) -> String {
    let (width, height) = match (width, height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, width.saturating_mul(2) / 3),
        (None, Some(height)) => (height.saturating_mul(3) / 2, height),
        (None, None) => (WIDTH, WIDTH * 2 / 3),
    };
    let (width, height) = (width.clamp(1, MAX_SIDE), height.clamp(1, MAX_SIDE));
    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_TEXT)
        .collect();
    let has_room = width >= 60 && height >= 20;
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            @if width > 2 && height > 2 {
                rect width="100%" height="100%" fill="#e8ecf1" stroke="#b9c2cd" stroke-width="2" {}
            }
            @if has_room {
                text x="50%" y="50%" text-anchor="middle" dominant-baseline="middle" font-family="sans-serif"
                    font-size="13" fill="#566273" { (text) }
            }
        }
    };
    let mut address = "data:image/svg+xml,".to_owned();
    for byte in svg.into_string().bytes() {
        if byte.is_ascii_alphanumeric() {
            address.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::placeholder;

    #[test]
    fn boxes_have_the_shape_of_the_image_and_hold_no_markup_of_the_mail() {
        for (width, height, expected) in [
            (
                Some(600),
                Some(120),
                "width%3D%22600%22%20height%3D%22120%22",
            ),
            (Some(600), None, "width%3D%22600%22%20height%3D%22400%22"),
            (None, Some(200), "width%3D%22300%22%20height%3D%22200%22"),
            (None, None, "width%3D%22300%22%20height%3D%22200%22"),
            (
                Some(u32::MAX),
                Some(0),
                "width%3D%224000%22%20height%3D%221%22",
            ),
        ] {
            let address = placeholder("a", width, height);
            assert!(address.contains(expected), "{address}");
        }
        let address = placeholder("\"><script>x</script>\u{1f600}", None, None);
        assert!(!address.contains(['<', '>', '"', '\'']), "{address}");
        assert!(address.contains("%26lt%3Bscript%26gt%3B"), "{address}");
        let pixel = placeholder("x", Some(1), Some(1));
        assert!(
            !pixel.contains("rect") && !pixel.contains("text"),
            "{pixel}"
        );
    }
}
