//! AES-SIV (RFC 5297), by the letter of its §2, on AES and CMAC alone.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use cmac::{Cmac, Mac};

/// Returns the synthetic IV and the ciphertext (§2.6), with one string of associated data.
pub(super) fn seal(key: &[u8; 32], associated: &[u8], plain: &[u8]) -> ([u8; 16], Vec<u8>) {
    let iv = s2v(&key[..16], associated, plain);
    (iv, ctr(&key[16..], iv, plain))
}

/// Returns what was sealed, if the IV is its own (§2.7).
pub(super) fn open(key: &[u8; 32], associated: &[u8], iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let plain = ctr(&key[16..], iv.try_into().unwrap(), sealed);
    (s2v(&key[..16], associated, &plain) == iv).then_some(plain)
}

/// §2.4, for two strings.
fn s2v(key: &[u8], associated: &[u8], plain: &[u8]) -> [u8; 16] {
    let sum = u128::from_be_bytes(cmac(key, &[0; 16]));
    let sum = doubled(sum) ^ u128::from_be_bytes(cmac(key, associated));
    let last = match plain.split_last_chunk::<16>() {
        Some((before, end)) => {
            let end = u128::from_be_bytes(*end) ^ sum;
            [before, &end.to_be_bytes()].concat()
        }
        None => {
            let mut padded = [0; 16];
            padded[..plain.len()].copy_from_slice(plain);
            padded[plain.len()] = 0x80;
            let padded = doubled(sum) ^ u128::from_be_bytes(padded);
            padded.to_be_bytes().to_vec()
        }
    };
    cmac(key, &last)
}

/// §2.3.
fn doubled(block: u128) -> u128 {
    (block << 1) ^ ((block >> 127) * 0x87)
}

fn cmac(key: &[u8], bytes: &[u8]) -> [u8; 16] {
    let mut mac: Cmac<Aes128> = KeyInit::new_from_slice(key).unwrap();
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// §2.5: the counter starts at the IV, less two of its bits.
fn ctr(key: &[u8], iv: [u8; 16], bytes: &[u8]) -> Vec<u8> {
    let cipher = Aes128::new_from_slice(key).unwrap();
    let start = u128::from_be_bytes(iv) & !(1 << 63 | 1 << 31);
    let counted = (0..).zip(bytes.chunks(16)).flat_map(|(count, chunk)| {
        let mut block = start.wrapping_add(count).to_be_bytes().into();
        cipher.encrypt_block(&mut block);
        let pads: [u8; 16] = block.into();
        let pairs: Vec<u8> = chunk
            .iter()
            .zip(pads)
            .map(|(byte, pad)| byte ^ pad)
            .collect();
        pairs
    });
    counted.collect()
}
