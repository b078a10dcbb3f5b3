//! Texts that are made while others are borrowed.

use std::cell::OnceCell;

/// A chain of texts that grows at its end while its texts are borrowed.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: OnceCell<String>,
    next: OnceCell<Box<Texts>>,
}

impl Texts {
    /// Stores a text in this link, where it is the last one, and gives the text and the new last link.
    pub(super) fn push(&self, text: String) -> (&str, &Self) {
        (self.text.get_or_init(|| text), self.next.get_or_init(Box::default))
    }
}

impl Drop for Texts {
    /// Link after link: a long chain dropped from its head would nest as many calls.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut link) = next {
            next = link.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_keeps_its_texts_and_is_dropped() {
        let head = Texts::default();
        let mut last = &head;
        let mut texts = Vec::new();
        for index in 0..300_000 {
            let (text, next) = last.push(index.to_string());
            texts.push(text);
            last = next;
        }
        assert!(texts.iter().enumerate().all(|(index, text)| *text == index.to_string()));
    }
}
