// Where the reference tokenizer's Unicode tables differ from utf8proc's (Unicode 15).
//
// Hugging Face's `tokenizers` takes general categories from tables of about Unicode 8, decompositions from a newer
// one and lower case from a newer one still. Token ids must be the reference's, so the differences are kept here as
// ranges; tools/make_model_goldens.py writes checksums over all code points from the reference itself, and
// bert_text_test compares them.
// Thread safety: plain functions.
#pragma once

namespace kith::model {

/// Nonspacing mark today, unassigned in the reference's table: it stays in the text.
bool is_mark_unknown_to_reference(char32_t code);
/// Format control today, unassigned in the reference's table: it stays in the text.
bool is_control_unknown_to_reference(char32_t code);
/// Punctuation today, unassigned (or a letter) in the reference's table: part of a word.
bool is_punctuation_unknown_to_reference(char32_t code);
/// Lower case that utf8proc does not know; the code itself when there is none.
char32_t lowercase_known_to_reference(char32_t code);

}  // namespace kith::model
