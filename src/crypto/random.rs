//! Randomness: from here comes every key, nonce and identifier.

use aws_lc_rs::rand;

/// The operating system gave no randomness; nothing that needs a key or a nonce can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no secure randomness is available")]
pub struct RandomnessError;

/// `N` bytes from the process's cryptographic random generator.
///
/// # Errors
///
/// [`RandomnessError`] when the operating system gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomnessError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| RandomnessError)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
    }
}
